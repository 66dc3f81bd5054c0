/** What lies around a map that a binary convolution reads: zeros of its own, and the frames of Pad nodes before it. */
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import type { BinaryConv2dNode } from "../../src/graph/types.js";
import {
  check,
  floats,
  integers,
  kinds,
  network,
  node,
  notesOf,
  type OnnxNode,
  type OnnxTensor,
  random,
  scalar,
  signs,
  skipWithoutRuntime,
} from "./support.js";

const SHAPE = [2, 9, 6, 5] as const;
const COUNT = 2 * 9 * 6 * 5;
const weight = floats("w", [4, 9, 3, 3], signs(4 * 9 * 9, 3));
const frame = (value: number) => [integers("pads", [0, 0, 1, 2, 0, 0, 1, 2]), scalar("value", value)];
const compared = skipWithoutRuntime === false;

function binaryConv(graph: { readonly nodes: readonly { readonly kind: string }[] }): BinaryConv2dNode {
  return graph.nodes.find(({ kind }) => kind === "binaryConv2d") as BinaryConv2dNode;
}

async function run(nodes: readonly OnnxNode[], constants: readonly OnnxTensor[], opset = 13) {
  const bytes = network(SHAPE, nodes, [weight, ...constants], { opset });
  return check(bytes, { shape: SHAPE, data: random(COUNT, 5) }, { runtime: compared });
}

const padded = (rest: Partial<OnnxNode> = {}) => [
  node("Sign", ["input"], "s"),
  node("Pad", ["s", "pads", "value"], "p"),
  node("Conv", ["p", "w"], "output", rest),
];

describe("borders of binary convolutions", () => {
  for (const value of [-1, 0, 1] as const) {
    test(`a Pad of ${value} is the layer's own border`, async () => {
      const { imported } = await run(padded(), frame(value));
      assert.deepEqual(kinds(imported), ["quantize", "binaryConv2d"]);
      const { padding, padValue } = binaryConv(imported.graph);
      assert.deepEqual([padding, padValue], [[1, 2], value]);
    });
  }

  test("an uneven frame keeps its sides", async () => {
    const { imported } = await run(padded(), [integers("pads", [0, 0, 0, 1, 0, 0, 2, 0]), scalar("value", 1)]);
    assert.deepEqual(binaryConv(imported.graph).padding, [0, 1, 2, 0]);
  });

  test("a frame of zeros and the layer's own zeros are one border", async () => {
    const { imported } = await run(padded({ ints: { pads: [1, 1, 1, 1] } }), frame(0));
    assert.deepEqual(kinds(imported), ["quantize", "binaryConv2d"]);
    assert.deepEqual(binaryConv(imported.graph).padding, [2, 3]);
  });

  test("a frame of -1 and the layer's own zeros are two borders, and the layer runs in float", async () => {
    const { imported } = await run(padded({ ints: { pads: [1, 1, 1, 1] } }), frame(-1));
    assert.deepEqual(kinds(imported), ["quantize", "pad", "conv2d"]);
    assert.match(notesOf(imported), /"output" runs in float: its border is none of -1, 0 and \+1/);
  });

  test("a frame of 0.5 is no sign", async () => {
    const { imported } = await run(padded(), frame(0.5));
    assert.deepEqual(kinds(imported), ["quantize", "pad", "conv2d"]);
  });

  test("a frame around what is scaled later is told in signs", async () => {
    const nodes = [
      node("Sign", ["input"], "s"),
      node("Mul", ["s", "c"], "m"),
      node("Pad", ["m", "pads", "value"], "p"),
      node("Conv", ["p", "w"], "output"),
    ];
    const { imported } = await run(nodes, [scalar("c", 0.25), ...frame(-0.25)]);
    assert.deepEqual(kinds(imported), ["quantize", "binaryConv2d"]);
    assert.equal(binaryConv(imported.graph).padValue, -1);
    assert.equal(binaryConv(imported.graph).scaling, "channel");
  });

  test("zeros around values 0 and 1 are -1 around signs", async () => {
    const nodes = [
      node("Greater", ["input", "zero"], "g"),
      node("Cast", ["g"], "f", { ints: { to: 1 } }),
      node("Conv", ["f", "w"], "output", { ints: { pads: [1, 1, 1, 1] } }),
    ];
    const { imported } = await run(nodes, [scalar("zero", 0)]);
    const conv = binaryConv(imported.graph);
    assert.deepEqual([conv.padValue, conv.padding], [-1, [1, 1]]);
    assert.match(notesOf(imported), /"output" runs on bits/);
  });

  test("pads by attributes, and pads that are computed from constants", async () => {
    const byAttributes = [
      node("Sign", ["input"], "s"),
      node("Pad", ["s"], "p", { ints: { pads: [0, 0, 1, 1, 0, 0, 1, 1] }, floats: { value: -1 } }),
      node("Conv", ["p", "w"], "output"),
    ];
    assert.equal(binaryConv((await run(byAttributes, [], 10)).imported.graph).padValue, -1);
    // As torch writes F.pad(x, (1, 1, 1, 1), value=-1): [1, 1, 1, 1] grown with zeros, turned to pairs, reversed,
    // transposed.
    const computed = [
      node("Sign", ["input"], "s"),
      node("ConstantOfShape", ["missing"], "zeros", {
        tensors: { value: { name: "", type: "int64", dims: [1], data: BigInt64Array.of(0n) } },
      }),
      node("Concat", ["four", "zeros"], "eight", { ints: { axis: 0 } }),
      node("Reshape", ["eight", "pairs"], "twos"),
      node("Slice", ["twos", "start", "end", "axis", "step"], "reversed"),
      node("Transpose", ["reversed"], "turned", { ints: { perm: [1, 0] } }),
      node("Reshape", ["turned", "flat"], "list"),
      node("Cast", ["list"], "wide", { ints: { to: 7 } }),
      node("Pad", ["s", "wide", "value"], "p", { strings: { mode: "constant" } }),
      node("Conv", ["p", "w"], "output"),
    ];
    const constants = [
      integers("missing", [4]),
      integers("four", [1, 2, 1, 2]),
      integers("pairs", [-1, 2]),
      integers("start", [-1]),
      integers("end", [-(2 ** 53)]),
      integers("axis", [0]),
      integers("step", [-1]),
      integers("flat", [-1]),
      scalar("value", -1),
    ];
    const { imported } = await run(computed, constants);
    assert.deepEqual([binaryConv(imported.graph).padding, binaryConv(imported.graph).padValue], [[1, 1, 2, 2], -1]);
  });

  test("SAME of TensorFlow stays SAME, so that maps of other sizes are padded as it says", async () => {
    const strings = { auto_pad: "SAME_UPPER" };
    const nodes = [
      node("Sign", ["input"], "s"),
      node("Conv", ["s", "w"], "output", { strings, ints: { strides: [2, 2] } }),
    ];
    const { imported } = await run(nodes, []);
    assert.equal(binaryConv(imported.graph).padding, "same");
    const lower = [
      node("Sign", ["input"], "s"),
      node("Conv", ["s", "w"], "output", { strings: { auto_pad: "SAME_LOWER" }, ints: { strides: [2, 2] } }),
    ];
    assert.deepEqual(binaryConv((await run(lower, [])).imported.graph).padding, [1, 1, 0, 1]);
  });

  test("a pool between sign and convolution leaves it on bits", async () => {
    const nodes = [
      node("Sign", ["input"], "s"),
      node("MaxPool", ["s"], "m", { ints: { kernel_shape: [2, 2], strides: [2, 2] } }),
      node("Conv", ["m", "w"], "output", { ints: { pads: [1, 1, 1, 1] } }),
    ];
    const { imported } = await run(nodes, []);
    assert.deepEqual(kinds(imported), ["quantize", "maxPool", "binaryConv2d"]);
  });

  test("a mean between them does not, and the note says so", async () => {
    const nodes = [
      node("Sign", ["input"], "s"),
      node("AveragePool", ["s"], "m", { ints: { kernel_shape: [2, 2], strides: [2, 2] } }),
      node("Conv", ["m", "w"], "output", { ints: { pads: [1, 1, 1, 1] } }),
    ];
    const { imported } = await run(nodes, []);
    assert.match(notesOf(imported), /"output" runs in float: a value between/);
  });
});
