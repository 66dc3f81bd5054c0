/** Elementwise functions and softmax beside float64, in units of the last place. */
import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { mapBytes, mapStride } from "../../src/abi/sizes.js";
import { drawFloats, float32 } from "../support/bits.js";
import { openKernels } from "../support/kernels.js";
import { allocGuarded, randomValues, readMap, toMap } from "../support/maps.js";

const bench = openKernels();
const { k } = bench;
const f = Math.fround;

/** Number of floats between two floats: 0 for equal ones and for two NaN. */
function ulpsApart(a: number, b: number): number {
  if (Number.isNaN(a) || Number.isNaN(b)) return Number.isNaN(a) && Number.isNaN(b) ? 0 : Infinity;
  const order = new Int32Array(Float32Array.of(a, b).buffer).map((bits) => (bits < 0 ? -(bits & 0x7fffffff) : bits));
  return Math.abs(order[0] - order[1]);
}

/** x * x as float32 stays exact in double precision until it is rounded. */
function approxSign(x: number): number {
  if (x <= -1) return -1;
  if (x < 0) return f(f(2 * x) + f(x * x));
  return x < 1 ? f(f(2 * x) - f(x * x)) : 1;
}

/** By number: name, definition, and how many floats the kernel may be off. */
const functions: readonly (readonly [name: string, f: (x: number) => number, ulps: number])[] = [
  ["tanh", Math.tanh, 1],
  ["sigmoid", (x) => 1 / (1 + Math.exp(-x)), 1],
  ["softrelu", (x) => Math.max(x, 0) + Math.log1p(Math.exp(-Math.abs(x))), 1],
  ["softsign", (x) => f(x / f(1 + Math.abs(x))), 0],
  ["clip", (x) => Math.min(Math.max(x, -1), 1), 0],
  ["leaky_clip", (x) => (Math.abs(x) <= 1 ? x : f(f(0.1) * x)), 0],
  ["approx_sign", approxSign, 0],
];

const wide = fc.oneof(
  float32,
  fc.float({ min: -200, max: 200, noNaN: true }),
  fc.float({ min: f(-1.5), max: 1.5, noNaN: true }),
  fc.float({ min: f(-1e-6), max: f(1e-6), noNaN: true }),
);

for (const [kind, [name, define, ulps]] of functions.entries())
  test(`activationF32 ${kind} is ${name} within ${ulps} units in the last place, tail lanes zero, in place too`, () => {
    const shape = {
      pixels: fc.integer({ min: 1, max: 20 }),
      channels: fc.integer({ min: 1, max: 130 }),
      seed: fc.integer({ min: 1, max: 1e6 }),
      pool: fc.array(wide, { minLength: 1, maxLength: 60 }),
      inPlace: fc.boolean(),
    };
    fc.assert(
      fc.property(fc.record(shape), ({ pixels, channels, seed, pool, inPlace }) => {
        bench.reset();
        const input = drawFloats(pool, seed, channels * pixels);
        const src = bench.putF32(toMap(input, 1, channels, pixels));
        const own = allocGuarded(bench, mapBytes(pixels, channels));
        const dst = inPlace ? src : own.pointer;
        k.activationF32(src, dst, pixels, channels, kind);
        own.assertIntact();
        const actual = readMap(bench.f32(dst, pixels * mapStride(channels)), 1, channels, pixels);
        for (const [i, x] of input.entries()) {
          const expected = f(define(x));
          assert.ok(
            ulpsApart(actual[i], expected) <= ulps,
            `${name}(${x}) = ${actual[i]}, expected ${expected} within ${ulps}`,
          );
        }
      }),
      { numRuns: 150 },
    );
  });

test("tanh, sigmoid and softrelu: the nearest float but for one in 10,000 around 0, at most one unit off", () => {
  const count = 1 << 17;
  const around = Float32Array.from({ length: count }, (_, i) => ((i + 0.37) / count) * 24 - 12);
  // Every 32,768th pattern of bits: all exponents, both signs, NaN.
  const patterns = new Float32Array(Uint32Array.from({ length: count }, (_, i) => i * 32768 + 4321).buffer);
  for (const kind of [0, 1, 2])
    for (const input of [around, patterns]) {
      bench.reset();
      const src = bench.putF32(input);
      k.activationF32(src, src, count / 4, 4, kind);
      const [name, define] = functions[kind];
      const actual = bench.f32(src, count);
      let off = 0;
      for (const [i, x] of input.entries()) {
        const apart = ulpsApart(actual[i], f(define(x)));
        assert.ok(apart <= 1, `${name}(${x}) = ${actual[i]}, expected ${f(define(x))}`);
        if (apart > 0) off++;
      }
      assert.ok(off < count / 10000, `${off} of ${count} values of ${name} are not the nearest float`);
    }
});

function softmax(x: readonly number[]): number[] {
  const largest = x.reduce((most, value) => Math.max(most, value), -Infinity);
  const powers = x.map((value) => Math.exp(value - largest));
  const sum = powers.reduce((total, power) => total + power, 0);
  return powers.map((power) => power / sum);
}

test("softmaxF32 over any number of channels, large and special values included", () => {
  const scale = fc.constantFrom(1, 20, 200, 1e30);
  const special = fc.constantFrom(undefined, undefined, Number.NaN, Infinity, -Infinity);
  const shape = [
    fc.integer({ min: 1, max: 9 }),
    fc.integer({ min: 1, max: 130 }),
    fc.integer({ min: 1, max: 1e6 }),
  ] as const;
  fc.assert(
    fc.property(...shape, scale, special, fc.boolean(), (pixels, channels, seed, scale, special, inPlace) => {
      bench.reset();
      const input = randomValues(seed, channels * pixels).map((x) => x * scale);
      if (special !== undefined) input[seed % input.length] = special;
      const src = bench.putF32(toMap(input, 1, channels, pixels));
      const own = allocGuarded(bench, mapBytes(pixels, channels));
      const dst = inPlace ? src : own.pointer;
      k.softmaxF32(src, dst, pixels, channels);
      own.assertIntact();
      const actual = readMap(bench.f32(dst, pixels * mapStride(channels)), 1, channels, pixels);
      for (let p = 0; p < pixels; p++) {
        const expected = softmax(Array.from({ length: channels }, (_, c) => input[c * pixels + p]));
        for (const [c, value] of expected.entries()) {
          const apart = ulpsApart(actual[c * pixels + p], f(value));
          assert.ok(apart <= 2, `channel ${c}: ${actual[c * pixels + p]}, expected ${f(value)}`);
        }
      }
    }),
    { numRuns: 200 },
  );
});
