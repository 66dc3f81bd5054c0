/** AWNAS's genotypes, as text and back, whole and malformed. */
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { describe, it } from "node:test";
import fc from "fast-check";
import { XnorkitError } from "../../src/errors.js";
import { formatGenotype, type Genotype, parseGenotype } from "../../src/models/awnas/genotype.js";
import { throwsError } from "../formats/support.js";
import { sharedPath, skipWithout } from "../support/shared.js";

const groupNames = ["normal_0", "reduce_1"];
const parse = (text: string) => parseGenotype(text, { groupNames });

const normal = { primitive: "xnor_resnet_block", from: 0, to: 1 };
const reduce = { primitive: "avg_pool_3x3", from: 1, to: 2 };
const both: Genotype = {
  groups: [
    { name: "normal_0", connections: [normal], concat: null },
    { name: "reduce_1", connections: [normal, reduce], concat: null },
  ],
};
const withConcat: Genotype = {
  groups: [
    { ...both.groups[0], concat: [1] },
    { ...both.groups[1], concat: [2, 1] },
  ],
};

const normalText = "[('xnor_resnet_block', 0, 1)]";
const reduceText = "[('xnor_resnet_block', 0, 1), ('avg_pool_3x3', 1, 2)]";
const plainText = `normal_0=${normalText}, reduce_1=${reduceText}`;
const concatText = `${plainText}, normal_0_concat=[1], reduce_1_concat=[2, 1]`;

describe("parseGenotype", () => {
  const forms: Readonly<Record<string, readonly [text: string, genotype: Genotype]>> = {
    "keyword arguments": [plainText, both],
    "output nodes": [concatText, withConcat],
    "another order": [`reduce_1=${reduceText}, normal_0=${normalText}`, both],
    "positional arguments": [`${normalText}, ${reduceText}, [1], [2, 1]`, withConcat],
    "both kinds": [`${normalText}, reduce_1_concat=[2, 1], reduce_1=${reduceText}, normal_0_concat=[1]`, withConcat],
    "a named tuple as Python prints it": [`CNNGenotype(${concatText})`, withConcat],
    "a line of a log": [`12/03 10:11:12 INFO best: Genotype(${plainText}), reward 0.93 (epoch "5")`, both],
    "a bare Genotype": [`Genotype(${plainText},)`, both],
    "tuples for lists, double quotes, commas at ends": [
      `normal_0=(["xnor_resnet_block", 0, 1,],), reduce_1=${reduceText},`,
      both,
    ],
    "several lines with comments": [
      `normal_0=${normalText},  # the first\n  reduce_1 =[\n('xnor_resnet_block',0,1),\\\n\t('avg_pool_3x3',1,2)]\n`,
      both,
    ],
  };
  for (const [name, [text, genotype]] of Object.entries(forms)) {
    it(`reads ${name}`, () => assert.deepEqual(parse(text), genotype));
  }

  it("keeps connections in their order, repeated ones and empty groups too", () => {
    const { groups } = parse("normal_0=[('b', 1, 3), ('a', 0, 2), ('a', 0, 2)], reduce_1=[]");
    assert.deepEqual(
      groups[0].connections.map(({ primitive, to }) => `${primitive}${to}`),
      ["b3", "a2", "a2"],
    );
    assert.deepEqual(groups[1].connections, []);
  });

  const golden = "goldens/awnas_bars_shortcut_xnor_preproc.json";
  it("reads the genotype of a network that AWNAS ran", { skip: skipWithout(golden) }, () => {
    const text = /"genotypes": "([^"]*)"/.exec(readFileSync(sharedPath(golden), "utf8"))![1];
    const genotype = parse(text);
    assert.deepEqual(
      genotype.groups.map(({ connections, concat }) => [connections.length, concat]),
      [
        [6, [3, 4]],
        [6, [3, 4]],
      ],
    );
    assert.equal(formatGenotype(genotype), text);
  });
});

describe("malformed genotypes", () => {
  const cases: Readonly<Record<string, readonly [text: string, says: RegExp]>> = {
    "no text": ["", /the genotype at column 1: the group normal_0 is missing, expected normal_0, reduce_1/],
    "a group missing": [`Genotype(normal_0=${normalText})`, /at column 48: the group reduce_1 is missing/],
    "an unknown group": [
      "normal_1=[]",
      /at column 1: there is no group "normal_1": the closest are "normal_0", "reduce_1"/,
    ],
    "a group twice": ["normal_0=[], normal_0=[]", /at column 14: normal_0 is given twice/],
    "a group by place and by name": ["[], normal_0=[]", /at column 5: normal_0 is given twice/],
    "an argument without a name": [
      "normal_0=[], []",
      /at column 14: expected the name of a group \(an argument after normal_0= needs one\), but found "\["/,
    ],
    "too many arguments": ["[],[],[],[],[]", /at column 13: expected no more than the 4 arguments normal_0, reduce_1/],
    "no equals sign": ["normal_0 []", /at column 10: expected "=", but found "\["/],
    "no list": ["normal_0=3", /at column 10: expected the connections of normal_0, .*, but found "3"/],
    "a list that is not closed": [
      "normal_0=[('a', 0, 1)",
      /at column 22: expected "," or "]", but found the end of the text/,
    ],
    "a call that is not closed": ["Genotype([], []", /at column 16: expected "\)", but found the end/],
    "the wrong bracket": ["normal_0=[('a', 0, 1]]", /at column 21: expected "\)", but found "]"/],
    "no comma between": ["[('a', 0, 1) ('b', 0, 1)]", /at column 14: expected "," or "]", but found "\("/],
    "a connection of two": ["[('a', 0)]", /at column 9: expected ",", but found "\)"/],
    "a connection of four": ["[('a', 0, 1, 2)]", /at column 14: expected "\)", but found "2"/],
    "a primitive without quotes": [
      "[(a, 0, 1)]",
      /at column 3: expected the name of a primitive .* write it in quotes/,
    ],
    "a primitive with spaces": ["[('a b', 0, 1)]", /at column 3: expected the name .*, but found the string 'a b'/],
    "a string that is not closed": ["[('a, 0, 1)]", /at column 3: this string is not closed on its line/],
    "an escape": ["[('a\\x41', 0, 1)]", /at column 3: .*or has a backslash in it/],
    "a negative node": ["[('a', -1, 1)]", /at column 8: expected the number of the node .*, but found "-1"/],
    "a huge node": [
      "[('a', 0, 99999999999999999999999)]",
      /at column 11: expected the number of the node that it goes to/,
    ],
    "a node that is a name": ["[('a', x, 1)]", /at column 8: .*but found "x"/],
    "a node that is a fraction": ["[('a', 0.5, 1)]", /at column 9: "\." is no part of a genotype/],
    "a connection to the same node": [
      "[('a', 1, 1)]",
      /at column 11: a goes from node 1 to node 1, but a node reads only nodes before it/,
    ],
    "an output node that does not exist": [
      `${plainText}, reduce_1_concat=[3]`,
      new RegExp(
        `at column ${plainText.length + 19}: reduce_1_concat names node 3, but the last node of reduce_1 is 2`,
      ),
    ],
    "a list of lists of output nodes": ["[], [], [[1]]", /at column 10: expected a node number, but found "\["/],
    code: ["normal_0=__import__('os').system('x')", /at column 10: expected the connections .* found "__import__"/],
    "another character": ["normal_0=[] @", /at column 13: "@" is no part of a genotype/],
    "the second line": ["normal_0=[],\n reduce_1=?", /at line 2, column 11: "\?" is no part/],
    "a very long text": [" ".repeat(2 ** 20 + 1), /has 1048577 characters, expected 1048576 at most/],
  };
  for (const [name, [text, says]] of Object.entries(cases)) {
    it(`are refused: ${name}`, () => throwsError(() => parse(text), "bad-option", /^[^\n]*$/, says));
  }

  it("end in a sentence wherever a character is dropped, changed or the text is cut", () => {
    const character = fc.constantFrom(..."()[],='\"#\\\n 0a_-é@");
    fc.assert(
      fc.property(fc.nat(concatText.length), character, fc.constantFrom("cut", "drop", "set"), (at, other, how) => {
        const rest = how === "cut" ? "" : concatText.slice(at + 1);
        const text = concatText.slice(0, at) + (how === "set" ? other : "") + rest;
        try {
          parse(text);
        } catch (error) {
          assert.ok(error instanceof XnorkitError, text);
          assert.match(error.message, /^the genotype at (line \d+, )?column \d+: [^\n]+$/);
        }
      }),
      { numRuns: 2000 },
    );
  });
});

describe("formatGenotype", () => {
  it("writes what AWNAS writes", () => {
    assert.equal(formatGenotype(both), plainText);
    assert.equal(formatGenotype(withConcat), concatText);
  });

  it("is read back the same", () => {
    const connection = fc
      .tuple(fc.stringMatching(/^[a-z_0-9]{1,12}$/), fc.nat(9), fc.integer({ min: 1, max: 5 }))
      .map(([primitive, from, step]) => ({ primitive, from, to: from + step }));
    const group = (name: string) =>
      fc.array(connection, { maxLength: 6 }).chain((connections) => {
        const last = connections.reduce((largest, { to }) => Math.max(largest, to), 0);
        const nodes = fc.option(fc.array(fc.nat(last), { maxLength: 4 }));
        return nodes.map((concat) => ({ name, connections, concat }));
      });
    fc.assert(
      fc.property(fc.tuple(group("normal_0"), group("reduce_1")), (groups) => {
        assert.deepEqual(parse(formatGenotype({ groups })), { groups });
      }),
    );
  });
});
