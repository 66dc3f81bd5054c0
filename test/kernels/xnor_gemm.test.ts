/** The popcount GEMM beside dot products, and with im2col as a binary convolution. */
import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { bitBytes, bitWords, xnorGemmWeightBytes } from "../../src/abi/sizes.js";
import { type BitMap, putBits, randomBits } from "../support/bits.js";
import { openKernels } from "../support/kernels.js";
import { allocGuarded } from "../support/maps.js";

const bench = openKernels();
const { k } = bench;

/** Packs `weights` and multiplies; the counts of every row, with what lies between `channels` and `countStride`. */
function gemm(
  rows: number,
  weights: number,
  rowCount: number,
  channels: number,
  words: number,
  countStride: number,
): Int32Array {
  const tiled = allocGuarded(bench, xnorGemmWeightBytes(channels, words));
  k.xnorGemmPack(weights, tiled.pointer, channels, words);
  tiled.assertIntact();
  const counts = allocGuarded(bench, rowCount * countStride * 4);
  k.xnorGemm(rows, tiled.pointer, counts.pointer, rowCount, channels, words, countStride);
  counts.assertIntact();
  return bench.i32(counts.pointer, rowCount * countStride);
}

const UNTOUCHED = 0xa5a5a5a5 | 0;

test("xnorGemm is the dot of +-1 vectors, (K - dot) / 2, for every remainder in rows, channels and bits", () => {
  const arbitrary = fc.record({
    rowCount: fc.integer({ min: 1, max: 40 }),
    channels: fc.integer({ min: 1, max: 40 }),
    bits: fc.integer({ min: 1, max: 700 }),
    surplus: fc.integer({ min: 0, max: 5 }),
    seed: fc.integer(),
  });
  fc.assert(
    fc.property(arbitrary, ({ rowCount, channels, bits, surplus, seed }) => {
      bench.reset();
      const a = randomBits(seed, rowCount * bits);
      const w = randomBits(seed + 1, channels * bits);
      const stride = channels + surplus;
      const rows = putBits(bench, a, rowCount, bits);
      const counts = gemm(rows, putBits(bench, w, channels, bits), rowCount, channels, bitWords(bits), stride);
      for (let m = 0; m < rowCount; m++)
        for (let n = 0; n < stride; n++) {
          let dot = 0;
          for (let i = 0; i < bits; i++) dot += (a[m * bits + i] * 2 - 1) * (w[n * bits + i] * 2 - 1);
          const expected = n < channels ? (bits - dot) / 2 : UNTOUCHED;
          assert.equal(counts[m * stride + n], expected, `row ${m}, channel ${n}`);
        }
    }),
    { numRuns: 150 },
  );
});

test("xnorGemm with all bits matched and all mismatched, and K beyond 16 bits", () => {
  for (const [bits, rowCount, channels] of [
    [1, 1, 1],
    [64, 3, 5],
    [200, 7, 6],
    [512 * 49, 3, 7],
    [200_000, 3, 5],
  ]) {
    bench.reset();
    const rows = putBits(bench, new Uint8Array(rowCount * bits).fill(1), rowCount, bits);
    const same = putBits(bench, new Uint8Array(channels * bits).fill(1), channels, bits);
    const none = bench.alloc(bitBytes(channels, bits));
    const matched = gemm(rows, same, rowCount, channels, bitWords(bits), channels);
    assert.deepEqual(new Set(matched), new Set([0]));
    const mismatched = gemm(rows, none, rowCount, channels, bitWords(bits), channels);
    assert.deepEqual(new Set(mismatched), new Set([bits]));
  }
});

test("xnorGemm over more rows than a block holds", () => {
  bench.reset();
  const [rowCount, channels, bits] = [301, 9, 64 * 24];
  const a = randomBits(5, rowCount * bits);
  const w = randomBits(6, channels * bits);
  const rows = putBits(bench, a, rowCount, bits);
  const counts = gemm(rows, putBits(bench, w, channels, bits), rowCount, channels, 24, channels);
  for (let m = 0; m < rowCount; m++)
    for (let n = 0; n < channels; n++) {
      let expected = 0;
      for (let i = 0; i < bits; i++) expected += a[m * bits + i] ^ w[n * bits + i];
      assert.equal(counts[m * channels + n], expected);
    }
});

interface Convolution {
  readonly batch: number;
  readonly inChannels: number;
  readonly outChannels: number;
  readonly size: number;
  readonly kernel: number;
  readonly stride: number;
  readonly dilation: number;
  readonly pad: number;
  readonly border: -1 | 1;
  readonly seed: number;
}

function outSize(c: Convolution): number {
  return Math.floor((c.size + 2 * c.pad - c.dilation * (c.kernel - 1) - 1) / c.stride) + 1;
}

/** The convolution of +-1 floats with a border of `border`, `[image][pixel][outChannels]`. */
function naiveConvolution(c: Convolution, input: BitMap, weight: BitMap): Float32Array {
  const out = outSize(c);
  const dots = new Float32Array(c.batch * out * out * c.outChannels);
  let at = 0;
  for (let b = 0; b < c.batch; b++)
    for (let pixel = 0; pixel < out * out; pixel++)
      for (let n = 0; n < c.outChannels; n++) {
        let dot = 0;
        for (let tap = 0; tap < c.kernel * c.kernel; tap++) {
          const y = Math.floor(pixel / out) * c.stride - c.pad + Math.floor(tap / c.kernel) * c.dilation;
          const x = (pixel % out) * c.stride - c.pad + (tap % c.kernel) * c.dilation;
          const inside = y >= 0 && y < c.size && x >= 0 && x < c.size;
          const from = ((b * c.size + y) * c.size + x) * c.inChannels;
          for (let i = 0; i < c.inChannels; i++) {
            const value = inside ? input[from + i] * 2 - 1 : c.border;
            dot += value * (weight[(n * c.kernel * c.kernel + tap) * c.inChannels + i] * 2 - 1);
          }
        }
        dots[at++] = dot;
      }
  return dots;
}

test("im2colBits and xnorGemm are the binary convolution, over batches, borders and odd shapes", () => {
  const arbitrary: fc.Arbitrary<Convolution> = fc.record({
    batch: fc.integer({ min: 1, max: 3 }),
    inChannels: fc.integer({ min: 1, max: 200 }),
    outChannels: fc.integer({ min: 1, max: 9 }),
    size: fc.integer({ min: 1, max: 17 }),
    kernel: fc.integer({ min: 1, max: 7 }),
    stride: fc.integer({ min: 1, max: 3 }),
    dilation: fc.integer({ min: 1, max: 2 }),
    pad: fc.integer({ min: 0, max: 4 }),
    border: fc.constantFrom(-1 as const, 1 as const),
    seed: fc.integer(),
  });
  const valid = arbitrary.filter((c) => {
    const out = outSize(c);
    return out > 0 && c.batch * out * out * c.outChannels * c.kernel * c.kernel * c.inChannels <= 2_000_000;
  });
  fc.assert(
    fc.property(valid, (c) => {
      bench.reset();
      const { batch, size, kernel, stride, dilation, pad, inChannels, outChannels } = c;
      const [out, taps, words] = [outSize(c), kernel * kernel, bitWords(inChannels)];
      const input = randomBits(c.seed, batch * size * size * inChannels);
      const weight = randomBits(c.seed + 1, outChannels * taps * inChannels);
      const src = putBits(bench, input, batch * size * size, inChannels);
      const border = putBits(bench, new Uint8Array(inChannels).fill(c.border > 0 ? 1 : 0), 1, inChannels);
      const rows = bench.alloc(batch * out * out * taps * words * 8);
      for (let b = 0; b < batch; b++)
        k.im2colBits(
          ...([src + b * bitBytes(size * size, inChannels), rows + b * out * out * taps * words * 8] as const),
          ...([size, size, words, kernel, kernel, stride, stride, dilation, dilation, pad, pad] as const),
          ...([out, 0, out * out, border] as const),
        );
      const weights = putBits(bench, weight, outChannels * taps, inChannels);
      const counts = gemm(rows, weights, batch * out * out, outChannels, taps * words, outChannels);
      const dots = Float32Array.from(counts, (count) => taps * inChannels - 2 * count);
      assert.deepEqual(dots, naiveConvolution(c, input, weight));
    }),
    { numRuns: 80 },
  );
});
