/**
 * Every way in which exporters write a sign comes out as one node, with the value that it has at zero: +1, 0 or -1. Inputs are full of
 * zeros, and with each other sign the answer would be another.
 */
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import type { ActivationQuantizer, Graph, Node } from "../../src/graph/types.js";
import { importOnnx } from "../../src/onnx.js";
import { runReference } from "../../src/reference/index.js";
import {
  check,
  difference,
  floats,
  network,
  node,
  type OnnxNode,
  type OnnxTensor,
  random,
  scalar,
  signs,
  skipWithoutRuntime,
  withZeros,
} from "./support.js";

interface Spelling {
  readonly name: string;
  /** Who writes it. */
  readonly from: string;
  readonly method: ActivationQuantizer;
  /** From `x` to `sign`, both of the map's shape. */
  readonly nodes: readonly OnnxNode[];
  readonly constants?: readonly OnnxTensor[];
  readonly opset?: number;
  /** False for operators that no other runtime has. */
  readonly runtime?: false;
}

const SHAPE = [2, 16, 5, 7] as const;
const COUNT = 2 * 16 * 5 * 7;
const full = (name: string, value: number) => floats(name, SHAPE, new Float32Array(COUNT).fill(value));
const zero = scalar("zero", 0);
const one = scalar("one", 1);
const minusOne = scalar("minus", -1);
const two = scalar("two", 2);
const half = scalar("half", 0.5);
const cast = (from: string, to: string, type = 1) => node("Cast", [from], to, { ints: { to: type } });

const spellings: readonly Spelling[] = [
  { name: "Sign(x)", from: "torch.sign", method: "sign", nodes: [node("Sign", ["x"], "sign")] },
  {
    name: "Sign(Add(Sign(x), 0.1))",
    from: "larq through tf2onnx",
    method: "det_sign",
    nodes: [node("Sign", ["x"], "s"), node("Add", ["s", "c"], "t"), node("Sign", ["t"], "sign")],
    constants: [scalar("c", 0.1)],
  },
  {
    name: "Sign(Add(Sign(x), -0.5))",
    from: "the same with a negative number",
    method: "sign_greater",
    nodes: [node("Sign", ["x"], "s"), node("Add", ["c", "s"], "t"), node("Sign", ["t"], "sign")],
    constants: [scalar("c", -0.5)],
  },
  {
    name: "Where(GreaterOrEqual(x, 0), 1, -1)",
    from: "torch.where",
    method: "det_sign",
    nodes: [node("GreaterOrEqual", ["x", "zero"], "c"), node("Where", ["c", "one", "minus"], "sign")],
    constants: [zero, one, minusOne],
  },
  {
    name: "the same with constants of the map's shape",
    from: "torch.where(x >= 0, ones_like(x), -ones_like(x))",
    method: "det_sign",
    nodes: [node("GreaterOrEqual", ["x", "zero"], "c"), node("Where", ["c", "ones", "minuses"], "sign")],
    constants: [zero, full("ones", 1), full("minuses", -1)],
  },
  {
    name: "Where(Not(Less(x, 0)), 1, -1)",
    from: "torch.where below version 12",
    method: "det_sign",
    nodes: [node("Less", ["x", "zero"], "l"), node("Not", ["l"], "c"), node("Where", ["c", "one", "minus"], "sign")],
    constants: [zero, one, minusOne],
    opset: 10,
  },
  {
    name: "Where(Greater(x, 0), 1, -1)",
    from: "torch.where(x > 0, ...)",
    method: "sign_greater",
    nodes: [node("Greater", ["x", "zero"], "c"), node("Where", ["c", "one", "minus"], "sign")],
    constants: [zero, one, minusOne],
  },
  {
    name: "Where(LessOrEqual(x, 0), -1, 1)",
    from: "torch.where(x <= 0, ...)",
    method: "sign_greater",
    nodes: [node("LessOrEqual", ["x", "zero"], "c"), node("Where", ["c", "minus", "one"], "sign")],
    constants: [zero, one, minusOne],
  },
  {
    name: "Where(Less(0, x), 1, -1)",
    from: "the comparison turned around",
    method: "sign_greater",
    nodes: [node("Less", ["zero", "x"], "c"), node("Where", ["c", "one", "minus"], "sign")],
    constants: [zero, one, minusOne],
  },
  {
    name: "Sub(Mul(Cast(Greater(x, 0)), 2), 1)",
    from: "(x > 0).float() * 2 - 1",
    method: "sign_greater",
    nodes: [
      node("Greater", ["x", "zero"], "g"),
      cast("g", "f"),
      node("Mul", ["f", "two"], "m"),
      node("Sub", ["m", "one"], "sign"),
    ],
    constants: [zero, two, one],
  },
  {
    name: "Sub(Mul(2, Cast(GreaterOrEqual(x, 0))), 1)",
    from: "2 * (x >= 0) - 1",
    method: "det_sign",
    nodes: [
      node("GreaterOrEqual", ["x", "zero"], "g"),
      cast("g", "f"),
      node("Mul", ["two", "f"], "m"),
      node("Sub", ["m", "one"], "sign"),
    ],
    constants: [zero, two, one],
  },
  {
    name: "Sub(Cast(Greater(x, 0)), Cast(Less(x, 0)))",
    from: "(x > 0).float() - (x < 0).float()",
    method: "sign",
    nodes: [
      node("Greater", ["x", "zero"], "g"),
      node("Less", ["x", "zero"], "l"),
      cast("g", "a"),
      cast("l", "b"),
      node("Sub", ["a", "b"], "sign"),
    ],
    constants: [zero],
  },
  {
    name: "Sub(Mul(Round(Clip((x + 1) / 2, 0, 1)), 2), 1)",
    from: "BinaryNet's hard sigmoid",
    method: "sign_greater",
    nodes: [
      node("Add", ["x", "one"], "a"),
      node("Div", ["a", "two"], "b"),
      node("Clip", ["b", "zero", "one"], "c"),
      node("Round", ["c"], "r"),
      node("Mul", ["r", "two"], "m"),
      node("Sub", ["m", "one"], "sign"),
    ],
    constants: [zero, one, two],
  },
  {
    name: "the same with Clip by attributes and Mul(0.5)",
    from: "BinaryNet's hard sigmoid below version 11",
    method: "sign_greater",
    nodes: [
      node("Mul", ["x", "half"], "a"),
      node("Add", ["a", "half"], "b"),
      node("Clip", ["b"], "c", { floats: { min: 0, max: 1 } }),
      node("Round", ["c"], "r"),
      node("Mul", ["r", "two"], "m"),
      node("Sub", ["m", "one"], "sign"),
    ],
    constants: [half, one, two],
    // Round came with version 11, Clip's inputs too: the reader takes what stands there.
    opset: 10,
    runtime: false,
  },
  {
    name: "o[x >= 0] = 1; o[o < 0] = -1",
    from: "index assignment",
    method: "det_sign",
    nodes: [
      node("GreaterOrEqual", ["x", "zero"], "g"),
      cast("g", "c", 9),
      node("Where", ["c", "one", "x"], "o"),
      node("Less", ["o", "zero"], "l"),
      node("Where", ["l", "minus", "o"], "sign"),
    ],
    constants: [zero, one, minusOne],
  },
  {
    name: "BipolarQuant(x, 1)",
    from: "QONNX",
    method: "det_sign",
    nodes: [node("BipolarQuant", ["x", "one"], "sign", { domain: "qonnx.custom_op.general" })],
    constants: [one],
    runtime: false,
  },
  {
    name: "Quant(x, 1, 0, 1 bit)",
    from: "QONNX",
    method: "det_sign",
    nodes: [
      node("Quant", ["x", "one", "zero", "one"], "sign", { domain: "onnx.brevitas", ints: { signed: 1, narrow: 0 } }),
    ],
    constants: [one, zero],
    runtime: false,
  },
  {
    name: "MultiThreshold(x, [0])",
    from: "FINN",
    method: "det_sign",
    nodes: [
      node("MultiThreshold", ["x", "t"], "sign", {
        domain: "finn.custom_op.general",
        floats: { out_scale: 2, out_bias: -1 },
        strings: { out_dtype: "BIPOLAR" },
      }),
    ],
    constants: [floats("t", [1, 1], [0])],
    runtime: false,
  },
];

/** A convolution over the sign, so that it runs on bits and a wrong sign shows in every pixel around. */
const layer = [node("Conv", ["sign", "w"], "output", { ints: { pads: [1, 1, 1, 1] } })];
const weight = floats("w", [8, 16, 3, 3], signs(8 * 16 * 9, 3));

function signsOf(graph: Graph): readonly Extract<Node, { kind: "quantize" }>[] {
  return graph.nodes.filter((each) => each.kind === "quantize");
}

function withMethod(graph: Graph, method: ActivationQuantizer): Graph {
  return { ...graph, nodes: graph.nodes.map((each) => (each.kind === "quantize" ? { ...each, method } : each)) };
}

describe("spellings of a sign", () => {
  for (const { name, from, method, nodes, constants = [], opset, runtime } of spellings) {
    test(`${name} (${from})`, async () => {
      const bytes = network(
        SHAPE,
        [node("Identity", ["input"], "x"), ...nodes, ...layer],
        [...constants, weight],
        opset === undefined ? {} : { opset },
      );
      const input = { shape: SHAPE, data: withZeros(COUNT, 5) };
      const compared = runtime ?? skipWithoutRuntime === false;
      const { imported, output } = await check(bytes, input, { runtime: compared });
      const { graph, weights } = imported;
      assert.deepEqual(
        graph.nodes.map(({ kind }) => kind),
        ["input", "quantize", "binaryConv2d"],
      );
      assert.deepEqual(
        signsOf(graph).map((found) => found.method),
        [method],
      );
      for (const other of ["det_sign", "sign", "sign_greater"] as const) {
        const { output: wrong } = runReference(withMethod(graph, other), weights, input);
        const error = difference(wrong.data, output.data);
        assert.equal(error > 0.01, other !== method, `${other} in place of ${method} changes the answer`);
      }
    });
  }

  test("a threshold that is not zero is subtracted first", async () => {
    const nodes = [node("Greater", ["input", "t"], "c"), node("Where", ["c", "one", "minus"], "sign"), ...layer];
    const bytes = network(SHAPE, nodes, [scalar("t", 0.25), one, minusOne, weight]);
    const input = { shape: SHAPE, data: random(COUNT, 5).map((value, index) => (index % 3 === 0 ? 0.25 : value)) };
    const { imported } = await check(bytes, input, { runtime: skipWithoutRuntime === false });
    assert.deepEqual(
      imported.graph.nodes.map(({ kind }) => kind),
      ["input", "scaleShift", "quantize", "binaryConv2d"],
    );
  });

  test("thresholds of channels, as RSign has them", async () => {
    const nodes = [node("Add", ["input", "b"], "x"), node("Sign", ["x"], "sign"), ...layer];
    const bytes = network(SHAPE, nodes, [floats("b", [1, 16, 1, 1], random(16, 4)), weight]);
    await check(bytes, { shape: SHAPE, data: random(COUNT, 5) }, { runtime: skipWithoutRuntime === false });
  });

  test("two equal signs are one", async () => {
    const nodes = [
      node("Sign", ["input"], "a"),
      node("Sign", ["input"], "b"),
      node("Conv", ["a", "w"], "x"),
      node("Conv", ["b", "v"], "y"),
      node("Add", ["x", "y"], "output"),
    ];
    const bytes = network(SHAPE, nodes, [weight, floats("v", [8, 16, 3, 3], signs(8 * 16 * 9, 9))]);
    const { imported } = await check(
      bytes,
      { shape: SHAPE, data: withZeros(COUNT) },
      { runtime: skipWithoutRuntime === false },
    );
    assert.equal(signsOf(imported.graph).length, 1);
  });

  test("what has three values but is no sign stays what it is, and is refused", () => {
    // x < 0: -1, x = 0: 0.5, x > 0: 1 is none of the three signs.
    const nodes = [
      node("Sign", ["input"], "s"),
      node("Equal", ["input", "zero"], "e"),
      node("Where", ["e", "half", "s"], "sign"),
      ...layer,
    ];
    const bytes = network(SHAPE, nodes, [zero, half, weight]);
    assert.throws(() => importOnnx(bytes), {
      code: "unsupported",
      message: /not computed here: Equal-13 \("e"\), Where-13 \("sign"\)/,
    });
  });

  test("limits before a sign change nothing and go; others stay", async () => {
    const input = { shape: SHAPE, data: random(COUNT, 5).map((value) => 2 * value) };
    const limits = (low: number, high: number) =>
      network(
        SHAPE,
        [
          node("Clip", ["input", "low", "high"], "x"),
          node("MaxPool", ["x"], "p", { ints: { kernel_shape: [2, 2], pads: [0, 0, 1, 1] } }),
          node("Sign", ["p"], "sign"),
          ...layer,
        ],
        [scalar("low", low), scalar("high", high), weight],
      );
    const hard = await check(limits(-1, 1), input, { runtime: skipWithoutRuntime === false });
    assert.ok(hard.imported.graph.nodes.every(({ kind }) => kind !== "clip"));
    const other = await check(limits(0, 1), input, { runtime: skipWithoutRuntime === false });
    assert.ok(other.imported.graph.nodes.some(({ kind }) => kind === "clip"));
  });
});
