/** Real weights of every golden network through the readers and the packed file. */
import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { test } from "node:test";
import { loadModel, saveModel } from "../../src/formats/packed_model.js";
import { readWeights } from "../../src/formats/read_weights.js";
import { type RawTensor, readSafetensors, toFloat32, writeSafetensors } from "../../src/formats/safetensors.js";
import { bytesAccess, packStream } from "../../src/formats/stream.js";
import { parameterSpecs } from "../../src/graph/parameters.js";
import { fromDescription } from "../../src/models/description.js";
import { sharedPath, skipWithout } from "../support/shared.js";

const skip = skipWithout("goldens", "models/digits.safetensors", "models/digits.json");

function readShared(name: string): Uint8Array {
  return readFileSync(sharedPath(name));
}

function sameTensors(a: ReadonlyMap<string, RawTensor>, b: ReadonlyMap<string, RawTensor>): void {
  assert.deepEqual([...a.keys()], [...b.keys()]);
  for (const [name, raw] of a) {
    const other = b.get(name)!;
    assert.deepEqual([raw.dtype, raw.shape], [other.dtype, other.shape]);
    assert.ok(Buffer.compare(raw.bytes, other.bytes) === 0, name);
  }
}

test("every golden reads, decodes and survives writing", { skip }, () => {
  const names = readdirSync(sharedPath("goldens")).filter((name) => name.endsWith(".safetensors"));
  assert.ok(names.length >= 40);
  for (const name of names) {
    const file = readSafetensors(readShared(`goldens/${name}`));
    const again = readSafetensors(writeSafetensors(file.tensors, file.metadata));
    sameTensors(file.tensors, again.tensors);
    assert.deepEqual(file.metadata, again.metadata);
    for (const [tensor, raw] of file.tensors) {
      const values = toFloat32(raw);
      assert.equal(
        values.length,
        raw.shape.reduce((product, size) => product * size, 1),
      );
      assert.ok(values.every(Number.isFinite), `${name} ${tensor}`);
    }
  }
});

test("weights of torch leave out the counters, all others are there", { skip }, () => {
  const bytes = readShared("goldens/awnas_r18_full_224.weights.safetensors");
  const { tensors } = readSafetensors(bytes);
  const weights = readWeights(bytes);
  const floats = [...tensors].filter(([, raw]) => raw.dtype !== "I64");
  assert.equal(tensors.size - floats.length, 21);
  assert.deepEqual(
    [...weights.keys()],
    floats.map(([name]) => name),
  );
  for (const [name, raw] of floats) assert.deepEqual(weights.get(name)!.data, toFloat32(raw));
});

test("the digits network packs to a tenth, the same in memory and streamed", { skip }, async () => {
  const bytes = readShared("models/digits.safetensors");
  const { description } = JSON.parse(new TextDecoder().decode(readShared("models/digits.json")));
  const graph = fromDescription({ ...description, preprocess: undefined });
  const weights = readWeights(bytes);
  const packed = saveModel({ graph, weights });
  const chunks: Uint8Array[] = [];
  await packStream(graph, bytesAccess(bytes), { write: (chunk) => void chunks.push(chunk.slice()) });
  assert.ok(Buffer.compare(Buffer.concat(chunks), packed) === 0);
  assert.ok(packed.length * 10 < bytes.length, `${packed.length} of ${bytes.length} bytes`);

  const loaded = loadModel(packed).weights;
  let binaryWeights = 0;
  for (const spec of parameterSpecs(graph)) {
    const before = weights.get(spec.name)!.data;
    const after = loaded.get(spec.name)!;
    if (after.kind === "f32") {
      assert.deepEqual(after.data, before);
      continue;
    }
    binaryWeights += before.length;
    const [, inputs, height, width] = spec.shape;
    for (const index of [0, 1, before.length >> 1, before.length - 1]) {
      const tap = index % (height * width);
      const channel = Math.floor(index / (height * width)) % inputs;
      const output = Math.floor(index / (height * width * inputs));
      const byte: number = after.data[(output * height * width + tap) * Math.ceil(inputs / 8) + (channel >> 3)];
      assert.equal((byte >> (channel & 7)) & 1, before[index] >= 0 ? 1 : 0);
    }
  }
  assert.equal(binaryWeights, 686592);
});
