/** Which parameters a graph needs, and which are refused. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { checkWeights, matchWeights, parameterSpecs } from "../../src/graph/parameters.js";
import type { BinaryConv2dNode, Graph, Node } from "../../src/graph/types.js";
import { randomWeights } from "../../src/models/random_weights.js";
import { resnetE } from "../../src/models/resnet_e.js";
import { elementCount } from "../../src/tensor.js";
import type { BitWeight, Weight, Weights } from "../../src/weights.js";
import { throwsError } from "./errors.js";

const graph = resnetE({ version: 1, layers: [1, 1], channels: [6, 6, 12], classes: 3, initialLayers: "thumbnail" });
const weights = randomWeights(graph, 1);
const binaryName = "features.3.1.body.0.qconv.weight";

function withWeight(name: string, weight: Weight): Weights {
  return new Map([...weights, [name, weight]]);
}

function withValue(name: string, index: number, value: number): Weights {
  const weight = weights.get(name)!;
  const data = new Float32Array(weight.data);
  data[index] = value;
  return withWeight(name, { kind: "f32", shape: weight.shape, data });
}

test("specs say role, binary and ignored", () => {
  const specs = new Map(parameterSpecs(graph).map((spec) => [spec.name, spec]));
  assert.deepEqual(specs.get("features.0.gamma"), {
    name: "features.0.gamma",
    shape: [3],
    role: "gamma",
    binary: false,
    packing: null,
    node: "features.0",
    ignored: true,
  });
  assert.equal(specs.get("features.2.gamma")?.ignored, false);
  assert.deepEqual(specs.get(binaryName), {
    name: binaryName,
    shape: [6, 6, 3, 3],
    role: "weight",
    binary: true,
    packing: { signs: "det_sign", scaling: "none" },
    node: "features.3.1.body.0.qconv",
    ignored: false,
  });
  assert.equal(specs.get("output.bias")?.role, "bias");
  assert.equal(specs.get("features.2.running_var")?.role, "variance");
});

test("bits and floats both fit a binary weight, bits nothing else", () => {
  checkWeights(graph, weights);
  const shape = [6, 6, 3, 3];
  checkWeights(graph, withWeight(binaryName, { kind: "f32", shape, data: new Float32Array(elementCount(shape)) }));
  const bits: Weight = { kind: "bits", shape: [6, 3, 3, 3], data: new Uint8Array(6 * 9) };
  throwsError(
    () => checkWeights(graph, withWeight("features.1.weight", bits)),
    "bad-value",
    "features.1.weight",
    "float",
  );
});

function withLayers(change: Partial<BinaryConv2dNode>, names = /./): Graph {
  const nodes = graph.nodes.map((node) =>
    node.kind === "binaryConv2d" && names.test(node.name) ? { ...node, ...change } : node,
  );
  return { ...graph, nodes };
}

test("layers say what is stored beside the bits of their weight", () => {
  const packing = (change: Partial<BinaryConv2dNode>) =>
    parameterSpecs(withLayers(change)).find(({ name }) => name === binaryName)?.packing;
  assert.deepEqual(packing({ scaling: "tensor" }), { signs: "det_sign", scaling: "tensor" });
  assert.deepEqual(packing({ quantizer: "sign_approx_sign" }), { signs: "det_sign", scaling: "none" });
  assert.deepEqual(packing({ quantizer: "sign", scaling: "channel" }), { signs: "sign", scaling: "channel" });
  assert.equal(packing({ quantizer: "dorefa" }), null);
  assert.equal(packing({ bits: 2 }), null);
});

test("a weight that two layers share is packed where both need the same", () => {
  const [first, second] = graph.nodes.filter((node) => node.kind === "binaryConv2d").map(({ name }) => name);
  const shared = (change: Partial<BinaryConv2dNode>) => {
    const renamed = withLayers(
      { weight: "shared.weight", kernel: [3, 3], channels: 6 },
      new RegExp(`^(${first}|${second})$`),
    );
    const nodes = renamed.nodes.map((node) => (node.name === second ? ({ ...node, ...change } as Node) : node));
    return parameterSpecs({ ...graph, nodes }).find(({ name }) => name === "shared.weight")!;
  };
  assert.deepEqual(shared({}).packing, { signs: "det_sign", scaling: "none" });
  assert.deepEqual(shared({ quantizer: "sign_approx_sign" }).packing, { signs: "det_sign", scaling: "none" });
  for (const change of [{ scaling: "channel" }, { quantizer: "sign" }] as const) {
    assert.deepEqual([shared(change).packing, shared(change).binary], [null, true]);
  }
});

test("scaled weights need a scale beside their bits, others have none", () => {
  const bits = weights.get(binaryName) as BitWeight;
  const check = (change: Partial<BinaryConv2dNode>, beside: Partial<BitWeight>) => () => {
    const layers = new RegExp(`^${binaryName.replace(".weight", "")}$`);
    checkWeights(withLayers(change, layers), withWeight(binaryName, { ...bits, ...beside }));
  };
  const scale = (...values: number[]) => ({ scale: Float32Array.from(values) });
  check({ scaling: "tensor" }, scale(0.5))();
  check({ scaling: "channel" }, scale(0, 1, 2, 3, 4, 5))();
  throwsError(check({ scaling: "channel" }, {}), "bad-value", binaryName, "without a scale", "float values");
  throwsError(check({}, scale(0.5)), "bad-value", binaryName, "does not scale");
  throwsError(check({ scaling: "channel" }, scale(0.5)), "bad-shape", binaryName, "scale of 1 values", "needs 6");
  throwsError(check({ scaling: "tensor" }, scale(1, 1, 1, 1, 1, 1)), "bad-shape", "needs 1");
  for (const wrong of [-1, Number.NaN, Infinity])
    throwsError(check({ scaling: "channel" }, scale(1, 1, wrong, 1, 1, 1)), "bad-value", `${wrong} at element 2`);
});

test("a mask of zeros fits its bits, and stands where zeros are kept", () => {
  const { shape, data } = weights.get(binaryName) as BitWeight;
  const check =
    (nonzero: Uint8Array, bits = data, quantizer: BinaryConv2dNode["quantizer"] = "sign") =>
    () =>
      checkWeights(withLayers({ quantizer }), withWeight(binaryName, { kind: "bits", shape, data: bits, nonzero }));
  const ones = data.map(() => 0x3f);
  const at = (bytes: Uint8Array, index: number, value: number) => bytes.map((byte, i) => (i === index ? value : byte));
  check(ones)();
  check(at(ones, 11, 0x3b), at(data, 11, 0x04))();
  throwsError(check(ones, data, "det_sign"), "bad-value", binaryName, "takes zeros as +1");
  throwsError(check(ones.slice(1)), "bad-shape", binaryName, "54 bytes of mask bits", "53");
  throwsError(check(at(ones, 11, 0x7f)), "bad-value", binaryName, "mask bits", "byte 11");
  throwsError(check(at(ones, 11, 0x3b), at(data, 11, 0)), "bad-value", binaryName, "zeros have sign bit 1", "byte 11");
});

test("missing and surplus names are named", () => {
  const without = new Map([...weights].filter(([name]) => name !== "features.2.beta"));
  throwsError(() => checkWeights(graph, without), "missing-weight", "features.2.beta", "6");
  const renamed = new Map([...without, ["features.2.bta", weights.get("features.2.beta")!]]);
  throwsError(() => checkWeights(graph, renamed), "missing-weight", "features.2.beta", "features.2.bta");
  const extra: Weight = { kind: "f32", shape: [1], data: new Float32Array(1) };
  throwsError(() => checkWeights(graph, withWeight("features.9.weight", extra)), "surplus-weight", "features.9.weight");
  throwsError(() => checkWeights(graph, new Map()), "missing-weight", "features.0.gamma", "others");
});

test("what frameworks are known to save beside is let pass", () => {
  const names = parameterSpecs(graph).map(({ name }) => name);
  const beside = [
    "features.2.num_batches_tracked",
    "num_batches_tracked",
    "current_stage.0.1.weight",
    "auxiliary_net.0.weight",
  ];
  matchWeights(parameterSpecs(graph), [...names, ...beside]);
  throwsError(() => matchWeights(parameterSpecs(graph), [...names, "my_current_stage.0"]), "surplus-weight");
});

test("shapes and values are checked, with the place", () => {
  const data = new Float32Array(6 * 27);
  throwsError(
    () => checkWeights(graph, withWeight("features.1.weight", { kind: "f32", shape: [6, 27], data })),
    "bad-shape",
    "features.1.weight",
    "6x27",
    "6x3x3x3",
  );
  throwsError(
    () =>
      checkWeights(graph, withWeight("features.1.weight", { kind: "f32", shape: [6, 3, 3, 3], data: data.slice(1) })),
    "bad-shape",
    "needs 162 values, but has 161",
  );
  throwsError(
    () => checkWeights(graph, withValue("features.1.weight", 31, Number.NaN)),
    "bad-value",
    "NaN at [1, 0, 1, 1]",
  );
  throwsError(
    () => checkWeights(graph, withValue("output.bias", 2, Infinity)),
    "bad-value",
    "output.bias",
    "Infinity at [2]",
  );
  throwsError(
    () => checkWeights(graph, withValue("features.2.running_var", 0, -1)),
    "bad-value",
    "features.2.running_var",
  );
  checkWeights(graph, withValue("features.0.gamma", 0, Number.NaN)); // read past: fix_gamma
});

test("sign bits must have the layout's bytes and nothing past the channels", () => {
  const bits = weights.get(binaryName)!;
  assert.equal(bits.kind, "bits");
  const data = new Uint8Array(bits.data);
  const put = (changed: Uint8Array) => withWeight(binaryName, { kind: "bits", shape: bits.shape, data: changed });
  throwsError(() => checkWeights(graph, put(data.slice(1))), "bad-shape", binaryName, "54 bytes", "53");
  data[7] |= 0x40;
  throwsError(() => checkWeights(graph, put(data)), "bad-value", binaryName, "byte 7");
});

test("weights that were checked are refused when their buffer has gone elsewhere", () => {
  const shape = [12];
  const checked: Weight = { kind: "f32", shape, data: new Float32Array(12).fill(1) };
  const name = parameterSpecs(graph).find(
    (spec) => spec.shape.length === 1 && spec.shape[0] === 12 && !spec.ignored,
  )!.name;
  const all = withWeight(name, checked);
  checkWeights(graph, all);
  structuredClone(checked.data, { transfer: [checked.data.buffer as ArrayBuffer] });
  throwsError(() => checkWeights(graph, all), "bad-shape", name, "needs 12 values, but has 0");
});
