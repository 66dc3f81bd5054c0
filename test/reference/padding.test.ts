/** Padding of four sides and TensorFlow's SAME, against sums written out and against TensorFlow.js's own arithmetic. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { backend_util } from "@tensorflow/tfjs-core";
import fc from "fast-check";
import type { AvgPoolNode, Conv2dNode, MaxPoolNode, Padding, Pair } from "../../src/graph/types.js";
import { paddingSides, windowPlaces } from "../../src/graph/window.js";
import { windowPlaces as referencePlaces } from "../../src/reference/padding.js";
import { throwsError } from "../graph/errors.js";
import { binaryConvNode, convNode, runNode, weightsOf } from "./support.js";

/** A convolution of one row with ones. */
function row(numbers: readonly number[], kernel: number, changes: Partial<Conv2dNode>): readonly number[] {
  const node = convNode({ kernel: [1, kernel], ...changes });
  const weights = weightsOf({ "conv.weight": [[1, 1, 1, kernel], new Array(kernel).fill(1)] });
  return [...runNode(node, weights, [1, 1, 1, numbers.length], numbers).data];
}

const column = (numbers: readonly number[], kernel: number, stride: number, padding: Padding) => {
  const node = convNode({ kernel: [kernel, 1], stride: [stride, 1], padding });
  const weights = weightsOf({ "conv.weight": [[1, 1, kernel, 1], new Array(kernel).fill(1)] });
  return [...runNode(node, weights, [1, 1, numbers.length, 1], numbers).data];
};

test("SAME gives a place to every stride-th pixel and puts the odd padding after the map", () => {
  // An odd size: one zero on each side. An even one: a single zero, after the map.
  assert.deepEqual(row([1, 2, 3, 4, 5], 3, { stride: [1, 2], padding: "same" }), [3, 9, 9]);
  assert.deepEqual(row([1, 2, 3, 4], 3, { stride: [1, 2], padding: "same" }), [6, 7]);
  assert.deepEqual(column([1, 2, 3, 4], 3, 2, "same"), [6, 7]);
  // An even kernel: the zero is after the map.
  assert.deepEqual(row([1, 2, 3], 2, { padding: "same" }), [3, 5, 3]);
  // A stride wider than the kernel needs none.
  assert.deepEqual(row([1, 2, 3, 4, 5], 1, { stride: [1, 2], padding: "same" }), [1, 3, 5]);
  assert.deepEqual(row([1, 2, 3, 4, 5, 6, 7], 2, { stride: [1, 3], padding: "same" }), [3, 9, 7]);
  // Two taps, 3 apart: one zero before and two after.
  const dilated = { dilation: [1, 3] as const, padding: "same" as const };
  assert.deepEqual(row([1, 2, 3, 4, 5, 6], 2, dilated), [3, 5, 7, 9, 4, 5]);
});

test("four sides are read as top, left, bottom, right", () => {
  assert.deepEqual(row([1, 2, 3], 3, { padding: [0, 2, 0, 1] }), [1, 3, 6, 5]);
  assert.deepEqual(row([1, 2, 3], 3, { padding: [0, 0, 0, 2] }), [6, 5, 3]);
  assert.deepEqual(column([1, 2, 3], 3, 1, [2, 0, 1, 0]), [1, 3, 6, 5]);
  assert.deepEqual(column([1, 2, 3], 3, 1, [0, 0, 2, 0]), [6, 5, 3]);
  // The last place is dropped that the stride does not reach.
  assert.deepEqual(row([1, 2, 3], 3, { stride: [1, 2], padding: [0, 2, 0, 1] }), [1, 6]);
  throwsError(() => row([1, 2], 4, { padding: [0, 0, 0, 1] }), "bad-shape", "conv", "window of 4", "0 and 1");
});

test("a binary convolution reads its border value on the sides that are padded", () => {
  const run = (padValue: -1 | 0 | 1, padding: Padding) => {
    const node = binaryConvNode({ kernel: [1, 2], padding, padValue });
    const weights = weightsOf({
      "qconv.weight": [
        [1, 1, 1, 2],
        [1, 1],
      ],
    });
    return [...runNode(node, weights, [1, 1, 1, 3], [1, 1, -1]).data];
  };
  assert.deepEqual(run(1, "same"), [2, 0, 0]);
  assert.deepEqual(run(-1, "same"), [2, 0, -2]);
  assert.deepEqual(run(0, "same"), [2, 0, -1]);
  assert.deepEqual(run(-1, [0, 1, 0, 0]), [0, 2, 0]);
});

test("pooling takes no notice of what is outside the map", () => {
  const pool = { name: "pool", inputs: ["input"], module: "", kernel: [1, 3], stride: [1, 2] } as const;
  const run = (node: MaxPoolNode | AvgPoolNode) => [...runNode(node, new Map(), [1, 1, 1, 4], [-1, -2, -3, -4]).data];
  assert.deepEqual(run({ ...pool, kind: "maxPool", padding: "same" }), [-1, -3]);
  assert.deepEqual(run({ ...pool, kind: "avgPool", padding: "same", countIncludePad: false }), [-2, -3.5]);
  assert.deepEqual(run({ ...pool, kind: "avgPool", padding: "same", countIncludePad: true }), [-2, -7 / 3]);
  assert.deepEqual(run({ ...pool, kind: "avgPool", padding: [0, 2, 0, 0], countIncludePad: false }), [-1, -2]);
  assert.deepEqual(run({ ...pool, kind: "maxPool", padding: [0, 1, 0, 0] }), [-1, -2]);
  // A kernel of 1 is a strided slice.
  assert.deepEqual(run({ ...pool, kind: "maxPool", kernel: [1, 1], padding: [0, 0] }), [-1, -3]);
});

const pair = (minimum: number, maximum: number): fc.Arbitrary<Pair> =>
  fc.tuple(fc.integer({ min: minimum, max: maximum }), fc.integer({ min: minimum, max: maximum }));

test("places and sides of the graph and of the reference are TensorFlow's", () => {
  const windows = fc.record({ size: pair(1, 12), kernel: pair(1, 5), stride: pair(1, 4), dilation: pair(1, 3) });
  fc.assert(
    fc.property(windows, fc.boolean(), ({ size, ...window }, isDilated) => {
      // TensorFlow.js refuses strides and dilations in one convolution.
      const node = { ...window, ...(isDilated ? { stride: [1, 1] as const } : { dilation: [1, 1] as const }) };
      const { padInfo, outHeight, outWidth } = backend_util.computeConv2DInfo(
        [1, ...size, 1],
        [...node.kernel, 1, 1],
        [...node.stride] as [number, number],
        [...node.dilation] as [number, number],
        "same",
      );
      const same = { ...node, name: "w", padding: "same" as const };
      assert.deepEqual(paddingSides(same, size), [padInfo.top, padInfo.left, padInfo.bottom, padInfo.right]);
      assert.deepEqual(windowPlaces(same, size), [outHeight, outWidth]);
      const axes = ([0, 1] as const).map((axis) => referencePlaces(same, axis, size[axis]));
      assert.deepEqual(axes, [
        { count: outHeight, before: padInfo.top },
        { count: outWidth, before: padInfo.left },
      ]);
    }),
    { numRuns: 1000 },
  );
});

test("graph and reference agree where strides and dilations come together, and for four sides", () => {
  const paddings = fc.oneof(
    fc.constant<Padding>("same"),
    pair(0, 3),
    fc.tuple(fc.nat(3), fc.nat(3), fc.nat(3), fc.nat(3)),
  );
  const windows = fc.record({
    size: pair(1, 12),
    kernel: pair(1, 5),
    stride: pair(1, 4),
    dilation: pair(1, 3),
    padding: paddings,
  });
  fc.assert(
    fc.property(windows, ({ size, ...window }) => {
      const places = windowPlaces(window, size);
      const [top, left] = paddingSides(window, size);
      for (const axis of [0, 1] as const) {
        const found = () => referencePlaces({ ...window, name: "w" }, axis, size[axis]);
        if (places[axis] < 1) throwsError(found, "bad-shape", "w", "does not fit");
        else assert.deepEqual(found(), { count: places[axis], before: [top, left][axis] });
      }
    }),
    { numRuns: 1000 },
  );
});
