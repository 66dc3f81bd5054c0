/** Every operator of float layers, in the forms that exporters write: the reference agrees with onnxruntime, and so do the kernels. */
import { describe, test } from "node:test";
import type { Shape } from "../../src/tensor.js";
import {
  check,
  floats,
  integers,
  network,
  node,
  type OnnxNode,
  type OnnxTensor,
  random,
  scalar,
  skipWithoutRuntime,
} from "./support.js";

interface Case {
  readonly name: string;
  readonly input: Shape;
  readonly nodes: readonly OnnxNode[];
  readonly constants?: readonly OnnxTensor[];
  readonly opset?: number;
}

const one = (op: string, rest: Partial<OnnxNode> = {}, more: readonly string[] = []) => [
  node(op, ["input", ...more], "output", rest),
];

const MAP: Shape = [2, 5, 7, 6];
const weight = (outputs: number, inputs: number, ...kernel: number[]) =>
  floats("w", [outputs, inputs, ...kernel], random(outputs * inputs * kernel[0] * kernel[1], 7));
const channel = (name: string, channels: number, seed: number) => floats(name, [channels], random(channels, seed));
const positive = (name: string, channels: number) =>
  floats(
    name,
    [channels],
    random(channels, 5).map((x) => Math.abs(x) + 0.5),
  );

type Attributes = Pick<OnnxNode, "ints" | "strings"> & { readonly name: string };

const windows: readonly Attributes[] = [
  { name: "pads on all sides", ints: { pads: [1, 1, 1, 1] } },
  { name: "uneven pads", ints: { pads: [0, 1, 2, 1] } },
  { name: "stride", ints: { pads: [1, 1, 1, 1], strides: [2, 3] } },
  { name: "dilation", ints: { pads: [2, 2, 2, 2], dilations: [2, 2] } },
  { name: "SAME_UPPER", strings: { auto_pad: "SAME_UPPER" }, ints: { strides: [2, 2] } },
  { name: "SAME_LOWER", strings: { auto_pad: "SAME_LOWER" }, ints: { strides: [2, 2] } },
  { name: "VALID", strings: { auto_pad: "VALID" } },
];

const convolutions: readonly Case[] = windows.map(({ name, ...attributes }) => ({
  name: `Conv, ${name}`,
  input: MAP,
  nodes: one("Conv", attributes, ["w", "b"]),
  constants: [weight(4, 5, 3, 3), channel("b", 4, 3)],
}));

const poolWindows: readonly Attributes[] = [
  { name: "plain", ints: { kernel_shape: [2, 2] } },
  { name: "stride", ints: { kernel_shape: [3, 2], strides: [2, 2] } },
  { name: "pads", ints: { kernel_shape: [3, 3], strides: [2, 2], pads: [1, 1, 1, 1] } },
  { name: "uneven pads", ints: { kernel_shape: [3, 3], strides: [2, 2], pads: [0, 1, 2, 0] } },
  { name: "ceil_mode", ints: { kernel_shape: [2, 3], strides: [3, 2], ceil_mode: 1 } },
  { name: "ceil_mode with pads", ints: { kernel_shape: [3, 3], strides: [2, 2], pads: [1, 1, 1, 1], ceil_mode: 1 } },
  { name: "SAME_UPPER", ints: { kernel_shape: [3, 3], strides: [2, 2] }, strings: { auto_pad: "SAME_UPPER" } },
  { name: "SAME_LOWER", ints: { kernel_shape: [2, 2], strides: [2, 2] }, strings: { auto_pad: "SAME_LOWER" } },
];

const pools: readonly Case[] = ["MaxPool", "AveragePool"].flatMap((op) =>
  poolWindows.map(({ name, ...attributes }) => ({ name: `${op}, ${name}`, input: MAP, nodes: one(op, attributes) })),
);

const countedWindows: readonly Attributes[] = [
  { name: "pads", ints: { kernel_shape: [3, 3], strides: [2, 2], pads: [1, 1, 1, 1] } },
  { name: "ceil_mode", ints: { kernel_shape: [2, 3], strides: [3, 2], ceil_mode: 1 } },
  { name: "ceil_mode with pads", ints: { kernel_shape: [3, 3], strides: [2, 2], pads: [1, 1, 1, 1], ceil_mode: 1 } },
];

const counted: readonly Case[] = countedWindows.map(({ name, ints }) => ({
  name: `AveragePool that counts its padding, ${name}`,
  input: MAP,
  nodes: one("AveragePool", { ints: { ...ints, count_include_pad: 1 } }),
}));

const elementwise: readonly Case[] = [
  ...["Relu", "Tanh", "Sigmoid", "Softplus", "Softsign", "HardSwish", "Neg", "Identity"].map((op) => ({
    name: op,
    input: MAP,
    nodes: [node("Mul", ["input", "three"], "x"), node(op, ["x"], "output")],
    constants: [scalar("three", 3)],
    opset: 14,
  })),
  { name: "LeakyRelu", input: MAP, nodes: one("LeakyRelu", { floats: { alpha: 0.2 } }) },
  { name: "LeakyRelu with the default slope", input: MAP, nodes: one("LeakyRelu") },
  { name: "HardSigmoid", input: MAP, nodes: one("HardSigmoid", { floats: { alpha: 0.5, beta: 0.4 } }) },
  { name: "HardSigmoid with defaults", input: MAP, nodes: one("HardSigmoid") },
  ...[[5, 1, 1], [1, 5, 1, 1], [1], []].map((dims) => ({
    name: `PRelu with a slope of [${dims}]`,
    input: MAP,
    nodes: one("PRelu", {}, ["slope"]),
    constants: [floats("slope", dims, random(dims.includes(5) ? 5 : 1, 3))],
  })),
  { name: "PRelu of features", input: [3, 5], nodes: one("PRelu", {}, ["slope"]), constants: [channel("slope", 5, 3)] },
  {
    name: "Clip by attributes",
    input: MAP,
    nodes: one("Clip", { floats: { min: -0.5, max: 0.25 } }),
    opset: 10,
  },
  { name: "Clip by one attribute", input: MAP, nodes: one("Clip", { floats: { max: 0.25 } }), opset: 7 },
  {
    name: "Clip by inputs",
    input: MAP,
    nodes: one("Clip", {}, ["low", "high"]),
    constants: [scalar("low", 0), scalar("high", 0.6)],
  },
  {
    name: "Clip by its upper limit alone",
    input: MAP,
    nodes: one("Clip", {}, ["", "high"]),
    constants: [scalar("high", 0.2)],
  },
  { name: "Max and a number", input: MAP, nodes: one("Max", {}, ["c"]), constants: [scalar("c", 0.1)] },
  { name: "Min and a number", input: MAP, nodes: one("Min", {}, ["c"]), constants: [scalar("c", 0.1)] },
  { name: "Dropout", input: MAP, nodes: [node("Dropout", ["input"], "x"), node("Relu", ["x"], "output")] },
  {
    name: "Dropout with a ratio",
    input: MAP,
    nodes: [node("Relu", ["input"], "x"), node("Dropout", ["x"], "output", { floats: { ratio: 0.3 } })],
    opset: 10,
  },
  {
    name: "Cast to float",
    input: MAP,
    nodes: [node("Cast", ["input"], "x", { ints: { to: 1 } }), node("Relu", ["x"], "output")],
  },
];

const arithmetic: readonly Case[] = ["Add", "Sub", "Mul", "Div"].flatMap((op) => [
  { name: `${op} of a number`, input: MAP, nodes: one(op, {}, ["c"]), constants: [scalar("c", 0.7)] },
  ...[
    [5, 1, 1],
    [1, 5, 1, 1],
    [1, 5, 7, 6],
  ].map((dims) => ({
    name: `${op} of a constant of [${dims}] that differs by channel`,
    input: MAP,
    nodes: one(op, {}, ["c"]),
    constants: [
      floats(
        "c",
        dims,
        Array.from(
          { length: dims.length === 4 && dims[2] > 1 ? 210 : 5 },
          (_, i) => 0.5 + (dims[2] > 1 ? Math.floor(i / 42) : i),
        ),
      ),
    ],
  })),
  { name: `${op} of [C] to features`, input: [3, 5], nodes: one(op, {}, ["c"]), constants: [positive("c", 5)] },
  ...(op === "Div"
    ? []
    : [
        {
          name: `${op} with the constant first`,
          input: MAP,
          nodes: [node(op, ["c", "input"], "output")],
          constants: [floats("c", [5, 1, 1], random(5, 3))],
        },
        {
          name: `${op} of two values`,
          input: MAP,
          nodes: [node("Relu", ["input"], "a"), node("Tanh", ["input"], "b"), node(op, ["a", "b"], "output")],
        },
      ]),
]);

const gates: readonly Case[] = [
  {
    name: "a gate of one pixel",
    input: MAP,
    nodes: [
      node("GlobalAveragePool", ["input"], "mean"),
      node("Sigmoid", ["mean"], "gate"),
      node("Mul", ["input", "gate"], "output"),
    ],
  },
  {
    name: "a gate first",
    input: MAP,
    nodes: [node("GlobalAveragePool", ["input"], "mean"), node("Mul", ["mean", "input"], "output")],
  },
  {
    name: "a gate from dense layers",
    input: MAP,
    nodes: [
      node("GlobalAveragePool", ["input"], "mean"),
      node("Flatten", ["mean"], "flat"),
      node("Gemm", ["flat", "w", "b"], "dense", { ints: { transB: 1 } }),
      node("Sigmoid", ["dense"], "sigmoid"),
      node("Unsqueeze", ["sigmoid", "axes"], "gate"),
      node("Mul", ["input", "gate"], "output"),
    ],
    constants: [floats("w", [5, 5], random(25, 3)), channel("b", 5, 4), integers("axes", [2, 3])],
  },
  {
    name: "a gate from dense layers, by Reshape",
    input: MAP,
    nodes: [
      node("ReduceMean", ["input"], "mean", { ints: { axes: [2, 3], keepdims: 0 } }),
      node("Gemm", ["mean", "w"], "dense"),
      node("Reshape", ["dense", "shape"], "gate"),
      node("Mul", ["input", "gate"], "output"),
    ],
    constants: [floats("w", [5, 5], random(25, 3)), integers("shape", [-1, 5, 1, 1])],
  },
  {
    name: "the size of the input: the mean of |x| over channels",
    input: MAP,
    nodes: [
      node("Abs", ["input"], "size"),
      node("ReduceMean", ["size"], "mean", { ints: { axes: [1], keepdims: 1 } }),
      node("Conv", ["mean", "k"], "map", { ints: { pads: [1, 1, 1, 1] } }),
      node("Mul", ["input", "map"], "output"),
    ],
    constants: [floats("k", [1, 1, 3, 3], new Float32Array(9).fill(1 / 9))],
  },
];

const dense: readonly Case[] = [
  {
    name: "Gemm, transB",
    input: [3, 5],
    nodes: one("Gemm", { ints: { transB: 1 } }, ["w", "b"]),
    constants: [floats("w", [4, 5], random(20, 3)), channel("b", 4, 4)],
  },
  {
    name: "Gemm with factors",
    input: [3, 5],
    nodes: one("Gemm", { floats: { alpha: 0.5, beta: 2 } }, ["w", "b"]),
    constants: [floats("w", [5, 4], random(20, 3)), floats("b", [1, 4], random(4, 4))],
  },
  {
    name: "Gemm without a bias",
    input: [3, 5],
    nodes: one("Gemm", {}, ["w"]),
    constants: [floats("w", [5, 4], random(20, 3))],
    opset: 11,
  },
  {
    name: "MatMul and Add",
    input: [3, 5],
    nodes: [node("MatMul", ["input", "w"], "x"), node("Add", ["x", "b"], "output")],
    constants: [floats("w", [5, 4], random(20, 3)), channel("b", 4, 4)],
  },
  {
    name: "MatMul and Add, read twice",
    input: [3, 5],
    nodes: [node("MatMul", ["input", "w"], "x"), node("Add", ["b", "x"], "y"), node("Mul", ["x", "y"], "output")],
    constants: [floats("w", [5, 4], random(20, 3)), channel("b", 4, 4)],
  },
  {
    name: "a convolution of one pixel after dense layers",
    input: [3, 5],
    nodes: [
      node("Unsqueeze", ["input", "axes"], "x"),
      node("Conv", ["x", "w", "b"], "y"),
      node("Relu", ["y"], "z"),
      node("Squeeze", ["z", "axes"], "output"),
    ],
    constants: [integers("axes", [2, 3]), weight(4, 5, 1, 1), channel("b", 4, 4)],
  },
];

const norm = (
  name: string,
  input: Shape,
  nodes: readonly OnnxNode[],
  more: readonly OnnxTensor[] = [],
  opset = 13,
): Case => ({
  name,
  input,
  nodes,
  constants: [channel("gamma", 5, 2), channel("beta", 5, 3), channel("mean", 5, 4), positive("var", 5), ...more],
  opset,
});
const parameters = ["gamma", "beta", "mean", "var"];

const normalisations: readonly Case[] = [
  norm("BatchNormalization of a map", MAP, one("BatchNormalization", { floats: { epsilon: 0.01 } }, parameters)),
  norm("BatchNormalization of features", [3, 5], one("BatchNormalization", {}, parameters), [], 7),
  norm(
    "BatchNormalization between Unsqueeze and Squeeze, by attributes",
    [3, 5],
    [
      node("Unsqueeze", ["input"], "x", { ints: { axes: [2] } }),
      node("BatchNormalization", ["x", ...parameters], "y"),
      node("Squeeze", ["y"], "output", { ints: { axes: [2] } }),
    ],
    [],
    9,
  ),
  norm(
    "BatchNormalization between Unsqueeze and Squeeze, by inputs",
    [3, 5],
    [
      node("Unsqueeze", ["input", "axes"], "x"),
      node("BatchNormalization", ["x", ...parameters], "y"),
      node("Squeeze", ["y", "axes"], "output"),
    ],
    [integers("axes", [-1])],
    15,
  ),
];

const means: readonly Case[] = [
  { name: "GlobalAveragePool", input: MAP, nodes: one("GlobalAveragePool") },
  { name: "GlobalMaxPool", input: MAP, nodes: one("GlobalMaxPool") },
  ...[0, 1].flatMap((keepdims): readonly Case[] => [
    {
      name: `ReduceMean over pixels, keepdims ${keepdims}`,
      input: MAP,
      nodes: one("ReduceMean", { ints: { axes: [2, 3], keepdims } }),
    },
    {
      name: `ReduceMean over the last axes, keepdims ${keepdims}`,
      input: MAP,
      nodes: one("ReduceMean", { ints: { axes: [-1, -2], keepdims } }),
    },
    {
      name: `ReduceMean by an input, keepdims ${keepdims}`,
      input: MAP,
      nodes: one("ReduceMean", { ints: { keepdims } }, ["axes"]),
      constants: [integers("axes", [2, 3])],
      opset: 18,
    },
    {
      name: `ReduceMean over one axis after the other, keepdims ${keepdims}`,
      input: MAP,
      nodes: [
        node("ReduceMean", ["input"], "x", { ints: { axes: [3], keepdims } }),
        node("ReduceMean", ["x"], "output", { ints: { axes: [2], keepdims } }),
      ],
    },
    {
      name: `ReduceMean of pixels in one axis, keepdims ${keepdims}`,
      input: MAP,
      nodes: [
        node("Reshape", ["input", "shape"], "x"),
        node("ReduceMean", ["x"], "output", { ints: { axes: [2], keepdims } }),
      ],
      constants: [integers("shape", [0, 0, -1])],
    },
  ]),
];

const softmaxes: readonly Case[] = ["Softmax", "LogSoftmax"].flatMap((op): readonly Case[] => [
  { name: `${op} of features`, input: [3, 5], nodes: one(op, { ints: { axis: 1 } }) },
  { name: `${op} of features, default axis`, input: [3, 5], nodes: one(op) },
  { name: `${op} of features before version 13`, input: [3, 5], nodes: one(op), opset: 11 },
  { name: `${op} over the channels of a map`, input: MAP, nodes: one(op, { ints: { axis: 1 } }) },
  {
    name: `${op} over all of one pixel before version 13`,
    input: [2, 5, 1, 1],
    nodes: one(op, { ints: { axis: 1 } }),
    opset: 9,
  },
]);

const end = (shape: readonly number[]): readonly Case[] => [
  {
    name: `Reshape to [${shape}] and a dense layer`,
    input: MAP,
    nodes: [node("Reshape", ["input", "shape"], "x"), node("MatMul", ["x", "w"], "output")],
    constants: [integers("shape", shape), floats("w", [210, 4], random(840, 5))],
  },
];

const arrangements: readonly Case[] = [
  ...[
    [2, 210],
    [2, -1],
    [-1, 210],
    [0, -1],
  ].flatMap(end),
  {
    name: "Flatten and a dense layer",
    input: MAP,
    nodes: [node("Flatten", ["input"], "x", { ints: { axis: -3 } }), node("MatMul", ["x", "w"], "output")],
    constants: [floats("w", [210, 4], random(840, 5))],
  },
  {
    name: "a view by Shape, Gather, Unsqueeze, Concat, Reshape",
    input: MAP,
    nodes: [
      node("Shape", ["input"], "shape"),
      node("Gather", ["shape", "zero"], "batch", { ints: { axis: 0 } }),
      node("Unsqueeze", ["batch", "axes"], "first"),
      node("Concat", ["first", "rest"], "wanted", { ints: { axis: 0 } }),
      node("Reshape", ["input", "wanted"], "x"),
      node("MatMul", ["x", "w"], "output"),
    ],
    constants: [
      { name: "zero", type: "int64", dims: [], data: BigInt64Array.of(0n) },
      integers("axes", [0]),
      integers("rest", [-1]),
      floats("w", [210, 4], random(840, 5)),
    ],
  },
  {
    name: "Transpose pairs around element-wise operators",
    input: MAP,
    nodes: [
      node("Transpose", ["input"], "nhwc", { ints: { perm: [0, 2, 3, 1] } }),
      node("Mul", ["nhwc", "c"], "x"),
      node("Relu", ["x"], "y"),
      node("Transpose", ["y"], "output", { ints: { perm: [0, 3, 1, 2] } }),
    ],
    constants: [channel("c", 5, 3)],
  },
  {
    name: "channels that take turns",
    input: [2, 6, 3, 4],
    nodes: [
      node("Reshape", ["input", "split"], "x"),
      node("Transpose", ["x"], "y", { ints: { perm: [0, 2, 1, 3, 4] } }),
      node("Reshape", ["y", "joined"], "output"),
    ],
    constants: [integers("split", [2, 3, 2, 3, 4]), integers("joined", [2, 6, 3, 4])],
  },
];

const joins: readonly Case[] = [
  {
    name: "Concat of channels",
    input: MAP,
    nodes: [
      node("Relu", ["input"], "a"),
      node("Neg", ["input"], "b"),
      node("Concat", ["a", "input", "b"], "output", { ints: { axis: 1 } }),
    ],
  },
  {
    name: "Concat of features, axis from the end",
    input: [3, 5],
    nodes: [node("Relu", ["input"], "a"), node("Concat", ["a", "input"], "output", { ints: { axis: -1 } })],
  },
  {
    name: "Split by an attribute",
    input: MAP,
    nodes: [
      { op: "Split", inputs: ["input"], outputs: ["a", "b"], ints: { axis: 1, split: [2, 3] } },
      node("Concat", ["b", "a"], "output", { ints: { axis: 1 } }),
    ],
    opset: 11,
  },
  {
    name: "Split by an input",
    input: MAP,
    nodes: [
      { op: "Split", inputs: ["input", "sizes"], outputs: ["a", "b", "c"], ints: { axis: 1 } },
      node("Concat", ["c", "a"], "output", { ints: { axis: 1 } }),
    ],
    constants: [integers("sizes", [2, 2, 1])],
  },
  {
    name: "Split into equal parts",
    input: [2, 6, 3, 3],
    nodes: [
      { op: "Split", inputs: ["input"], outputs: ["a", "b"], ints: { axis: 1, num_outputs: 2 } },
      node("Sub", ["a", "b"], "output"),
    ],
    opset: 18,
  },
  {
    name: "Slice by attributes",
    input: MAP,
    nodes: one("Slice", { ints: { starts: [1], ends: [4], axes: [1] } }),
    opset: 9,
  },
  {
    name: "Slice of channels and pixels",
    input: MAP,
    nodes: one("Slice", {}, ["starts", "ends", "axes"]),
    constants: [
      integers("starts", [1, 2, -3]),
      integers("ends", [4, 2147483647, 2 ** 53]),
      integers("axes", [1, 2, 3]),
    ],
  },
  {
    name: "Slice of every second pixel",
    input: MAP,
    nodes: one("Slice", {}, ["starts", "ends", "axes", "steps"]),
    constants: [
      integers("starts", [0, 1]),
      integers("ends", [1000, 1000]),
      integers("axes", [2, 3]),
      integers("steps", [2, 2]),
    ],
  },
  {
    name: "Gather of channels",
    input: MAP,
    nodes: one("Gather", { ints: { axis: 1 } }, ["places"]),
    constants: [integers("places", [3, 4, 0, -2])],
  },
  {
    name: "Gather of one channel",
    input: MAP,
    nodes: [
      node("Gather", ["input", "place"], "x", { ints: { axis: 1 } }),
      node("Relu", ["x"], "y"),
      node("Unsqueeze", ["y", "axes"], "output"),
    ],
    constants: [{ name: "place", type: "int64", dims: [], data: BigInt64Array.of(2n) }, integers("axes", [1])],
  },
];

const pads: readonly Case[] = [
  {
    name: "Pad by attributes",
    input: MAP,
    nodes: one("Pad", { ints: { pads: [0, 0, 1, 2, 0, 0, 3, 0] }, floats: { value: 0.5 } }),
    opset: 10,
  },
  {
    name: "Pad by inputs",
    input: MAP,
    nodes: one("Pad", {}, ["pads", "value"]),
    constants: [integers("pads", [0, 0, 1, 2, 0, 0, 3, 0]), scalar("value", -1)],
  },
  {
    name: "Pad of axes",
    input: MAP,
    nodes: one("Pad", {}, ["pads", "value", "axes"]),
    constants: [integers("pads", [1, 2, 0, 1]), scalar("value", 2), integers("axes", [3, 2])],
    opset: 18,
  },
  {
    name: "Pad that cuts",
    input: MAP,
    nodes: one("Pad", {}, ["pads"]),
    constants: [integers("pads", [0, 0, -1, 2, 0, 0, 1, -2])],
  },
  {
    name: "Pad of channels",
    input: MAP,
    nodes: one("Pad", {}, ["pads"]),
    constants: [integers("pads", [0, 2, 0, 0, 0, 7, 0, 0])],
  },
  {
    name: "Pad(0) and Conv",
    input: MAP,
    nodes: [node("Pad", ["input", "pads"], "x"), node("Conv", ["x", "w"], "output", { ints: { pads: [1, 0, 0, 1] } })],
    constants: [integers("pads", [0, 0, 1, 2, 0, 0, 3, 0]), weight(4, 5, 3, 3)],
  },
  {
    name: "Pad(0) and AveragePool",
    input: MAP,
    nodes: [
      node("Pad", ["input", "pads"], "x"),
      node("AveragePool", ["x"], "output", { ints: { kernel_shape: [3, 3], strides: [2, 2] } }),
    ],
    constants: [integers("pads", [0, 0, 1, 1, 0, 0, 1, 1])],
  },
  {
    name: "Pad(0) wider than the kernel, and AveragePool",
    input: MAP,
    nodes: [
      node("Pad", ["input", "pads"], "x"),
      node("AveragePool", ["x"], "output", { ints: { kernel_shape: [2, 2] } }),
    ],
    constants: [integers("pads", [0, 0, 2, 0, 0, 0, 0, 2])],
  },
  {
    name: "Pad(1) and Conv of floats",
    input: MAP,
    nodes: [node("Pad", ["input", "pads", "value"], "x"), node("Conv", ["x", "w"], "output")],
    constants: [integers("pads", [0, 0, 1, 1, 0, 0, 1, 1]), scalar("value", 1), weight(4, 5, 3, 3)],
  },
  {
    name: "Pad and MaxPool",
    input: MAP,
    nodes: [
      node("Pad", ["input", "pads"], "x"),
      node("MaxPool", ["x"], "output", { ints: { kernel_shape: [2, 2], strides: [2, 2] } }),
    ],
    constants: [integers("pads", [0, 0, 0, 1, 0, 0, 1, 1])],
  },
];

const groups: readonly Case[] = [
  {
    name: "Conv, groups",
    input: [2, 6, 7, 6],
    nodes: one("Conv", { ints: { group: 2, pads: [1, 1, 1, 1] } }, ["w"]),
    constants: [weight(4, 3, 3, 3)],
  },
  {
    name: "Conv, depthwise",
    input: [2, 6, 7, 6],
    nodes: one("Conv", { ints: { group: 6, strides: [2, 2] } }, ["w"]),
    constants: [weight(6, 1, 3, 3)],
  },
  {
    name: "Conv and Add",
    input: MAP,
    nodes: [node("Conv", ["input", "w"], "x"), node("Add", ["x", "b"], "output")],
    constants: [weight(4, 5, 3, 3), floats("b", [1, 4, 1, 1], random(4, 3))],
  },
];

const cases = [
  ...convolutions,
  ...groups,
  ...pools,
  ...counted,
  ...elementwise,
  ...arithmetic,
  ...gates,
  ...dense,
  ...normalisations,
  ...means,
  ...softmaxes,
  ...arrangements,
  ...joins,
  ...pads,
];

describe("operators of float layers compute what onnxruntime does", { skip: skipWithoutRuntime }, () => {
  for (const { name, input, nodes, constants = [], opset } of cases) {
    test(name, async () => {
      const size = input.reduce((product, axis) => product * axis, 1);
      const bytes = network(input, nodes, constants, opset === undefined ? {} : { opset });
      await check(bytes, { shape: input, data: random(size, 11) });
    });
  }
});
