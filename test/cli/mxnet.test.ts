/** MXNet files on the command line: a symbol as the model, `.params` as weights. */
import assert from "node:assert/strict";
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, it } from "node:test";
import { loadModel } from "../../src/formats/packed_model.js";
import { readSafetensors, toFloat32, writeSafetensors } from "../../src/formats/safetensors.js";
import { smallMxnet, writeParams } from "../formats/mxnet_support.js";
import { randomFloats, seededRandom } from "../formats/support.js";
import { temporaryFolder, tinyDescription, tinyTensors, xnorkit, xnorkitJson } from "./support.js";

const folder = temporaryFolder();
const path = (name: string) => join(folder, name);

const qWeight = randomFloats(32 * 32 * 9, seededRandom(3));
const { symbol, params } = smallMxnet(1, qWeight);
writeFileSync(path("net-symbol.json"), symbol);
writeFileSync(path("net-0007.params"), params);
writeFileSync(path("other.params"), params);
const input = {
  dtype: "F32",
  shape: [1, 1, 6, 6],
  bytes: new Uint8Array(randomFloats(36, seededRandom(4)).buffer),
} as const;
writeFileSync(path("input.safetensors"), writeSafetensors(new Map([["input", input]])));

function readOutput(name: string): Float32Array {
  return toFloat32(readSafetensors(readFileSync(path(name))).tensors.get("output")!);
}

describe("an MXNet symbol", () => {
  it("is a model with the .params beside it", async () => {
    const { name, inputShape } = await xnorkitJson<{ name: string; inputShape: number[] }>(
      "summary",
      path("net-symbol.json"),
    );
    assert.equal(name, "net");
    assert.deepEqual(inputShape, [1, 1, 6, 6]);
  });

  it("converts to a packed model that computes the same logits", async () => {
    const converted = await xnorkit(
      "convert",
      path("net-symbol.json"),
      path("net.xnorkit"),
      "--mean",
      "3",
      "--std",
      "255",
    );
    assert.equal(converted.code, 0, converted.stderr);
    const { graph, weights } = loadModel(readFileSync(path("net.xnorkit")));
    assert.deepEqual(graph.preprocess, { mean: [3], std: [255] });
    assert.equal(graph.output, "fc");
    assert.equal(weights.get("q_weight")?.kind, "bits");
    const outputs: Float32Array[] = [];
    for (const model of ["net-symbol.json", "net.xnorkit"]) {
      const output = `${model}.safetensors`;
      const { code, stderr } = await xnorkit(
        ...[
          "run",
          "--reference",
          "--model",
          path(model),
          "--input",
          path("input.safetensors"),
          "--output",
          path(output),
        ],
      );
      assert.equal(code, 0, stderr);
      outputs.push(readOutput(output));
    }
    assert.deepEqual(outputs[0], outputs[1]);
    assert.equal(outputs[0].length, 3);
  });

  it("takes other parameters by --weights", async () => {
    mkdirSync(path("alone"));
    writeFileSync(path("alone/net-symbol.json"), symbol);
    const alone = await xnorkit("convert", path("alone/net-symbol.json"), path("x.xnorkit"));
    assert.equal(alone.code, 1);
    assert.match(alone.stderr, /net-symbol\.json: there is no net-0000\.params .*--weights/);
    const given = await xnorkit(
      "convert",
      path("alone/net-symbol.json"),
      path("x.xnorkit"),
      "-w",
      path("other.params"),
    );
    assert.equal(given.code, 0, given.stderr);
    writeFileSync(path("alone/net-0001.params"), params);
    writeFileSync(path("alone/net-0002.params"), params);
    const several = await xnorkit("convert", path("alone/net-symbol.json"), path("x.xnorkit"));
    assert.match(several.stderr, /net-0001\.params, net-0002\.params .*name one with --weights/);
  });

  it("is refused in one line where it is damaged", async () => {
    writeFileSync(path("bad-symbol.json"), symbol.replace("QConvolution", "QConvolutoin"));
    writeFileSync(path("bad-0000.params"), params);
    const unknown = await xnorkit("summary", path("bad-symbol.json"));
    assert.equal(unknown.code, 1);
    assert.match(unknown.stderr, /^xnorkit: .*bad-symbol\.json: node "q" .*"QConvolutoin".*"QConvolution".*\n$/);
    writeFileSync(path("cut.params"), params.subarray(0, 300));
    const cut = await xnorkit("summary", path("net-symbol.json"));
    assert.equal(cut.code, 0);
    const damaged = await xnorkit("convert", path("net-symbol.json"), path("x.xnorkit"), "-w", path("cut.params"));
    assert.match(damaged.stderr, /^xnorkit: .*net-symbol\.json: array 0 of 4 .*byte .*\n$/);
  });
});

describe("--weights with .params", () => {
  it("gives a description its weights, as safetensors do", async () => {
    writeFileSync(path("tiny.json"), JSON.stringify(tinyDescription));
    writeFileSync(path("tiny.safetensors"), writeSafetensors(tinyTensors()));
    writeFileSync(path("tiny.params"), writeParams(tinyTensors()));
    for (const [weights, output] of [
      ["tiny.safetensors", "a.xnorkit"],
      ["tiny.params", "b.xnorkit"],
    ]) {
      const { code, stderr } = await xnorkit("convert", path("tiny.json"), path(output), "-w", path(weights));
      assert.equal(code, 0, stderr);
    }
    assert.ok(readFileSync(path("a.xnorkit")).equals(readFileSync(path("b.xnorkit"))));
  });

  it("of another network are refused by name", async () => {
    const { code, stderr } = await xnorkit("convert", path("tiny.json"), path("x.xnorkit"), "-w", path("other.params"));
    assert.equal(code, 1);
    assert.match(stderr, /other\.params: /);
  });
});
