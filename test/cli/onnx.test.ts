/** ONNX files on the command line: run, evaluated, converted, compared; the files of their tensors lie beside them. */
import assert from "node:assert/strict";
import { copyFileSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, it } from "node:test";
import { sharedPath, skipWithout } from "../support/shared.js";
import { readTensors, temporaryFolder, xnorkit, xnorkitJson } from "./support.js";

const TFC = "data/onnx/tfc_w1a1_qonnx.onnx";
const BESIDE = "goldens/onnx/torch26_external_data.onnx";
const folder = temporaryFolder();

describe("tfc_w1a1_qonnx.onnx", { skip: skipWithout(TFC, "data/mnist") }, () => {
  const argv = ["evaluate", "--data", sharedPath("data/mnist"), "--model", sharedPath(TFC)];

  it("names 9296 of 10000 digits right", async () => {
    const { correct, total } = await xnorkitJson<Record<string, number>>(...argv, "--preprocess", "unit");
    assert.deepEqual([correct, total], [9296, 10_000]);
  });

  it("without a preprocessing ends in the presets that fit", async () => {
    const { code, stderr } = await xnorkit(...argv);
    assert.equal(code, 2);
    assert.match(
      stderr,
      /^xnorkit: tfc_w1a1_qonnx does not say .*: name it by --preprocess mnist, unit, larq, none \(or/m,
    );
  });

  it("takes no other names, and no two answers", async () => {
    const unfit = await xnorkit(...argv, "--preprocess", "imagenet-torch");
    assert.equal(unfit.code, 2);
    assert.match(unfit.stderr, /--preprocess is "imagenet-torch", expected one that fits .*: mnist, unit, larq, none/);
    const twice = await xnorkit(...argv, "--preprocess", "unit", "--std", "255");
    assert.equal(twice.code, 2);
    assert.match(twice.stderr, /--preprocess and --mean or --std exclude each other/);
  });

  it("keeps its preprocessing when it is packed", async () => {
    const packed = join(folder, "tfc.safetensors");
    const { code, stderr } = await xnorkit("convert", sharedPath(TFC), packed, "--preprocess", "unit");
    assert.equal(code, 0, stderr);
    assert.match(stderr, /^note: \d+ of \d+ layers with weights run on bits/m);
    const again = ["evaluate", "--data", sharedPath("data/mnist"), "--model", packed, "--limit", "400"];
    assert.equal((await xnorkitJson<Record<string, number>>(...again)).correct, 372);
  });
});

describe("a file whose tensors lie beside it", { skip: skipWithout(BESIDE, `${BESIDE}.data`) }, () => {
  const model = sharedPath(BESIDE);
  const io = model.replace(/\.onnx$/, ".io.safetensors");

  it("computes what its framework computed, also packed", async () => {
    const wanted = readTensors(io).get("output")!;
    const packed = join(folder, "beside.safetensors");
    assert.equal((await xnorkit("convert", model, packed)).code, 0);
    for (const file of [model, packed]) {
      const output = join(folder, "output.safetensors");
      const { code, stderr } = await xnorkit("run", "--model", file, "--input", io, "--output", output);
      assert.equal(code, 0, stderr);
      const { data } = readTensors(output).get("output")!;
      const most = Math.max(1, ...wanted.data.map(Math.abs));
      assert.ok(data.length > 0 && data.every((value, i) => Math.abs(value - wanted.data[i]) <= 1e-4 * most));
    }
  });

  it("is counted, and compared with itself", async () => {
    const { totals } = await xnorkitJson<{ totals: { binaryMacs: number } }>("summary", model);
    assert.ok(totals.binaryMacs > 0);
    const { differences } = await xnorkitJson<{ differences: readonly unknown[] }>("compare", model, model);
    assert.deepEqual(differences, []);
  });

  it("alone ends in the path of what is missing", async () => {
    const alone = join(folder, "alone.onnx");
    copyFileSync(model, alone);
    const { code, stderr } = await xnorkit("summary", alone);
    assert.equal(code, 1);
    assert.match(stderr, /^xnorkit: \S+torch26_external_data\.onnx\.data: there is no such file/);
  });

  it("cut off ends in a sentence", async () => {
    const cut = join(folder, "cut.onnx");
    writeFileSync(cut, readFileSync(model).subarray(0, 3000));
    const { code, stderr } = await xnorkit("summary", cut);
    assert.equal(code, 1);
    assert.match(stderr, /^xnorkit: \S+cut\.onnx: .*damaged/);
    assert.equal(stderr.trimEnd().split("\n").length, 1);
  });
});
