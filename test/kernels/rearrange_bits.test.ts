/** Channels and pixels of sign bits moved without a change, and nothing else touched. */
import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { bitBytes, bitWords } from "../../src/abi/sizes.js";
import { type BitMap, putBits, randomBits, readBits } from "../support/bits.js";
import { openKernels } from "../support/kernels.js";
import { allocGuarded } from "../support/maps.js";

const bench = openKernels();
const { k } = bench;
const seed = fc.integer({ min: 1, max: 1e6 });
/** Around the words' ends, and anything up to five words. */
const channels = fc.oneof(fc.integer({ min: 1, max: 300 }), fc.constantFrom(1, 63, 64, 65, 127, 128, 129, 192, 256));
const offset = fc.oneof(fc.nat(150), fc.constantFrom(0, 64, 128));
const pixels = fc.integer({ min: 1, max: 9 });

/** Room for bits that holds garbage, and the guard behind it. */
function garbage(pixelCount: number, channelCount: number) {
  const room = allocGuarded(bench, bitBytes(pixelCount, channelCount));
  bench.u8(room.pointer, bitBytes(pixelCount, channelCount)).fill(0x5b);
  return room;
}

test("copyBits moves a stretch of channels and touches no other", () => {
  const stretch = fc.record({
    pixels,
    count: channels,
    before: offset,
    after: offset,
    from: offset,
    behind: offset,
    seed,
  });
  fc.assert(
    fc.property(stretch, ({ pixels, count, before, after, from, behind, seed }) => {
      bench.reset();
      const dstChannels = before + count + after;
      const srcChannels = from + count + behind;
      const old = randomBits(seed, pixels * dstChannels);
      const source = randomBits(seed + 1, pixels * srcChannels);
      const dst = allocGuarded(bench, bitBytes(pixels, dstChannels));
      const whole = bench.u8(dst.pointer, bitBytes(pixels, dstChannels));
      whole.set(bench.u8(putBits(bench, old, pixels, dstChannels), whole.length));
      const src = putBits(bench, source, pixels, srcChannels);
      k.copyBits(dst.pointer, src, pixels, dstChannels, before, srcChannels, from, count);
      dst.assertIntact();
      const expected = old.slice();
      for (let p = 0; p < pixels; p++)
        expected.set(source.subarray(p * srcChannels + from).subarray(0, count), p * dstChannels + before);
      assert.deepEqual(readBits(bench, dst.pointer, pixels, dstChannels), expected);
    }),
    { numRuns: 1000 },
  );
});

test("copies of a concat make whole bits of memory that held anything", () => {
  fc.assert(
    fc.property(fc.array(channels, { minLength: 1, maxLength: 5 }), pixels, seed, (parts, p, s) => {
      bench.reset();
      const total = parts.reduce((sum, part) => sum + part, 0);
      const dst = garbage(p, total);
      const expected = new Uint8Array(p * total);
      let at = 0;
      for (const [i, part] of parts.entries()) {
        const input = randomBits(s + i, p * part);
        k.copyBits(dst.pointer, putBits(bench, input, p, part), p, total, at, part, 0, part);
        for (let pixel = 0; pixel < p; pixel++)
          expected.set(input.subarray(pixel * part, (pixel + 1) * part), pixel * total + at);
        at += part;
      }
      dst.assertIntact();
      assert.deepEqual(readBits(bench, dst.pointer, p, total), expected);
    }),
    { numRuns: 500 },
  );
});

function checkPermuted(pixelCount: number, channelCount: number, order: readonly number[], seed: number): void {
  bench.reset();
  const input = randomBits(seed, pixelCount * channelCount);
  const src = putBits(bench, input, pixelCount, channelCount);
  const pointer = bench.alloc(channelCount * 4);
  bench.u32(pointer, channelCount).set(order);
  const dst = garbage(pixelCount, channelCount);
  k.permuteBits(src, dst.pointer, pixelCount, channelCount, pointer);
  dst.assertIntact();
  const expected = input.map((_, i) => input[i - (i % channelCount) + order[i % channelCount]]);
  assert.deepEqual(readBits(bench, dst.pointer, pixelCount, channelCount), expected);
}

test("permuteBits gathers channels in any order, repeated ones too", () => {
  fc.assert(
    fc.property(pixels, channels, seed, (pixels, channels, seed) => {
      const random = randomBits(seed + 1, channels * 16);
      const order = Array.from({ length: channels }, (_, c) =>
        random.subarray(c * 16, c * 16 + 16).reduce((sum, bit) => (sum * 2 + bit) % channels, 0),
      );
      checkPermuted(pixels, channels, order, seed);
    }),
    { numRuns: 500 },
  );
});

test("permuteBits where the numbers of the source's bytes end at 255, and past it", () => {
  for (const channels of [2047, 2048, 2049, 4500])
    checkPermuted(
      2,
      channels,
      Array.from({ length: channels }, (_, c) => channels - 1 - c),
      channels,
    );
});

const windowCase = fc.record({
  batch: fc.integer({ min: 1, max: 3 }),
  height: fc.integer({ min: 1, max: 7 }),
  width: fc.integer({ min: 1, max: 7 }),
  channels,
  outHeight: fc.integer({ min: 1, max: 9 }),
  outWidth: fc.integer({ min: 1, max: 9 }),
  // Windows that miss the image altogether are among these.
  top: fc.integer({ min: -10, max: 10 }),
  left: fc.integer({ min: -10, max: 10 }),
  border: fc.constantFrom("zeros", "ones", "random"),
  seed,
});

test("windowBits pads and crops with any border pixel", () => {
  fc.assert(
    fc.property(windowCase, (c) => {
      bench.reset();
      const { batch, height, width, channels, outHeight, outWidth } = c;
      const input = randomBits(c.seed, batch * height * width * channels);
      const border: BitMap =
        c.border === "random"
          ? randomBits(c.seed + 1, channels)
          : new Uint8Array(channels).fill(c.border === "ones" ? 1 : 0);
      const src = putBits(bench, input, batch * height * width, channels);
      const outPixels = batch * outHeight * outWidth;
      const dst = garbage(outPixels, channels);
      k.windowBits(
        ...([src, dst.pointer, batch, height, width, bitWords(channels), outHeight, outWidth] as const),
        ...([c.top, c.left, putBits(bench, border, 1, channels)] as const),
      );
      dst.assertIntact();
      const expected = Uint8Array.from({ length: outPixels * channels }, (_, i) => {
        const pixel = Math.floor(i / channels);
        const x = (pixel % outWidth) - c.left;
        const y = (Math.floor(pixel / outWidth) % outHeight) - c.top;
        const image = Math.floor(pixel / outWidth / outHeight);
        const inside = y >= 0 && y < height && x >= 0 && x < width;
        return inside ? input[((image * height + y) * width + x) * channels + (i % channels)] : border[i % channels];
      });
      assert.deepEqual(readBits(bench, dst.pointer, outPixels, channels), expected);
    }),
    { numRuns: 500 },
  );
});
