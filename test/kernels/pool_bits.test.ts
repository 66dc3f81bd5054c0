/** Max pools of bits beside max pools of their values. */
import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { bitBytes, bitWords, mapBytes, mapStride } from "../../src/abi/sizes.js";
import { type BitMap, putBits, randomBits, readBits } from "../support/bits.js";
import { openKernels } from "../support/kernels.js";
import { allocGuarded } from "../support/maps.js";

const bench = openKernels();

/** Bottom and right padding of their own, as TensorFlow's "same" has it; windows may miss the map altogether. */
const cases = fc
  .record({
    batch: fc.integer({ min: 1, max: 3 }),
    height: fc.integer({ min: 1, max: 9 }),
    width: fc.integer({ min: 1, max: 9 }),
    channels: fc.oneof(fc.integer({ min: 1, max: 260 }), fc.constantFrom(64, 128, 192)),
    kernel: fc.tuple(fc.integer({ min: 1, max: 4 }), fc.integer({ min: 1, max: 4 })),
    stride: fc.tuple(fc.integer({ min: 1, max: 4 }), fc.integer({ min: 1, max: 4 })),
    pads: fc.tuple(fc.nat(5), fc.nat(5), fc.nat(5), fc.nat(5)),
    sparse: fc.boolean(),
    seed: fc.integer({ min: 1, max: 1e6 }),
  })
  .map((c) => ({
    ...c,
    outHeight: Math.floor((c.height + c.pads[0] + c.pads[2] - c.kernel[0]) / c.stride[0]) + 1,
    outWidth: Math.floor((c.width + c.pads[1] + c.pads[3] - c.kernel[1]) / c.stride[1]) + 1,
  }))
  .filter((c) => c.outHeight > 0 && c.outWidth > 0);

/** Bits of which one in eight is set: dense ones give windows that are all 1. */
function sparseBits(seed: number, length: number): BitMap {
  const [a, b, c] = [1, 2, 3].map((i) => randomBits(seed + i, length));
  return a.map((bit, i) => bit & b[i] & c[i]);
}

test("maxPoolBits is the maximum of -1 and +1, -1 in an empty window, and agrees with a float pool's sign", () => {
  fc.assert(
    fc.property(cases, (c) => {
      bench.reset();
      const { k } = bench;
      const { batch, height, width, channels, outHeight, outWidth } = c;
      const pixels = batch * height * width;
      const outPixels = batch * outHeight * outWidth;
      const input = (c.sparse ? sparseBits : randomBits)(c.seed, pixels * channels);
      const src = putBits(bench, input, pixels, channels);
      const sizes = [outHeight, outWidth, ...c.kernel, ...c.stride, c.pads[0], c.pads[1]] as const;
      const dst = allocGuarded(bench, bitBytes(outPixels, channels));
      k.maxPoolBits(src, dst.pointer, batch, height, width, bitWords(channels), ...sizes);
      dst.assertIntact();
      const actual = readBits(bench, dst.pointer, outPixels, channels);
      for (let i = 0; i < actual.length; i++) {
        const pixel = Math.floor(i / channels);
        const y = (Math.floor(pixel / outWidth) % outHeight) * c.stride[0] - c.pads[0];
        const x = (pixel % outWidth) * c.stride[1] - c.pads[1];
        const image = Math.floor(pixel / outWidth / outHeight);
        let best = 0;
        for (let row = Math.max(0, y); row < Math.min(height, y + c.kernel[0]); row++)
          for (let column = Math.max(0, x); column < Math.min(width, x + c.kernel[1]); column++)
            best |= input[((image * height + row) * width + column) * channels + (i % channels)];
        assert.equal(actual[i], best, `pixel ${pixel}, channel ${i % channels}`);
      }

      const map = bench.alloc(mapBytes(pixels, channels));
      const pooled = bench.alloc(mapBytes(outPixels, channels));
      const signs = bench.alloc(bitBytes(outPixels, channels));
      k.unpackSignF32(src, map, pixels, channels);
      k.maxPoolF32(map, pooled, batch, height, width, channels, ...sizes);
      k.packSignF32(pooled, signs, outPixels, channels);
      assert.deepEqual(readBits(bench, signs, outPixels, channels), actual);
    }),
    { numRuns: 500 },
  );
});

test("a ternary map is pooled plane by plane", () => {
  bench.reset();
  const { k } = bench;
  const [size, channels, out] = [7, 70, 4];
  const values = Float32Array.from(randomBits(4, size * size * channels), (bit, i) => (i % 3 === 0 ? 0 : 2 * bit - 1));
  const map = bench.alloc(mapBytes(size * size, channels));
  const floats = bench.f32(map, size * size * mapStride(channels));
  values.forEach((value, i) => {
    // Four in five are -1, so that a maximum can be any of the three.
    floats[Math.floor(i / channels) * mapStride(channels) + (i % channels)] = (i * 7) % 5 > 0 ? -1 : value;
  });
  const planeBytes = bitBytes(size * size, channels);
  const planes = bench.alloc(2 * planeBytes);
  const flag = bench.alloc(16);
  k.packTernaryF32(map, planes, size * size, channels, planeBytes, flag);
  const pooled = bench.alloc(2 * bitBytes(out * out, channels));
  const window = [out, out, 3, 3, 2, 2, 1, 1] as const;
  for (const plane of [0, 1]) {
    const dst = pooled + plane * bitBytes(out * out, channels);
    k.maxPoolBits(planes + plane * planeBytes, dst, 1, size, size, bitWords(channels), ...window);
  }
  const expected = bench.alloc(mapBytes(out * out, channels));
  k.maxPoolF32(map, expected, 1, size, size, channels, ...window);
  const positive = readBits(bench, pooled, out * out, channels);
  const notNegative = readBits(bench, pooled + bitBytes(out * out, channels), out * out, channels);
  const seen = new Set<number>();
  for (let i = 0; i < out * out * channels; i++) {
    const value = bench.f32(expected, out * out * mapStride(channels))[
      Math.floor(i / channels) * mapStride(channels) + (i % channels)
    ];
    assert.equal(positive[i] + notNegative[i] - 1, value);
    seen.add(value);
  }
  assert.equal(seen.size, 3);
});
