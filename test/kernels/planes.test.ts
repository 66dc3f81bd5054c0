/** Few-bit planes: every tie of every bit width, and back to values. */
import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { bitBytes, mapBytes, mapStride } from "../../src/abi/sizes.js";
import { drawFloats, float32, putBits, randomBits, readBits } from "../support/bits.js";
import { openKernels } from "../support/kernels.js";
import { allocGuarded, randomValues, readMap, toMap } from "../support/maps.js";

const bench = openKernels();
const { k } = bench;
const f = Math.fround;
const shape = {
  pixels: fc.integer({ min: 1, max: 12 }),
  channels: fc.integer({ min: 1, max: 200 }),
  bits: fc.integer({ min: 1, max: 8 }),
  // Planes need not touch.
  gap: fc.integer({ min: 0, max: 3 }),
  seed: fc.integer({ min: 1, max: 1e6 }),
};

/** NHWC values without padding -> a map in memory. */
function putMap(values: Float32Array, pixels: number, channels: number): number {
  const planes = values.map((_, i) => values[(i % pixels) * channels + Math.floor(i / pixels)]);
  return bench.putF32(toMap(planes, 1, channels, pixels));
}

/** The levels that planes hold, NHWC. */
function readLevels(pointer: number, pixels: number, channels: number, bits: number, planeBytes: number): number[] {
  const levels = new Array<number>(pixels * channels).fill(0);
  for (let i = 0; i < bits; i++)
    for (const [at, bit] of readBits(bench, pointer + i * planeBytes, pixels, channels).entries())
      levels[at] += bit * 2 ** i;
  return levels;
}

/** C's round of a float that is not negative; its fraction is exact. NaN has no level and is 0 in the kernels. */
function roundHalfAway(x: number): number {
  const whole = Math.floor(x);
  if (Number.isNaN(x)) return 0;
  return x - whole >= 0.5 ? whole + 1 : whole;
}

function roundLevel(x: number, bits: number): number {
  return roundHalfAway(f(Math.min(Math.max(x, 0), 1) * (2 ** bits - 1)));
}

function dorefaLevel(tanh: number, largest: number, bits: number): number {
  return roundHalfAway(f(f(f(0.5 * f(tanh / largest)) + 0.5) * (2 ** bits - 1)));
}

/** The floats next to x, and x. */
function neighbours(x: number): number[] {
  const bits = new Int32Array(Float32Array.of(x).buffer)[0];
  return Array.from(new Float32Array(Int32Array.of(bits - 1, bits, bits + 1).buffer));
}

/** Floats whose products with 2^bits - 1 are ties or next to one. */
const ties = fc
  .tuple(fc.integer({ min: 1, max: 8 }), fc.nat(255), fc.nat(2))
  .map(([bits, level, which]) => neighbours(f((level + 0.5) / (2 ** bits - 1)))[which]);
const value = fc.oneof(float32, ties, fc.float({ min: 0, max: 1, noNaN: true }));
const pool = fc.array(value, { minLength: 1, maxLength: 60 });

test("packRoundF32 rounds clip(x, 0, 1) * (2^bits - 1) half away from zero", () => {
  fc.assert(
    fc.property(fc.record({ ...shape, pool }), ({ pixels, channels, bits, gap, seed, pool }) => {
      bench.reset();
      const input = drawFloats(pool, seed, pixels * channels);
      const planeBytes = bitBytes(pixels, channels) + 8 * gap;
      const dst = allocGuarded(bench, planeBytes * (bits - 1) + bitBytes(pixels, channels));
      k.packRoundF32(putMap(input, pixels, channels), dst.pointer, pixels, channels, bits, planeBytes);
      dst.assertIntact();
      const expected = Array.from(input, (x) => roundLevel(x, bits));
      assert.deepEqual(readLevels(dst.pointer, pixels, channels, bits, planeBytes), expected);
    }),
    { numRuns: 300 },
  );
});

test("packRoundF32 at and next to every tie of every bit width", () => {
  for (let bits = 1; bits <= 8; bits++) {
    bench.reset();
    const steps = 2 ** bits - 1;
    const input = Float32Array.from(
      Array.from({ length: steps }, (_, level) => neighbours(f((level + 0.5) / steps))).flat(),
    );
    const dst = bench.alloc(bits * bitBytes(input.length, 1));
    k.packRoundF32(putMap(input, input.length, 1), dst, input.length, 1, bits, bitBytes(input.length, 1));
    const expected = Array.from(input, (x) => roundLevel(x, bits));
    assert.deepEqual(readLevels(dst, input.length, 1, bits, bitBytes(input.length, 1)), expected);
  }
});

test("packRoundF32: 0.49999997 stays below, 0.5 rounds up, NaN and -0 are level 0, infinities the ends", () => {
  bench.reset();
  const input = Float32Array.of(0.49999997, 0.5, Number.NaN, -0, Infinity, -Infinity, 0.99999994, 1.5);
  const dst = bench.alloc(bitBytes(1, 8));
  k.packRoundF32(putMap(input, 1, 8), dst, 1, 8, 1, bitBytes(1, 8));
  assert.deepEqual(readLevels(dst, 1, 8, 1, bitBytes(1, 8)), [0, 1, 0, 0, 1, 0, 1, 1]);
});

test("maxAbsTanhF32 is tanh of the largest |x| of the whole map", () => {
  fc.assert(
    fc.property(fc.record({ ...shape, pool }), ({ pixels, channels, seed, pool }) => {
      bench.reset();
      const input = drawFloats(pool, seed, pixels * channels);
      const dst = bench.alloc(4);
      k.maxAbsTanhF32(putMap(input, pixels, channels), dst, pixels, channels);
      const largest = input.reduce((most, x) => (Number.isNaN(x) ? most : Math.max(most, Math.abs(x))), 0);
      assert.ok(Math.abs(bench.f32(dst, 1)[0] - Math.tanh(largest)) <= Math.tanh(largest) * 2 ** -24 + 1e-45);
    }),
    { numRuns: 100 },
  );
});

test("packDorefaF32 is BMXNet's formula on the tanh of activationF32, step by step in float32", () => {
  fc.assert(
    fc.property(fc.record({ ...shape, pool }), ({ pixels, channels, bits, gap, seed, pool }) => {
      bench.reset();
      const input = drawFloats(pool, seed, pixels * channels);
      const src = putMap(input, pixels, channels);
      const planeBytes = bitBytes(pixels, channels) + 8 * gap;
      const dst = allocGuarded(bench, planeBytes * (bits - 1) + bitBytes(pixels, channels));
      const largest = bench.alloc(4);
      k.maxAbsTanhF32(src, largest, pixels, channels);
      k.packDorefaF32(src, dst.pointer, pixels, channels, bits, planeBytes, largest);
      dst.assertIntact();
      const levels = readLevels(dst.pointer, pixels, channels, bits, planeBytes);
      k.activationF32(src, src, pixels, channels, 0);
      const tanh = bench.f32(src, pixels * mapStride(channels));
      const expected = levels.map((_, i) => {
        const t = tanh[Math.floor(i / channels) * mapStride(channels) + (i % channels)];
        return dorefaLevel(t, bench.f32(largest, 1)[0], bits);
      });
      assert.deepEqual(levels, expected);
    }),
    { numRuns: 300 },
  );
});

test("maxAbsTanhF32 of the parts' maxAbsF32 has the bits of that of the whole", () => {
  for (let seed = 1; seed < 60; seed++) {
    bench.reset();
    const [pixels, channels] = [2 + (seed % 13), 1 + (seed % 19)];
    const input = randomValues(seed, pixels * channels).map((x, i) => (i % 7 === seed % 7 ? Number.NaN : 3 * x));
    const src = bench.putF32(toMap(input, 1, channels, pixels));
    const [parts, whole, joined] = [bench.alloc(32), bench.alloc(4), bench.alloc(4)];
    const first = 1 + (seed % (pixels - 1));
    k.maxAbsF32(src, parts, first, channels);
    k.maxAbsF32(src + first * mapStride(channels) * 4, parts + 16, pixels - first, channels);
    k.maxAbsTanhF32(parts, joined, 2, 4);
    k.maxAbsTanhF32(src, whole, pixels, channels);
    assert.deepEqual(bench.f32(joined, 1), bench.f32(whole, 1));
  }
});

test("packDorefaF32: the largest of a map is at one end, with the other sign at the other, 0 in the middle", () => {
  bench.reset();
  const input = Float32Array.of(3, -3, 0, Number.NaN);
  const src = putMap(input, 1, 4);
  const [dst, largest] = [bench.alloc(4 * 8), bench.alloc(4)];
  k.maxAbsTanhF32(src, largest, 1, 4);
  k.packDorefaF32(src, dst, 1, 4, 4, 8, largest);
  assert.deepEqual(readLevels(dst, 1, 4, 4, 8), [15, 0, 8, 0]);
});

test("unpackPlanesF32 is the float nearest to q * scale + beta, zeros in the tail lanes", () => {
  const number = fc.oneof(
    fc.constantFrom(0, 1, -1, 1 / 3, 2 / 15, 1 / 255),
    fc.double({ min: -4, max: 4, noNaN: true }),
  );
  fc.assert(
    fc.property(fc.record({ ...shape, scale: number, beta: number }), (c) => {
      bench.reset();
      const { pixels, channels, bits, seed } = c;
      const planes = Array.from({ length: bits }, (_, i) => randomBits(seed + i, pixels * channels));
      // putBits aligns to 16 bytes and leaves 16 free: what is between two planes is the same for all.
      const pointers = planes.map((plane) => putBits(bench, plane, pixels, channels));
      const planeBytes = bits > 1 ? pointers[1] - pointers[0] : 0;
      const dst = allocGuarded(bench, mapBytes(pixels, channels));
      k.unpackPlanesF32(pointers[0], dst.pointer, pixels, channels, bits, planeBytes, c.scale, c.beta);
      dst.assertIntact();
      const map = readMap(bench.f32(dst.pointer, pixels * mapStride(channels)), 1, channels, pixels);
      const expected = map.map((_, i) => {
        const at = (i % pixels) * channels + Math.floor(i / pixels);
        return planes.reduce((q, plane, i) => q + plane[at] * 2 ** i, 0) * c.scale + c.beta;
      });
      // As arrays: 0 and -0 are the same value here.
      assert.deepEqual(
        Array.from(map, (x) => x + 0),
        Array.from(expected, (x) => x + 0),
      );
    }),
    { numRuns: 200 },
  );
});

test("levels of round survive packing, unpacking and packing again", () => {
  for (let bits = 1; bits <= 8; bits++) {
    bench.reset();
    const steps = 2 ** bits - 1;
    const input = Float32Array.from({ length: steps + 1 }, (_, q) => f(q / steps));
    const [pixels, channels] = [2, (steps + 1) / 2];
    const src = putMap(input, pixels, channels);
    const planeBytes = bitBytes(pixels, channels);
    const [planes, map] = [bench.alloc(bits * planeBytes), bench.alloc(mapBytes(pixels, channels))];
    k.packRoundF32(src, planes, pixels, channels, bits, planeBytes);
    assert.deepEqual(
      readLevels(planes, pixels, channels, bits, planeBytes),
      Array.from(input, (_, q) => q),
    );
    k.unpackPlanesF32(planes, map, pixels, channels, bits, planeBytes, 1 / steps, 0);
    assert.deepEqual(bench.f32(map, pixels * mapStride(channels)), bench.f32(src, pixels * mapStride(channels)));
  }
});

test("no kernel reads past the last channel, even if the memory ends with the map", () => {
  for (let channels = 1; channels <= 20; channels++) {
    bench.reset();
    const floats = 3 * mapStride(channels);
    const planes = bench.alloc(2 * bitBytes(3, channels));
    const largest = bench.alloc(4);
    bench.f32(largest, 1)[0] = 1;
    const flag = bench.alloc(4);
    const map = bench.u8(0, 1).buffer.byteLength - floats * 4;
    bench.f32(map, floats).set(toMap(new Float32Array(3 * channels).fill(1), 1, channels, 3));
    const level = (expected: number) =>
      assert.deepEqual(
        readLevels(planes, 3, channels, 2, bitBytes(3, channels)),
        new Array<number>(3 * channels).fill(expected),
      );
    k.packRoundF32(map, planes, 3, channels, 2, bitBytes(3, channels));
    level(3);
    k.packDorefaF32(map, planes, 3, channels, 2, bitBytes(3, channels), largest);
    level(3);
    k.packTernaryF32(map, planes, 3, channels, bitBytes(3, channels), flag);
    level(3);
    k.unpackPlanesF32(planes, map, 3, channels, 2, bitBytes(3, channels), 1, 0);
    assert.deepEqual(readMap(bench.f32(map, floats), 1, channels, 3), new Float32Array(3 * channels).fill(3));
  }
});
