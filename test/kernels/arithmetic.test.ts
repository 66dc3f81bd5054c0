/** Products of maps, planes and gates, and mean magnitudes. */
import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { mapBytes, mapStride } from "../../src/abi/sizes.js";
import { drawFloats, float32 } from "../support/bits.js";
import { openKernels } from "../support/kernels.js";
import { allocGuarded, assertWithin, randomValues, readMap, toMap } from "../support/maps.js";

const bench = openKernels();
const { k } = bench;
const shape = {
  pixels: fc.integer({ min: 1, max: 20 }),
  channels: fc.integer({ min: 1, max: 130 }),
  seed: fc.integer({ min: 1, max: 1e6 }),
};
const pool = fc.array(float32, { minLength: 1, maxLength: 30 });

function putMap(planes: Float32Array, channels: number, pixels: number): number {
  return bench.putF32(toMap(planes, 1, channels, pixels));
}

/** A map in memory as planes; as an array, since typed arrays compare NaN by its bits. */
function takeMap(pointer: number, channels: number, pixels: number): number[] {
  return Array.from(readMap(bench.f32(pointer, pixels * mapStride(channels)), 1, channels, pixels));
}

test("mulF32 is the product in float32, in place too", () => {
  fc.assert(
    fc.property(fc.record({ ...shape, pool }), fc.constantFrom("own", "a", "b"), (c, where) => {
      bench.reset();
      const [a, b] = [1, 2].map((n) => drawFloats(c.pool, c.seed + n, c.channels * c.pixels));
      const own = allocGuarded(bench, mapBytes(c.pixels, c.channels));
      const pointers = { own: own.pointer, a: putMap(a, c.channels, c.pixels), b: putMap(b, c.channels, c.pixels) };
      k.mulF32(pointers.a, pointers.b, pointers[where], c.pixels, c.channels);
      own.assertIntact();
      const expected = Array.from(a, (x, i) => Math.fround(x * b[i]));
      assert.deepEqual(takeMap(pointers[where], c.channels, c.pixels), expected);
    }),
    { numRuns: 200 },
  );
});

test("mulGateF32 multiplies each image by its own row of channels, in place too", () => {
  fc.assert(
    fc.property(fc.record({ ...shape, pool, batch: fc.integer({ min: 1, max: 3 }) }), fc.boolean(), (c, inPlace) => {
      bench.reset();
      const { batch, pixels, channels } = c;
      const a = drawFloats(c.pool, c.seed, batch * channels * pixels);
      const gate = drawFloats(c.pool, c.seed + 1, batch * channels);
      const src = bench.putF32(toMap(a, batch, channels, pixels));
      const own = allocGuarded(bench, mapBytes(batch * pixels, channels));
      const dst = inPlace ? src : own.pointer;
      k.mulGateF32(src, bench.putF32(toMap(gate, batch, channels, 1)), dst, batch, pixels, channels);
      own.assertIntact();
      const expected = Array.from(a, (x, i) => Math.fround(x * gate[Math.floor(i / pixels)]));
      const actual = readMap(bench.f32(dst, batch * pixels * mapStride(channels)), batch, channels, pixels);
      assert.deepEqual(Array.from(actual), expected);
    }),
    { numRuns: 200 },
  );
});

test("mulPlaneF32 multiplies all channels of a pixel, and keeps tail lanes zero under infinite factors", () => {
  fc.assert(
    fc.property(fc.record({ ...shape, pool }), fc.boolean(), ({ pixels, channels, seed, pool }, inPlace) => {
      bench.reset();
      const a = drawFloats(pool, seed, channels * pixels);
      const plane = drawFloats(pool, seed + 1, pixels);
      const src = putMap(a, channels, pixels);
      const own = allocGuarded(bench, mapBytes(pixels, channels));
      const dst = inPlace ? src : own.pointer;
      k.mulPlaneF32(src, putMap(plane, 1, pixels), dst, pixels, channels);
      own.assertIntact();
      const expected = Array.from(a, (x, i) => Math.fround(x * plane[i % pixels]));
      assert.deepEqual(takeMap(dst, channels, pixels), expected);
    }),
    { numRuns: 200 },
  );
});

test("absMeanF32 is the mean of |x| over the channels", () => {
  fc.assert(
    fc.property(fc.record(shape), ({ pixels, channels, seed }) => {
      bench.reset();
      const input = randomValues(seed, channels * pixels);
      const dst = allocGuarded(bench, mapBytes(pixels, 1));
      k.absMeanF32(putMap(input, channels, pixels), dst.pointer, pixels, channels);
      dst.assertIntact();
      const expected = Array.from({ length: pixels }, (_, p) => {
        let sum = 0;
        for (let c = 0; c < channels; c++) sum += Math.abs(input[c * pixels + p]);
        return sum / channels;
      });
      const roundings = Math.ceil(channels / 4) + 2;
      assertWithin(takeMap(dst.pointer, 1, pixels), expected, (p) => expected[p] * roundings * 2 ** -24);
    }),
    { numRuns: 200 },
  );
});

test("absMeanF32 passes NaN and infinity on", () => {
  bench.reset();
  const dst = bench.alloc(mapBytes(3, 1));
  const src = putMap(Float32Array.from([Number.NaN, 1, 2, -3, -Infinity, 4]), 2, 3);
  k.absMeanF32(src, dst, 3, 2);
  assert.deepEqual(takeMap(dst, 1, 3), [Number.NaN, Infinity, 3]);
});
