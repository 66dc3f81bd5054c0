/** Operators that move numbers, in the forms that exporters write. */
import {
  channel,
  floats,
  integers,
  MAP,
  node,
  type OperatorCase,
  one,
  random,
  scalar,
  testOperators,
  weight,
} from "./operator_cases.js";

const end = (shape: readonly number[]): readonly OperatorCase[] => [
  {
    name: `Reshape to [${shape}] and a dense layer`,
    input: MAP,
    nodes: [node("Reshape", ["input", "shape"], "x"), node("MatMul", ["x", "w"], "output")],
    constants: [integers("shape", shape), floats("w", [210, 4], random(840, 5))],
  },
];

const arrangements: readonly OperatorCase[] = [
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

const joins: readonly OperatorCase[] = [
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

const pads: readonly OperatorCase[] = [
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

testOperators("operators that move numbers", [...arrangements, ...joins, ...pads]);
