/** The packed model file: what survives it, its layout, and what is refused. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { packSigns, unpackSigns } from "../../src/bits.js";
import { float16ToFloat32, float32ToFloat16 } from "../../src/formats/dtypes.js";
import { loadModel, type SaveOptions, saveModel } from "../../src/formats/packed_model.js";
import { readWeights } from "../../src/formats/read_weights.js";
import { readSafetensors, writeSafetensors } from "../../src/formats/safetensors.js";
import { parameterSpecs } from "../../src/graph/parameters.js";
import type { Graph } from "../../src/graph/types.js";
import { randomWeights } from "../../src/models/random_weights.js";
import { elementCount } from "../../src/tensor.js";
import type { Weights } from "../../src/weights.js";
import { floatWeight, smallGraph, throwsError, withWeight } from "./support.js";

const graph: Graph = {
  ...smallGraph(),
  preprocess: { mean: [1, 2, 3], std: [4, 5, 6] },
  labels: ["a", "b", "c", "d", "e", "f", "gé\u{1f600}"],
};
const weights = randomWeights(graph, 5);
const specs = parameterSpecs(graph);
const packable = specs.find((spec) => spec.packing !== null)!;
const metadataOf = (file: Uint8Array) => readSafetensors(file).metadata;

/** The file with its metadata (or tensors) changed. */
function rewritten(file: Uint8Array, metadata: Readonly<Record<string, string>>, without?: string): Uint8Array {
  const { tensors, metadata: old } = readSafetensors(file);
  const kept = [...tensors].filter(([name]) => name !== without);
  return writeSafetensors(new Map(kept), new Map([...old, ...Object.entries(metadata)]));
}

test("graph and weights survive, bit for bit, and so does the file", () => {
  const file = saveModel({ graph, weights });
  const model = loadModel(file);
  assert.deepEqual(model.graph, graph);
  assert.deepEqual(
    [...model.weights],
    specs.map(({ name }) => [name, weights.get(name)]),
  );
  assert.deepEqual(saveModel(model), file);
  assert.deepEqual(readWeights(file), model.weights);
});

test("float weights of binary layers are packed by their signs", () => {
  const floats = new Map([...weights]);
  for (const [name, weight] of weights) {
    if (weight.kind === "bits")
      floats.set(
        name,
        floatWeight(
          weight.shape,
          unpackSigns(weight).map((sign) => sign * 0.3),
        ),
      );
  }
  assert.deepEqual(saveModel({ graph, weights: floats }), saveModel({ graph, weights }));
});

test("a binary weight takes 1 bit a channel, in the layout that the header states", () => {
  const { tensors, metadata } = readSafetensors(saveModel({ graph, weights }));
  assert.deepEqual([metadata.get("format"), metadata.get("format_version")], ["xnorkit", "1"]);
  for (const spec of specs) {
    const raw = tensors.get(spec.name)!;
    const [outputs, inputs, height, width] = spec.shape;
    assert.equal(raw.dtype, spec.packing !== null ? "U8" : "F32");
    assert.deepEqual(raw.shape, spec.packing !== null ? [outputs, height, width, Math.ceil(inputs / 8)] : spec.shape);
  }
  assert.ok(specs.some((spec) => spec.packing !== null && spec.shape[1] % 8 !== 0));
});

test("loaded weights view the file's bytes; an unaligned file gives the same numbers", () => {
  const file = saveModel({ graph, weights });
  for (const { data } of loadModel(file).weights.values()) assert.equal(data.buffer, file.buffer);
  for (const shift of [1, 2, 3]) {
    const shifted = new Uint8Array(file.length + shift);
    shifted.set(file, shift);
    assert.deepEqual(loadModel(shifted.subarray(shift)).weights, loadModel(file).weights);
    assert.deepEqual(loadModel(Buffer.from(shifted.buffer, shift)).weights, loadModel(file).weights);
  }
});

test("weights of k bits stay float, and bits do not stand for them", () => {
  const dorefa = smallGraph({ quantizer: "dorefa", bits: 2 });
  assert.ok(parameterSpecs(dorefa).every(({ packing }) => packing === null));
  const floats = randomWeights(dorefa, 2);
  assert.deepEqual(loadModel(saveModel({ graph: dorefa, weights: floats })).weights, floats);
  throwsError(() => saveModel({ graph: dorefa, weights }), "bad-value", /stored as sign bits/);
});

test("f16 stores float weights of two axes or more in half the bytes and rounds each to nearest", () => {
  const options: SaveOptions = { f16: true };
  const file = saveModel({ graph, weights }, options);
  const loaded = loadModel(file).weights;
  let saved = 0;
  for (const spec of specs) {
    const before = weights.get(spec.name)!;
    const after = loaded.get(spec.name)!;
    if (spec.packing !== null || spec.shape.length < 2) {
      assert.deepEqual(after, before);
    } else {
      saved += 2 * elementCount(spec.shape);
      assert.deepEqual(after.data, float16ToFloat32(float32ToFloat16(before.data as Float32Array)));
    }
  }
  assert.ok(saved > 0);
  const bytes = (model: Uint8Array) =>
    [...readSafetensors(model).tensors.values()].reduce((sum, raw) => sum + raw.bytes.length, 0);
  assert.equal(bytes(saveModel({ graph, weights })) - bytes(file), saved);
  assert.deepEqual(saveModel({ graph, weights: loaded }, options), file);
});

test("f16 keeps the sign of values too small for it, and refuses values too large", () => {
  const dorefa = smallGraph({ quantizer: "dorefa", bits: 2 });
  const floats = randomWeights(dorefa, 2);
  const { name, shape } = parameterSpecs(dorefa).find((spec) => /qconv/.test(spec.name))!;
  const values = new Float32Array(elementCount(shape)).fill(0.5);
  values.set([1e-20, -1e-20, 0, -0]);
  const save = (data: Float32Array) =>
    saveModel({ graph: dorefa, weights: withWeight(floats, name, floatWeight(shape, data)) }, { f16: true });
  const loaded = loadModel(save(values)).weights.get(name)!.data;
  assert.deepEqual([...loaded.subarray(0, 4)], [2 ** -24, -(2 ** -24), 0, -0]);
  values[3] = 65520;
  throwsError(
    () => save(values),
    "bad-value",
    new RegExp(name.replaceAll(".", "\\.")),
    /65520 at element 3.*without f16/,
  );
});

test("saving refuses weights that do not fit", () => {
  const save = (changed: Weights) => saveModel({ graph, weights: changed });
  const { name, shape } = packable;
  const nan = new Float32Array(elementCount(shape));
  nan[5] = Number.NaN;
  throwsError(() => save(withWeight(weights, name, undefined)), "missing-weight", /qconv\.weight/);
  throwsError(
    () => save(withWeight(weights, "other", floatWeight([1], Float32Array.of(1)))),
    "surplus-weight",
    /other/,
  );
  throwsError(
    () => save(withWeight(weights, name, floatWeight([1], Float32Array.of(1)))),
    "bad-shape",
    /qconv\.weight/,
  );
  throwsError(() => save(withWeight(weights, name, floatWeight(shape, nan))), "bad-value", /NaN.*element 5/);
});

test("what a framework saves beside is left out", () => {
  const extra = withWeight(weights, "features.2.num_batches_tracked", floatWeight([1], Float32Array.of(3)));
  assert.deepEqual(saveModel({ graph, weights: extra }), saveModel({ graph, weights }));
});

test("loading refuses other versions, files and graphs that do not fit", () => {
  const file = saveModel({ graph, weights });
  const graphText = metadataOf(file).get("graph")!;
  const load = (metadata: Readonly<Record<string, string>>, without?: string) => () =>
    loadModel(rewritten(file, metadata, without));
  throwsError(load({ format_version: "2" }), "unsupported", /version "2".*reads version 1/);
  throwsError(load({ format: "pt" }), "bad-file", /format is "pt"/);
  throwsError(load({ bit_order: "msb" }), "bad-file", /bit_order "msb"/);
  throwsError(load({ graph: "{" }), "bad-graph");
  throwsError(load({}, packable.name), "missing-weight", /qconv\.weight/);
  throwsError(
    load({ graph: graphText.replaceAll('"channels":17', '"channels":18') }),
    "bad-file",
    /U8 of 17x|F32 of 17/,
  );
  assert.deepEqual(loadModel(rewritten(file, {})).weights, weights);
});

test("loading refuses a wrong type, stray bits and NaN", () => {
  const file = saveModel({ graph, weights });
  const odd = specs.find((spec) => spec.packing !== null && spec.shape[1] % 8 !== 0)!;
  const gamma = specs.find((spec) => spec.role === "gamma" && !spec.ignored)!;
  const damage = (name: string, change: (bytes: Uint8Array) => void) => {
    const copy = file.slice();
    change(readSafetensors(copy).tensors.get(name)!.bytes);
    return () => loadModel(copy);
  };
  throwsError(
    damage(odd.name, (bytes) => bytes.fill(0xff)),
    "bad-value",
    /bits set past/,
  );
  throwsError(
    damage(gamma.name, (bytes) => bytes.fill(0xff)),
    "bad-value",
    /NaN/,
  );

  const { tensors, metadata } = readSafetensors(file);
  const raw = tensors.get(packable.name)!;
  const asI8 = new Map([...tensors, [packable.name, { ...raw, dtype: "I8" as const }]]);
  throwsError(() => loadModel(writeSafetensors(asI8, metadata)), "bad-file", /stored as I8.*needs U8/);
});

test("the packed bits are those of packSigns", () => {
  const values = Float32Array.from({ length: elementCount(packable.shape) }, (_, index) => ((index * 7) % 5) - 2);
  const changed = withWeight(weights, packable.name, floatWeight(packable.shape, values));
  const loaded = loadModel(saveModel({ graph, weights: changed })).weights.get(packable.name)!;
  assert.deepEqual(loaded, packSigns(values, packable.shape));
});
