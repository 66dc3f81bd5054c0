/** The reader of pickles, which calls nothing that they name. */
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { readBudget } from "../../src/budget.js";
import { type PickleHost, readPickle } from "../../src/formats/torch/pickle.js";
import type { PickleList, PickleObject, PickleValue } from "../../src/formats/torch/pickle_values.js";
import { throwsError } from "./support.js";
import { pickle } from "./torch_support.js";

const lenient: PickleHost = {
  isKnown: () => true,
  checkUnknown: () => {},
  persistent: (id) => ({ kind: "persistent", id }),
};

const budget = readBudget(0, "the test");
const read = (text: string, host = lenient): PickleValue => readPickle(pickle(text), "test.pkl", host, budget).value;

/** Lists, tuples and sets as arrays, dicts as maps. */
function plain(value: PickleValue): unknown {
  if (value === null || typeof value !== "object" || value instanceof Uint8Array) return value;
  switch (value.kind) {
    case "dict":
      return new Map([...value.entries].map(([key, item]) => [plain(key), plain(item)]));
    case "list":
    case "tuple":
    case "set":
      return value.items.map(plain);
    default:
      return value;
  }
}

describe("values of pickles", () => {
  // Pickles and their values, by protocol or opcode.
  const values: Readonly<Record<string, readonly [pickle: string, value: unknown]>> = {
    "None, protocol 0": ["N.", null],
    "True, protocol 0": ["I01\n.", true],
    "False, protocol 2": ["\x80\x02\x89.", false],
    "-7, protocol 0": ["I-7\n.", -7],
    "2**70, protocol 0": ["L1180591620717411303424L\n.", 2n ** 70n],
    "2**70, protocol 2": ["\x80\x02\x8a\x09\x00\x00\x00\x00\x00\x00\x00\x00\x40.", 2n ** 70n],
    "-1 as LONG1": ["\x8a\x01\xff.", -1],
    "0 as LONG1": ["\x8a\x00.", 0],
    "-300 as LONG4": ["\x8b\x02\x00\x00\x00\xd4\xfe.", -300],
    "-2 as BININT": ["J\xfe\xff\xff\xff.", -2],
    "65535 as BININT2": ["M\xff\xff.", 65535],
    "0.1, protocol 0": ["F0.1\n.", 0.1],
    "inf, protocol 0": ["Finf\n.", Number.POSITIVE_INFINITY],
    "0.1, protocol 2": ["G?\xb9\x99\x99\x99\x99\x99\x9a.", 0.1],
    "a text of Python 2": ["S'it\\'s \\x41\\n'\n.", "it's A\n"],
    "a text, protocol 0": ["V\\u00e9\\u4e2d\\u005c\n.", "é中\\"],
    "a text, protocol 2": ["X\x03\x00\x00\x00\xe4\xb8\xad.", "中"],
    "a text, protocol 4": ["\x80\x04\x95\x06\x00\x00\x00\x00\x00\x00\x00\x8c\x02ab\x94.", "ab"],
    "bytes, protocol 3": ["C\x02\x01\xff.", Uint8Array.of(1, 255)],
    "bytearray, protocol 5": ["\x96\x01\x00\x00\x00\x00\x00\x00\x00\x09.", Uint8Array.of(9)],
    "a list, protocol 0": ["(lp0\nI1\naI2\na.", [1, 2]],
    "a list, protocol 2": ["]q\x00(K\x01K\x02e.", [1, 2]],
    "a tuple, protocol 0": ["(I1\n(tI2\ntp0\n.", [1, [], 2]],
    "tuples, protocol 2": ["K\x01\x85K\x02\x86K\x03N\x87.", [[[1], 2], 3, null]],
    "a dict, protocol 0": ["(dp0\nS'a'\nI1\ns.", new Map([["a", 1]])],
    "a dict, protocol 2": ["}(K\x01K\x02K\x03K\x04u.", new Map([[1, 2], [3, 4]])], // biome-ignore format: pairs
    "a set, protocol 4": ["\x8f\x94(K\x01K\x02\x90.", [1, 2]],
    "a frozenset, protocol 4": ["(K\x01\x91.", [1]],
    "a value twice": ["K\x072\x86.", [7, 7]],
    "a value from the memo": ["K\x07\x94h\x00\x86.", [7, 7]],
    "a value dropped": ["K\x01K\x020.", 1],
    "a mark dropped": ["K\x01(0.", 1],
    "values dropped": ["K\x01(K\x02K\x031.", 1],
  };
  for (const [name, [text, value]] of Object.entries(values)) {
    it(`reads ${name}`, () => assert.deepEqual(plain(read(text)), value));
  }

  it("keeps a list that holds itself", () => {
    const list = read("(lp0\ng0\na.");
    assert.ok(typeof list === "object" && list !== null && "items" in list);
    assert.equal(list.items?.[0], list);
  });

  it("makes records of calls and instances", () => {
    const object = { kind: "object", unknown: null, args: [], state: null, entries: null, items: null };
    assert.deepEqual(read("cm\nf\n(I1\ntR."), { ...object, name: "m.f", args: [1] });
    assert.deepEqual(read("cm\nC\n)\x81K\x05b."), { ...object, name: "m.C", state: 5 });
    assert.deepEqual(read("cm\nC\n)}\x92."), { ...object, name: "m.C" });
    assert.deepEqual(read("(K\x02im\nC\n."), { ...object, name: "m.C", args: [2] });
    assert.deepEqual(read("(cm\nC\nK\x02o."), { ...object, name: "m.C", args: [2] });
    assert.deepEqual(read("cm\nD\n)\x81K\x01K\x02s."), { ...object, name: "m.D", entries: new Map([[1, 2]]) });
    assert.deepEqual(read("cm\nL\n)\x81K\x01a."), { ...object, name: "m.L", items: [1] });
    assert.deepEqual(read("c__builtin__\nset\n."), { kind: "global", name: "builtins.set" });
    assert.deepEqual(read("K\x01Q."), { kind: "persistent", id: 1 });
  });

  it("keeps with a record the call that nobody knows", () => {
    const [object] = (read("cm\nf\n)R\x85.", { ...lenient, isKnown: () => false }) as PickleList).items;
    const unknown = { name: "m.f", how: "call", place: "opcode REDUCE at byte 6 of test.pkl" };
    assert.deepEqual((object as PickleObject).unknown, unknown);
  });

  it("asks before every call of an unknown name, and says where it is", () => {
    const calls: unknown[] = [];
    read("N0cm\nf\n)Rcm\nC\n)\x81\x86.", {
      ...lenient,
      isKnown: () => false,
      checkUnknown: (call) => calls.push(call),
    });
    assert.deepEqual(calls, [
      { name: "m.f", how: "call", place: "opcode REDUCE at byte 8 of test.pkl" },
      { name: "m.C", how: "instance", place: "opcode NEWOBJ at byte 15 of test.pkl" },
    ]);
  });

  it("tells where the next pickle starts", () => {
    assert.deepEqual(readPickle(pickle("xxK\x05.K\x06."), "test.pkl", lenient, budget, 2), { value: 5, end: 5 });
  });
});

it("refuses a dict that sets a key twice", () => {
  for (const text of ["(S'a'\nNS'a'\nNd.", "}S'a'\nNsS'a'\nNs.", "}(S'a'\nNS'b'\nNS'a'\nNu."]) {
    throwsError(() => read(text), "bad-file", /sets the key the text "a" of a dict twice/);
  }
});

describe("damaged pickles", () => {
  const cases: Readonly<Record<string, readonly [pickle: string, says: RegExp]>> = {
    "no bytes": [
      "",
      /test\.pkl: the pickle at byte 0 needs 1 bytes from byte 0 on, but ends at byte 0: it is cut short/,
    ],
    "no STOP": ["N", /at byte 1 needs 1 bytes/],
    "a text cut short": ["X\xff\xff\xff\xffab.", /at byte 0 needs 4294967295 bytes from byte 5 on, but ends at byte 8/],
    "a length past any file": ["\x8d\x00\x00\x00\x00\x00\x00\xff\xff.", /a length of \d+ bytes/],
    "a negative length": ["T\xff\xff\xff\xff.", /states a text of -1 bytes/],
    "a line without an end": [`S'${"a".repeat(1e5)}`, /a line of text without an end within 65536 bytes/],
    "no opcode": ["N\xff.", /at byte 1 has the byte 0xff, which is no opcode/],
    "a protocol to come": ["\x80\x06N.", /is of protocol 6, expected 5 at most/],
    "an empty stack": ["0.", /at byte 0 takes a value from an empty stack/],
    "a stack empty up to the mark": ["N(a.", /takes a value from an empty stack/],
    "no mark": ["Nt.", /looks for a MARK that is not there/],
    "no memo": ["h\x05.", /looks for memo 5, which is not there/],
    "a memo index that is none": ["gx\n.", /has "x" for a memo index/],
    "a key without a value": ["(K\x01d.", /sets a key without a value/],
    "items of a number": ["K\x01K\x02K\x03s.", /sets items of 1, expected a dict/],
    "an append to a tuple": [")K\x01a.", /appends to a tuple, expected a list or set/],
    "a state of a dict": ["}}b.", /gives a dict a state, which only objects have/],
    "arguments that are none": ["cm\nf\nK\x01R.", /has 1 for arguments, expected a tuple/],
    "a name that is none": ["cos;\nsystem\n.", /names the text "os;\.system", which is no name in Python/],
    "a name that is no text": ["NN\x93.", /names None and None, expected the texts/],
    "an object without a class": ["(o.", /makes an object without a class/],
    "no whole number": ["I1.5\n.", /has "1\.5" where a whole number belongs/],
    "a number of many digits": [`L${"9".repeat(5000)}\n.`, /where a whole number belongs/],
    "a number of many bytes": [`\x8b\x00\x00\x10\x00${"a".repeat(2 ** 20)}.`, /has a whole number of 1048576 bytes/],
    "no number": ["Fx\n.", /has "x" where a number belongs/],
    "no quotes": ["Sabc\n.", /has "abc" where a text in quotes belongs/],
  };
  for (const [name, [text, says]] of Object.entries(cases)) {
    it(`are refused: ${name}`, () => throwsError(() => read(text), "bad-file", says));
  }

  it("refuses calls of what has no name", () => {
    throwsError(
      () => read("cm\nf\n)R)R."),
      "unsupported",
      /calls an object of m\.f \(opcode REDUCE at byte 8 of test\.pkl\)/,
    );
    throwsError(() => read("S'os.system'\n)R."), "unsupported", /calls the text "os\.system"/);
  });

  it("refuses opcodes without end", () => {
    throwsError(() => read("N0".repeat(4_000_001)), "bad-file", /goes on after 8000000 opcodes/);
  });
});
