/** The table convolution beside its definition, at the ends of its ranges too. */
import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import {
  bitWords,
  tableConvCorrectionBytes,
  tableConvCountBytes,
  tableConvCountStride,
  tableConvIsExact,
  tableConvRowBand,
  tableConvSelectorBytes,
  tableConvWeightBytes,
} from "../../src/abi/sizes.js";
import { openKernels } from "../support/kernels.js";

/** What a tap outside the image reads: -1, +1, or nothing. */
type Border = -1 | 0 | 1;

interface Case {
  readonly batch: number;
  readonly channels: number;
  readonly outChannels: number;
  readonly height: number;
  readonly width: number;
  readonly kernel: readonly [number, number];
  readonly stride: readonly [number, number];
  readonly dilation: readonly [number, number];
  /** Top, left, bottom, right. */
  readonly pads: readonly [number, number, number, number];
  readonly border: Border;
  /** Fraction of the row band that tableConvRowBand gives, so that bands end inside images. */
  readonly band: number;
  /** Each block of 64 output channels in a call of its own. */
  readonly apart: boolean;
  readonly seed: number;
}

const bench = openKernels();

function outSize(size: number, kernel: number, stride: number, dilation: number, pads: number): number {
  return Math.floor((size + pads - (kernel - 1) * dilation - 1) / stride) + 1;
}

function shapeOf(c: Case) {
  const outHeight = outSize(c.height, c.kernel[0], c.stride[0], c.dilation[0], c.pads[0] + c.pads[2]);
  const outWidth = outSize(c.width, c.kernel[1], c.stride[1], c.dilation[1], c.pads[1] + c.pads[3]);
  return { outHeight, outWidth, taps: c.kernel[0] * c.kernel[1], words: bitWords(c.channels) };
}

/** Reproducible bits, one a byte. */
function randomBits(seed: number, length: number): Uint8Array {
  let state = (seed * 2654435761 + 1) >>> 0 || 1;
  return Uint8Array.from({ length }, () => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return (state >>> 9) & 1;
  });
}

/** Rows of `channels` bits -> rows of `words` u64, zero past the last channel. */
function packRows(bits: Uint8Array, channels: number): Uint8Array {
  const rowBytes = bitWords(channels) * 8;
  const packed = new Uint8Array((bits.length / channels) * rowBytes);
  bits.forEach((bit, i) => {
    const channel = i % channels;
    packed[Math.floor(i / channels) * rowBytes + (channel >> 3)] |= bit << (channel & 7);
  });
  return packed;
}

/**
 * Dot products of +-1 activations (NHWC) and weights ([out][tap][channel]), straight from the definition: [pixel][out].
 */
function naiveDots(c: Case, activations: Uint8Array, weights: Uint8Array): Int32Array {
  const { outHeight, outWidth, taps } = shapeOf(c);
  const dots = new Int32Array(c.batch * outHeight * outWidth * c.outChannels);
  for (let pixel = 0; pixel < c.batch * outHeight * outWidth; pixel++) {
    const x = pixel % outWidth;
    const y = Math.floor(pixel / outWidth) % outHeight;
    const image = Math.floor(pixel / (outWidth * outHeight));
    for (let tap = 0; tap < taps; tap++) {
      const row = y * c.stride[0] + Math.floor(tap / c.kernel[1]) * c.dilation[0] - c.pads[0];
      const column = x * c.stride[1] + (tap % c.kernel[1]) * c.dilation[1] - c.pads[1];
      const outside = row < 0 || row >= c.height || column < 0 || column >= c.width;
      const source = ((image * c.height + row) * c.width + column) * c.channels;
      for (let n = 0; n < c.outChannels; n++) {
        const weight = (n * taps + tap) * c.channels;
        let dot = 0;
        for (let i = 0; i < c.channels; i++) {
          const activation = outside ? c.border : 2 * activations[source + i] - 1;
          dot += activation * (2 * weights[weight + i] - 1);
        }
        dots[pixel * c.outChannels + n] += dot;
      }
    }
  }
  return dots;
}

/** The same dot products by the kernels; fails if one writes past its buffer. */
function kernelDots(c: Case, activations: Uint8Array, weights: Uint8Array): Int32Array {
  const { k, putU8 } = bench;
  const { outHeight, outWidth, taps, words } = shapeOf(c);
  const { batch, channels, outChannels, kernel, stride, dilation, pads } = c;
  const paddedHeight = c.height + pads[0] + pads[2];
  const paddedWidth = c.width + pads[1] + pads[3];
  const pixels = batch * outHeight * outWidth;
  bench.reset();
  const guards: number[] = [];
  const guarded = (bytes: number): number => {
    const pointer = bench.alloc(bytes + 16);
    bench.u8(pointer, bytes + 16).fill(0xa5);
    guards.push(pointer + bytes);
    return pointer;
  };

  const src = putU8(packRows(weights, channels));
  const packed = guarded(tableConvWeightBytes(outChannels, channels, taps));
  k.tableConvPack(src, packed, outChannels, kernel[0], kernel[1], words, dilation[1]);

  const border = putU8(packRows(new Uint8Array(channels).fill(c.border === 1 ? 1 : 0), channels));
  const selectors = guarded(tableConvSelectorBytes(batch, paddedHeight, paddedWidth, channels));
  const bits = putU8(packRows(activations, channels));
  k.tableConvSelectors(bits, words, selectors, batch, c.height, c.width, words, ...pads, border);

  const counts = guarded(tableConvCountBytes(pixels, outChannels));
  const rowBand = Math.max(1, Math.floor(tableConvRowBand(batch, outHeight, outWidth) * c.band));
  const countStride = tableConvCountStride(outChannels);
  // All blocks of 64 channels in one call, or each in a call of its own.
  const step = c.apart ? 64 : outChannels;
  for (let first = 0; first < outChannels; first += step) {
    k.tableConv(
      selectors,
      packed + tableConvWeightBytes(first, channels, taps),
      0,
      counts + first * 2,
      countStride,
      batch,
      paddedHeight,
      paddedWidth,
      words,
      outHeight,
      outWidth,
      Math.min(step, outChannels - first),
      ...kernel,
      ...stride,
      ...dilation,
      rowBand,
    );
  }

  if (c.border === 0) {
    const corrections = guarded(tableConvCorrectionBytes(outChannels, taps));
    const scratch = guarded(tableConvCorrectionBytes(outChannels, 1));
    k.tableConvCorrections(src, corrections, outChannels, taps, words, channels);
    k.tableConvZeroBorder(
      counts,
      corrections,
      scratch,
      batch,
      c.height,
      c.width,
      channels,
      outHeight,
      outWidth,
      outChannels,
      ...kernel,
      ...stride,
      ...dilation,
      pads[0],
      pads[1],
    );
  }
  for (const guard of guards) assert.ok(bench.u8(guard, 16).every((byte) => byte === 0xa5));

  const perMismatch = c.border === 0 && channels % 2 === 1 ? 1 : 2;
  const result = bench.u16(counts, pixels * countStride);
  return Int32Array.from({ length: pixels * outChannels }, (_, i) => {
    const count = result[Math.floor(i / outChannels) * countStride + (i % outChannels)];
    return taps * channels - perMismatch * count;
  });
}

const cases: fc.Arbitrary<Case> = fc
  .record({
    batch: fc.integer({ min: 1, max: 3 }),
    channels: fc.integer({ min: 1, max: 200 }),
    outChannels: fc.integer({ min: 1, max: 150 }),
    height: fc.integer({ min: 1, max: 17 }),
    width: fc.integer({ min: 1, max: 17 }),
    kernel: fc.constantFrom<readonly [number, number]>([1, 1], [3, 3], [5, 5], [1, 3], [3, 1], [2, 4], [7, 7]),
    stride: fc.tuple(fc.integer({ min: 1, max: 3 }), fc.integer({ min: 1, max: 3 })),
    dilation: fc.tuple(fc.integer({ min: 1, max: 2 }), fc.integer({ min: 1, max: 2 })),
    pads: fc.tuple(fc.nat(3), fc.nat(3), fc.nat(3), fc.nat(3)),
    border: fc.constantFrom<Border>(-1, 0, 1),
    band: fc.constantFrom(0, 0.4, 1),
    apart: fc.boolean(),
    seed: fc.integer({ min: 1, max: 1e6 }),
  })
  .filter((c) => {
    const { outHeight, outWidth, taps } = shapeOf(c);
    const products = c.batch * outHeight * outWidth * taps * c.channels * c.outChannels;
    return outHeight >= 1 && outWidth >= 1 && products < 4e6;
  });

test("table convolution equals the definition", () => {
  fc.assert(
    fc.property(cases, (c) => {
      const { taps } = shapeOf(c);
      const activations = randomBits(c.seed, c.batch * c.height * c.width * c.channels);
      const weights = randomBits(c.seed + 1, c.outChannels * taps * c.channels);
      assert.deepEqual(kernelDots(c, activations, weights), naiveDots(c, activations, weights));
    }),
    { numRuns: 250 },
  );
});

const plain: Case = {
  batch: 1,
  channels: 64,
  outChannels: 64,
  height: 4,
  width: 4,
  kernel: [3, 3],
  stride: [1, 1],
  dilation: [1, 1],
  pads: [1, 1, 1, 1],
  border: 0,
  band: 1,
  apart: false,
  seed: 1,
};

/** All bits matched and all mismatched fill every accumulator: nibbles to 12, u8 to 192, u16 to K. */
const extremes: readonly [string, Partial<Case>][] = [
  ["C 512", { channels: 512, outChannels: 40 }],
  ["C 1024", { channels: 1024, outChannels: 34, border: -1 }],
  ["odd C, doubled counts, K = 32751", { channels: 3639, outChannels: 18 }],
  [
    "K = 65535 in one pixel",
    { channels: 65535, outChannels: 3, height: 1, width: 1, kernel: [1, 1], pads: [0, 0, 0, 0] },
  ],
  ["K = 65529, border of ones", { channels: 7281, outChannels: 2, border: 1 }],
  ["7x7 kernel over a 4x4 image", { channels: 640, outChannels: 5, kernel: [7, 7], pads: [3, 3, 3, 3] }],
  ["chunks of 16 and 32", { channels: 128, kernel: [1, 1], pads: [0, 0, 0, 0] }],
];

for (const [name, change] of extremes)
  for (const [what, activation, weight] of [
    ["matched", 1, 1],
    ["matched", 0, 0],
    ["mismatched", 1, 0],
    ["mismatched", 0, 1],
  ] as const)
    test(`${name}: all bits ${what} (${activation}, ${weight})`, () => {
      const c: Case = { ...plain, ...change };
      const { taps } = shapeOf(c);
      // Odd C doubles if a border of zeros is completed; K = 65535 has no border to complete.
      const padded = c.pads.some((pad) => pad > 0);
      const exact = { ...c, border: c.border === 0 && !padded ? -1 : c.border } as Case;
      assert.ok(tableConvIsExact(c.channels, taps, exact.border === 0));
      const activations = new Uint8Array(c.height * c.width * c.channels).fill(activation);
      const weights = new Uint8Array(c.outChannels * taps * c.channels).fill(weight);
      assert.deepEqual(kernelDots(exact, activations, weights), naiveDots(exact, activations, weights));
    });

test("exact u16 counts end at K = 65535, or 32767 if zero padding doubles them", () => {
  assert.ok(tableConvIsExact(65535, 1, false));
  assert.ok(!tableConvIsExact(65536, 1, false));
  assert.ok(tableConvIsExact(3641, 9, false) && !tableConvIsExact(3641, 9, true));
  assert.ok(tableConvIsExact(7280, 9, true));
});

test("row bands cover all rows and none is empty", () => {
  fc.assert(
    fc.property(
      fc.integer({ min: 1, max: 16 }),
      fc.integer({ min: 1, max: 500 }),
      fc.integer({ min: 1, max: 5000 }),
      (batch, outHeight, outWidth) => {
        const band = tableConvRowBand(batch, outHeight, outWidth);
        assert.ok(Number.isInteger(band) && band >= 1 && band <= batch * outHeight);
      },
    ),
  );
});
