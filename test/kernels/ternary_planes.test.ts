/** The two planes of a sign that keeps 0. */
import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { bitBytes } from "../../src/abi/sizes.js";
import { drawFloats, float32, readBits } from "../support/bits.js";
import { openKernels } from "../support/kernels.js";
import { allocGuarded, toMap } from "../support/maps.js";

const bench = openKernels();
const { k } = bench;

interface Ternary {
  readonly input: Float32Array;
  readonly pixels: number;
  readonly channels: number;
  readonly gap: number;
}

/**
 * Planes and flag by the kernel, the values from the planes as -1, 0 and 1, NHWC; fails if plane 0 is set and plane 1
 * is not.
 */
function packTernary({ input, pixels, channels, gap }: Ternary) {
  bench.reset();
  const planes = input.map((_, i) => input[(i % pixels) * channels + Math.floor(i / pixels)]);
  const src = bench.putF32(toMap(planes, 1, channels, pixels));
  const planeBytes = bitBytes(pixels, channels) + 8 * gap;
  const dst = allocGuarded(bench, planeBytes + bitBytes(pixels, channels));
  const flag = allocGuarded(bench, 4);
  k.packTernaryF32(src, dst.pointer, pixels, channels, planeBytes, flag.pointer);
  dst.assertIntact();
  flag.assertIntact();
  const plane0 = readBits(bench, dst.pointer, pixels, channels);
  const plane1 = readBits(bench, dst.pointer + planeBytes, pixels, channels);
  const values = Array.from(plane0, (bit, i) => {
    assert.ok(bit <= plane1[i], "plane 0 is above plane 1");
    return bit + plane1[i] - 1;
  });
  return { values, zeroFlag: bench.i32(flag.pointer, 1)[0] };
}

const shape = {
  pixels: fc.integer({ min: 1, max: 12 }),
  channels: fc.integer({ min: 1, max: 200 }),
  gap: fc.integer({ min: 0, max: 3 }),
  seed: fc.integer({ min: 1, max: 1e6 }),
};
const pool = fc.array(float32, { minLength: 1, maxLength: 30 });

test("packTernaryF32 is torch's sign, 0 and NaN included", () => {
  fc.assert(
    fc.property(fc.record({ ...shape, pool }), ({ pixels, channels, gap, seed, pool }) => {
      const input = drawFloats(pool, seed, pixels * channels);
      const { values, zeroFlag } = packTernary({ input, pixels, channels, gap });
      const expected = Array.from(input, (x) => Number(x > 0) - Number(x < 0));
      assert.deepEqual(values, expected);
      assert.equal(zeroFlag, expected.includes(0) ? 1 : 0);
    }),
    { numRuns: 300 },
  );
});

test("a single zero anywhere raises the flag, tail lanes never do", () => {
  for (const channels of [1, 3, 4, 15, 16, 17, 63, 64, 65, 80]) {
    const input = new Float32Array(2 * channels).fill(1);
    assert.equal(packTernary({ input, pixels: 2, channels, gap: 0 }).zeroFlag, 0);
    for (const [i] of input.entries()) {
      const one = input.slice();
      one[i] = -0;
      assert.equal(packTernary({ input: one, pixels: 2, channels, gap: 0 }).zeroFlag, 1);
    }
  }
});
