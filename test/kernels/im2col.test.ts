/** im2col on bits, borders included, and taps that share words. */
import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { bitWords, im2colWords } from "../../src/abi/sizes.js";
import { type BitMap, putBits, randomBits, readBits } from "../support/bits.js";
import { openKernels } from "../support/kernels.js";
import { allocGuarded } from "../support/maps.js";

const bench = openKernels();

interface Case {
  readonly channels: number;
  readonly height: number;
  readonly width: number;
  readonly kernel: readonly [number, number];
  readonly stride: readonly [number, number];
  readonly dilation: readonly [number, number];
  /** top, left, bottom, right */
  readonly pad: readonly [number, number, number, number];
  readonly border: 0 | 1;
  readonly seed: number;
}

const size = fc.integer({ min: 1, max: 17 });
const upTo = (min: number, max: number) => fc.integer({ min, max });
const cases: fc.Arbitrary<Case> = fc.record({
  channels: upTo(1, 200),
  height: size,
  width: size,
  kernel: fc.tuple(upTo(1, 7), upTo(1, 7)),
  stride: fc.tuple(upTo(1, 3), upTo(1, 3)),
  dilation: fc.tuple(upTo(1, 3), upTo(1, 3)),
  pad: fc.tuple(upTo(0, 7), upTo(0, 7), upTo(0, 7), upTo(0, 7)),
  border: fc.constantFrom(0 as const, 1 as const),
  seed: fc.integer(),
});

function outputSize(c: Case): [number, number] {
  const height = c.height + c.pad[0] + c.pad[2] - c.dilation[0] * (c.kernel[0] - 1) - 1;
  const width = c.width + c.pad[1] + c.pad[3] - c.dilation[1] * (c.kernel[1] - 1) - 1;
  return [Math.floor(height / c.stride[0]) + 1, Math.floor(width / c.stride[1]) + 1];
}

/** The definition: `[output pixel][tap][channel]`. */
function naive(c: Case, image: BitMap): BitMap {
  const [outHeight, outWidth] = outputSize(c);
  const rows: number[] = [];
  for (let oy = 0; oy < outHeight; oy++)
    for (let ox = 0; ox < outWidth; ox++)
      for (let ky = 0; ky < c.kernel[0]; ky++)
        for (let kx = 0; kx < c.kernel[1]; kx++) {
          const y = oy * c.stride[0] - c.pad[0] + ky * c.dilation[0];
          const x = ox * c.stride[1] - c.pad[1] + kx * c.dilation[1];
          const outside = y < 0 || y >= c.height || x < 0 || x >= c.width;
          for (let i = 0; i < c.channels; i++)
            rows.push(outside ? c.border : image[(y * c.width + x) * c.channels + i]);
        }
  return Uint8Array.from(rows);
}

/** Runs the kernel in two calls, split at `split` output pixels, each into its own guarded buffer. */
function check(c: Case, split: number): void {
  bench.reset();
  const [outHeight, outWidth] = outputSize(c);
  const taps = c.kernel[0] * c.kernel[1];
  const words = bitWords(c.channels);
  const image = randomBits(c.seed, c.height * c.width * c.channels);
  const src = putBits(bench, image, c.height * c.width, c.channels);
  const border = putBits(bench, new Uint8Array(c.channels).fill(c.border), 1, c.channels);
  const expected = naive(c, image);
  const pixels = outHeight * outWidth;
  for (const [first, count] of [
    [0, Math.min(split, pixels)],
    [Math.min(split, pixels), Math.max(0, pixels - split)],
  ]) {
    const dst = allocGuarded(bench, count * taps * words * 8);
    const [kh, kw] = c.kernel;
    const [sh, sw] = c.stride;
    const [dh, dw] = c.dilation;
    const [top, left] = c.pad;
    const { height, width } = c;
    bench.k.im2colBits(
      ...([src, dst.pointer, height, width, words, kh, kw, sh, sw, dh, dw, top, left] as const),
      ...([outWidth, first, count, border] as const),
    );
    const row = taps * c.channels;
    const actual = readBits(bench, dst.pointer, count * taps, c.channels);
    assert.deepEqual(actual, expected.subarray(first * row, (first + count) * row));
    dst.assertIntact();
  }
}

test("im2colBits copies every tap, and the border pixel outside the image", () => {
  const valid = cases.filter((c) => {
    const [height, width] = outputSize(c);
    const bits = height * width * c.kernel[0] * c.kernel[1] * c.channels;
    return height > 0 && width > 0 && bits <= 400_000;
  });
  fc.assert(
    fc.property(valid, fc.nat(40), (c, split) => check(c, split)),
    { numRuns: 150 },
  );
});

test("im2colBits on the largest case, and on a window wholly outside the image", () => {
  const large: Case = {
    channels: 200,
    height: 17,
    width: 17,
    kernel: [7, 7],
    stride: [1, 1],
    dilation: [1, 1],
    pad: [3, 3, 3, 3],
    border: 1,
    seed: 7,
  };
  check(large, 100);
  check({ ...large, channels: 65, height: 1, width: 1, kernel: [1, 1], pad: [6, 6, 6, 6] }, 50);
});

test("joinTaps puts taps of up to 32 channels side by side, in place too", () => {
  const shape = fc.record({ rows: upTo(1, 20), taps: upTo(1, 49), channels: upTo(1, 32), seed: fc.integer() });
  fc.assert(
    fc.property(shape, ({ rows, taps, channels, seed }) => {
      bench.reset();
      const map = randomBits(seed, rows * taps * channels);
      const src = putBits(bench, map, rows * taps, channels);
      const words = im2colWords(channels, taps);
      const dst = allocGuarded(bench, rows * words * 8);
      bench.k.joinTaps(src, dst.pointer, rows, taps, channels);
      dst.assertIntact();
      const perWord = Math.floor(64 / channels);
      const expected = new Uint8Array(rows * words * 64);
      map.forEach((bit, i) => {
        const [row, tap, channel] = [Math.floor(i / (taps * channels)), Math.floor(i / channels) % taps, i % channels];
        const word = row * words + Math.floor(tap / perWord);
        expected[word * 64 + (tap % perWord) * channels + channel] = bit;
      });
      assert.deepEqual(readBits(bench, dst.pointer, rows * words, 64), expected);
      bench.k.joinTaps(src, src, rows, taps, channels);
      assert.deepEqual(bench.u8(src, rows * words * 8), bench.u8(dst.pointer, rows * words * 8));
    }),
  );
});
