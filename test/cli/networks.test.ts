/** The commands that look at networks: compare, explain, summary at three grains and its drawings. */
import assert from "node:assert/strict";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, test } from "node:test";
import type { Difference } from "../../src/explain/differences.js";
import type { Fact } from "../../src/explain/facts.js";
import { graphFromJson } from "../../src/graph/json.js";
import { temporaryFolder, tinyDescription, xnorkit, xnorkitJson } from "./support.js";

interface Compared {
  readonly a: string;
  readonly b: string;
  readonly differences: readonly Difference[];
}

const folder = temporaryFolder();

function tinyFile(name: string, changes: Readonly<Record<string, unknown>> = {}): string {
  const path = join(folder, name);
  writeFileSync(path, JSON.stringify({ ...tinyDescription, model: { ...tinyDescription.model, ...changes } }));
  return path;
}

describe("compare", () => {
  test("prints at most 60 lines of 100 columns, the options, millions as people compare them", async () => {
    const { code, stdout } = await xnorkit("compare", "resnet18_e1 useFp", "awnas_resnet18");
    assert.equal(code, 0);
    const lines = stdout.trimEnd().split("\n");
    assert.ok(lines.length <= 60, `${lines.length} lines`);
    assert.ok(lines.every((line) => line.length <= 100));
    assert.match(stdout, /^a {2}resnet18_e1 useFp: ResNetE1, input 1x3x224x224\nb {2}awnas_resnet18: BNNGenotypeModel/);
    assert.match(stdout, /\nbinary MACs +1676\.28 M +1676\.28 M\n/);
    assert.match(stdout, /\nfloat MACs: stem +118\.01 M +68\.64 M\n/);
    const standard = await xnorkit("compare", "resnet18_e1", "awnas_resnet18");
    assert.match(standard.stdout, /\nbinary MACs +1695\.55 M \(19\.27 M downsample\) +1676\.28 M\n/);
    assert.ok(standard.stdout.trimEnd().split("\n").length <= 60);
  });

  test("says so if nothing differs", async () => {
    const { stdout } = await xnorkit("compare", "resnet18_e1", "resnet18_e1");
    assert.match(stdout, /\nno differences\n/);
    const json = await xnorkitJson<Compared>("compare", "resnet18_e1", "resnet18_e1");
    assert.deepEqual([json.a, json.b, json.differences], ["resnet18_e1", "resnet18_e1", []]);
  });

  test("gives differences as JSON, those that change shapes first", async () => {
    const { a, b, differences } = await xnorkitJson<Compared>("compare", "resnet18_e1 useFp", "awnas_resnet18");
    assert.deepEqual([a, b], ["resnet18_e1 useFp", "awnas_resnet18"]);
    for (const difference of differences) {
      for (const key of ["path", "field", "a", "b"]) assert.ok(Object.hasOwn(difference, key));
    }
    assert.deepEqual([differences[0].path, differences[0].field], ["features.1", "channels"]);
    assert.ok((differences[0].consequences?.length ?? 0) > 0);
  });

  test("unfolds to blocks and layers", async () => {
    const block = await xnorkit("compare", "resnet18_e1", "resnet18_e2", "--grain", "block");
    assert.match(
      block.stdout,
      /\n! {2}features\.6\.0: sign-BinConv3x3-BN \+ x +features\.5\.0: BN-sign-BinConv3x3 \+ x\n/,
    );
    const layer = await xnorkit("compare", "resnet18_e1", "resnet18_e2", "--grain", "layer");
    assert.match(layer.stdout, /\n! +BN 64x56x56 features\.6\.0\.body\.1\n/);
    assert.ok(layer.stdout.split("\n").every((line) => line.length <= 100));
  });

  test("reads files, compares for another input, and writes a page", async () => {
    const [one, other] = [tinyFile("one.json"), tinyFile("other.json", { use_fp: true })];
    const page = join(folder, "out.html");
    const { code, stderr } = await xnorkit(
      "compare",
      one,
      other,
      "--input-shape",
      "2,3,32,32",
      "--html",
      page,
      "--time",
    );
    assert.equal(code, 0, stderr);
    const html = readFileSync(page, "utf8");
    assert.match(html, /^<!doctype html>/);
    assert.ok(html.includes(`${one}: ResNetE1, input 2x3x32x32`));
    assert.match(html, /\d\.\d\d ms/);
    const { differences } = await xnorkitJson<Compared>("compare", one, other);
    assert.deepEqual(
      differences.map(({ field, a, b }) => [field, a, b]),
      [
        ["layer", "sign", null],
        ["kind", "binaryConv2d", "conv2d"],
      ],
    );
  });

  test("shows measured times as bars", async () => {
    const { stdout } = await xnorkit("compare", tinyFile("one.json"), tinyFile("one.json"), "--time");
    assert.match(stdout, /\nstem +\d+\.\d\d M +\d+\.\d\d M +\d+\.\d\d {2}#+ +\|/);
  });

  for (const [wrong, code, message] of [
    [["resnet18_e1"], 2, /expected A B/],
    [["resnet18_e1", "resnet18_e1", "x"], 2, /one argument too many/],
    [["resnet18_e1", "resnet18_e3"], 1, /no model or file named "resnet18_e3".*resnet18_e2/],
    [["resnet18_e1 useFP", "resnet18_e1"], 1, /unknown key "useFP".*"useFp"/],
    [["resnet18_e1 useFp useFp", "resnet18_e1"], 1, /"useFp" stands twice/],
    [["resnet18_e1 =3", "resnet18_e1"], 1, /has no name/],
    [["resnet18_e1", "resnet18_e1", "--grain", "cell"], 2, /--grain is "cell", expected stage, block, layer/],
    [["resnet18_e1", "resnet18_e1", "--input-shape", "1,4,224,224"], 1, /was built for/],
    [["resnet18_e1", "resnet18_e1", "--html", "/nowhere/out.html"], 1, /\/nowhere\/out\.html: /],
  ] as const) {
    test(`refuses ${wrong.join(" ")}`, async () => {
      const outcome = await xnorkit("compare", ...wrong);
      assert.equal(outcome.code, code);
      assert.match(outcome.stderr, message);
      assert.equal(outcome.stderr.trimEnd().split("\n").length, 1);
    });
  }
});

describe("explain", () => {
  test("lists its questions", async () => {
    const { stdout } = await xnorkit("explain", "resnet18_e1");
    for (const question of ["bn", "shortcuts", "downsample", "spec", "float", "passes"]) {
      assert.match(stdout, new RegExp(`xnorkit explain resnet18_e1 ${question}`));
    }
  });

  test("answers with facts and proofs, on random weights unless there are others", async () => {
    const tiny = tinyFile("one.json");
    const { code, stdout, stderr } = await xnorkit("explain", tiny, "bn");
    assert.equal(code, 0);
    assert.match(stderr, /the weights are random/);
    assert.match(stdout, /folds into BinConv3x3 features\.3\.0\.body\.0\.qconv/);
    assert.match(stdout, /\n {4}shown: \S+ <= \S+: /);
    assert.ok(stdout.split("\n").every((line) => line.length <= 100));
    const seeded = await xnorkitJson<{ facts: Fact[] }>("explain", tiny, "shortcuts", "--random-weights", "7");
    const again = await xnorkitJson<{ facts: Fact[] }>("explain", tiny, "shortcuts", "--random-weights", "8");
    assert.ok(seeded.facts.every(({ proofs }) => proofs.every(({ holds }) => holds)));
    assert.notDeepEqual(seeded.facts[1].data, again.facts[1].data);
    const digits = await xnorkit("explain", "digits", "shortcuts");
    assert.equal(digits.stderr, "");
    assert.match(digits.stdout, /the shortcuts work/);
  });

  test("refuses another question before it reads anything", async () => {
    const { code, stderr } = await xnorkit("explain", "nowhere.json", "batchnorm");
    assert.equal(code, 1);
    assert.match(stderr, /no question "batchnorm": the closest are/);
  });
});

describe("summary", () => {
  test("at stage grain has parts, receptive fields and the order of layers", async () => {
    const { stdout } = await xnorkit("summary", "awnas_resnet18", "--grain", "stage");
    assert.match(
      stdout,
      /\nstage 2 {2}128x28x28 +99x99 +525,440 +404\.62 M +6\.42 M +101\.9 kB {2}2 CNNGenotypeCell\n/,
    );
    assert.match(stdout, /\nstage 1 +4 x {2}BN-\(sign-BinConv3x3 \+ BN\)-ReLU \+ x\n/);
  });

  test("at block and layer grain shows classes, shortcuts and options that chose a class", async () => {
    const block = (await xnorkit("summary", "resnet18_e1 approximation=xnor", "--grain", "block")).stdout;
    assert.match(block, /\n {4}0 BasicBlockE1 .*\n {6}\+ features\.5, added after BN at features\.6\.0\.add\n/);
    assert.match(block, /\nScaledBinaryConv: activated_conv chose it, approximation "xnor"\n/);
    assert.doesNotMatch(block, /qconv/);
    const layer = (await xnorkit("summary", "awnas_resnet18", "--grain", "layer")).stdout;
    assert.match(layer, /shortcut SkipConnectV2/);
    assert.match(layer, /\nBinaryResNetBlock: get_op chose it, genotype "xnor_resnet_block"\n/);
    assert.ok(layer.split("\n").every((line) => line.length <= 100));
  });

  test("gives the parts as JSON, as fine as the grain", async () => {
    interface Parts {
      readonly parts: readonly { readonly label: string; readonly units: unknown }[];
    }
    const stage = await xnorkitJson<Parts>("summary", "resnet18_e1", "--grain", "stage");
    assert.deepEqual(
      stage.parts.map(({ label, units }) => [label, units]),
      [
        ["stem", 1],
        ["stage 1", 4],
        ["stage 2", 4],
        ["stage 3", 4],
        ["stage 4", 4],
        ["head", 1],
      ],
    );
    const plain = await xnorkitJson<Readonly<Record<string, unknown>>>("summary", "resnet18_e1");
    assert.deepEqual(Object.keys(plain).sort(), ["floatLayers", "inputShape", "layers", "name", "totals"]);
  });

  test("draws, writes DOT and the graph", async () => {
    const [svg, dot, graph] = ["d.svg", "d.dot", "d.json"].map((name) => join(folder, name));
    const { code, stderr } = await xnorkit("summary", "digits", "--svg", svg, "--dot", dot, "--graph", graph, "--time");
    assert.equal(code, 0, stderr);
    assert.match(readFileSync(svg, "utf8"), /<svg [^>]*role="img"/);
    assert.match(readFileSync(dot, "utf8"), /^digraph "[^"]+" \{/);
    assert.match(readFileSync(dot, "utf8"), /\d\.\d\d ms/);
    assert.equal(graphFromJson(readFileSync(graph, "utf8")).nodes.length > 30, true);
  });
});
