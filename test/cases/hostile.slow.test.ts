/** Files and networks made to hurt, beside the pictures and checkpoints that have tests of their own. */
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { graphFromJson } from "../../src/graph/json.js";
import { fromDescription } from "../../src/models/description.js";
import { randomWeights } from "../../src/models/random_weights.js";
import { createSession } from "../../src/runtime/session.js";
import { xnorkit } from "../cli/support.js";
import { throwsError } from "../formats/support.js";
import { sharedPath, skipWithout } from "../support/shared.js";
import { assertBounded, measure, temporaryFile } from "./measure.js";

const hostile = "cases/20_hostile";

describe("20 deep.json", () => {
  it("is one sentence", { skip: skipWithout(hostile) }, async () => {
    const { code, stderr } = await xnorkit("summary", sharedPath(`${hostile}/deep.json`));
    assert.equal(code, 1);
    assert.match(stderr, /^xnorkit: [^\n]+nests deeper than 64 levels\n$/);
    assert.doesNotMatch(stderr, /internal error/);
  });

  it("as a graph and as a description", () => {
    const deep = `{"nodes":${"[".repeat(2e5)}`;
    throwsError(() => graphFromJson(deep), "bad-graph", /nests deeper than 64 levels/);
    throwsError(() => fromDescription(deep), "bad-file", /nests deeper than 64 levels/);
  });
});

describe("20 keys.yaml", () => {
  it("is one sentence", { skip: skipWithout(hostile) }, async () => {
    const { code, stderr } = await xnorkit("summary", sharedPath(`${hostile}/keys.yaml`));
    assert.equal(code, 1);
    assert.match(stderr, /the AWNAS configuration has 588890 characters, expected 65536 at most/);
  });

  const imports = 'import { awnasFromYaml } from "./src/awnas.js";';
  const cases: Readonly<Record<string, readonly [text: string, says: RegExp]>> = {
    "many keys": [Array.from({ length: 9000 }, (_, i) => `k${i}:`).join("\n"), /search_space_cfg/],
    "many values": [`a: [${"1,".repeat(30_000)}1]`, /search_space_cfg/],
    depth: ["[".repeat(60_000), /nests too deep|not YAML/],
    "a key twice": ["a: 1\nb: 2\na: 3", /has the key "a" twice/],
  };
  for (const [what, [text, says]] of Object.entries(cases)) {
    it(`${what} take memory in proportion`, () => {
      const path = temporaryFile("keys.yaml", text);
      const measured = measure(imports, "awnasFromYaml(new TextDecoder().decode(bytes)).name", path);
      assertBounded(measured);
      assert.match(measured.outcome, says);
    });
  }
});

describe("a safetensors header", () => {
  const imports = 'import { readSafetensors } from "./src/index.js";';
  const header = (json: string, dataBytes = 0) => {
    const text = new TextEncoder().encode(json);
    const file = new Uint8Array(8 + text.length + dataBytes);
    new DataView(file.buffer).setBigUint64(0, BigInt(text.length), true);
    file.set(text, 8);
    return file;
  };
  const entries = Array.from(
    { length: 100_000 },
    (_, i) => `"${i.toString(36)}":{"dtype":"U8","shape":[],"data_offsets":[${i},${i + 1}]}`,
  );
  const cases: Readonly<Record<string, readonly [file: Uint8Array, says: RegExp]>> = {
    "of 8 million objects": [header(`{"a":[${"{},".repeat(8e6)}{}]}`), /its entry is not a JSON object/],
    "of a million sizes": [header(`{"a":{"shape":[${"1,".repeat(1e6)}1]}}`), /not a list of up to 64/],
    "of 100,000 tensors": [header(`{${entries.join(",")}}`, 100_000), /^100000$/],
  };
  for (const [what, [file, says]] of Object.entries(cases)) {
    it(`${what} takes memory in proportion`, () => {
      const measured = measure(imports, "readSafetensors(bytes).tensors.size", temporaryFile("header", file));
      assertBounded(measured);
      assert.match(measured.outcome, says);
    });
  }
});

/** The nodes after an input of one value. */
const graphOf = (nodes: readonly object[], output: string) =>
  graphFromJson({
    name: "hostile",
    inputShape: [1, 1, 1, 1],
    nodes: [{ kind: "input", name: "x", inputs: [], module: "" }, ...nodes],
    output,
  });

describe("networks", () => {
  it("of 45,000 values alive together are planned", async () => {
    const count = 45_000;
    const relus = Array.from({ length: count }, (_, i) => ({ kind: "relu", name: `r${i}`, inputs: ["x"], module: "" }));
    const adds = Array.from({ length: count - 1 }, (_, i) => ({
      kind: "add",
      name: `a${i}`,
      inputs: [i === 0 ? "r0" : `a${i - 1}`, `r${i + 1}`],
      module: "",
      channelOffset: 0,
    }));
    const session = await createSession({
      graph: graphOf([...relus, ...adds], `a${count - 2}`),
      weights: new Map(),
    });
    assert.deepEqual([...session.run({ shape: [1, 1, 1, 1], data: Float32Array.of(2) }).data], [2 * count]);
    session.dispose();
  });

  it("of a thousand million channels get no random weights", () => {
    const concat = (name: string, input: string) => ({
      kind: "concat",
      name,
      inputs: Array(1024).fill(input),
      module: "",
    });
    const graph = graphOf([concat("a", "x"), concat("b", "a"), concat("c", "b")], "c");
    throwsError(
      () => randomWeights(graph, 1),
      "unsupported",
      /has \d+ channels up to layer "c": random weights are made/,
    );
  });
});

describe("contradictions in a graph", () => {
  const relu = { kind: "relu", name: "r", inputs: ["x"], module: "" };
  const json = (more: object) => ({
    name: "g",
    inputShape: [1, 1, 1, 1],
    nodes: [{ kind: "input", name: "x", inputs: [], module: "" }, relu],
    output: "r",
    ...more,
  });

  it("more labels than outputs", () => {
    assert.deepEqual(graphFromJson(json({ labels: ["a"] })).labels, ["a"]);
    throwsError(() => graphFromJson(json({ labels: ["a", "b"] })), "bad-graph", /has 2 labels for 1 outputs/);
  });

  it("a key twice", () => {
    const text = JSON.stringify(json({}));
    throwsError(() => graphFromJson(`${text.slice(0, -1)},"name":"h"}`), "bad-graph", /the key "name" occurs twice/);
  });

  it("numbers that float32 cannot hold", () => {
    const scale = (factor: number) =>
      graphFromJson(json({ nodes: [json({}).nodes[0], { ...relu, kind: "scale", factor }] }));
    assert.equal(scale(1e38).nodes.length, 2);
    throwsError(() => scale(1e308), "bad-graph", /factor of the graph must be a number that float32 can hold/);
    const std = (value: number) => graphFromJson(json({ preprocess: { mean: [0], std: [value] } }));
    assert.equal(std(1e-30).nodes.length, 2);
    for (const value of [1e-300, 1e300]) {
      throwsError(
        () => std(value),
        "bad-graph",
        /std\[0\] of the graph must be a number above 0 that float32 can hold/,
      );
    }
  });

  it("on the command line", async () => {
    const picture = new URL("../../examples/digits/7.png", import.meta.url).pathname;
    const { code, stderr } = await xnorkit("classify", picture, "--std", "1e-300");
    assert.equal(code, 2);
    assert.match(stderr, /make numbers that float32 cannot hold/);
  });
});
