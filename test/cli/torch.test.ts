/** Torch checkpoints on the command line: weights of a model, in every command that takes them. */
import assert from "node:assert/strict";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, it } from "node:test";
import { readSafetensors, toFloat32 } from "../../src/formats/safetensors.js";
import type { Shape } from "../../src/tensor.js";
import { dictText, tensorText, torchZip } from "../formats/torch_support.js";
import { tinyFiles, tinyTensors, xnorkit } from "./support.js";

const files = tinyFiles();
const checkpoint = join(files.folder, "model_state.pt");

function strides(shape: Shape): readonly number[] {
  return shape.map((_, axis) => shape.slice(axis + 1).reduce((product, size) => product * size, 1));
}

const tensors = [...tinyTensors()];
const storages = Object.fromEntries(tensors.map(([, { bytes }], key) => [key, bytes]));
const state = Object.fromEntries(
  tensors.map(([name, { shape, bytes }], key) => [
    name,
    tensorText({ key: `${key}`, elements: bytes.length / 4, shape, strides: strides(shape) }),
  ]),
);
writeFileSync(checkpoint, torchZip(`${dictText({ epoch: "I3\n", state_dict: dictText(state) })}.`, storages));

function readOutput(): Float32Array {
  return toFloat32(readSafetensors(new Uint8Array(readFileSync(files.output))).tensors.get("output")!);
}

async function runWith(...model: readonly string[]): Promise<Float32Array> {
  const { code, stderr } = await xnorkit("run", ...model, "-i", files.input, "-o", files.output);
  assert.equal(code, 0, stderr);
  return readOutput();
}

describe("a torch checkpoint", () => {
  it("gives a network its weights, and a packed model what it holds", async () => {
    const expected = await runWith("-m", files.description, "-w", files.weights);
    assert.deepEqual(await runWith("-m", files.description, "-w", checkpoint), expected);

    const packed = join(files.folder, "tiny.xnorkit");
    const { code, stderr } = await xnorkit("convert", files.description, packed, "-w", checkpoint);
    assert.equal(code, 0, stderr);
    assert.deepEqual(await runWith("-m", packed), expected);
  });

  const cases: Readonly<Record<string, readonly [model: string, bytes: () => Uint8Array, says: RegExp]>> = {
    "a parameter missing": [
      files.description,
      () => torchZip(`${dictText({ [tensors[0][0]]: state[tensors[0][0]] })}.`, storages),
      /bad\.pt: parameter \S+ .* is not in the weights/,
    ],
    "a hostile pickle": [
      files.description,
      () => torchZip("cos\nsystem\n(S'echo'\ntR."),
      /bad\.pt: the checkpoint calls os\.system \(opcode REDUCE at byte 21 of net\/data\.pkl\)/,
    ],
    "a file cut short": [
      files.description,
      () => readFileSync(checkpoint).subarray(0, 3000),
      /bad\.pt: the zip archive ends at byte 3000 without its directory: it is cut short/,
    ],
    "a checkpoint for a model": [
      join(files.folder, "bad.pt"),
      () => readFileSync(checkpoint),
      /bad\.pt: a torch checkpoint holds weights, not a network: give it as --weights/,
    ],
  };
  for (const [name, [model, bytes, says]] of Object.entries(cases)) {
    it(`ends in one sentence: ${name}`, async () => {
      const bad = join(files.folder, "bad.pt");
      writeFileSync(bad, bytes());
      const { code, stdout, stderr } = await xnorkit("run", "-m", model, "-w", bad, "-i", files.input, "-o", "x");
      assert.equal(code, 1, stderr);
      assert.equal(stdout, "");
      assert.match(stderr, /^xnorkit: [^\n]+\n$/);
      assert.match(stderr, says);
    });
  }
});
