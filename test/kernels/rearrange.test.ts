/** Channels and pixels of maps moved without a change, and nothing else touched. */
import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { mapBytes, mapStride } from "../../src/abi/sizes.js";
import { openKernels } from "../support/kernels.js";
import { allocGuarded, randomValues, readMap, toMap } from "../support/maps.js";

const bench = openKernels();
const { k } = bench;
const seed = fc.integer({ min: 1, max: 1e6 });
const channels = fc.integer({ min: 1, max: 130 });
const pixels = fc.integer({ min: 1, max: 30 });

/** A map whose memory ends with its last pixel: reading further gives a guard pattern, not zeros. */
function putMap(planes: Float32Array, batch: number, channels: number, plane: number): number {
  const map = allocGuarded(bench, mapBytes(batch * plane, channels));
  bench.f32(map.pointer, batch * plane * mapStride(channels)).set(toMap(planes, batch, channels, plane));
  return map.pointer;
}

test("copyChannelsF32 moves a stretch of channels and touches no other", () => {
  const stretch = fc.record({ pixels, count: channels, before: fc.nat(70), after: fc.nat(70), from: fc.nat(70), seed });
  fc.assert(
    fc.property(stretch, fc.nat(70), ({ pixels, count, before, after, from, seed }, behind) => {
      bench.reset();
      const dstChannels = before + count + after;
      const srcChannels = from + count + behind;
      const target = randomValues(seed, dstChannels * pixels);
      const source = randomValues(seed + 1, srcChannels * pixels);
      const dst = allocGuarded(bench, mapBytes(pixels, dstChannels));
      bench.f32(dst.pointer, pixels * mapStride(dstChannels)).set(toMap(target, 1, dstChannels, pixels));
      const src = putMap(source, 1, srcChannels, pixels);
      k.copyChannelsF32(dst.pointer, src, pixels, dstChannels, before, srcChannels, from, count);
      dst.assertIntact();
      const expected = target.slice();
      expected.set(source.subarray(from * pixels, (from + count) * pixels), before * pixels);
      assert.deepEqual(
        readMap(bench.f32(dst.pointer, pixels * mapStride(dstChannels)), 1, dstChannels, pixels),
        expected,
      );
    }),
    { numRuns: 300 },
  );
});

test("copies of a concat make a whole map of memory that held anything", () => {
  fc.assert(
    fc.property(
      fc.array(fc.integer({ min: 1, max: 70 }), { minLength: 1, maxLength: 4 }),
      pixels,
      seed,
      (parts, p, s) => {
        bench.reset();
        const total = parts.reduce((sum, part) => sum + part, 0);
        const dst = allocGuarded(bench, mapBytes(p, total));
        const inputs = parts.map((part, i) => randomValues(s + i, part * p));
        let offset = 0;
        for (const [i, part] of parts.entries()) {
          k.copyChannelsF32(dst.pointer, putMap(inputs[i], 1, part, p), p, total, offset, part, 0, part);
          offset += part;
        }
        dst.assertIntact();
        const joined = Float32Array.from(inputs.flatMap((input) => Array.from(input)));
        assert.deepEqual(readMap(bench.f32(dst.pointer, p * mapStride(total)), 1, total, p), joined);
      },
    ),
    { numRuns: 150 },
  );
});

test("permuteChannelsF32 gathers channels in any order, repeated ones too", () => {
  fc.assert(
    fc.property(pixels, channels, seed, (pixels, channels, seed) => {
      bench.reset();
      const input = randomValues(seed, channels * pixels);
      const order = Array.from(randomValues(seed + 1, channels), (x) => Math.floor(((x + 1) / 2) * channels));
      const pointer = bench.alloc(channels * 4);
      bench.u32(pointer, channels).set(order);
      const dst = allocGuarded(bench, mapBytes(pixels, channels));
      k.permuteChannelsF32(putMap(input, 1, channels, pixels), dst.pointer, pixels, channels, pointer);
      dst.assertIntact();
      const expected = input.map((_, i) => input[order[Math.floor(i / pixels)] * pixels + (i % pixels)]);
      assert.deepEqual(readMap(bench.f32(dst.pointer, pixels * mapStride(channels)), 1, channels, pixels), expected);
    }),
    { numRuns: 200 },
  );
});

const windowCase = fc.record({
  batch: fc.integer({ min: 1, max: 3 }),
  height: fc.integer({ min: 1, max: 9 }),
  width: fc.integer({ min: 1, max: 9 }),
  channels: fc.integer({ min: 1, max: 40 }),
  outHeight: fc.integer({ min: 1, max: 12 }),
  outWidth: fc.integer({ min: 1, max: 12 }),
  // Windows that miss the image altogether are among these.
  top: fc.integer({ min: -13, max: 13 }),
  left: fc.integer({ min: -13, max: 13 }),
  value: fc.constantFrom(0, -1, 1, 0.25, Number.NEGATIVE_INFINITY),
  seed,
});

test("windowF32 pads and crops, the constant in real channels only", () => {
  fc.assert(
    fc.property(windowCase, (c) => {
      bench.reset();
      const input = randomValues(c.seed, c.batch * c.channels * c.height * c.width);
      const outPlane = c.outHeight * c.outWidth;
      const dst = allocGuarded(bench, mapBytes(c.batch * outPlane, c.channels));
      const src = putMap(input, c.batch, c.channels, c.height * c.width);
      const sizes = [c.batch, c.height, c.width, c.channels, c.outHeight, c.outWidth] as const;
      k.windowF32(src, dst.pointer, ...sizes, c.top, c.left, c.value);
      dst.assertIntact();
      const expected = Float32Array.from({ length: c.batch * c.channels * outPlane }, (_, i) => {
        const y = (Math.floor(i / c.outWidth) % c.outHeight) - c.top;
        const x = (i % c.outWidth) - c.left;
        const inside = y >= 0 && y < c.height && x >= 0 && x < c.width;
        return inside ? input[(Math.floor(i / outPlane) * c.height + y) * c.width + x] : c.value;
      });
      const floats = c.batch * outPlane * mapStride(c.channels);
      assert.deepEqual(readMap(bench.f32(dst.pointer, floats), c.batch, c.channels, outPlane), expected);
    }),
    { numRuns: 500 },
  );
});
