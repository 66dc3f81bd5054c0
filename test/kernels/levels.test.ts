/** BMXNet's quantisers of many bits: its own floats, bit for bit. */
import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { mapBytes, mapStride } from "../../src/abi/sizes.js";
import { float32 } from "../support/bits.js";
import { openKernels } from "../support/kernels.js";
import { allocGuarded, readMap, toMap } from "../support/maps.js";

const bench = openKernels();
const { k } = bench;
const f = Math.fround;

const shape = {
  pixels: fc.integer({ min: 1, max: 9 }),
  channels: fc.integer({ min: 1, max: 70 }),
  bits: fc.integer({ min: 1, max: 31 }),
  inPlace: fc.boolean(),
};

/** C's round of a float that is not negative; its fraction is exact. */
function roundHalfAway(x: number): number {
  const whole = Math.floor(x);
  return x - whole >= 0.5 ? whole + 1 : whole;
}

/** BMXNet's operators one by one in floats; MXNet's clip passes NaN on. */
function roundValue(x: number, bits: number): number {
  const steps = f(2 ** bits - 1);
  return f(f(roundHalfAway(f(Math.min(Math.max(x, 0), 1) * steps))) / steps);
}

function dorefaValue(tanh: number, largest: number, bits: number): number {
  const steps = f(2 ** bits - 1);
  const level = f(roundHalfAway(f(f(f(0.5 * f(tanh / largest)) + 0.5) * steps)));
  return f(f(f(2 * level) / steps) - 1);
}

/** The floats next to the tie above a level, and the tie. */
const ties = fc
  .tuple(fc.integer({ min: 1, max: 31 }), fc.double({ min: 0, max: 1, noNaN: true }), fc.integer({ min: -1, max: 1 }))
  .map(([bits, share, step]) => {
    const steps = 2 ** bits - 1;
    const [pattern] = new Int32Array(Float32Array.of((Math.floor(share * steps) + 0.5) / steps).buffer);
    return new Float32Array(Int32Array.of(pattern + step).buffer)[0];
  });
const pool = fc.array(fc.oneof(float32, ties, fc.float({ min: 0, max: 1, noNaN: true })), {
  minLength: 1,
  maxLength: 80,
});

function run(
  values: Float32Array,
  { pixels, channels, inPlace }: { pixels: number; channels: number; inPlace: boolean },
  kernel: (src: number, dst: number) => void,
): Float32Array {
  const src = allocGuarded(bench, mapBytes(pixels, channels));
  bench.f32(src.pointer, pixels * mapStride(channels)).set(toMap(values, 1, channels, pixels));
  const dst = inPlace ? src : allocGuarded(bench, mapBytes(pixels, channels));
  kernel(src.pointer, dst.pointer);
  dst.assertIntact();
  return readMap(bench.f32(dst.pointer, pixels * mapStride(channels)), 1, channels, pixels);
}

test("roundF32 gives BMXNet's floats at any number of bits, ties and NaN included", () => {
  fc.assert(
    fc.property(fc.record({ ...shape, pool }), ({ pool, bits, ...size }) => {
      bench.reset();
      const { pixels, channels } = size;
      const values = Float32Array.from({ length: pixels * channels }, (_, i) => pool[i % pool.length]);
      const actual = run(values, size, (src, dst) => k.roundF32(src, dst, pixels, channels, bits));
      // + 0: the sign of a zero does not count.
      assert.deepEqual(
        actual.map((x) => x + 0),
        values.map((x) => roundValue(x, bits) + 0),
      );
    }),
    { numRuns: 400 },
  );
});

test("dorefaF32 gives BMXNet's floats of the kernels' own tanh", () => {
  fc.assert(
    fc.property(fc.record({ ...shape, pool }), ({ pool, bits, ...size }) => {
      bench.reset();
      const { pixels, channels } = size;
      const values = Float32Array.from({ length: pixels * channels }, (_, i) => pool[i % pool.length]);
      const tanh = run(values, { ...size, inPlace: false }, (src, dst) =>
        k.activationF32(src, dst, pixels, channels, 0),
      );
      const largest = bench.alloc(4);
      const actual = run(values, size, (src, dst) => {
        k.maxAbsTanhF32(src, largest, pixels, channels);
        k.dorefaF32(src, dst, pixels, channels, bits, largest);
      });
      const [most] = bench.f32(largest, 1);
      assert.deepEqual(
        actual.map((x) => x + 0),
        tanh.map((t) => dorefaValue(t, most, bits) + 0),
      );
    }),
    { numRuns: 400 },
  );
});

test("up to 8 bits both give the values that the planes of the same quantiser stand for", () => {
  const values = Float32Array.from({ length: 3 * 67 }, (_, i) => 1.5 * Math.sin(i * 1.7));
  const [pixels, channels] = [3, 67];
  for (let bits = 1; bits <= 8; bits++) {
    bench.reset();
    const size = { pixels, channels, inPlace: false };
    const planeBytes = 16 * pixels;
    const planes = bench.alloc(planeBytes * bits);
    const largest = bench.alloc(4);
    const steps = 2 ** bits - 1;
    const rounded = run(values, size, (src, dst) => k.roundF32(src, dst, pixels, channels, bits));
    const fromRound = run(values, size, (src, dst) => {
      k.packRoundF32(src, planes, pixels, channels, bits, planeBytes);
      k.unpackPlanesF32(planes, dst, pixels, channels, bits, planeBytes, 1 / steps, 0);
    });
    assert.deepEqual(rounded, fromRound);
    const dorefa = run(values, size, (src, dst) => {
      k.maxAbsTanhF32(src, largest, pixels, channels);
      k.dorefaF32(src, dst, pixels, channels, bits, largest);
    });
    const fromDorefa = run(values, size, (src, dst) => {
      k.packDorefaF32(src, planes, pixels, channels, bits, planeBytes, largest);
      k.unpackPlanesF32(planes, dst, pixels, channels, bits, planeBytes, 2 / steps, -1);
    });
    // 2 q / v - 1 in floats is rounded twice.
    for (const [i, value] of fromDorefa.entries())
      assert.ok(Math.abs(dorefa[i] - value) <= 2 ** -23, `${bits} bits, ${i}`);
  }
});
