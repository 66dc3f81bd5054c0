/** NCHW tensors to maps and back, additions and copies. */
import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { mapStride } from "../../src/abi/sizes.js";
import { openKernels } from "../support/kernels.js";
import { allocGuarded, paddedToStride, randomValues, readMap, toMap } from "../support/maps.js";

const bench = openKernels();
const batches = fc.integer({ min: 1, max: 3 });
const channelCounts = fc.integer({ min: 1, max: 70 });
const planes = fc.integer({ min: 1, max: 100 });
const seeds = fc.integer({ min: 1, max: 1e6 });

test("nchwToMapF32 and nchwToMapU8 equal scale * (x - center) + shift in float32", () => {
  fc.assert(
    fc.property(batches, channelCounts, planes, seeds, fc.boolean(), (batch, channels, plane, seed, bytes) => {
      bench.reset();
      const { k } = bench;
      const count = batch * channels * plane;
      const input = randomValues(seed, count).map((x) => (bytes ? Math.floor((x + 1) * 128) : x));
      const [center, scale, shift] = [3, 1, 2].map((n) => randomValues(seed + n, channels));
      const floats = batch * plane * mapStride(channels);
      const dst = allocGuarded(bench, floats * 4);
      // One byte, or one float, off the 16-byte alignment that the other pointers have.
      const src = bytes ? bench.putU8([0, ...input]) + 1 : bench.putF32([0, ...input]) + 4;
      const put = (data: Float32Array) => bench.putF32(paddedToStride(data));
      const parameters = [put(center), put(scale), put(shift)] as const;
      (bytes ? k.nchwToMapU8 : k.nchwToMapF32)(src, dst.pointer, batch, channels, plane, ...parameters, plane);
      dst.assertIntact();
      const expected = input.map((x, i) => {
        const c = Math.floor(i / plane) % channels;
        return Math.fround(Math.fround(x - center[c]) * scale[c]) + shift[c];
      });
      assert.deepEqual(readMap(bench.f32(dst.pointer, floats), batch, channels, plane), expected);
    }),
    { numRuns: 300 },
  );
});

test("some pixels of an image are what those of the whole image are", () => {
  fc.assert(
    fc.property(channelCounts, fc.integer({ min: 2, max: 60 }), seeds, fc.nat(), (channels, plane, seed, at) => {
      bench.reset();
      const { k } = bench;
      const input = randomValues(seed, channels * plane);
      const ones = bench.putF32(new Float32Array(mapStride(channels)).fill(1, 0, channels));
      const zeros = bench.putF32(new Float32Array(mapStride(channels)));
      const first = 1 + (at % (plane - 1));
      const pixelBytes = mapStride(channels) * 4;
      const map = allocGuarded(bench, plane * pixelBytes);
      const src = bench.putF32(input);
      k.nchwToMapF32(src, map.pointer, 1, channels, first, zeros, ones, zeros, plane);
      const rest = [1, channels, plane - first] as const;
      k.nchwToMapF32(src + 4 * first, map.pointer + first * pixelBytes, ...rest, zeros, ones, zeros, plane);
      map.assertIntact();
      const floats = bench.f32(map.pointer, plane * mapStride(channels));
      assert.deepEqual(floats.slice(), toMap(input, 1, channels, plane));
      const bytes = bench.putU8(Uint8Array.from(input, (x) => (x + 1) * 127));
      const whole = allocGuarded(bench, plane * pixelBytes);
      k.nchwToMapU8(bytes, whole.pointer, 1, channels, plane, zeros, ones, zeros, plane);
      const parts = allocGuarded(bench, plane * pixelBytes);
      k.nchwToMapU8(bytes, parts.pointer, 1, channels, first, zeros, ones, zeros, plane);
      k.nchwToMapU8(bytes + first, parts.pointer + first * pixelBytes, ...rest, zeros, ones, zeros, plane);
      assert.deepEqual(bench.f32(parts.pointer, floats.length), bench.f32(whole.pointer, floats.length));
      const dst = allocGuarded(bench, input.length * 4);
      k.mapToNchwF32(map.pointer, dst.pointer, 1, channels, first, plane);
      k.mapToNchwF32(map.pointer + first * pixelBytes, dst.pointer + 4 * first, ...rest, plane);
      dst.assertIntact();
      assert.deepEqual(bench.f32(dst.pointer, input.length).slice(), input);
    }),
    { numRuns: 200 },
  );
});

test("mapToNchwF32 copies every value", () => {
  fc.assert(
    fc.property(batches, channelCounts, planes, seeds, (batch, channels, plane, seed) => {
      bench.reset();
      const input = randomValues(seed, batch * channels * plane);
      const dst = allocGuarded(bench, input.length * 4);
      const map = bench.putF32(toMap(input, batch, channels, plane));
      bench.k.mapToNchwF32(map, dst.pointer, batch, channels, plane, plane);
      dst.assertIntact();
      assert.deepEqual(bench.f32(dst.pointer, input.length).slice(), input);
    }),
    { numRuns: 200 },
  );
});

test("addChannelsF32 adds at any offset and touches no other channel", () => {
  fc.assert(
    fc.property(planes, channelCounts, fc.nat(40), fc.nat(40), seeds, (pixels, srcChannels, offset, after, seed) => {
      bench.reset();
      const dstChannels = offset + srcChannels + after;
      const target = randomValues(seed, dstChannels * pixels);
      target[0] = -0;
      const addend = randomValues(seed + 1, srcChannels * pixels);
      const floats = pixels * mapStride(dstChannels);
      const dst = allocGuarded(bench, floats * 4);
      bench.f32(dst.pointer, floats).set(toMap(target, 1, dstChannels, pixels));
      const src = bench.putF32(toMap(addend, 1, srcChannels, pixels));
      bench.k.addChannelsF32(dst.pointer, src, pixels, dstChannels, srcChannels, offset);
      dst.assertIntact();
      const expected = target.slice();
      for (let i = 0; i < addend.length; i++) expected[offset * pixels + i] += addend[i];
      assert.deepEqual(readMap(bench.f32(dst.pointer, floats), 1, dstChannels, pixels), expected);
    }),
    { numRuns: 200 },
  );
});

test("copyBytes copies exactly the bytes asked for", () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 200 }), (data) => {
      bench.reset();
      const dst = allocGuarded(bench, data.length);
      bench.k.copyBytes(dst.pointer, bench.putU8(data), data.length);
      dst.assertIntact();
      assert.deepEqual(bench.u8(dst.pointer, data.length).slice(), data);
    }),
  );
});
