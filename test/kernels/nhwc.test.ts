/** Tensors with channels last to maps and back. */
import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { mapBytes, mapStride } from "../../src/abi/sizes.js";
import { drawFloats, SPECIAL_FLOATS } from "../support/bits.js";
import { openKernels } from "../support/kernels.js";
import { allocGuarded, paddedToStride, randomValues } from "../support/maps.js";

const bench = openKernels();

const cases = fc.record({
  pixels: fc.integer({ min: 1, max: 20 }),
  channels: fc.integer({ min: 1, max: 30 }),
  special: fc.boolean(),
  seed: fc.integer({ min: 1, max: 1e6 }),
});

/** Bit for bit, so that NaN is NaN and -0 is not 0; the tail lanes are zeros. */
function assertMap(map: Float32Array, pixels: number, channels: number, expected: (i: number) => number): void {
  const stride = mapStride(channels);
  for (let p = 0; p < pixels; p++)
    for (let c = 0; c < stride; c++) {
      const value = c < channels ? Math.fround(expected(p * channels + c)) : 0;
      assert.ok(
        Object.is(map[p * stride + c], value),
        `pixel ${p}, channel ${c}: ${map[p * stride + c]}, not ${value}`,
      );
    }
}

for (const type of ["F32", "U8"] as const)
  test(`nhwcToMap${type} subtracts, scales and shifts in each channel, each step rounded`, () => {
    fc.assert(
      fc.property(cases, ({ pixels, channels, special, seed }) => {
        bench.reset();
        const floats = type === "F32";
        const pool = special ? SPECIAL_FLOATS : [...randomValues(seed, 50)];
        const input = floats
          ? drawFloats(pool, seed, pixels * channels)
          : Uint8Array.from(randomValues(seed, pixels * channels), (v) => (v + 1) * 128);
        const [center, scale, shift] = [3, 1, 2].map((n) => randomValues(seed + n, channels));
        const dst = allocGuarded(bench, mapBytes(pixels, channels));
        // Bytes lie at an odd address, floats behind others that are NaN.
        const src = floats
          ? bench.putF32([Number.NaN, ...input, Number.NaN]) + 4
          : bench.putU8([0, ...(input as Uint8Array), 255]) + 1;
        const put = (data: Float32Array) => bench.putF32(paddedToStride(data));
        const parameters = [put(center), put(scale), put(shift)] as const;
        bench.k[`nhwcToMap${type}`](src, dst.pointer, pixels, channels, ...parameters);
        dst.assertIntact();
        assertMap(bench.f32(dst.pointer, pixels * mapStride(channels)), pixels, channels, (i) => {
          const c = i % channels;
          return Math.fround(Math.fround(input[i] - center[c]) * scale[c]) + shift[c];
        });
      }),
      { numRuns: 300 },
    );
  });

test("mapToNhwcF32 leaves the tail lanes out", () => {
  fc.assert(
    fc.property(cases, ({ pixels, channels, special, seed }) => {
      bench.reset();
      const stride = mapStride(channels);
      const map = drawFloats(special ? SPECIAL_FLOATS : [...randomValues(seed, 50)], seed, pixels * stride);
      const dst = allocGuarded(bench, pixels * channels * 4);
      bench.k.mapToNhwcF32(bench.putF32(map), dst.pointer, pixels, channels);
      dst.assertIntact();
      const actual = bench.f32(dst.pointer, pixels * channels);
      actual.forEach((value, i) => {
        assert.ok(Object.is(value, map[Math.floor(i / channels) * stride + (i % channels)]), `[${i}]`);
      });
    }),
    { numRuns: 300 },
  );
});
