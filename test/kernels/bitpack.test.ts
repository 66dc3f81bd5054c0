/** Sign bits of floats: every decision, every kind of float. */
import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { bitBytes, mapBytes, mapStride } from "../../src/abi/sizes.js";
import { drawFloats, flipSign, float32, putBits, randomBits, readBits } from "../support/bits.js";
import { openKernels } from "../support/kernels.js";
import { allocGuarded, paddedToStride, readMap, toMap } from "../support/maps.js";

const bench = openKernels();
const { k } = bench;
const shape = {
  pixels: fc.integer({ min: 1, max: 40 }),
  channels: fc.integer({ min: 1, max: 200 }),
  seed: fc.integer(),
};
const pool = fc.array(float32, { minLength: 1, maxLength: 40 });

/** NHWC values without padding -> a map in memory. */
function putMap(values: Float32Array, pixels: number, channels: number): number {
  const planes = Float32Array.from(values, (_, i) => values[(i % pixels) * channels + Math.floor(i / pixels)]);
  return bench.putF32(toMap(planes, 1, channels, pixels));
}

test("packSignF32 is x >= 0, with 1 for -0 and NaN, and zero tail bits", () => {
  fc.assert(
    fc.property(fc.record({ ...shape, pool }), ({ pixels, channels, seed, pool }) => {
      bench.reset();
      const values = drawFloats(pool, seed, pixels * channels);
      const src = putMap(values, pixels, channels);
      const dst = allocGuarded(bench, bitBytes(pixels, channels));
      k.packSignF32(src, dst.pointer, pixels, channels);
      const expected = Uint8Array.from(values, (x) => (x >= 0 || Number.isNaN(x) ? 1 : 0));
      assert.deepEqual(readBits(bench, dst.pointer, pixels, channels), expected);
      dst.assertIntact();
    }),
    { numRuns: 300 },
  );
});

test("packGreaterF32 is (x ^ flip) > threshold, with 0 for NaN, and for both zeros at 0, and zero tail bits", () => {
  fc.assert(
    fc.property(fc.record({ ...shape, pool }), ({ pixels, channels, seed, pool }) => {
      bench.reset();
      const values = drawFloats(pool, seed, pixels * channels);
      // Thresholds come from the values too, so that ties are common; every other one is 0, of plain x > 0.
      const thresholds = drawFloats(pool, seed + 1, channels).map((x, c) => (c % 2 === 0 ? 0 : x));
      const flips = randomBits(seed, channels).map((bit, c) => (c % 4 === 0 ? 0 : bit));
      const src = putMap(values, pixels, channels);
      const threshold = bench.putF32(paddedToStride(thresholds));
      const flip = bench.alloc(mapStride(channels) * 4);
      bench.u32(flip, channels).set(Array.from(flips, (f) => (f ? 0x80000000 : 0)));
      const dst = allocGuarded(bench, bitBytes(pixels, channels));
      k.packGreaterF32(src, dst.pointer, pixels, channels, threshold, flip);
      const expected = Uint8Array.from(values, (x, i) => {
        const c = i % channels;
        return flipSign(x, flips[c] === 1) > thresholds[c] ? 1 : 0;
      });
      assert.deepEqual(readBits(bench, dst.pointer, pixels, channels), expected);
      dst.assertIntact();
    }),
    { numRuns: 300 },
  );
});

test("packThresholdF32 is !((x ^ flip) < threshold) for any threshold", () => {
  fc.assert(
    fc.property(fc.record({ ...shape, pool }), ({ pixels, channels, seed, pool }) => {
      bench.reset();
      const values = drawFloats(pool, seed, pixels * channels);
      // Thresholds come from the values too, so that ties are common.
      const thresholds = drawFloats(pool, seed + 1, channels);
      const flips = randomBits(seed, channels);
      const src = putMap(values, pixels, channels);
      const threshold = bench.putF32(paddedToStride(thresholds));
      const flip = bench.alloc(mapStride(channels) * 4);
      bench.u32(flip, channels).set(Array.from(flips, (f) => (f ? 0x80000000 : 0)));
      const dst = allocGuarded(bench, bitBytes(pixels, channels));
      k.packThresholdF32(src, dst.pointer, pixels, channels, threshold, flip);
      const expected = Uint8Array.from(values, (x, i) => {
        const c = i % channels;
        return flipSign(x, flips[c] === 1) < thresholds[c] ? 0 : 1;
      });
      assert.deepEqual(readBits(bench, dst.pointer, pixels, channels), expected);
      dst.assertIntact();
    }),
    { numRuns: 300 },
  );
});

test("unpackSignF32 gives -1 and +1, zeros in the tail lanes, and is undone by packSignF32", () => {
  fc.assert(
    fc.property(fc.record(shape), ({ pixels, channels, seed }) => {
      bench.reset();
      const bits = randomBits(seed, pixels * channels);
      const src = putBits(bench, bits, pixels, channels);
      const map = allocGuarded(bench, mapBytes(pixels, channels));
      k.unpackSignF32(src, map.pointer, pixels, channels);
      const planes = readMap(bench.f32(map.pointer, pixels * mapStride(channels)), 1, channels, pixels);
      const expected = planes.map((_, i) => (bits[(i % pixels) * channels + Math.floor(i / pixels)] ? 1 : -1));
      assert.deepEqual(planes, expected);
      map.assertIntact();
      const dst = bench.alloc(bitBytes(pixels, channels));
      k.packSignF32(map.pointer, dst, pixels, channels);
      assert.deepEqual(readBits(bench, dst, pixels, channels), bits);
    }),
    { numRuns: 200 },
  );
});

test("widenRows moves rows of bytes to words from any address and drops bits past the last channel", () => {
  const arbitrary = fc.record({ ...shape, shift: fc.integer({ min: 0, max: 7 }) });
  fc.assert(
    fc.property(arbitrary, ({ pixels: rows, channels, seed, shift }) => {
      bench.reset();
      const rowBytes = Math.ceil(channels / 8);
      const bytes = Uint8Array.from({ length: rows * rowBytes }, (_, i) => Math.imul(i + seed, 2654435761) >>> 24);
      const src = bench.alloc(bytes.length + 8) + shift;
      bench.u8(src, bytes.length).set(bytes);
      const dst = allocGuarded(bench, bitBytes(rows, channels));
      k.widenRows(src, dst.pointer, rows, channels);
      const expected = new Uint8Array(rows * channels);
      for (let r = 0; r < rows; r++)
        for (let c = 0; c < channels; c++) expected[r * channels + c] = (bytes[r * rowBytes + (c >> 3)] >> (c & 7)) & 1;
      assert.deepEqual(readBits(bench, dst.pointer, rows, channels), expected);
      dst.assertIntact();
    }),
    { numRuns: 200 },
  );
});
