/** Constant folding: each operator gives what onnxruntime does, and no file can ask for more than its size allows. */
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import type * as Ort from "onnxruntime-node";
import { foldConstants } from "../../src/formats/onnx/fold.js";
import { operatorRow } from "../../src/formats/onnx/ops/table.js";
import { readModel } from "../../src/formats/onnx/read_model.js";
import { elementCount } from "../../src/tensor.js";
import {
  floats,
  integers,
  network,
  node,
  type OnnxNode,
  type OnnxTensor,
  random,
  scalar,
  skipWithoutRuntime,
  writeOnnx,
} from "./support.js";

interface Case {
  readonly name: string;
  readonly op: string;
  readonly inputs: readonly OnnxTensor[];
  readonly rest?: Partial<OnnxNode>;
  readonly opset?: number;
}

const a = floats(
  "a",
  [2, 3, 4],
  random(24, 1).map((value) => 3 * value),
);
const b = floats("b", [3, 1], random(3, 2));
const truth = (name: string, seed: number): OnnxTensor => ({
  name,
  type: "bool",
  dims: [2, 3, 4],
  data: Uint8Array.from(random(24, seed), (x) => (x > 0 ? 1 : 0)),
});
const positive = floats(
  "p",
  [2, 3, 4],
  random(24, 3).map((value) => Math.abs(value) + 0.1),
);
const whole: OnnxTensor = { name: "i", type: "int64", dims: [2, 3], data: BigInt64Array.of(7n, -7n, 3n, -3n, 0n, 5n) };
const by: OnnxTensor = { name: "j", type: "int64", dims: [3], data: BigInt64Array.of(2n, 3n, -2n) };
const ties = floats("t", [8], [-2.5, -1.5, -0.5, 0.5, 1.5, 2.5, 0.4999, 3]);
const axes = (...values: number[]) => integers("axes", values);

const cases: readonly Case[] = [
  ...[
    "Abs",
    "Neg",
    "Sign",
    "Floor",
    "Ceil",
    "Relu",
    "Tanh",
    "Sigmoid",
    "Exp",
    "Softplus",
    "Softsign",
    "HardSwish",
    "Identity",
    "HardSigmoid",
    "LeakyRelu",
  ].map((op) => ({ name: op, op, inputs: [a], opset: 14 })),
  ...["Sqrt", "Log", "Reciprocal"].map((op) => ({ name: op, op, inputs: [positive] })),
  { name: "Round, halves to even", op: "Round", inputs: [ties] },
  ...["Add", "Sub", "Mul", "Div", "Pow", "Min", "Max", "Less", "LessOrEqual", "Greater", "GreaterOrEqual", "Equal"].map(
    (op) => ({ name: `${op}, broadcast`, op, inputs: [op === "Pow" ? positive : a, b] }),
  ),
  ...["Add", "Mul"].map((op) => ({ name: `${op} of one number`, op, inputs: [a, scalar("s", 0.3)] })),
  { name: "Sum of three", op: "Sum", inputs: [a, b, positive] },
  { name: "Div of integers cuts towards zero", op: "Div", inputs: [whole, by] },
  { name: "Mod of integers", op: "Mod", inputs: [whole, by] },
  { name: "Mod like C", op: "Mod", inputs: [a, b], rest: { ints: { fmod: 1 } } },
  ...["And", "Or", "Xor"].map((op) => ({ name: op, op, inputs: [truth("u", 4), truth("v", 5)] })),
  { name: "Not", op: "Not", inputs: [truth("u", 4)] },
  { name: "Where", op: "Where", inputs: [truth("u", 4), a, b] },
  { name: "Clip", op: "Clip", inputs: [a, scalar("low", -0.5), scalar("high", 0.7)] },
  ...[1, 6, 7, 9, 11].map((to) => ({
    name: `Cast of floats to type ${to}`,
    op: "Cast",
    inputs: [a],
    rest: { ints: { to } },
  })),
  { name: "PRelu", op: "PRelu", inputs: [a, b] },
  ...["ReduceMean", "ReduceSumSquare", "ReduceProd", "ReduceMax", "ReduceMin", "ReduceL1", "ReduceL2"]
    .flatMap((op): readonly Case[] => [
      { name: `${op} over two axes`, op, inputs: [a], rest: { ints: { axes: [0, 2], keepdims: 0 } } },
      { name: `${op} over one axis from the end, kept`, op, inputs: [a], rest: { ints: { axes: [-2], keepdims: 1 } } },
      { name: `${op} over all`, op, inputs: [a], rest: { ints: { keepdims: 0 } } },
      { name: `${op} by an input`, op, inputs: [a, axes(1)], opset: 18 },
      { name: `${op} of nothing`, op, inputs: [a], rest: { ints: { noop_with_empty_axes: 1 } }, opset: 18 },
    ])
    .filter(({ op, rest }) => !(rest?.ints?.noop_with_empty_axes && op !== "ReduceMean")),
  { name: "ReduceSum by an input", op: "ReduceSum", inputs: [a, axes(0, 1)] },
  { name: "ReduceSum by attributes", op: "ReduceSum", inputs: [a], rest: { ints: { axes: [1] } }, opset: 11 },
  { name: "Reshape with 0 and -1", op: "Reshape", inputs: [a, integers("shape", [0, -1])] },
  { name: "Flatten at axis 2", op: "Flatten", inputs: [a], rest: { ints: { axis: 2 } } },
  { name: "Flatten at axis 0", op: "Flatten", inputs: [a], rest: { ints: { axis: 0 } } },
  { name: "Unsqueeze", op: "Unsqueeze", inputs: [a, axes(0, -1)] },
  { name: "Squeeze of all", op: "Squeeze", inputs: [floats("q", [1, 3, 1, 2], random(6, 3))] },
  {
    name: "Squeeze by attributes",
    op: "Squeeze",
    inputs: [floats("q", [1, 3, 1, 2], random(6, 3))],
    rest: { ints: { axes: [-2] } },
    opset: 11,
  },
  { name: "Transpose", op: "Transpose", inputs: [a], rest: { ints: { perm: [2, 0, 1] } } },
  { name: "Transpose by default", op: "Transpose", inputs: [a] },
  {
    name: "Slice with steps back and on",
    op: "Slice",
    inputs: [a, integers("s", [-1, 1]), integers("e", [-100, 100]), axes(2, 1), integers("st", [-2, 1])],
  },
  {
    name: "Slice by attributes",
    op: "Slice",
    inputs: [a],
    rest: { ints: { starts: [0, -2], ends: [1, 1000] } },
    opset: 9,
  },
  { name: "Expand", op: "Expand", inputs: [b, integers("shape", [2, 1, 4])] },
  {
    name: "Gather of one place",
    op: "Gather",
    inputs: [a, { name: "g", type: "int64", dims: [], data: BigInt64Array.of(-1n) }],
    rest: { ints: { axis: 1 } },
  },
  {
    name: "Gather of a table",
    op: "Gather",
    inputs: [a, { name: "g", type: "int64", dims: [2, 2], data: BigInt64Array.of(0n, 3n, 1n, 1n) }],
    rest: { ints: { axis: 2 } },
  },
  { name: "Concat", op: "Concat", inputs: [a, positive], rest: { ints: { axis: -2 } } },
  {
    name: "ConstantOfShape",
    op: "ConstantOfShape",
    inputs: [integers("shape", [2, 3])],
    rest: { tensors: { value: { name: "", type: "float", dims: [1], data: Float32Array.of(2.5) } } },
  },
  { name: "Range", op: "Range", inputs: [scalar("from", 1), scalar("to", 4.5), scalar("step", 0.75)] },
  { name: "Shape", op: "Shape", inputs: [a], opset: 15, rest: { ints: { start: 1, end: -1 } } },
  { name: "Size", op: "Size", inputs: [a] },
  { name: "Constant of integers", op: "Constant", inputs: [], rest: { ints: { value_ints: [3, 1] } } },
];

/** What onnxruntime makes of one operator. */
async function runtimeResult({ op, inputs, rest, opset = 13 }: Case): Promise<Ort.Tensor> {
  const { InferenceSession } = await import("onnxruntime-node");
  const result = node(
    op,
    inputs.map(({ name }) => name),
    "result",
    rest,
  );
  const type = { name: "output", type: "double" as const };
  const nodes = [result, node("Cast", ["result"], "output", { ints: { to: 11 } })];
  const bytes = writeOnnx({ name: "one", nodes, initializers: inputs, inputs: [], outputs: [type], opset });
  const session = await InferenceSession.create(bytes, { graphOptimizationLevel: "disabled", logSeverityLevel: 3 });
  const { output } = await session.run({});
  await session.release();
  return output;
}

describe("operators on constants compute what onnxruntime does", { skip: skipWithoutRuntime }, () => {
  for (const each of cases) {
    test(each.name, async () => {
      const { op, inputs, rest, opset = 13 } = each;
      const expected = await runtimeResult(each);
      const nodes = [
        node(
          op,
          inputs.map(({ name }) => name),
          "c",
          rest,
        ),
        node("Cast", ["c"], "d", { ints: { to: 1 } }),
        node("Relu", ["input"], "x"),
      ];
      const bytes = network([1], [...nodes, { op: "Keep", inputs: ["x", "c"], outputs: ["output"] }], inputs, {
        opset,
      });
      const { network: read } = readModel(bytes);
      const { network: folded } = foldConstants(read, [1], bytes.length);
      const found = folded.constants.get("c");
      assert.ok(found, `${op} is folded`);
      assert.deepEqual(found.shape, expected.dims);
      const data = expected.data as Float64Array;
      for (const [index, value] of found.data.entries()) {
        assert.ok(
          Math.abs(value - data[index]) <= 2e-6 * Math.max(1, Math.abs(data[index])),
          `element ${index}: ${value} and ${data[index]}`,
        );
      }
    });
  }
});

describe("folding has its limits", () => {
  const keep = (nodes: readonly OnnxNode[], constants: readonly OnnxTensor[]) => {
    const bytes = network(
      [1],
      [...nodes, node("Relu", ["input"], "x"), { op: "Keep", inputs: ["x", "c"], outputs: ["output"] }],
      constants,
    );
    return () => foldConstants(readModel(bytes).network, [1], bytes.length);
  };

  test("a shape of 2^40 is refused before it is made", () => {
    const shape = integers("shape", [2 ** 20, 2 ** 20]);
    assert.throws(keep([node("ConstantOfShape", ["shape"], "c")], [shape]), {
      code: "bad-shape",
      message: /1048576x1048576, which memory cannot hold/,
    });
    assert.throws(keep([node("Expand", ["one", "shape"], "c")], [shape, scalar("one", 1)]), { code: "bad-shape" });
  });

  test("so is what a small file may not ask for", () => {
    const shape = integers("shape", [1 << 24]);
    assert.throws(keep([node("ConstantOfShape", ["shape"], "c")], [shape]), {
      code: "out-of-memory",
      message: /more than a file of \d+ bytes may ask for/,
    });
    const doubling = Array.from({ length: 40 }, (_, level) =>
      node("Concat", [`v${level}`, `v${level}`], level === 39 ? "c" : `v${level + 1}`, { ints: { axis: 0 } }),
    );
    assert.throws(keep(doubling, [floats("v0", [4], random(4))]), { code: "out-of-memory" });
    const long = Array.from({ length: 24_000 }, (_, level) =>
      node("Neg", [`v${level}`], level === 23_999 ? "c" : `v${level + 1}`),
    );
    assert.throws(keep(long, [floats("v0", [100_000], new Float32Array(100_000))]), { code: "out-of-memory" });
  });

  test("numbers that do not fit their operator are named", () => {
    assert.throws(keep([node("Add", ["a", "z"], "c")], [a, floats("z", [5], random(5))]), {
      code: "bad-shape",
      message: /Add "c" combines values of 2x3x4 and 5, which do not fit/,
    });
    assert.throws(keep([node("Gather", ["a", "g"], "c", { ints: { axis: 0 } })], [a, integers("g", [2])]), {
      code: "bad-shape",
      message: /takes place 2 of an axis of 2/,
    });
    assert.throws(keep([node("Reshape", ["a", "shape"], "c")], [a, integers("shape", [-1, 7])]), {
      code: "bad-shape",
      message: /cannot make -1x7 of 2x3x4/,
    });
    assert.throws(keep([node("Transpose", ["a"], "c", { ints: { perm: [0, 0, 1] } })], [a]), {
      code: "bad-shape",
      message: /has perm \[0, 0, 1\]/,
    });
  });

  test("what folding has used up is let go", () => {
    const nodes = Array.from({ length: 50 }, (_, level) =>
      node("Neg", [`v${level}`], level === 49 ? "c" : `v${level + 1}`),
    );
    const folded = keep(nodes, [floats("v0", [50_000], new Float32Array(50_000))])();
    const held = [...folded.network.constants.values()].reduce((sum, { shape }) => sum + elementCount(shape), 0);
    assert.ok(held <= 100_000);
    assert.ok(operatorRow({ ...folded.network.nodes[0], op: "Nothing" }) === null);
  });
});
