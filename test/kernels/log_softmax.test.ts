/** Log softmax beside float64, special values included. */
import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { mapBytes, mapStride } from "../../src/abi/sizes.js";
import { drawFloats } from "../support/bits.js";
import { openKernels } from "../support/kernels.js";
import { allocGuarded, readMap, toMap } from "../support/maps.js";

const bench = openKernels();

/** Log softmax over the channels of planes, in doubles. */
function define(planes: Float32Array, channels: number, pixels: number): Float64Array {
  return Float64Array.from(planes, (x, i) => {
    const pixel = Array.from({ length: channels }, (_, c) => planes[c * pixels + (i % pixels)]);
    const largest = Math.max(...pixel);
    // From the smallest powers on, so that they count beside the 1 of the largest.
    const others = pixel.map((v) => Math.exp(v - largest)).sort((a, b) => a - b);
    const sum = others.slice(0, -1).reduce((total, power) => total + power, 0);
    return x - largest - Math.log1p(sum);
  });
}

function run(planes: Float32Array, channels: number, pixels: number, inPlace: boolean): Float32Array {
  bench.reset();
  const src = bench.putF32(toMap(planes, 1, channels, pixels));
  const own = allocGuarded(bench, mapBytes(pixels, channels));
  const dst = inPlace ? src : own.pointer;
  bench.k.logSoftmaxF32(src, dst, pixels, channels);
  own.assertIntact();
  return readMap(bench.f32(dst, pixels * mapStride(channels)), 1, channels, pixels);
}

test("logSoftmaxF32 is within a unit in the last place, in place too, tail lanes zero", () => {
  fc.assert(
    fc.property(
      fc.record({
        pixels: fc.integer({ min: 1, max: 8 }),
        channels: fc.integer({ min: 1, max: 70 }),
        pool: fc.array(
          fc.oneof(fc.float({ min: -30, max: 30, noNaN: true }), fc.float({ noNaN: true, noDefaultInfinity: true })),
          {
            minLength: 1,
            maxLength: 30,
          },
        ),
        seed: fc.integer({ min: 1, max: 1e6 }),
        inPlace: fc.boolean(),
      }),
      ({ pixels, channels, pool, seed, inPlace }) => {
        const planes = drawFloats(pool, seed, channels * pixels);
        const expected = define(planes, channels, pixels);
        run(planes, channels, pixels, inPlace).forEach((value, i) => {
          // Beyond the floats' range both are -infinity. The sum begins at 1: what is below its last place is not seen.
          const wanted = Math.fround(expected[i]);
          const near = Math.abs(value - expected[i]) <= 2 ** -23 * Math.abs(expected[i]) + 1e-12;
          assert.ok(value === wanted || near, `[${i}]: ${value}, expected ${expected[i]}`);
        });
      },
    ),
    { numRuns: 300 },
  );
});

test("logSoftmaxF32 of equal values, of one value, of many", () => {
  assert.deepEqual(run(Float32Array.of(7), 1, 1, false), Float32Array.of(0));
  for (const channels of [2, 3, 5, 64, 1000, 100_003]) {
    const logits = new Float32Array(channels).fill(1e20);
    const expected = new Float32Array(channels).fill(-Math.log(channels));
    assert.deepEqual(run(logits, channels, 1, false), expected);
  }
});

test("NaN and an infinity that is the largest spoil their pixel alone, -infinity stays", () => {
  const [nan, inf] = [Number.NaN, Infinity];
  const pixels = [
    [1, nan, 2],
    [nan, 1, 2],
    [1, inf, 2],
    [-inf, -inf, -inf],
    [0, -inf, 0],
  ];
  const planes = Float32Array.from({ length: 15 }, (_, i) => pixels[i % 5][Math.floor(i / 5)]);
  const output = run(planes, 3, 5, false);
  const at = (pixel: number) => [0, 1, 2].map((c) => output[c * 5 + pixel]);
  for (const pixel of [0, 1, 2, 3]) assert.deepEqual(at(pixel), [nan, nan, nan]);
  const half = Math.fround(-Math.LN2);
  assert.deepEqual(at(4), [half, -inf, half]);
});
