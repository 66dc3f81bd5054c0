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
      (bytes ? k.nchwToMapU8 : k.nchwToMapF32)(src, dst.pointer, batch, channels, plane, ...parameters);
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

test("mapToNchwF32 copies every value", () => {
  fc.assert(
    fc.property(batches, channelCounts, planes, seeds, (batch, channels, plane, seed) => {
      bench.reset();
      const input = randomValues(seed, batch * channels * plane);
      const dst = allocGuarded(bench, input.length * 4);
      bench.k.mapToNchwF32(bench.putF32(toMap(input, batch, channels, plane)), dst.pointer, batch, channels, plane);
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
