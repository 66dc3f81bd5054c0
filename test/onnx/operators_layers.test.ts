/** Convolutions, dense layers and normalisations, in the forms that exporters write. */
import type { Shape } from "../../src/tensor.js";
import {
  channel,
  floats,
  integers,
  MAP,
  node,
  type OnnxNode,
  type OnnxTensor,
  type OperatorCase,
  one,
  positive,
  random,
  testOperators,
  weight,
} from "./operator_cases.js";

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

const convolutions: readonly OperatorCase[] = windows.map(({ name, ...attributes }) => ({
  name: `Conv, ${name}`,
  input: MAP,
  nodes: one("Conv", attributes, ["w", "b"]),
  constants: [weight(4, 5, 3, 3), channel("b", 4, 3)],
}));

const groups: readonly OperatorCase[] = [
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

const dense: readonly OperatorCase[] = [
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
): OperatorCase => ({
  name,
  input,
  nodes,
  constants: [channel("gamma", 5, 2), channel("beta", 5, 3), channel("mean", 5, 4), positive("var", 5), ...more],
  opset,
});
const parameters = ["gamma", "beta", "mean", "var"];

const normalisations: readonly OperatorCase[] = [
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

testOperators("layers", [...convolutions, ...groups, ...dense, ...normalisations]);
