/** Elementwise operators, gates and softmaxes, in the forms that exporters write. */
import {
  channel,
  floats,
  integers,
  MAP,
  node,
  type OperatorCase,
  one,
  positive,
  random,
  scalar,
  testOperators,
} from "./operator_cases.js";

const elementwise: readonly OperatorCase[] = [
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

const arithmetic: readonly OperatorCase[] = ["Add", "Sub", "Mul", "Div"].flatMap((op) => [
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

const gates: readonly OperatorCase[] = [
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

const softmaxes: readonly OperatorCase[] = ["Softmax", "LogSoftmax"].flatMap((op): readonly OperatorCase[] => [
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

testOperators("elementwise operators", [...elementwise, ...arithmetic, ...gates, ...softmaxes]);
