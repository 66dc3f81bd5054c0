/** Pools and means, in the forms that exporters write. */
import { integers, MAP, node, type OnnxNode, type OperatorCase, one, testOperators } from "./operator_cases.js";

type Attributes = Pick<OnnxNode, "ints" | "strings"> & { readonly name: string };

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

const pools: readonly OperatorCase[] = ["MaxPool", "AveragePool"].flatMap((op) =>
  poolWindows.map(({ name, ...attributes }) => ({ name: `${op}, ${name}`, input: MAP, nodes: one(op, attributes) })),
);

const countedWindows: readonly Attributes[] = [
  { name: "pads", ints: { kernel_shape: [3, 3], strides: [2, 2], pads: [1, 1, 1, 1] } },
  { name: "ceil_mode", ints: { kernel_shape: [2, 3], strides: [3, 2], ceil_mode: 1 } },
  { name: "ceil_mode with pads", ints: { kernel_shape: [3, 3], strides: [2, 2], pads: [1, 1, 1, 1], ceil_mode: 1 } },
];

const counted: readonly OperatorCase[] = countedWindows.map(({ name, ints }) => ({
  name: `AveragePool that counts its padding, ${name}`,
  input: MAP,
  nodes: one("AveragePool", { ints: { ...ints, count_include_pad: 1 } }),
}));

const means: readonly OperatorCase[] = [
  { name: "GlobalAveragePool", input: MAP, nodes: one("GlobalAveragePool") },
  { name: "GlobalMaxPool", input: MAP, nodes: one("GlobalMaxPool") },
  ...[0, 1].flatMap((keepdims): readonly OperatorCase[] => [
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

testOperators("pools and means", [...pools, ...counted, ...means]);
