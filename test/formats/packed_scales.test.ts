/** Scales and zeros beside sign bits: what packed files of AWNAS's, binet and xnor networks hold. */
import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { packSigns, packWeight, unpackSigns } from "../../src/bits.js";
import { XnorkitError } from "../../src/errors.js";
import { bytesOf } from "../../src/formats/packed_layout.js";
import { loadModel, saveModel } from "../../src/formats/packed_model.js";
import { type RawTensor, rawFloat32, readSafetensors, writeSafetensors } from "../../src/formats/safetensors.js";
import type { Packing } from "../../src/graph/packing.js";
import { parameterSpecs } from "../../src/graph/parameters.js";
import type { Graph } from "../../src/graph/types.js";
import { randomWeights } from "../../src/models/random_weights.js";
import { runReference } from "../../src/reference/index.js";
import { elementCount, type Shape } from "../../src/tensor.js";
import type { FloatWeight } from "../../src/weights.js";
import { followDecisions } from "../goldens/decisions.js";
import { compare } from "../goldens/support.js";
import { randomFloats, seededRandom, smallGraph, throwsError, trainedWeights, withWeight } from "./support.js";

const packings = (["det_sign", "sign"] as const).flatMap((signs) =>
  (["none", "channel", "tensor"] as const).map((scaling): Packing => ({ signs, scaling })),
);

function layersOf({ signs, scaling }: Packing): Graph {
  return smallGraph({ quantizer: signs, scaling });
}

const ternary: Packing = { signs: "sign", scaling: "channel" };
const graph = layersOf(ternary);
const weights = trainedWeights(graph, 3, true);
const file = saveModel({ graph, weights });
const spec = parameterSpecs(graph).find(({ binary }) => binary)!;

function rewritten(change: (tensors: Map<string, RawTensor>) => void, of = file): Uint8Array {
  const { tensors, metadata } = readSafetensors(of);
  const changed = new Map(tensors);
  change(changed);
  return writeSafetensors(changed, metadata);
}

test("a packed weight has the quantised values, the mean of |w|, and a mask where zeros are kept", () => {
  const shape = fc.tuple(
    fc.integer({ min: 1, max: 4 }),
    fc.integer({ min: 1, max: 20 }),
    fc.integer({ min: 1, max: 3 }),
  );
  const value = fc.oneof(fc.float({ min: -2, max: 2, noNaN: true }), fc.constantFrom(0, -0, 2 ** -149, -(2 ** -149)));
  const tensors = shape.chain(([o, i, k]) => {
    const count = o * i * k * k;
    return fc.tuple(fc.constant([o, i, k, k]), fc.array(value, { minLength: count, maxLength: count, size: "max" }));
  });
  fc.assert(
    fc.property(tensors, fc.constantFrom(...packings), ([shape, values], packing) => {
      const data = Float32Array.from(values);
      const packed = packWeight(data, shape, packing);
      assert.deepEqual(packed.data, packSigns(data, shape).data);
      const isSign = packing.signs === "sign";
      const quantised = values.map((w) => (w < 0 ? -1 : w > 0 || !isSign ? 1 : 0));
      assert.deepEqual([...unpackSigns(packed)], quantised);
      assert.equal(packed.nonzero !== undefined, isSign && values.some((w) => w === 0));

      const sizes = values.map((w) => (isSign ? Math.min(Math.abs(w), 1) : Math.abs(w)));
      const mean = (some: readonly number[]) => some.reduce((sum, size) => sum + size, 0) / some.length;
      const fanIn = values.length / shape[0];
      const channels = Array.from({ length: shape[0] }, (_, o) => mean(sizes.slice(o * fanIn, (o + 1) * fanIn)));
      const expected = { none: [], channel: channels, tensor: [mean(sizes)] }[packing.scaling];
      assert.equal(packed.scale?.length ?? 0, expected.length);
      expected.forEach((size, i) => {
        assert.ok(Math.abs(packed.scale![i] - size) <= 6e-8 * size + 1e-45, `${packed.scale![i]} for ${size}`);
      });
    }),
    { numRuns: 200 },
  );
});

for (const packing of packings) {
  for (const zeros of [false, true]) {
    const what = `${packing.signs}, scaling ${packing.scaling}${zeros ? ", zeros" : ""}`;
    test(`${what}: floats become bits and the reference sees no difference`, () => {
      const graph = layersOf(packing);
      const floats = trainedWeights(graph, 5, zeros);
      const saved = saveModel({ graph, weights: floats });
      const loaded = loadModel(saved);
      assert.deepEqual(saveModel(loaded), saved);
      const { tensors, metadata } = readSafetensors(saved);
      assert.equal(metadata.get("format_version"), "1");
      for (const { name, shape, binary } of parameterSpecs(graph)) {
        const weight = loaded.weights.get(name)!;
        assert.equal(weight.kind, binary ? "bits" : "f32", name);
        if (weight.kind === "f32") continue;
        const data = floats.get(name)!.data as Float32Array;
        assert.deepEqual(weight, packWeight(data, shape, packing));
        const scaleShape = { none: undefined, channel: [shape[0]], tensor: [1] }[packing.scaling];
        assert.deepEqual(tensors.get(`${name}#scale`)?.shape, scaleShape);
        const kept = packing.signs === "sign" ? data.filter((w) => w === 0).length : 0;
        assert.deepEqual(tensors.get(`${name}#zeros`)?.shape, kept > 0 ? [kept] : undefined);
      }
      const input = { shape: [1, 3, 16, 16], data: randomFloats(768, seededRandom(1)) };
      const expected = runReference(graph, floats, input).output.data;
      const { difference, scale } = compare(runReference(graph, loaded.weights, input).output.data, expected);
      assert.ok(difference <= 1e-6 * scale, `${difference} at a scale of ${scale}`);
    });
  }
}

test("the kernels run the packed network by its scales and zeros", async () => {
  const input = { shape: [1, 3, 16, 16], data: randomFloats(768, seededRandom(2)) };
  for (const packing of packings) {
    const graph = layersOf(packing);
    const model = loadModel(saveModel({ graph, weights: trainedWeights(graph, 5, true) }));
    for (const kernel of ["table", "popcount"] as const) {
      const { farthest, difference, scale } = await followDecisions(model, input, { kernel });
      const what = `${JSON.stringify(packing)} on ${kernel}`;
      assert.ok(farthest < 1e-4, `${what}: a decision differs ${farthest} from its threshold`);
      assert.ok(difference <= 1e-5 * scale, `${what}: ${difference} at a scale of ${scale}`);
    }
  }
});

test("random weights are bits with scales, and survive", () => {
  for (const packing of packings) {
    const graph = layersOf(packing);
    const random = randomWeights(graph, 9);
    assert.deepEqual(new Map(loadModel(saveModel({ graph, weights: random })).weights), random);
  }
});

test("files with the float values of scaled layers, as they were once written, are read and packed anew", () => {
  const floats = new Map(
    [...weights].map(([name, { shape, data }]) => [name, rawFloat32(shape, data as Float32Array)]),
  );
  const old = writeSafetensors(floats, readSafetensors(file).metadata);
  assert.deepEqual(new Map(loadModel(old).weights), weights);
  assert.deepEqual(saveModel(loadModel(old)), file);
  const beside = readSafetensors(file).tensors.get(`${spec.name}#scale`)!;
  const both = rewritten((tensors) => tensors.set(`${spec.name}#scale`, beside), old);
  throwsError(() => loadModel(both), "bad-file", /#scale stands beside float values/);
});

test("an unaligned file gives the same weights", () => {
  for (const shift of [1, 2, 3]) {
    const shifted = new Uint8Array(file.length + shift);
    shifted.set(file, shift);
    assert.deepEqual(loadModel(shifted.subarray(shift)).weights, loadModel(file).weights);
  }
});

test("a scale that is missing, of another type or shape, or no mean of sizes is refused", () => {
  const name = `${spec.name}#scale`;
  const scale = (raw: RawTensor) => () => loadModel(rewritten((tensors) => tensors.set(name, raw)));
  const [outputs] = spec.shape;
  const without = () => loadModel(rewritten((tensors) => tensors.delete(name)));
  throwsError(without, "bad-value", /qconv\.weight/, /without a scale/);
  throwsError(scale(rawFloat32([1], Float32Array.of(1))), "bad-file", /qconv\.weight#scale/, /F32 of 1, .*F32 of 4/);
  throwsError(scale({ dtype: "F16", shape: [outputs], bytes: new Uint8Array(2 * outputs) }), "bad-file", /#scale.*F16/);
  throwsError(
    scale(rawFloat32([outputs], new Float32Array(outputs).fill(-1))),
    "bad-value",
    /scale of -1 at element 0/,
  );

  const plain = saveModel({ graph: smallGraph(), weights: randomWeights(smallGraph(), 1) });
  const surplus = rewritten((tensors) => tensors.set(name, rawFloat32([outputs], new Float32Array(outputs))), plain);
  throwsError(() => loadModel(surplus), "surplus-weight", /#scale/);
});

test("zeros that are no ascending elements, or that stand where a sign is -1, are refused", () => {
  const name = `${spec.name}#zeros`;
  const zeros = (...indices: number[]) => {
    const bytes = bytesOf(Int32Array.from(indices));
    return () => loadModel(rewritten((tensors) => tensors.set(name, { dtype: "I32", shape: [indices.length], bytes })));
  };
  const values = weights.get(spec.name)!.data;
  const [first, second] = [...values.keys()].filter((i) => values[i] >= 0);
  zeros(first, second)();
  assert.deepEqual(zeros()().weights.get(spec.name), {
    ...packWeight(values as Float32Array, spec.shape, { ...ternary, signs: "det_sign" }),
    scale: packWeight(values as Float32Array, spec.shape, ternary).scale,
  });
  throwsError(zeros(second, first), "bad-value", /qconv\.weight/, /zero 1 is element/, /ascending/);
  throwsError(zeros(first, first), "bad-value", /ascending/);
  throwsError(zeros(-1), "bad-value", /zero 0 is element -1/);
  throwsError(zeros(elementCount(spec.shape)), "bad-value", new RegExp(`less than ${elementCount(spec.shape)}`));
  throwsError(zeros(values.findIndex((w) => w < 0)), "bad-value", /zeros have sign bit 1/);
  const masked = (shape: Shape, dtype: RawTensor["dtype"], length: number) => () =>
    loadModel(rewritten((tensors) => tensors.set(name, { dtype, shape, bytes: new Uint8Array(length) })));
  throwsError(masked([3], "U8", 3), "bad-file", /#zeros is stored as U8/);
  throwsError(masked([1, 1], "I32", 4), "bad-file", /#zeros is stored as I32 of 1x1/);
});

test("a parameter that is named as what stands beside another is refused", () => {
  const clash = `${spec.name}#scale`;
  const nodes = graph.nodes.map((node) => (node.kind === "dense" ? { ...node, bias: clash } : node));
  const bias = weights.get("output.bias") as FloatWeight;
  const renamed = withWeight(withWeight(weights, "output.bias", undefined), clash, bias);
  throwsError(() => saveModel({ graph: { ...graph, nodes }, weights: renamed }), "bad-graph", /#scale/, /rename/);
});

test("files cut anywhere are refused, and bytes changed anywhere end in a XnorkitError or a read", () => {
  const refused = (bytes: Uint8Array): boolean => {
    try {
      loadModel(bytes);
      return false;
    } catch (error) {
      assert.ok(error instanceof XnorkitError, error instanceof Error ? error.stack : String(error));
      return true;
    }
  };
  const random = seededRandom(4);
  for (let i = 0; i < 400; i++) assert.ok(refused(file.subarray(0, Math.floor(random() * file.length))));
  for (let i = 0; i < 400; i++) {
    const changed = file.slice();
    for (let j = 0; j < 3; j++) changed[Math.floor(random() * file.length)] ^= 1 + Math.floor(random() * 255);
    refused(changed);
  }
});
