import assert from "node:assert/strict";
import { test } from "node:test";
import { checkWeights, matchWeights, parameterSpecs } from "../../src/graph/parameters.js";
import { randomWeights } from "../../src/models/random_weights.js";
import { resnetE } from "../../src/models/resnet_e.js";
import { elementCount } from "../../src/tensor.js";
import type { Weight, Weights } from "../../src/weights.js";
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
    packable: false,
    node: "features.0",
    ignored: true,
  });
  assert.equal(specs.get("features.2.gamma")?.ignored, false);
  assert.deepEqual(specs.get(binaryName), {
    name: binaryName,
    shape: [6, 6, 3, 3],
    role: "weight",
    binary: true,
    packable: true,
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

test("scaled binary weights need their float values", () => {
  const scaled = graph.nodes.map((node) =>
    node.kind === "binaryConv2d" ? { ...node, scaling: "channel" as const } : node,
  );
  throwsError(() => checkWeights({ ...graph, nodes: scaled }, weights), "bad-value", "qconv.weight", "float values");
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
