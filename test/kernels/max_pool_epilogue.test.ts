/** The fused max pool beside the two kernels that it joins, bit for bit. */
import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { bitBytes, mapBytes } from "../../src/abi/sizes.js";
import { openKernels } from "../support/kernels.js";
import { allocGuarded, paddedToStride, randomValues, toMap } from "../support/maps.js";

const bench = openKernels();

const cases = fc
  .record({
    batch: fc.integer({ min: 1, max: 3 }),
    channels: fc.oneof(fc.integer({ min: 1, max: 20 }), fc.integer({ min: 21, max: 150 })),
    height: fc.integer({ min: 1, max: 12 }),
    width: fc.integer({ min: 1, max: 12 }),
    kernel: fc.tuple(fc.integer({ min: 1, max: 5 }), fc.integer({ min: 1, max: 5 })),
    stride: fc.tuple(fc.integer({ min: 1, max: 3 }), fc.integer({ min: 1, max: 3 })),
    pads: fc.tuple(fc.nat(6), fc.nat(6), fc.nat(6), fc.nat(6)),
    relu: fc.nat(1),
    signs: fc.constantFrom("none", "plain", "thresholds"),
    store: fc.boolean(),
    special: fc.boolean(),
    seed: fc.integer({ min: 1, max: 1e6 }),
  })
  .map((c) => ({
    ...c,
    outHeight: Math.floor((c.height + c.pads[0] + c.pads[2] - c.kernel[0]) / c.stride[0]) + 1,
    outWidth: Math.floor((c.width + c.pads[1] + c.pads[3] - c.kernel[1]) / c.stride[1]) + 1,
  }))
  .filter((c) => c.outHeight > 0 && c.outWidth > 0 && (c.store || c.signs !== "none"));

/** Numbers that show a difference in NaN, in the sign of a zero or in rounding. */
const specials = [
  ...[Number.NaN, Number.NEGATIVE_INFINITY, Number.POSITIVE_INFINITY, 0, -0],
  ...[3e38, -3e38, 1e-45, 1 + 2 ** -23],
];

test("maxPoolEpilogueF32 is maxPoolF32 followed by epilogueF32, bit for bit", () => {
  fc.assert(
    fc.property(cases, (c) => {
      bench.reset();
      const { k } = bench;
      const input = randomValues(c.seed, c.batch * c.channels * c.height * c.width);
      if (c.special) for (let i = c.seed % 7; i < input.length; i += 11) input[i] = specials[(i + c.seed) % 9];
      const src = bench.putF32(toMap(input, c.batch, c.channels, c.height * c.width));
      const perChannel = (seed: number) => {
        const values = randomValues(c.seed + seed, c.channels);
        if (c.special) values[c.seed % c.channels] = specials[(c.seed + seed) % 9];
        return bench.putF32(paddedToStride(values));
      };
      const [scale, shift] = [perChannel(1), perChannel(2)];
      const threshold = c.signs === "thresholds" ? perChannel(3) : 0;
      const flip = bench.alloc(mapBytes(1, c.channels));
      const flips = bench.u32(flip, c.channels);
      for (let i = 0; i < c.channels; i++) flips[i] = (i + c.seed) % 3 === 0 ? 0x80000000 : 0;

      const pixels = c.batch * c.outHeight * c.outWidth;
      const [floats, bytes] = [mapBytes(pixels, c.channels), bitBytes(pixels, c.channels)];
      const shape = [
        ...([c.batch, c.height, c.width, c.channels, c.outHeight, c.outWidth] as const),
        ...([...c.kernel, ...c.stride, c.pads[0], c.pads[1]] as const),
      ] as const;
      const pooled = bench.alloc(floats);
      const expected = bench.alloc(floats);
      const expectedBits = bench.alloc(bytes);
      k.maxPoolF32(src, pooled, ...shape);
      k.epilogueF32(
        ...([pooled, pixels, c.channels, 0, scale, shift, 0, 0, 0, c.relu, 0] as const),
        ...([expected, expectedBits, threshold, flip] as const),
      );
      const dst = allocGuarded(bench, floats);
      const bits = allocGuarded(bench, bytes);
      k.maxPoolEpilogueF32(
        ...([src, ...shape, scale, shift, c.relu] as const),
        ...([c.store ? dst.pointer : 0, c.signs === "none" ? 0 : bits.pointer, threshold, flip] as const),
      );
      dst.assertIntact();
      bits.assertIntact();
      if (c.store) {
        const actual = bench.f32(dst.pointer, floats / 4);
        bench.f32(expected, floats / 4).forEach((value, i) => {
          assert.ok(Object.is(actual[i], value), `[${i}]: ${actual[i]}, expected ${value}`);
        });
      }
      if (c.signs !== "none") assert.deepEqual(bench.u8(bits.pointer, bytes), bench.u8(expectedBits, bytes));
    }),
    { numRuns: 1000 },
  );
});

test("maxPoolEpilogueF32 at the stem of an ImageNet network", () => {
  bench.reset();
  const [size, channels, out] = [28, 64, 14];
  const input = randomValues(1, size * size * channels);
  const src = bench.putF32(input);
  const scale = bench.putF32(new Float32Array(channels).fill(2));
  const shift = bench.putF32(new Float32Array(channels).fill(-1.5));
  const dst = bench.alloc(out * out * channels * 4);
  const bits = bench.alloc(out * out * 8);
  bench.k.maxPoolEpilogueF32(
    ...([src, 1, size, size, channels, out, out, 3, 3, 2, 2, 1, 1] as const),
    ...([scale, shift, 0, dst, bits, 0, 0] as const),
  );
  const output = bench.f32(dst, out * out * channels);
  const signs = bench.u8(bits, out * out * 8);
  output.forEach((value, i) => {
    const [c, x, y] = [i % channels, Math.floor(i / channels) % out, Math.floor(i / channels / out)];
    let best = Number.NEGATIVE_INFINITY;
    for (let row = Math.max(0, 2 * y - 1); row < Math.min(size, 2 * y + 2); row++)
      for (let column = Math.max(0, 2 * x - 1); column < Math.min(size, 2 * x + 2); column++)
        best = Math.max(best, input[(row * size + column) * channels + c]);
    assert.equal(value, Math.fround(2 * best - 1.5));
    assert.equal((signs[i >> 3] >> (i & 7)) & 1, value >= 0 ? 1 : 0);
  });
});
