/** The values of integer grids: ties, ends and places of zero. */
import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { mapBytes, mapStride } from "../../src/abi/sizes.js";
import { drawFloats, float32 } from "../support/bits.js";
import { openKernels } from "../support/kernels.js";
import { allocGuarded, readMap, toMap } from "../support/maps.js";

const bench = openKernels();
const f = Math.fround;

/** Rounds a float of any size: halves to even, or away from zero. */
function round(p: number, halfAway: boolean): number {
  const floor = Math.floor(p);
  const rest = p - floor;
  if (rest !== 0.5) return rest < 0.5 ? floor : floor + 1;
  if (halfAway) return p < 0 ? floor : floor + 1;
  return floor % 2 === 0 ? floor : floor + 1;
}

interface Grid {
  readonly scale: number;
  readonly zeroPoint: number;
  readonly low: number;
  readonly high: number;
  readonly halfAway: boolean;
}

function define(x: number, { scale, zeroPoint, low, high, halfAway }: Grid): number {
  const share = f(x / scale);
  if (Number.isNaN(share)) return Number.NaN;
  const q = Math.abs(share) < 2 ** 23 ? round(share, halfAway) + zeroPoint : share;
  return f((Math.min(Math.max(q, low), high) - zeroPoint) * scale);
}

function check(values: Float32Array, pixels: number, channels: number, grid: Grid, inPlace = false): void {
  bench.reset();
  const src = bench.putF32(toMap(values, 1, channels, pixels));
  const own = allocGuarded(bench, mapBytes(pixels, channels));
  const dst = inPlace ? src : own.pointer;
  const { scale, zeroPoint, low, high, halfAway } = grid;
  bench.k.fakeQuantizeF32(src, dst, pixels, channels, scale, zeroPoint, low, high, halfAway ? 1 : 0);
  own.assertIntact();
  const actual = readMap(bench.f32(dst, pixels * mapStride(channels)), 1, channels, pixels);
  for (const [i, x] of values.entries()) {
    // + 0: whether a zero has a sign is not told.
    const expected = define(x, grid) + 0;
    assert.ok(Object.is(actual[i] + 0, expected), `${x} on ${JSON.stringify(grid)} is ${actual[i]}, not ${expected}`);
  }
}

const int8 = { zeroPoint: 0, low: -128, high: 127 } as const;

const grids: fc.Arbitrary<Grid> = fc.record({
  scale: fc.constantFrom(1, 0.5, 0.1, 1 / 3, 1 / 255, 2 ** -20, 1e-3, 1e30, 1e-30).map(f),
  zeroPoint: fc.integer({ min: -200, max: 200 }),
  low: fc.integer({ min: -300, max: 0 }),
  high: fc.integer({ min: 0, max: 70000 }),
  halfAway: fc.boolean(),
});

test("fakeQuantizeF32 is the definition in float32, in place too, tail lanes zero", () => {
  fc.assert(
    fc.property(
      fc.record({
        pixels: fc.integer({ min: 1, max: 12 }),
        channels: fc.integer({ min: 1, max: 40 }),
        pool: fc.array(fc.tuple(float32, fc.boolean()), { minLength: 1, maxLength: 40 }),
        grid: grids,
        seed: fc.integer({ min: 1, max: 1e6 }),
        inPlace: fc.boolean(),
      }),
      ({ pixels, channels, pool, grid, seed, inPlace }) => {
        // Half of the values in steps of the grid, so that they meet it.
        const values = pool.map(([x, scaled]) => f(scaled ? x * 40 * grid.scale : x));
        check(drawFloats(values, seed, pixels * channels), pixels, channels, grid, inPlace);
      },
    ),
    { numRuns: 500 },
  );
});

test("fakeQuantizeF32 on ties and their neighbours, up to where floats are integers", () => {
  const halves = [0, 1, 2, 3, 63, 64, 126, 127, 128, 1000, 2 ** 21, 2 ** 22 - 1, 2 ** 22, 2 ** 23 - 1].flatMap((n) => {
    const ties = [n + 0.5, -n - 0.5, n, -n];
    const bits = new Int32Array(Float32Array.from(ties).buffer);
    return [
      ...ties,
      ...new Float32Array(bits.map((b) => b + 1).buffer),
      ...new Float32Array(bits.map((b) => b - 1).buffer),
    ];
  });
  const values = Float32Array.from([
    ...halves,
    0.49999997,
    -0.49999997,
    2 ** 24,
    2 ** 30,
    Infinity,
    -Infinity,
    Number.NaN,
  ]);
  for (const halfAway of [false, true]) {
    check(values, 1, values.length, { scale: 1, ...int8, halfAway });
    check(values, 1, values.length, { scale: 1, zeroPoint: 0, low: -(2 ** 23), high: 2 ** 23, halfAway });
    check(values, 1, values.length, { scale: 1, zeroPoint: -128, low: -128, high: 127, halfAway });
  }
});

test("the quotient is rounded to float32 before the integer, as TensorFlow Lite does", () => {
  // 0.15 / 0.1 is 1.5 as a float and a little more or less as the quotient of the two floats.
  const scale = f(0.1);
  const values = Float32Array.from({ length: 2000 }, (_, i) => f((i - 1000 + 0.5) * 0.1));
  const ties = values.filter((x) => Math.abs(f(x / scale) % 1) === 0.5 && x / scale !== f(x / scale));
  assert.ok(ties.length > 100, "values whose quotient is a tie as a float alone");
  for (const halfAway of [false, true]) check(values, 1, values.length, { scale, ...int8, halfAway });
});

test("a range that leaves 0 out makes other values, and no tail lanes", () => {
  check(Float32Array.of(0, -3, 9, 2, 5), 1, 5, { scale: 0.5, zeroPoint: 3, low: 5, high: 9, halfAway: true });
});
