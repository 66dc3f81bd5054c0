/** Counts to bits by thresholds, and epilogues, beside plain arithmetic. */
import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { bitBytes, mapBytes, mapStride } from "../../src/abi/sizes.js";
import { drawFloats, flipSign, float32, putBits, randomBits, readBits } from "../support/bits.js";
import { openKernels } from "../support/kernels.js";
import { allocGuarded, paddedToStride, readMap, toMap } from "../support/maps.js";

const bench = openKernels();
const { k } = bench;

type Source = "I32" | "U16" | "F32";

const COUNTS: Record<"I32" | "U16", readonly number[]> = {
  I32: [0, 1, 2, 100, 101, 576, 4608, 65535, 65536, 2 ** 24, 2 ** 31 - 1],
  U16: [0, 1, 2, 100, 101, 576, 4608, 32767, 32768, 65534, 65535],
};
const THRESHOLDS: Record<"I32" | "U16", readonly number[]> = {
  I32: [-(2 ** 31), -1, 0, 1, 99, 100, 101, 575, 32767, 32768, 65534, 65535, 65536, 2 ** 31 - 1],
  U16: [0, 1, 99, 100, 101, 575, 32767, 32768, 65534, 65535],
};

/** Counts `[pixel][countStride]`. */
function putCounts(source: "I32" | "U16", counts: ArrayLike<number>): number {
  const pointer = bench.alloc(counts.length * (source === "I32" ? 4 : 2));
  if (source === "I32") bench.i32(pointer, counts.length).set(counts);
  else bench.u16(pointer, counts.length).set(counts);
  return pointer;
}

/** Thresholds of the counts' type. */
const putThresholds = putCounts;

/** NHWC values without padding -> a map in memory. */
function putMap(values: ArrayLike<number>, pixels: number, channels: number): number {
  const planes = Array.from(values, (_, i) => values[(i % pixels) * channels + Math.floor(i / pixels)]);
  return bench.putF32(toMap(planes, 1, channels, pixels));
}

/** A map in memory -> NHWC values without padding; fails if a tail lane is not zero. */
function takeMap(pointer: number, pixels: number, channels: number): Float32Array {
  const planes = readMap(bench.f32(pointer, pixels * mapStride(channels)), 1, channels, pixels);
  return planes.map((_, i) => planes[(i % channels) * pixels + Math.floor(i / channels)]);
}

const shape = {
  pixels: fc.integer({ min: 1, max: 30 }),
  channels: fc.integer({ min: 1, max: 200 }),
  surplus: fc.integer({ min: 0, max: 5 }),
  seed: fc.integer({ min: 0, max: 2 ** 30 }),
};

for (const source of ["I32", "U16"] as const)
  test(`thresholdCounts${source} is (count <= threshold) XOR flip over the whole range`, () => {
    fc.assert(
      fc.property(fc.record(shape), ({ pixels, channels, surplus, seed }) => {
        bench.reset();
        const stride = channels + surplus;
        const counts = drawFloats(COUNTS[source], seed, pixels * stride);
        const integers = Float64Array.from(counts, (count) => Math.min(count, 2 ** 31 - 1));
        const thresholds = Array.from(
          drawFloats(
            THRESHOLDS[source].map((_, i) => i),
            seed + 1,
            channels,
          ),
          (i) => THRESHOLDS[source][i],
        );
        const flips = randomBits(seed, channels);
        const threshold = putThresholds(source, thresholds);
        const flip = putBits(bench, flips, 1, channels);
        const src = putCounts(source, integers);
        const dst = allocGuarded(bench, bitBytes(pixels, channels));
        const kernel = source === "I32" ? k.thresholdCountsI32 : k.thresholdCountsU16;
        kernel(src, dst.pointer, pixels, channels, stride, threshold, flip);
        const expected = Uint8Array.from({ length: pixels * channels }, (_, i) => {
          const c = i % channels;
          const count = integers[Math.floor(i / channels) * stride + c];
          return (count <= thresholds[c] ? 1 : 0) ^ flips[c];
        });
        assert.deepEqual(readBits(bench, dst.pointer, pixels, channels), expected);
        dst.assertIntact();
      }),
      { numRuns: 200 },
    );
  });

test("a threshold and a flip bit give det_sign of any batch norm of the dot, negative and zero gammas included", () => {
  const norm = fc.record({
    gamma: fc.oneof(fc.constantFrom(0, -0, 1, -1), fc.double({ min: -2, max: 2, noNaN: true })),
    beta: fc.oneof(fc.constantFrom(0, -0, 1, -1), fc.double({ min: -2, max: 2, noNaN: true })),
    mean: fc.oneof(fc.constant(0), fc.double({ min: -60, max: 60, noNaN: true })),
    sigma: fc.double({ min: 0.01, max: 10, noNaN: true }),
  });
  const norms = fc.array(norm, { minLength: 1, maxLength: 100 });
  fc.assert(
    fc.property(norms, fc.integer({ min: 1, max: 100 }), (norms, bits) => {
      bench.reset();
      const channels = norms.length;
      const positive = (c: number, count: number) => {
        const { gamma, beta, mean, sigma } = norms[c];
        return (gamma * (bits - 2 * count - mean)) / sigma + beta >= 0;
      };
      // What the compiler must find: the last count on the near side of the step, the side of count 0.
      const thresholds = norms.map((_, c) => {
        const near = positive(c, 0);
        let last = 0;
        while (last < bits && positive(c, last + 1) === near) last++;
        return last;
      });
      const flips = Uint8Array.from(norms, (_, c) => (positive(c, 0) ? 0 : 1));
      const flip = putBits(bench, flips, 1, channels);
      const pixels = bits + 1;
      const counts = Array.from({ length: pixels * channels }, (_, i) => Math.floor(i / channels));
      const expected = Uint8Array.from(counts, (count, i) => (positive(i % channels, count) ? 1 : 0));
      const dst = bench.alloc(bitBytes(pixels, channels));
      k.thresholdCountsI32(
        putCounts("I32", counts),
        dst,
        pixels,
        channels,
        channels,
        putThresholds("I32", thresholds),
        flip,
      );
      assert.deepEqual(readBits(bench, dst, pixels, channels), expected);
      k.thresholdCountsU16(
        putCounts("U16", counts),
        dst,
        pixels,
        channels,
        channels,
        putThresholds("U16", thresholds),
        flip,
      );
      assert.deepEqual(readBits(bench, dst, pixels, channels), expected);
    }),
    { numRuns: 100 },
  );
});

const epilogueCase = fc.record({
  ...shape,
  source: fc.constantFrom<Source>("I32", "U16", "F32"),
  pool: fc.array(float32, { minLength: 1, maxLength: 30 }),
  first: fc.boolean(),
  relu: fc.boolean(),
  second: fc.boolean(),
  dst: fc.constantFrom("none", "own", "source", "first", "second"),
  bits: fc.boolean(),
  plainSign: fc.boolean(),
  bounds: fc.boolean(),
  middle: fc.constantFrom<number>(0, 1, 577, 32768, 65535),
  /** Halves are centers as counts have them. */
  centers: fc.constantFrom("none", "halves", "any"),
});
type EpilogueCase = typeof epilogueCase extends fc.Arbitrary<infer T> ? T : never;

function checkEpilogue(c: EpilogueCase): void {
  bench.reset();
  const { pixels, channels, seed, pool, source } = c;
  const middle = source === "F32" ? 0 : c.middle;
  const size = pixels * channels;
  const stride = channels + c.surplus;
  const counts =
    source === "F32"
      ? new Float64Array(0)
      : Float64Array.from(drawFloats(COUNTS[source], seed, pixels * stride), (count) => Math.min(count, 2 ** 31 - 1));
  const x = Array.from({ length: size }, (_, i) =>
    source === "F32" ? 0 : counts[Math.floor(i / channels) * stride + (i % channels)],
  );
  if (source === "F32") x.splice(0, size, ...drawFloats(pool, seed + 1, size));
  const [scale, shift, threshold] = [2, 3, 4].map((n) => drawFloats(pool, seed + n, channels));
  const [first, second] = [5, 6].map((n) => drawFloats(pool, seed + n, size));
  const flips = randomBits(seed, channels);
  // Halves, as of an odd K, and bounds in order.
  const center =
    c.centers === "any"
      ? drawFloats(pool, seed + 9, channels)
      : Float32Array.from({ length: channels }, (_, n) => (c.centers === "none" ? 0 : ((seed + n) % 1000) / 2));
  const numbers = pool.filter((value) => !Number.isNaN(value)).concat(-1, 2);
  const [some, others] = [7, 8].map((n) => drawFloats(numbers, seed + n, channels));
  const low = some.map((value, n) => Math.min(value, others[n]));
  const high = some.map((value, n) => Math.max(value, others[n]));

  // The definition, each operation rounded to float32.
  const f = Math.fround;
  const values = new Float32Array(size);
  const bits = new Uint8Array(size);
  for (let i = 0; i < size; i++) {
    const n = i % channels;
    let v = f(f(scale[n] * f(f(x[i] - middle) - center[n])) + shift[n]);
    // NaN is neither below nor above.
    if (c.bounds && v < low[n]) v = low[n];
    if (c.bounds && v > high[n]) v = high[n];
    if (c.first) v = f(v + first[i]);
    if (c.relu) v = Math.max(v, 0);
    if (c.second) v = f(v + second[i]);
    values[i] = v;
    const below = c.plainSign ? v < 0 : flipSign(v, flips[n] === 1) < threshold[n];
    bits[i] = below ? 0 : 1;
  }

  const src = source === "F32" ? putMap(x, pixels, channels) : putCounts(source, counts);
  const firstMap = c.first ? putMap(first, pixels, channels) : 0;
  const secondMap = c.second ? putMap(second, pixels, channels) : 0;
  const own = allocGuarded(bench, mapBytes(pixels, channels));
  const targets = { none: 0, own: own.pointer, source: source === "F32" ? src : 0, first: firstMap, second: secondMap };
  const dst = c.dst === "none" ? 0 : targets[c.dst] || own.pointer;
  const bitMap = allocGuarded(bench, bitBytes(pixels, channels));
  const flip = bench.alloc(mapStride(channels) * 4);
  bench.u32(flip, channels).set(Array.from(flips, (bit) => (bit ? 0x80000000 : 0)));
  const put = (data: Float32Array) => bench.putF32(paddedToStride(data));
  const rest = [
    ...([c.centers === "none" ? 0 : put(center), put(scale), put(shift)] as const),
    ...([c.bounds ? put(low) : 0, c.bounds ? put(high) : 0] as const),
    ...([firstMap, c.relu ? 1 : 0, secondMap, dst] as const),
    ...([c.bits ? bitMap.pointer : 0, c.plainSign ? 0 : put(threshold), c.plainSign ? 0 : flip] as const),
  ] as const;
  if (source === "F32") k.epilogueF32(src, pixels, channels, ...rest);
  else if (source === "I32") k.epilogueI32(src, stride, pixels, channels, middle, ...rest);
  else k.epilogueU16(src, stride, pixels, channels, middle, ...rest);

  // As arrays: typed arrays are compared by bytes, and the sign of a NaN is not defined.
  if (dst !== 0) assert.deepEqual(Array.from(takeMap(dst, pixels, channels)), Array.from(values));
  if (c.bits) assert.deepEqual(readBits(bench, bitMap.pointer, pixels, channels), bits);
  for (const [buffer, used] of [
    [own, dst === own.pointer],
    [bitMap, c.bits],
  ] as const) {
    buffer.assertIntact();
    if (!used) assert.equal(bench.u8(buffer.pointer, 1)[0], 0xa5);
  }
}

test("epilogues compute affine, residuals, ReLU, map and bits, in place too, on floats of every kind", () => {
  fc.assert(fc.property(epilogueCase, checkEpilogue), { numRuns: 500 });
});

test("epilogues with every combination of steps, at channels around the vector widths", () => {
  const flags = [false, true];
  for (const source of ["I32", "U16", "F32"] as const)
    for (const channels of [1, 3, 4, 15, 16, 17, 63, 64, 67, 128])
      for (let mask = 0; mask < 128; mask++) {
        const [first, relu, second, bits, map, plainSign, bounds] = [1, 2, 4, 8, 16, 32, 64].map(
          (bit) => flags[(mask & bit) === 0 ? 0 : 1],
        );
        const steps = { first, relu, second, dst: map ? "own" : "none", bits, plainSign, bounds } as const;
        const pool = [1, -2, 0.5, -0.125, 3, -0, 7];
        for (const pixels of [2, 3])
          for (const centers of ["none", "any"] as const)
            checkEpilogue({ pixels, channels, surplus: 1, seed: mask, source, pool, middle: 101, centers, ...steps });
      }
});

test("no kernel reads past the last count, even if the memory ends with it", () => {
  const [pixels, channels] = [8, 5];
  for (const source of ["I32", "U16"] as const) {
    bench.reset();
    const bytes = pixels * channels * (source === "I32" ? 4 : 2);
    const zeros = bench.alloc(64);
    const dst = bench.alloc(mapBytes(pixels, channels));
    const bits = bench.alloc(bitBytes(pixels, channels));
    const ones = bench.putF32(paddedToStride(new Float32Array(channels).fill(1)));
    // Whole 16-byte blocks, so that the counts end where the memory ends: a wider read traps.
    assert.equal(bytes % 16, 0);
    const counts = bench.u8(0, 1).buffer.byteLength - bytes;
    (source === "I32" ? bench.i32 : bench.u16)(counts, pixels * channels).fill(3);
    const threshold = source === "I32" ? k.thresholdCountsI32 : k.thresholdCountsU16;
    threshold(counts, bits, pixels, channels, channels, zeros, zeros);
    assert.deepEqual(readBits(bench, bits, pixels, channels), new Uint8Array(pixels * channels));
    const epilogue = source === "I32" ? k.epilogueI32 : k.epilogueU16;
    for (const [first, sign] of [
      [0, zeros],
      [dst, zeros],
      [dst, 0],
    ]) {
      bench.f32(dst, pixels * mapStride(channels)).fill(0);
      epilogue(counts, channels, pixels, channels, 0, zeros, ones, zeros, 0, 0, first, 0, 0, dst, bits, sign, sign);
      assert.deepEqual(takeMap(dst, pixels, channels), new Float32Array(pixels * channels).fill(3));
    }
  }
});
