/** PReLU beside its definition in float32. */
import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { mapBytes, mapStride } from "../../src/abi/sizes.js";
import { drawFloats, float32 } from "../support/bits.js";
import { openKernels } from "../support/kernels.js";
import { allocGuarded, paddedToStride, readMap, toMap } from "../support/maps.js";

const bench = openKernels();
const { k } = bench;

test("preluF32 is x >= 0 ? x : slope * x in float32, in place too, tail lanes zero", () => {
  fc.assert(
    fc.property(
      fc.record({
        pixels: fc.integer({ min: 1, max: 20 }),
        channels: fc.integer({ min: 1, max: 130 }),
        pool: fc.array(float32, { minLength: 1, maxLength: 30 }),
        seed: fc.integer({ min: 1, max: 1e6 }),
        inPlace: fc.boolean(),
      }),
      ({ pixels, channels, pool, seed, inPlace }) => {
        bench.reset();
        const input = drawFloats(pool, seed, channels * pixels);
        const slope = drawFloats(pool, seed + 1, channels);
        const src = bench.putF32(toMap(input, 1, channels, pixels));
        const own = allocGuarded(bench, mapBytes(pixels, channels));
        const dst = inPlace ? src : own.pointer;
        k.preluF32(src, dst, pixels, channels, bench.putF32(paddedToStride(slope)));
        own.assertIntact();
        const expected = Array.from(input, (x, i) => (x >= 0 ? x : Math.fround(x * slope[Math.floor(i / pixels)])));
        const actual = readMap(bench.f32(dst, pixels * mapStride(channels)), 1, channels, pixels);
        // As arrays: typed arrays compare NaN by its bits.
        assert.deepEqual(Array.from(actual), expected);
      },
    ),
    { numRuns: 300 },
  );
});
