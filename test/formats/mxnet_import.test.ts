/** Symbols as graphs: what the operators compute, and files that do not fit together. */
import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { packSigns } from "../../src/bits.js";
import type { RawTensor } from "../../src/formats/dtypes.js";
import { importMxnet, type MxnetImportOptions } from "../../src/formats/mxnet/import.js";
import { unpackWords } from "../../src/formats/mxnet/packed.js";
import { loadModel, saveModel } from "../../src/formats/packed_model.js";
import { rawFloat32, toFloat32 } from "../../src/formats/safetensors.js";
import type { Node } from "../../src/graph/types.js";
import type { Model } from "../../src/model.js";
import { runReference } from "../../src/reference/index.js";
import type { Shape } from "../../src/tensor.js";
import {
  packConvolution,
  packDense,
  randomTensors,
  succeedsOrRefuses,
  symbolText,
  type TestNode,
  writeParams,
} from "./mxnet_support.js";
import { randomFloats, seededRandom, throwsError } from "./support.js";

function load(
  nodes: readonly TestNode[],
  tensors: ReadonlyMap<string, RawTensor>,
  options: MxnetImportOptions = {},
): Model {
  return importMxnet(symbolText(nodes), writeParams(tensors), options);
}

function run({ graph, weights }: Model, seed = 5, shape: Shape = graph.inputShape): Float64Array {
  const count = shape.reduce((product, size) => product * size, 1);
  return runReference(graph, weights, { shape, data: randomFloats(count, seededRandom(seed)) }).output.data;
}

function kinds({ graph }: Model): readonly Node["kind"][] {
  return graph.nodes.map(({ kind }) => kind);
}

/** Signs under the kernel of one output, in the weights' order; `border` outside. */
function popcounts(
  input: Float32Array,
  [channels, height, width]: Shape,
  weight: Float32Array,
  outputs: number,
  border: 1 | -1,
) {
  const sign = (value: number) => (value >= 0 ? 1 : -1);
  const counts: number[] = [];
  for (let o = 0; o < outputs; o++) {
    for (let y = 0; y < height; y++) {
      for (let x = 0; x < width; x++) {
        let count = 0;
        for (let c = 0; c < channels; c++) {
          for (let ky = 0; ky < 3; ky++) {
            for (let kx = 0; kx < 3; kx++) {
              const [row, column] = [y + ky - 1, x + kx - 1];
              const inside = row >= 0 && row < height && column >= 0 && column < width;
              const value = inside ? sign(input[(c * height + row) * width + column]) : border;
              if (value === sign(weight[((o * channels + c) * 3 + ky) * 3 + kx])) count++;
            }
          }
        }
        counts.push(count);
      }
    }
  }
  return counts;
}

const WORDS = ["F32", "F64", "I32", "I64"] as const;

test("packed words of any size become the signs that were packed, NaN patterns too", () => {
  const shapes = fc.record({
    outputs: fc.integer({ min: 1, max: 5 }),
    blocks: fc.integer({ min: 1, max: 3 }),
    kernel: fc.constantFrom([1, 1], [3, 3], [5, 1]),
    dtype: fc.constantFrom(...WORDS),
    seed: fc.nat(),
  });
  fc.assert(
    fc.property(shapes, ({ outputs, blocks, kernel, dtype, seed }) => {
      const shape = [outputs, blocks * 64, ...kernel];
      const values = randomFloats(outputs * blocks * 64 * kernel[0] * kernel[1], seededRandom(seed));
      // A word of ones is a NaN.
      if (seed % 2 === 0) values.fill(1, 0, 64);
      assert.deepEqual(unpackWords("w", packConvolution(values, dtype), shape), packSigns(values, shape));
      const matrix = values.subarray(0, outputs * blocks * 64);
      const dense = [outputs, blocks * 64];
      const expected = packSigns(matrix, [...dense, 1, 1]);
      assert.deepEqual(unpackWords("w", packDense(matrix, dense, dtype), dense).data, expected.data);
    }),
    { numRuns: 60 },
  );
});

test("channels that do not fill bytes: the bits of a row run on over taps and channels", () => {
  const values = randomFloats(8 * 12 * 3, seededRandom(3));
  const shape = [8, 12, 3, 1];
  assert.deepEqual(unpackWords("w", packConvolution(values, "F32"), shape), packSigns(values, shape));
});

test("words that a numeric conversion has rounded are refused with that explanation", () => {
  const random = seededRandom(9);
  const words = Uint32Array.from({ length: 18 }, () => Math.floor(random() * 2 ** 32));
  const bytes = (values: Float32Array | Float64Array) => new Uint8Array(values.buffer);
  for (const [dtype, raw] of [
    ["F32", bytes(new Float32Array(words))],
    ["F64", bytes(new Float64Array(words))],
  ] as const) {
    const tensor = { dtype, shape: [18], bytes: raw };
    throwsError(() => unpackWords("qconv0_weight", tensor, [2, 32, 3, 3]), "bad-value", /numeric conversion.*C\+\+/);
  }
  const cast = { dtype: "F32", shape: [18], bytes: new Uint8Array(words.buffer) } as const;
  assert.equal(unpackWords("w", cast, [2, 32, 3, 3]).kind, "bits");
});

const floatWeight = randomTensors({ q_weight: [4, 32, 3, 3] }, 11).get("q_weight")!;
const convolution = { kernel: "(3, 3)", num_filter: "4", pad: "(1, 1)", no_bias: "True" };

test("BMXNet v1: QConvolution counts equal signs, +1 beyond the border, packed or not", () => {
  const input = randomFloats(32 * 25, seededRandom(5));
  const expected = popcounts(input, [32, 5, 5], toFloat32(floatWeight), 4, 1);
  const options = { inputShape: [1, 32, 5, 5] };
  const q = (attrs: Readonly<Record<string, string>>, op = "QConvolution"): readonly TestNode[] => [
    { op: "QActivation", name: "act", inputs: ["data"], attrs: { act_bit: "1", backward_only: "True" } },
    { op, name: "q", inputs: ["act", "q_weight"], attrs: { ...convolution, ...attrs } },
  ];
  const unpacked = load(q({ act_bit: "1" }), new Map([["arg:q_weight", floatWeight]]), options);
  assert.deepEqual(kinds(unpacked), ["input", "quantize", "binaryConv2d"]);
  assert.deepEqual([...run(unpacked)], expected);
  for (const dtype of WORDS) {
    const tensors = new Map([["arg:q_weight", packConvolution(toFloat32(floatWeight), dtype)]]);
    for (const op of ["QConvolution", "QConvolution_v1"]) {
      assert.deepEqual([...run(load(q({ binarized_weights_only: "True" }, op), tensors, options))], expected);
    }
  }
});

test("BMXNet v2: a Pad of -1 is the border of the converted layer, and of the one that gluon writes out", () => {
  const input = randomFloats(32 * 25, seededRandom(5));
  const expected = popcounts(input, [32, 5, 5], toFloat32(floatWeight), 4, -1);
  const padding = { mode: "constant", pad_width: "(0, 0, 0, 0, 1, 1, 1, 1)", constant_value: "-1.0" };
  const inner = { kernel: "(3, 3)", num_filter: "4", no_bias: "True", pad: "(0, 0)", stride: "(1, 1)", layout: "NCHW" };
  const converted = load(
    [
      { op: "Pad", name: "pad", inputs: ["data"], attrs: padding },
      { op: "BinaryInferenceConvolution", name: "q", inputs: ["pad", "q_weight"], attrs: inner },
    ],
    new Map([["arg:q_weight", packConvolution(toFloat32(floatWeight), "F32")]]),
    { inputShape: [1, 32, 5, 5] },
  );
  assert.deepEqual(kinds(converted), ["input", "quantize", "binaryConv2d"]);
  assert.deepEqual([...run(converted)], expected);
  const exported = load(
    [
      { op: "_contrib_gradcancel", name: "cancel", inputs: ["data"], attrs: { threshold: "1.0" } },
      { op: "det_sign", name: "sign", inputs: ["cancel"] },
      { op: "det_sign", name: "weight_sign", inputs: ["q_weight"] },
      { op: "pad", name: "pad", inputs: ["sign"], attrs: padding },
      { op: "Convolution", name: "fwd", inputs: ["pad", "weight_sign"], attrs: inner },
      { op: "_plus_scalar", name: "plus", inputs: ["fwd"], attrs: { scalar: "288" } },
      { op: "_div_scalar", name: "div", inputs: ["plus"], attrs: { scalar: "2" } },
    ],
    new Map([["arg:q_weight", floatWeight]]),
    { inputShape: [1, 32, 5, 5] },
  );
  assert.deepEqual(kinds(exported), ["input", "quantize", "binaryConv2d"]);
  assert.deepEqual([...run(exported)], expected);
});

test("XNOR-Net scaling as gluon writes it out: mean |W| and the map K", () => {
  const inner = { kernel: "(3, 3)", num_filter: "4", no_bias: "True", pad: "(1, 1)" };
  const model = load(
    [
      { op: "det_sign", name: "sign", inputs: ["data"] },
      { op: "det_sign", name: "weight_sign", inputs: ["q_weight"] },
      { op: "Convolution", name: "fwd", inputs: ["sign", "weight_sign"], attrs: inner },
      { op: "abs", name: "weight_abs", inputs: ["q_weight"] },
      { op: "mean", name: "scale", inputs: ["weight_abs"], attrs: { axis: "0", exclude: "True", keepdims: "True" } },
      { op: "transpose", name: "transposed", inputs: ["scale"], attrs: { axes: "(1, 0, 2, 3)" } },
      { op: "BlockGrad", name: "stop", inputs: ["transposed"] },
      { op: "broadcast_mul", name: "scaled", inputs: ["fwd", "stop"] },
      { op: "abs", name: "abs", inputs: ["data"] },
      { op: "mean", name: "mean", inputs: ["abs"], attrs: { axis: "1", keepdims: "True" } },
      { op: "_full", name: "full", attrs: { shape: "(1, 1, 3, 3)", value: "0.1111111111111111" } },
      {
        op: "Convolution",
        name: "scaling_conv",
        inputs: ["mean", "full"],
        attrs: { ...inner, num_filter: "1" },
      },
      { op: "broadcast_mul", name: "out", inputs: ["scaling_conv", "scaled"] },
    ],
    new Map([["arg:q_weight", floatWeight]]),
    { inputShape: [1, 32, 5, 5] },
  );
  assert.deepEqual([...kinds(model)].sort(), ["absMean", "binaryConv2d", "conv2d", "input", "mul", "quantize"]);
  const { nodes } = model.graph;
  assert.deepEqual(nodes.at(-1)?.inputs, ["scaled", "scaling_conv"]);
  const layer = nodes.find(({ kind }) => kind === "binaryConv2d");
  const scaling = nodes.find(({ kind }) => kind === "conv2d");
  assert.ok(layer?.kind === "binaryConv2d" && layer.scaling === "channel" && !layer.offset && layer.padValue === 0);
  assert.ok(scaling?.kind === "conv2d");
  assert.deepEqual(model.weights.get(scaling.weight)!.data, new Float32Array(9).fill(0.1111111111111111));
});

test("the round quantiser as gluon writes it out is one node", () => {
  const model = load(
    [
      { op: "clip", name: "clip", inputs: ["data"], attrs: { a_min: "0", a_max: "1" } },
      { op: "_mul_scalar", name: "mul", inputs: ["clip"], attrs: { scalar: "3" } },
      { op: "round_ste", name: "round", inputs: ["mul"] },
      { op: "_div_scalar", name: "div", inputs: ["round"], attrs: { scalar: "3" } },
    ],
    new Map(),
    { inputShape: [1, 2, 3, 3] },
  );
  const [, node] = model.graph.nodes;
  assert.ok(model.graph.nodes.length === 2 && node.kind === "quantize" && node.method === "round" && node.bits === 2);
});

test("k-bit QConvolution and QFullyConnected, biases, scaling_mode forward", () => {
  const tensors = randomTensors({ q_weight: [4, 3, 3, 3], q_bias: [4], f_weight: [2, 4 * 16], f_bias: [2] });
  const model = load(
    [
      {
        op: "QConvolution",
        name: "q",
        inputs: ["data", "q_weight", "q_bias"],
        attrs: { ...convolution, no_bias: "False", scaling_mode: "forward" },
      },
      {
        op: "QFullyConnected",
        name: "f",
        inputs: ["q", "f_weight", "f_bias"],
        attrs: { num_hidden: "2", act_bit: "4", weight_bit: "2", no_bias: "False" },
      },
    ],
    tensors,
    { inputShape: [1, 3, 4, 4] },
  );
  assert.deepEqual(kinds(model), [
    "input",
    "quantize",
    "binaryConv2d",
    "batchNorm",
    "scale",
    "flatten",
    "quantize",
    "binaryDense",
  ]);
  const weight = toFloat32(tensors.get("q_weight")!);
  const factor = weight.reduce((sum, value) => sum + Math.abs(value), 0) / weight.length;
  const { graph, weights } = model;
  const { taps } = runReference(
    graph,
    weights,
    { shape: [1, 3, 4, 4], data: randomFloats(48, seededRandom(5)) },
    {
      taps: ["q", "q_scaled"],
    },
  );
  const bias = toFloat32(tensors.get("q_bias")!);
  const expected = taps.get("q")!.data.map((value, i) => (value + bias[Math.floor(i / 16)]) * factor);
  assert.deepEqual([...taps.get("q_scaled")!.data], [...expected]);
  const [first, second] = graph.nodes.filter((node) => node.kind === "quantize");
  assert.ok(first.kind === "quantize" && first.method === "det_sign");
  assert.ok(second.kind === "quantize" && second.method === "round" && second.bits === 4);
});

test("defaults: eps 1e-3 and fix_gamma true, pooling conventions, softmax left out on request, old field names", () => {
  const nodes: readonly TestNode[] = [
    { op: "BatchNorm", name: "bn", inputs: ["data", "g", "b", "m_mean", "v_var"] },
    { op: "Activation", name: "relu", inputs: ["bn"], attrs: { act_type: "relu" } },
    {
      op: "Pooling",
      name: "pool",
      inputs: ["relu"],
      attrs: { kernel: "(3, 3)", stride: "(2, 2)", pooling_convention: "full" },
    },
    { op: "FullyConnected", name: "fc", inputs: ["pool", "w", "c"], attrs: { num_hidden: "3" } },
    { op: "SoftmaxOutput", name: "softmax", inputs: ["fc", "softmax_label"] },
  ];
  const tensors = randomTensors({ g: [2], b: [2], m_mean: [2], v_var: [2], w: [3, 2 * 9], c: [3] });
  const model = load(nodes, tensors, { inputShape: [1, 2, 6, 6] });
  const [, bn] = model.graph.nodes;
  assert.ok(bn.kind === "batchNorm" && bn.epsilon === 1e-3 && bn.fixGamma);
  assert.deepEqual(kinds(model), ["input", "batchNorm", "relu", "pad", "maxPool", "flatten", "dense", "softmax"]);
  const probabilities = run(model);
  assert.ok(Math.abs(probabilities.reduce((sum, value) => sum + value, 0) - 1) < 1e-12);
  const logits = load(nodes, tensors, { inputShape: [1, 2, 6, 6], logits: true });
  assert.equal(logits.graph.output, "fc");
  assert.equal(load(nodes, tensors, { inputShape: [1, 2, 6, 6], output: "relu" }).graph.nodes.length, 3);
  const old = importMxnet(symbolText(nodes, { field: "param", version: false }), writeParams(tensors, 0), {
    inputShape: [1, 2, 6, 6],
  });
  assert.deepEqual(old.graph, model.graph);

  const { graph, weights } = model;
  const input = randomFloats(72, seededRandom(5));
  const { taps } = runReference(graph, weights, { shape: [1, 2, 6, 6], data: input }, { taps: ["relu", "pool"] });
  const expected: number[] = [];
  for (let channel = 0; channel < 2; channel++) {
    for (const y of [0, 2, 4]) {
      for (const x of [0, 2, 4]) {
        let largest = 0;
        for (let row = y; row < Math.min(y + 3, 6); row++) {
          for (let column = x; column < Math.min(x + 3, 6); column++) {
            largest = Math.max(largest, taps.get("relu")!.data[(channel * 6 + row) * 6 + column]);
          }
        }
        expected.push(largest);
      }
    }
  }
  assert.deepEqual([...taps.get("pool")!.data], expected);
});

test("sums, slices, concatenation and shortcuts of several readers", () => {
  const model = load(
    [
      { op: "SliceChannel", name: "split", inputs: ["data"], attrs: { num_outputs: "2" } },
      {
        op: "Concat",
        name: "swap",
        inputs: [
          ["split", 1],
          ["split", 0],
        ],
        attrs: { dim: "1", num_args: "2" },
      },
      { op: "slice_axis", name: "tail", inputs: ["swap"], attrs: { axis: "1", begin: "-2", end: "None" } },
      { op: "add_n", name: "sum", inputs: ["tail", ["split", 0], ["split", 1]], attrs: { num_args: "3" } },
      { op: "_minus_scalar", name: "minus", inputs: ["sum"], attrs: { scalar: "0.5" } },
      { op: "_mul_scalar", name: "twice", inputs: ["minus"], attrs: { scalar: "2" } },
    ],
    new Map(),
    { inputShape: [1, 4, 1, 2] },
  );
  const x = randomFloats(8, seededRandom(5));
  const expected = [0, 1, 2, 3].map((i) => 2 * (2 * x[i] + x[4 + i] - 0.5));
  const actual = run(model);
  for (const [i, value] of expected.entries()) assert.ok(Math.abs(actual[i] - value) < 1e-12);
});

test("without inputShape the parameters tell it; __shape__ is taken where it is stated", () => {
  const tensors = randomTensors({ w: [2, 3, 3, 3], fc_w: [5, 2 * 7 * 7] });
  const nodes: readonly TestNode[] = [
    {
      op: "Convolution",
      name: "conv",
      inputs: ["data", "w"],
      attrs: { kernel: "(3, 3)", num_filter: "2", no_bias: "True" },
    },
    { op: "Flatten", name: "flat", inputs: ["conv"] },
    { op: "FullyConnected", name: "fc", inputs: ["flat", "fc_w"], attrs: { num_hidden: "5", no_bias: "True" } },
  ];
  assert.deepEqual(load(nodes, tensors).graph.inputShape, [1, 3, 9, 9]);
  assert.deepEqual(load(nodes.slice(0, 1), tensors).graph.inputShape, [1, 3, 224, 224]);
  const stated = symbolText(nodes).replace(`"name":"data"`, `"name":"data","attrs":{"__shape__":"(0, 3, 9, 9)"}`);
  assert.deepEqual(importMxnet(stated, writeParams(tensors)).graph.inputShape, [1, 3, 9, 9]);
  const never = randomTensors({ w: [2, 3, 3, 3], fc_w: [5, 7] });
  throwsError(() => load(nodes, never), "bad-shape", /no square input .*"fc_w" has shape 5x7.*give inputShape/);
  const dense = [
    { op: "FullyConnected", name: "fc", inputs: ["data", "fc_w"], attrs: { num_hidden: "5", no_bias: "True" } },
  ];
  assert.deepEqual(load(dense, never).graph.inputShape, [1, 7]);
});

test("an imported model is stored and read back", () => {
  const tensors = new Map([["arg:q_weight", packConvolution(toFloat32(floatWeight), "F64")]]);
  const q = {
    op: "QConvolution",
    name: "q",
    inputs: ["data", "q_weight"],
    attrs: { ...convolution, binarized_weights_only: "True" },
  };
  const model = load([q], tensors, { inputShape: [1, 32, 4, 4], name: "stored" });
  const stored = loadModel(saveModel(model));
  assert.deepEqual(stored.graph, model.graph);
  assert.deepEqual([...run(stored)], [...run(model)]);
});

const lenet: readonly TestNode[] = [
  {
    op: "Convolution",
    name: "conv",
    inputs: ["data", "conv_weight", "conv_bias"],
    attrs: { kernel: "(3, 3)", num_filter: "32" },
  },
  { op: "BatchNorm", name: "bn", inputs: ["conv", "bn_gamma", "bn_beta", "bn_moving_mean", "bn_moving_var"] },
  {
    op: "QConvolution",
    name: "q",
    inputs: ["bn", "q_weight"],
    attrs: { ...convolution, binarized_weights_only: "True" },
  },
  { op: "Pooling", name: "pool", inputs: ["q"], attrs: { kernel: "(2, 2)", global_pool: "True", pool_type: "avg" } },
  { op: "FullyConnected", name: "fc", inputs: ["pool", "fc_weight", "fc_bias"], attrs: { num_hidden: "2" } },
  { op: "SoftmaxOutput", name: "softmax", inputs: ["fc", "softmax_label"] },
];
const lenetTensors = new Map([
  ...randomTensors({
    "arg:conv_weight": [32, 1, 3, 3],
    "arg:conv_bias": [32],
    "arg:bn_gamma": [32],
    "arg:bn_beta": [32],
    "aux:bn_moving_mean": [32],
    "aux:bn_moving_var": [32],
    "arg:fc_weight": [2, 4],
    "arg:fc_bias": [2],
  }),
  ["arg:q_weight", packConvolution(toFloat32(floatWeight), "F32")],
] as const);

function replaceNode(name: string, change: Partial<TestNode>): readonly TestNode[] {
  return lenet.map((node) => (node.name === name ? { ...node, ...change } : node));
}

test("files that do not fit together end in one sentence that says where", () => {
  const text = symbolText(lenet);
  const params = writeParams(lenetTensors);
  importMxnet(text, params);
  const withTensor = (name: string, raw: RawTensor | null) => {
    const changed = new Map<string, RawTensor>(lenetTensors);
    if (raw === null) changed.delete(name);
    else changed.set(name, raw);
    return changed;
  };
  throwsError(
    () => load(replaceNode("bn", { op: "BatchNrom" }), lenetTensors),
    "unsupported",
    /"bn".*"BatchNrom".*"BatchNorm"/,
  );
  throwsError(
    () => load(lenet, withTensor("arg:fc_bias", null)),
    "missing-weight",
    /"fc_bias", for "fc" \(FullyConnected\)/,
  );
  throwsError(() => load(lenet, withTensor("aux:bn_moving_var", null)), "missing-weight", /"bn_moving_var"/);
  const cycle = JSON.parse(text);
  cycle.nodes.find(({ name }: { name: string }) => name === "bn").inputs[0] = [cycle.nodes.length - 1, 0, 0];
  throwsError(
    () => importMxnet(JSON.stringify(cycle), params),
    "bad-graph",
    /cycle, "softmax" needs its own output.*"fc"/,
  );
  const short = { ...lenetTensors.get("arg:q_weight")!, shape: [35] };
  const words = withTensor("arg:q_weight", { ...short, bytes: short.bytes.subarray(0, 140) });
  throwsError(() => load(lenet, words), "bad-shape", /35 words of 32 bits, that is 1120 weights.*4x32x3x3 = 1152/);
  throwsError(
    () =>
      load(
        lenet,
        withTensor(
          "arg:q_weight",
          rawFloat32(
            [36],
            Float32Array.from({ length: 36 }, (_, i) => i),
          ),
        ),
      ),
    "bad-value",
    /numeric conversion/,
  );
  throwsError(
    () => load(lenet, withTensor("arg:bn_beta", rawFloat32([31], new Float32Array(31)))),
    "bad-shape",
    /"bn_beta" has shape 31, but "bn" \(BatchNorm\) needs 32/,
  );
  throwsError(
    () => load(lenet, withTensor("arg:fc_bias", rawFloat32([2], Float32Array.of(1, Number.NaN)))),
    "bad-value",
    /fc_bias is NaN/,
  );
  throwsError(
    () => load(replaceNode("conv", { attrs: { num_filter: "32" } }), lenetTensors),
    "bad-graph",
    /"conv".*kernel/,
  );
  throwsError(
    () => load(replaceNode("conv", { attrs: { kernel: "(3, 3)", num_filter: "1e99" } }), lenetTensors),
    "bad-graph",
    /num_filter .*1e99/,
  );
  throwsError(
    () => load(replaceNode("conv", { inputs: ["data", "conv_weight"] }), lenetTensors),
    "bad-graph",
    /no_bias/,
  );
  throwsError(
    () => load(replaceNode("pool", { attrs: { kernel: "(2, 2)", pool_type: "sum" } }), lenetTensors),
    "bad-graph",
    /max, avg/,
  );
  throwsError(() => importMxnet("{", params), "bad-graph", /not JSON/);
  throwsError(() => importMxnet("[]", params), "bad-graph", /"nodes" and "heads"/);
  throwsError(() => importMxnet(text, params, { output: "fcc" }), "unknown-name", /"fcc".*"fc"/);
  throwsError(() => importMxnet(text, new Uint8Array(40)), "bad-file", /expected an MXNet .params file/);
  throwsError(() => importMxnet(text, params, { inputShape: [1, 3, 8, 8] }), "bad-shape", /conv_weight/);
});

test("changed symbols are refused or imported, never anything else", () => {
  const text = symbolText(lenet);
  const params = writeParams(lenetTensors);
  const options = { inputShape: [1, 1, 6, 6] };
  const words = [
    "0",
    "-1",
    "1e400",
    "9223372036854775808",
    "null",
    "[]",
    "{}",
    '"x"',
    "(3, 3)",
    "QConvolution",
    "Concat",
  ];
  const edit = fc.record({
    at: fc.nat(text.length - 1),
    cut: fc.nat(6),
    put: fc.oneof(fc.constantFrom(...words), fc.string({ maxLength: 3 })),
  });
  fc.assert(
    fc.property(fc.array(edit, { minLength: 1, maxLength: 3 }), (edits) => {
      let changed = text;
      for (const { at, cut, put } of edits) changed = changed.slice(0, at) + put + changed.slice(at + cut);
      succeedsOrRefuses(() => importMxnet(changed, params, options), changed);
    }),
    { numRuns: 300 },
  );
  for (let cut = 0; cut < text.length; cut += 7) {
    assert.ok(!succeedsOrRefuses(() => importMxnet(text.slice(0, cut), params, options), `cut at ${cut}`));
  }
});

test("rewired and relabelled nodes are refused or imported", () => {
  const base = JSON.parse(symbolText(lenet));
  const params = writeParams(lenetTensors);
  const ops = [
    "null",
    "Flatten",
    "Concat",
    "elemwise_add",
    "det_sign",
    "QFullyConnected",
    "Pad",
    "mean",
    "abs",
    "_full",
    "split",
  ];
  const keys = [
    "kernel",
    "pad",
    "stride",
    "num_filter",
    "num_hidden",
    "axis",
    "num_group",
    "num_outputs",
    "dilate",
    "shape",
  ];
  const values = [
    "(1, 1)",
    "(65536, 65536)",
    "0",
    "-1",
    "1",
    "1048576",
    "9223372036854775808",
    "None",
    "()",
    "(2,)",
    "nan",
  ];
  const change = fc.record({
    node: fc.nat(base.nodes.length - 1),
    source: fc.nat(base.nodes.length),
    op: fc.constantFrom(null, ...ops),
    key: fc.constantFrom(...keys),
    value: fc.constantFrom(...values),
  });
  fc.assert(
    fc.property(fc.array(change, { minLength: 1, maxLength: 3 }), (changes) => {
      const changed = structuredClone(base);
      for (const { node, source, op, key, value } of changes) {
        const target = changed.nodes[node];
        if (op !== null) target.op = op;
        if (target.inputs.length > 0) target.inputs[0] = [source, 0, 0];
        target.attrs = { ...target.attrs, [key]: value };
      }
      succeedsOrRefuses(
        () => importMxnet(JSON.stringify(changed), params, { inputShape: [1, 1, 6, 6] }),
        JSON.stringify(changes),
      );
    }),
    { numRuns: 400 },
  );
});

test("deep chains and doubling maps end in time and within memory", () => {
  const chain = Array.from(
    { length: 20_000 },
    (_, i): TestNode => ({
      op: "identity",
      name: `n${i}`,
      inputs: [i === 0 ? "data" : `n${i - 1}`],
    }),
  );
  assert.equal(load(chain, new Map(), { inputShape: [1, 2, 3, 3] }).graph.nodes.length, 1);
  const doubling = Array.from({ length: 64 }, (_, i): TestNode => {
    const source = i === 0 ? "data" : `n${i - 1}`;
    return { op: "Concat", name: `n${i}`, inputs: [source, source], attrs: { num_args: "2" } };
  });
  throwsError(() => load(doubling, new Map(), { inputShape: [1, 2, 3, 3] }), "bad-shape", /more than memory can hold/);
});
