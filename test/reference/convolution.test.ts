/** The reference's convolutions, by numbers worked out by hand. */
import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { XnorkitError } from "../../src/errors.js";
import type { Pair } from "../../src/graph/types.js";
import { elementCount } from "../../src/tensor.js";
import type { Weights } from "../../src/weights.js";
import { binaryConvNode, convNode, counting, runNode, weightsOf } from "./support.js";

test("a float convolution is a cross-correlation with zeros outside", () => {
  const weights = weightsOf({
    "conv.weight": [
      [1, 1, 3, 3],
      [1, 2, 3, 4, 5, 6, 7, 8, 9],
    ],
  });
  const { shape, data } = runNode(convNode(), weights, [1, 1, 2, 2], [1, 2, 3, 4]);
  assert.deepEqual(shape, [1, 1, 2, 2]);
  // (0, 0): 1*5 + 2*6 + 3*8 + 4*9, and so on.
  assert.deepEqual([...data], [77, 67, 47, 37]);
});

test("bias, stride and a kernel that is not square", () => {
  const weights = weightsOf({
    "conv.weight": [
      [2, 1, 1, 2],
      [1, 1, 1, -1],
    ],
    b: [[2], [10, 0.5]],
  });
  const node = convNode({ channels: 2, kernel: [1, 2], stride: [2, 1], padding: [0, 0], bias: "b" });
  const { shape, data } = runNode(node, weights, [1, 1, 3, 3], counting([1, 1, 3, 3]));
  assert.deepEqual(shape, [1, 2, 2, 2]);
  assert.deepEqual([...data], [13, 15, 25, 27, -0.5, -0.5, -0.5, -0.5]);
});

test("padding of each axis is its own", () => {
  const weights = weightsOf({ "conv.weight": [[1, 1, 1, 1], [2]] });
  const { shape, data } = runNode(convNode({ kernel: [1, 1], padding: [0, 1] }), weights, [1, 1, 1, 2], [3, 4]);
  assert.deepEqual(shape, [1, 1, 1, 4]);
  assert.deepEqual([...data], [0, 6, 8, 0]);
});

test("dilation spreads the taps", () => {
  const weights = weightsOf({
    "conv.weight": [
      [1, 1, 2, 2],
      [1, 10, 100, 1000],
    ],
  });
  const node = convNode({ kernel: [2, 2], padding: [0, 0], dilation: [2, 1] });
  const { shape, data } = runNode(node, weights, [1, 1, 3, 2], [1, 2, 3, 4, 5, 6]);
  assert.deepEqual(shape, [1, 1, 1, 1]);
  assert.deepEqual([...data], [1 + 20 + 500 + 6000]);
});

test("groups read their own channels", () => {
  const weights = weightsOf({
    "conv.weight": [
      [4, 2, 1, 1],
      [1, 1, 1, -1, 1, 1, 1, -1],
    ],
  });
  const node = convNode({ channels: 4, kernel: [1, 1], padding: [0, 0], groups: 2 });
  const { data } = runNode(node, weights, [1, 4, 1, 1], [1, 2, 30, 40]);
  assert.deepEqual([...data], [3, -1, 70, -10]);
});

test("a binary convolution pads with -1, 0 or +1", () => {
  const weights = weightsOf({
    "qconv.weight": [
      [1, 1, 3, 3],
      [0.5, 0.1, 7, 0.2, 0.3, 0.4, -0.1, -2, -3],
    ],
  });
  for (const padValue of [-1, 0, 1] as const) {
    const { data } = runNode(binaryConvNode({ padValue }), weights, [1, 1, 1, 1], [1]);
    // The centre is +1, five positive taps and three negative ones read the border.
    assert.deepEqual([...data], [1 + padValue * (5 - 3)]);
  }
});

test("det_sign weights take 0 and -0 as +1, sign weights drop them", () => {
  const parameters = {
    "qconv.weight": [
      [1, 4, 1, 1],
      [0, -0, -1e-30, 5],
    ],
  } as const;
  const node = { kernel: [1, 1], padding: [0, 0] } as const;
  const run = (quantizer: "det_sign" | "sign") => [
    ...runNode(binaryConvNode({ ...node, quantizer }), weightsOf(parameters), [1, 4, 1, 1], [1, 10, 100, 1000]).data,
  ];
  assert.deepEqual(run("det_sign"), [1 + 10 - 100 + 1000]);
  assert.deepEqual(run("sign"), [-100 + 1000]);
});

test("the offset counts agreements: the XNOR popcount of +-1 inputs", () => {
  const weights = weightsOf({
    "qconv.weight": [
      [1, 4, 1, 1],
      [1, 1, -1, -1],
    ],
  });
  const node = binaryConvNode({ kernel: [1, 1], padding: [0, 0], offset: true });
  assert.deepEqual([...runNode(node, weights, [1, 4, 1, 1], [1, -1, -1, -1]).data], [3]);
  assert.deepEqual([...runNode(node, weights, [1, 4, 1, 1], [-1, -1, 1, 1]).data], [0]);
});

test("channel scaling is the mean magnitude of each channel's weights, tensor scaling of all", () => {
  const weights = weightsOf({
    "qconv.weight": [
      [2, 2, 1, 1],
      [0.5, -1.5, 3, 5],
    ],
  });
  const node = { channels: 2, kernel: [1, 1], padding: [0, 0] } as const;
  const run = (scaling: "channel" | "tensor") => [
    ...runNode(binaryConvNode({ ...node, scaling }), weights, [1, 2, 1, 1], [1, -1]).data,
  ];
  assert.deepEqual(run("channel"), [2 * 1, 0]);
  assert.deepEqual(run("tensor"), [2 * 2.5, 0]);
});

test("sign weights are clamped to [-1, 1] before the mean, and zeros count in it", () => {
  const weights = weightsOf({
    "qconv.weight": [
      [1, 4, 1, 1],
      [0.5, -3, 0, 2.5],
    ],
  });
  const node = binaryConvNode({ kernel: [1, 1], padding: [0, 0], quantizer: "sign", scaling: "channel" });
  assert.deepEqual([...runNode(node, weights, [1, 4, 1, 1], [1, 1, 1, 1]).data], [(1 - 1 + 0 + 1) * (2.5 / 4)]);
});

test("identity weights stay numbers", () => {
  const weights = weightsOf({
    "qconv.weight": [
      [1, 2, 1, 1],
      [0.5, -3],
    ],
  });
  const node = binaryConvNode({ kernel: [1, 1], padding: [0, 0], quantizer: "identity", bits: 32 });
  assert.deepEqual([...runNode(node, weights, [1, 2, 1, 1], [2, 1]).data], [-2]);
});

test("1-bit weights compute what their signs compute", () => {
  // Channels 0..9 in bits, bit 1 if w >= 0: channel 0 and 9 positive.
  const bits: Weights = new Map([
    ["qconv.weight", { kind: "bits", shape: [1, 10, 1, 1], data: Uint8Array.of(0b1, 0b10) }],
  ]);
  const signs = weightsOf({
    "qconv.weight": [
      [1, 10, 1, 1],
      [1, -1, -1, -1, -1, -1, -1, -1, -1, 1],
    ],
  });
  const node = binaryConvNode({ kernel: [1, 1], padding: [0, 0] });
  const x = counting([1, 10, 1, 1]);
  assert.deepEqual(runNode(node, bits, [1, 10, 1, 1], x), runNode(node, signs, [1, 10, 1, 1], x));
  assert.deepEqual([...runNode(node, bits, [1, 10, 1, 1], x).data], [1 - (2 + 3 + 4 + 5 + 6 + 7 + 8 + 9) + 10]);
});

test("1-bit weights cannot be scaled", () => {
  const bits: Weights = new Map([["qconv.weight", { kind: "bits", shape: [1, 1, 1, 1], data: Uint8Array.of(1) }]]);
  const node = binaryConvNode({ kernel: [1, 1], padding: [0, 0], scaling: "channel" });
  assert.throws(
    () => runNode(node, bits, [1, 1, 1, 1], [1]),
    (error) => error instanceof XnorkitError && error.code === "bad-value" && error.message.includes("qconv.weight"),
  );
});

test("what does not fit is named", () => {
  const fails = (code: string, run: () => unknown) =>
    assert.throws(run, (error) => error instanceof XnorkitError && error.code === code);
  const weights = weightsOf({ "conv.weight": [[1, 1, 3, 3], counting([9])] });
  fails("missing-weight", () => runNode(convNode(), weightsOf({}), [1, 1, 3, 3], counting([9])));
  fails("bad-shape", () => runNode(convNode({ channels: 2 }), weights, [1, 1, 3, 3], counting([9])));
  fails("bad-shape", () => runNode(convNode({ padding: [0, 0] }), weights, [1, 1, 2, 3], counting([6])));
  fails("bad-shape", () => runNode(convNode({ groups: 2 }), weights, [1, 3, 3, 3], counting([27])));
});

/** The convolution once more, as the sum over taps for every output, with the border decided tap by tap. */
function convolutionByDefinition(
  x: readonly number[],
  [batch, inputs, height, width]: readonly number[],
  w: readonly number[],
  node: ReturnType<typeof binaryConvNode>,
): number[] {
  const output: number[] = [];
  const perGroup = inputs / node.groups;
  const padding = node.padding as Pair;
  const last = (axis: 0 | 1, size: number) =>
    Math.floor((size + 2 * padding[axis] - node.dilation[axis] * (node.kernel[axis] - 1) - 1) / node.stride[axis]);
  for (let n = 0; n < batch; n++)
    for (let o = 0; o < node.channels; o++)
      for (let y = 0; y <= last(0, height); y++)
        for (let x0 = 0; x0 <= last(1, width); x0++) {
          let sum = 0;
          for (let c = 0; c < perGroup; c++)
            for (let ky = 0; ky < node.kernel[0]; ky++)
              for (let kx = 0; kx < node.kernel[1]; kx++) {
                const row = y * node.stride[0] - padding[0] + ky * node.dilation[0];
                const column = x0 * node.stride[1] - padding[1] + kx * node.dilation[1];
                const inside = row >= 0 && row < height && column >= 0 && column < width;
                const channel = Math.floor(o / (node.channels / node.groups)) * perGroup + c;
                const value = inside ? x[((n * inputs + channel) * height + row) * width + column] : node.padValue;
                const weight = w[((o * perGroup + c) * node.kernel[0] + ky) * node.kernel[1] + kx];
                sum += value * (weight < 0 ? -1 : 1);
              }
          output.push(sum);
        }
  return output;
}

test("any shape, stride, dilation, padding and grouping follows the definition", () => {
  const pair = (min: number, max: number) => fc.tuple(fc.integer({ min, max }), fc.integer({ min, max }));
  const cases = fc.record({
    batch: fc.integer({ min: 1, max: 2 }),
    groups: fc.integer({ min: 1, max: 3 }),
    inputs: fc.integer({ min: 1, max: 3 }),
    outputs: fc.integer({ min: 1, max: 3 }),
    size: pair(1, 7),
    kernel: pair(1, 3),
    stride: pair(1, 3),
    dilation: pair(1, 2),
    padding: pair(0, 2),
    padValue: fc.constantFrom(-1 as const, 0 as const, 1 as const),
    seed: fc.integer({ min: 1, max: 1e6 }),
  });
  fc.assert(
    fc.property(cases, ({ batch, groups, inputs, outputs, size, seed, ...geometry }) => {
      const fits = [0, 1].every(
        (axis) => size[axis] + 2 * geometry.padding[axis] > geometry.dilation[axis] * (geometry.kernel[axis] - 1),
      );
      fc.pre(fits);
      const node = binaryConvNode({ ...geometry, groups, channels: outputs * groups });
      const shape = [batch, inputs * groups, ...size];
      const weightShape = [outputs * groups, inputs, ...geometry.kernel];
      let state = seed;
      const next = () => {
        state = (state * 16807) % 2147483647;
        return (state % 9) - 4;
      };
      const x = Array.from({ length: elementCount(shape) }, next);
      const w = Array.from({ length: elementCount(weightShape) }, next);
      const { data } = runNode(node, weightsOf({ "qconv.weight": [weightShape, w] }), shape, x);
      assert.deepEqual(
        [...data].map((h) => h + 0),
        convolutionByDefinition(x, shape, w, node).map((h) => h + 0),
      );
    }),
    { numRuns: 300 },
  );
});
