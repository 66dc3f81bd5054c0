/** Packing a network from a file that is read in slices. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { unpackSigns } from "../../src/bits.js";
import { float32ToFloat16 } from "../../src/formats/dtypes.js";
import { saveModel } from "../../src/formats/packed_model.js";
import { readWeights } from "../../src/formats/read_weights.js";
import {
  encodeSafetensorsHeader,
  type RawTensor,
  rawFloat32,
  readSafetensors,
  writeSafetensors,
} from "../../src/formats/safetensors.js";
import { bytesAccess, packStream, type RandomAccess, type StreamOptions } from "../../src/formats/stream.js";
import { parameterSpecs } from "../../src/graph/parameters.js";
import type { Graph } from "../../src/graph/types.js";
import { randomWeights } from "../../src/models/random_weights.js";
import { getModel } from "../../src/models/registry.js";
import { elementCount } from "../../src/tensor.js";
import type { FloatWeight, Weight } from "../../src/weights.js";
import { rejectsError, smallGraph, trainedWeights } from "./support.js";

const graph = smallGraph();

function floatTensors(of: Graph): Map<string, RawTensor> {
  const values = (weight: Weight) => (weight.kind === "bits" ? unpackSigns(weight) : weight.data);
  return new Map([...randomWeights(of, 11)].map(([name, weight]) => [name, rawFloat32(weight.shape, values(weight))]));
}

function trainedTensors(of: Graph): Map<string, RawTensor> {
  const weights = trainedWeights(of, 11, true) as ReadonlyMap<string, FloatWeight>;
  return new Map([...weights].map(([name, { shape, data }]) => [name, rawFloat32(shape, data)]));
}

/** Converts through a source that hands out its bytes at odd addresses, later, and overwrites them afterwards. */
async function pack(of: Graph, file: Uint8Array, options?: StreamOptions): Promise<Uint8Array> {
  const written: Uint8Array[] = [];
  let previous = new Uint8Array(0);
  const source: RandomAccess = {
    size: file.length,
    read: async (offset, length) => {
      previous.fill(0xff);
      previous = new Uint8Array(length + 1);
      previous.set(file.subarray(offset, offset + length), 1);
      return previous.subarray(1);
    },
  };
  await packStream(of, source, { write: async (bytes) => void written.push(bytes.slice()) }, options);
  return Buffer.concat(written);
}

for (const f16 of [false, true]) {
  for (const changes of [
    {},
    { quantizer: "dorefa", bits: 2 },
    { scaling: "channel" },
    { quantizer: "sign" },
    { quantizer: "sign", scaling: "channel" },
    { quantizer: "sign", scaling: "tensor" },
  ] as const) {
    test(`gives the bytes of saveModel, in slices of any size (f16 ${f16}, ${JSON.stringify(changes)})`, async () => {
      const of = smallGraph(changes);
      const file = writeSafetensors(trainedTensors(of));
      const expected = saveModel({ graph: of, weights: readWeights(file) }, { f16 });
      for (const sliceBytes of [1, 1000, 5000, undefined]) {
        const packed = await pack(of, file, { f16, sliceBytes });
        assert.ok(expected.every((byte, index) => byte === packed[index]) && packed.length === expected.length);
      }
    });
  }
}

test("reads F16 and F64 files, passes over counters, and reports progress", async () => {
  const tensors = new Map<string, RawTensor>();
  for (const [name, { shape, bytes }] of floatTensors(graph)) {
    const values = new Float32Array(bytes.buffer, bytes.byteOffset, bytes.length / 4);
    if (shape.length > 1) {
      tensors.set(name, { dtype: "F16", shape, bytes: new Uint8Array(float32ToFloat16(values).buffer) });
    } else {
      tensors.set(name, { dtype: "F64", shape, bytes: new Uint8Array(Float64Array.from(values).buffer) });
    }
  }
  tensors.set("features.2.num_batches_tracked", { dtype: "I64", shape: [], bytes: new Uint8Array(8) });
  const file = writeSafetensors(tensors);
  const progress: number[][] = [];
  const packed = await pack(graph, file, { onProgress: (...bytes) => progress.push(bytes) });
  assert.deepEqual(packed, Buffer.from(saveModel({ graph, weights: readWeights(file) })));
  assert.equal(progress.length, parameterSpecs(graph).length);
  assert.equal(progress.at(-1)![0], progress.at(-1)![1]);
});

test("what stands beside bits takes a second pass, which progress counts, before anything is written", async () => {
  const of = smallGraph({ quantizer: "sign", scaling: "channel" });
  const tensors = trainedTensors(of);
  const progress: number[][] = [];
  await pack(of, writeSafetensors(tensors), { onProgress: (...bytes) => progress.push(bytes) });
  const specs = parameterSpecs(of);
  assert.equal(progress.length, specs.length + specs.filter(({ binary }) => binary).length);
  assert.equal(progress.at(-1)![0], progress.at(-1)![1]);
  assert.ok(progress.every(([read], i) => i === 0 || read > progress[i - 1][0]));

  const { name } = specs.filter(({ binary }) => binary).at(-1)!;
  const { bytes } = tensors.get(name)!;
  new DataView(bytes.buffer, bytes.byteOffset).setFloat32(4 * 33, Number.NaN, true);
  let writes = 0;
  const sink = { write: () => void writes++ };
  await rejectsError(packStream(of, bytesAccess(writeSafetensors(tensors)), sink), "bad-value", /NaN at element 33/);
  assert.equal(writes, 0);
});

test("a ResNetE-50 of 340 M binary weights packs while no read exceeds the slice", async () => {
  const deep = getModel("resnet50_e1");
  const specs = parameterSpecs(deep);
  const header = encodeSafetensorsHeader(new Map(specs.map(({ name, shape }) => [name, { dtype: "F32", shape }])));
  const bytesOfTensors = specs.reduce((sum, { shape }) => sum + 4 * elementCount(shape), 0);
  assert.ok(bytesOfTensors > 1.3e9);

  // The tensors read as zeros, whose sign bits are ones, from one array that is as long as a slice.
  const zeros = new Uint8Array(2 ** 20);
  let largestWrite = 0;
  let written = 0;
  let ones = 0;
  const source: RandomAccess = {
    size: header.length + bytesOfTensors,
    read: (offset, length) => {
      if (offset + length <= header.length) return header.subarray(offset, offset + length);
      assert.ok(length <= zeros.length, `a read of ${length} bytes`);
      return zeros.subarray(0, length);
    },
  };
  const sink = {
    write: (bytes: Uint8Array) => {
      if (written > 0) largestWrite = Math.max(largestWrite, bytes.length);
      written += bytes.length;
      if (bytes[0] === 0xff && bytes.at(-1) === 0xff) ones += bytes.length;
    },
  };
  await packStream(deep, source, sink, { sliceBytes: zeros.length });
  const packedBytes = specs.reduce(
    (sum, { packing, shape }) => sum + (packing !== null ? elementCount(shape) / 8 : 0),
    0,
  );
  assert.ok(largestWrite <= zeros.length, `a write of ${largestWrite} bytes`);
  assert.equal(ones, packedBytes);
});

test("names, shapes and types are refused before anything is written", async () => {
  const name = parameterSpecs(graph).find((spec) => spec.packing !== null)!.name;
  const tensors = floatTensors(graph);
  const raw = tensors.get(name)!;
  const refuse = async (
    change: (copy: Map<string, RawTensor>) => void,
    code: Parameters<typeof rejectsError>[1],
    message: RegExp,
  ) => {
    const copy = new Map(tensors);
    change(copy);
    let written = 0;
    const sink = {
      write: (bytes: Uint8Array) => {
        written += bytes.length;
      },
    };
    await rejectsError(packStream(graph, bytesAccess(writeSafetensors(copy)), sink), code, message);
    assert.equal(written, 0);
  };
  await refuse((copy) => copy.delete(name), "missing-weight", /qconv\.weight/);
  await refuse((copy) => copy.set("other", raw), "surplus-weight", /other/);
  await refuse((copy) => copy.set(name, { ...raw, shape: [raw.bytes.length / 4] }), "bad-shape", /qconv\.weight/);
  await refuse((copy) => copy.set(name, { ...raw, dtype: "I32" }), "unsupported", /dtype I32/);
});

test("NaN, infinities and negative variances are refused with the element of the whole tensor", async () => {
  const specs = parameterSpecs(graph);
  const convolution = specs.find((spec) => spec.packing !== null)!;
  const variance = specs.find((spec) => spec.role === "variance")!;
  for (const [name, value, index] of [
    [convolution.name, Number.NaN, 130],
    [convolution.name, Number.POSITIVE_INFINITY, 70],
    [variance.name, -1, 2],
  ] as const) {
    const tensors = floatTensors(graph);
    const { bytes } = tensors.get(name)!;
    new DataView(bytes.buffer, bytes.byteOffset).setFloat32(4 * index, value, true);
    await rejectsError(
      pack(graph, writeSafetensors(tensors), { sliceBytes: 1 }),
      "bad-value",
      new RegExp(`${value} at element ${index}`),
    );
  }
});

test("an ignored gamma may be anything", async () => {
  const gamma = parameterSpecs(graph).find((spec) => spec.ignored)!;
  const tensors = floatTensors(graph);
  tensors.set(gamma.name, rawFloat32(gamma.shape, new Float32Array(elementCount(gamma.shape)).fill(Number.NaN)));
  const packed = readSafetensors(await pack(graph, writeSafetensors(tensors)));
  assert.deepEqual(packed.tensors.get(gamma.name), {
    ...tensors.get(gamma.name),
    bytes: packed.tensors.get(gamma.name)!.bytes,
  });
});

test("packed, short, foreign and shrinking sources are refused", async () => {
  const sink = { write: () => {} };
  const file = writeSafetensors(floatTensors(graph));
  const packed = saveModel({ graph, weights: readWeights(file) });
  const shrinking = {
    size: file.length,
    read: (offset: number, length: number) => file.subarray(offset, offset + Math.min(length, 5000)),
  };
  await rejectsError(packStream(graph, bytesAccess(packed), sink), "unsupported", /packed model already/);
  await rejectsError(packStream(graph, bytesAccess(file.subarray(0, -1)), sink), "bad-file", /cut short/);
  await rejectsError(packStream(graph, bytesAccess(new Uint8Array(0)), sink), "bad-file", /empty/);
  await rejectsError(packStream(graph, bytesAccess(Buffer.from("\x89PNG\r\n\x1a\n")), sink), "bad-file");
  await rejectsError(packStream(graph, shrinking, sink), "bad-file", /gave 5000: the file ends early/);
  await rejectsError(packStream(graph, bytesAccess(file), sink, { sliceBytes: 0 }), "bad-option", /sliceBytes/);
});
