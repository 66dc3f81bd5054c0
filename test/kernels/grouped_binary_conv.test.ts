import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { mapStride, tableConvCountStride } from "../../src/abi/sizes.js";
import { type BitMap, randomBits } from "../support/bits.js";
import { type GroupedConv, groupPasses, outputSize, popcountCounts, tableCounts } from "../support/grouped_binary.js";
import { openKernels } from "../support/kernels.js";

const bench = openKernels();

/**
 * Dot products of +-1 activations (NHWC) and weights ([output][tap][channel of the group]), straight from the
 * definition.
 */
function naiveDots(c: GroupedConv, activations: BitMap, weights: BitMap): Int32Array {
  const { outHeight, outWidth } = outputSize(c);
  const [read, written] = [c.inputs / c.groups, c.outputs / c.groups];
  const taps = c.kernel[0] * c.kernel[1];
  return Int32Array.from({ length: c.batch * outHeight * outWidth * c.outputs }, (_, i) => {
    const n = i % c.outputs;
    const pixel = Math.floor(i / c.outputs);
    const image = Math.floor(pixel / outWidth / outHeight);
    let dot = 0;
    for (let tap = 0; tap < taps; tap++) {
      const y = (Math.floor(pixel / outWidth) % outHeight) * c.stride[0] - c.pads[0];
      const x = (pixel % outWidth) * c.stride[1] - c.pads[1];
      const row = y + Math.floor(tap / c.kernel[1]) * c.dilation[0];
      const column = x + (tap % c.kernel[1]) * c.dilation[1];
      const inside = row >= 0 && row < c.height && column >= 0 && column < c.width;
      const from = ((image * c.height + row) * c.width + column) * c.inputs + Math.floor(n / written) * read;
      for (let i = 0; i < read; i++) {
        const value = inside ? 2 * activations[from + i] - 1 : c.border;
        dot += value * (2 * weights[(n * taps + tap) * read + i] - 1);
      }
    }
    return dot;
  });
}

function check(c: GroupedConv, seed: number): void {
  const { outHeight, outWidth } = outputSize(c);
  const pixels = c.batch * outHeight * outWidth;
  const read = c.inputs / c.groups;
  const k = read * c.kernel[0] * c.kernel[1];
  const activations = randomBits(seed, c.batch * c.height * c.width * c.inputs);
  const weights = randomBits(seed + 1, c.outputs * k);
  const expected = naiveDots(c, activations, weights);
  const dots = (counts: ArrayLike<number>, stride: number, perMismatch: number) =>
    Int32Array.from(
      { length: pixels * c.outputs },
      (_, i) => k - perMismatch * counts[Math.floor(i / c.outputs) * stride + (i % c.outputs)],
    );
  bench.reset();
  const table = tableCounts(bench, c, activations, weights);
  const doubled = c.border === 0 && read % 2 === 1;
  assert.deepEqual(dots(table, tableConvCountStride(c.outputs), doubled ? 1 : 2), expected, "tables");
  bench.reset();
  const popcount = popcountCounts(bench, c, activations, weights);
  assert.deepEqual(dots(popcount, mapStride(c.outputs), c.border === 0 ? 1 : 2), expected, "popcount");
}

const perGroup = fc.oneof(fc.integer({ min: 1, max: 40 }), fc.constantFrom(1, 32, 64, 65, 96, 128));

const cases: fc.Arbitrary<GroupedConv & { readonly seed: number }> = fc
  .record({
    batch: fc.integer({ min: 1, max: 2 }),
    read: perGroup,
    written: perGroup,
    groups: fc.integer({ min: 1, max: 9 }),
    height: fc.integer({ min: 1, max: 9 }),
    width: fc.integer({ min: 1, max: 9 }),
    kernel: fc.constantFrom<readonly [number, number]>([1, 1], [3, 3], [5, 5], [1, 3], [2, 4]),
    stride: fc.tuple(fc.integer({ min: 1, max: 2 }), fc.integer({ min: 1, max: 3 })),
    dilation: fc.tuple(fc.integer({ min: 1, max: 2 }), fc.integer({ min: 1, max: 2 })),
    pads: fc.tuple(fc.nat(3), fc.nat(3), fc.nat(3), fc.nat(3)),
    border: fc.constantFrom(-1 as const, 0 as const, 1 as const),
    seed: fc.integer({ min: 1, max: 1e6 }),
  })
  .map(({ read, written, ...c }) => ({ ...c, inputs: read * c.groups, outputs: written * c.groups }))
  .filter((c) => {
    const { outHeight, outWidth } = outputSize(c);
    const products = (c.batch * outHeight * outWidth * c.kernel[0] * c.kernel[1] * c.inputs * c.outputs) / c.groups;
    return outHeight >= 1 && outWidth >= 1 && products < 1e6;
  });

test("a grouped binary convolution equals the definition, by tables and by GEMM", () => {
  fc.assert(
    fc.property(cases, ({ seed, ...c }) => check(c, seed)),
    { numRuns: 250 },
  );
});

const plain: GroupedConv = {
  batch: 1,
  inputs: 64,
  outputs: 64,
  groups: 2,
  height: 6,
  width: 5,
  kernel: [3, 3],
  stride: [1, 1],
  dilation: [1, 1],
  pads: [1, 1, 1, 1],
  border: 0,
};

test("groups of 64, 32, 16 and 1 channels, and groups across words", () => {
  for (const change of [
    { inputs: 128, outputs: 128 },
    {},
    { groups: 4 },
    { groups: 64 },
    { inputs: 192, outputs: 192 },
    { inputs: 64, outputs: 256 },
    { inputs: 100, outputs: 60, groups: 5 },
  ])
    for (const border of [-1, 0, 1] as const) check({ ...plain, ...change, border }, 3);
});

test("passes read the words of their groups alone", () => {
  const passes = (inputs: number, outputs: number, groups: number) =>
    groupPasses({ inputs, outputs, groups }).map((pass) => [
      ...[pass.firstOutput, pass.outputs, pass.firstWord, pass.words],
      ...[pass.masked ? "masked" : "whole"],
    ]);
  assert.deepEqual(passes(128, 128, 2), [
    [0, 64, 0, 1, "whole"],
    [64, 64, 1, 1, "whole"],
  ]);
  assert.deepEqual(passes(64, 64, 2), [[0, 64, 0, 1, "masked"]]);
  assert.deepEqual(passes(64, 256, 2), [[0, 256, 0, 1, "masked"]]);
  assert.deepEqual(passes(192, 192, 2), [
    [0, 64, 0, 2, "masked"],
    [64, 64, 0, 3, "masked"],
    [128, 64, 1, 2, "masked"],
  ]);
  assert.deepEqual(passes(256, 512, 2), [
    [0, 256, 0, 2, "whole"],
    [256, 256, 2, 2, "whole"],
  ]);
  assert.deepEqual(passes(100, 10, 1), [[0, 10, 0, 2, "whole"]]);
});
