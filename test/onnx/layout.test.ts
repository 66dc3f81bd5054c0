/** Views of axes, and networks that stay NHWC as tf2onnx leaves them. */
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { flattenOrder, identityView, reshapeView, viewShape } from "../../src/formats/onnx/emit/view.js";
import { importOnnx } from "../../src/onnx.js";
import { check, floats, integers, kinds, network, node, random, signs, skipWithoutRuntime } from "./support.js";

const compared = skipWithoutRuntime === false;
const toNchw = { ints: { perm: [0, 3, 1, 2] } };
const toNhwc = { ints: { perm: [0, 2, 3, 1] } };

describe("views", () => {
  const shape = [2, 5, 7, 6];
  const nhwc = [[0], [2], [3], [1]];

  test("shapes in the file", () => {
    assert.deepEqual(viewShape(nhwc, shape), [2, 7, 6, 5]);
    assert.deepEqual(viewShape([[0], [1], [], [2, 3]], shape), [2, 5, 1, 42]);
  });

  test("axes are joined in the file's order, never split", () => {
    assert.deepEqual(reshapeView(identityView(4), shape, [2, 5, 42]), [[0], [1], [2, 3]]);
    assert.deepEqual(reshapeView(nhwc, shape, [2, 42, 5]), [[0], [2, 3], [1]]);
    assert.deepEqual(reshapeView(nhwc, shape, [2, 210]), [[0], [2, 3, 1]]);
    assert.equal(reshapeView(identityView(4), shape, [2, 6, 35]), null);
    assert.equal(reshapeView(identityView(4), shape, [10, 42]), null);
    assert.equal(reshapeView(identityView(2), [2, 6], [2, 2, 3]), null);
  });

  test("axes of 1 keep the file's place", () => {
    assert.deepEqual(reshapeView(identityView(2), [2, 5], [2, 5, 1, 1]), [[0], [1], [], []]);
    assert.deepEqual(reshapeView(identityView(4), [2, 5, 1, 1], [2, 5]), [[0], [1]]);
    assert.deepEqual(reshapeView([[0], [1]], [2, 5, 1, 1], [2, 5, 1, 1]), [[0], [1], [2], [3]]);
    // One color: tf2onnx turns [N, H, W, 1] to [N, 1, H, W] by a Reshape.
    assert.deepEqual(reshapeView(nhwc, [2, 1, 7, 6], [2, 1, 7, 6]), [[0], [1], [2], [3]]);
  });

  test("the order of flattening", () => {
    assert.equal(flattenOrder([[0], [1, 2, 3]], shape), "NCHW");
    assert.equal(flattenOrder([[0], [2, 3, 1]], shape), "NHWC");
    assert.equal(flattenOrder([[0], [3, 2, 1]], shape), null);
    assert.equal(flattenOrder([[0], [1], [2, 3]], shape), null);
    assert.equal(flattenOrder([[0], [1]], [2, 5, 1, 1]), "NCHW");
  });
});

describe("networks of tf2onnx", () => {
  const input = { shape: [2, 9, 8, 3], data: random(2 * 9 * 8 * 3, 5) };
  const weights = [
    floats("w1", [8, 3, 3, 3], random(8 * 27, 3)),
    floats("w2", [6, 8, 3, 3], signs(6 * 8 * 9, 4)),
    floats("w3", [180, 4], signs(720, 6)),
    floats("c", [8], random(8, 7)),
    floats("d", [1, 1, 1, 6], random(6, 8)),
    floats("tenth", [], [0.1]),
    integers("shape", [-1, 180]),
    integers("pads", [0, 1, 1, 0, 0, 1, 1, 0]),
    floats("one", [], [1]),
  ];
  const body = [
    node("Transpose", ["input"], "t1", toNchw),
    node("Conv", ["t1", "w1"], "c1"),
    node("Transpose", ["c1"], "t2", toNhwc),
    node("Add", ["t2", "c"], "a"),
    node("Sign", ["a"], "s1"),
    node("Add", ["s1", "tenth"], "s2"),
    node("Sign", ["s2"], "s3"),
    node("Pad", ["s3", "pads", "one"], "p"),
    node("Transpose", ["p"], "t3", toNchw),
    node("Conv", ["t3", "w2"], "c2"),
    node("Transpose", ["c2"], "t4", toNhwc),
    node("Mul", ["t4", "d"], "m"),
  ];

  test("the input keeps the file's layout; bias, border and flattening follow it", async () => {
    const nodes = [
      ...body,
      node("Slice", ["m", "from", "to", "axis"], "cut"),
      node("Reshape", ["cut", "shape"], "flat"),
      node("Sign", ["flat"], "s4"),
      node("MatMul", ["s4", "w3"], "output"),
    ];
    const more = [integers("from", [0, 0]), integers("to", [6, 5]), integers("axis", [1, 2])];
    const { imported } = await check(network(["n", 9, 8, 3], nodes, [...weights, ...more]), input, {
      runtime: compared,
    });
    const { graph } = imported;
    assert.equal(graph.layout, "NHWC");
    assert.deepEqual(graph.inputShape, [1, 9, 8, 3]);
    assert.deepEqual(kinds(imported), [
      "conv2d",
      "scaleShift",
      "quantize",
      "binaryConv2d",
      "scaleShift",
      "crop",
      "flatten",
      "quantize",
      "binaryDense",
    ]);
    const conv = graph.nodes.find(({ kind }) => kind === "binaryConv2d");
    assert.ok(conv?.kind === "binaryConv2d" && conv.padValue === 1);
    assert.deepEqual(conv.padding, [1, 1]);
  });

  test("an output that is a map comes out NHWC", async () => {
    const { imported, output } = await check(
      network([2, 9, 8, 3], [...body, node("Relu", ["m"], "output")], weights),
      input,
      { runtime: compared },
    );
    assert.equal(imported.graph.layout, "NHWC");
    assert.equal(output.shape[3], 6);
  });

  test("an output in the other order than the input is refused", () => {
    assert.throws(
      () => importOnnx(network([2, 9, 8, 3], [...body.slice(0, 10), node("Relu", ["c2"], "output")], weights)),
      {
        code: "unsupported",
        message: /whose axes are not in the order of the input's/,
      },
    );
  });

  test("a picture that is flattened at once is NHWC if it looks so", () => {
    const dense = [node("Flatten", ["input"], "x"), node("MatMul", ["x", "w"], "output")];
    const constants = [floats("w", [9 * 8 * 3, 4], random(864, 3))];
    assert.equal(importOnnx(network([1, 9, 8, 3], dense, constants)).graph.layout, "NHWC");
    assert.equal(importOnnx(network([1, 3, 9, 8], dense, constants)).graph.layout, undefined);
  });

  test("one color, turned by a Reshape", async () => {
    const nodes = [
      node("Reshape", ["input", "turn"], "x"),
      node("Conv", ["x", "k"], "y"),
      node("GlobalAveragePool", ["y"], "z"),
      node("Flatten", ["z"], "output"),
    ];
    const constants = [integers("turn", [-1, 1, 9, 8]), floats("k", [4, 1, 3, 3], random(36, 3))];
    const gray = { shape: [2, 9, 8, 1], data: random(144, 4) };
    const { imported } = await check(network(["n", 9, 8, 1], nodes, constants), gray, { runtime: compared });
    assert.equal(imported.graph.layout, "NHWC");
  });
});
