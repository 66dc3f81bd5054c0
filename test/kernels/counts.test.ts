/** Sums of counts and the corrections of borders, modulo 2^32. */
import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { openKernels } from "../support/kernels.js";
import { allocGuarded, randomValues } from "../support/maps.js";

const bench = openKernels();
const { k } = bench;

/** Reproducible integers over all of i32. */
function randomIntegers(seed: number, length: number): Int32Array {
  return Int32Array.from({ length }, (_, i) => Math.imul(i + seed * 977, 2654435761) ^ Math.imul(i, 40503 * seed));
}

function putI32(values: Int32Array): { pointer: number; assertIntact: () => void } {
  const block = allocGuarded(bench, values.length * 4);
  bench.i32(block.pointer, values.length).set(values);
  return block;
}

function putU16(values: Uint16Array): { pointer: number; assertIntact: () => void } {
  const block = allocGuarded(bench, values.length * 2);
  bench.u16(block.pointer, values.length).set(values);
  return block;
}

const elements = fc.integer({ min: 1, max: 200 });
const seed = fc.integer({ min: 1, max: 1e6 });

test("addCountsI32 adds shifted counts modulo 2^32", () => {
  fc.assert(
    fc.property(elements, seed, fc.integer({ min: 0, max: 14 }), (elements, seed, shift) => {
      bench.reset();
      const [a, b] = [randomIntegers(seed, elements), randomIntegers(seed + 1, elements)];
      const dst = putI32(a);
      k.addCountsI32(dst.pointer, putI32(b).pointer, elements, shift);
      dst.assertIntact();
      assert.deepEqual(
        bench.i32(dst.pointer, elements),
        a.map((x, i) => x + (b[i] << shift)),
      );
    }),
  );
});

test("addCountsU16 adds shifted counts to i32, widenCountsU16 is unsigned", () => {
  fc.assert(
    fc.property(elements, seed, fc.integer({ min: 0, max: 31 }), (elements, seed, shift) => {
      bench.reset();
      const sums = randomIntegers(seed, elements);
      const counts = Uint16Array.from(randomIntegers(seed + 1, elements));
      const narrow = putU16(counts).pointer;
      const dst = putI32(sums);
      k.addCountsU16(dst.pointer, narrow, elements, shift);
      dst.assertIntact();
      assert.deepEqual(
        bench.i32(dst.pointer, elements),
        sums.map((x, i) => x + (counts[i] << shift)),
      );
      const wide = allocGuarded(bench, elements * 4);
      k.widenCountsU16(narrow, wide.pointer, elements);
      wide.assertIntact();
      assert.deepEqual(bench.i32(wide.pointer, elements), Int32Array.from(counts));
    }),
  );
});

const pair = (min: number, max: number) => fc.tuple(fc.integer({ min, max }), fc.integer({ min, max }));
const borderCase = fc.record({
  batch: fc.integer({ min: 1, max: 3 }),
  size: pair(1, 9),
  out: pair(1, 9),
  kernel: pair(1, 5),
  stride: pair(1, 3),
  dilation: pair(1, 3),
  pad: pair(0, 4),
  countStride: fc.integer({ min: 1, max: 70 }),
  rows: fc.integer({ min: 1, max: 6 }),
  seed,
});

test("zeroBorderI32 takes the corrections of the taps outside off each pixel", () => {
  fc.assert(
    fc.property(borderCase, ({ batch, size, out, kernel, stride, dilation, pad, countStride, rows, seed }) => {
      bench.reset();
      const taps = kernel[0] * kernel[1];
      const counts = randomIntegers(seed, batch * out[0] * out[1] * countStride);
      const corrections = randomIntegers(seed + 1, taps * countStride);
      const target = putI32(counts);
      const table = putI32(corrections);
      const scratch = allocGuarded(bench, countStride * 4);
      const complete = (counts: number, images: number, first: number, count: number) =>
        k.zeroBorderI32(
          ...([counts, table.pointer, scratch.pointer, images, ...size, countStride, count, out[1]] as const),
          ...([...kernel, ...stride, ...dilation, pad[0] - first * stride[0], pad[1]] as const),
        );
      complete(target.pointer, batch, 0, out[0]);
      // Band by band of rows, image by image: the same.
      const banded = putI32(counts);
      const rowBytes = out[1] * countStride * 4;
      for (let image = 0; image < batch; image++)
        for (let first = 0; first < out[0]; first += rows) {
          const at = banded.pointer + (image * out[0] + first) * rowBytes;
          complete(at, 1, first, Math.min(rows, out[0] - first));
        }
      for (const memory of [target, table, scratch, banded]) memory.assertIntact();
      assert.deepEqual(bench.i32(banded.pointer, counts.length), bench.i32(target.pointer, counts.length));
      const expected = counts.map((count, i) => {
        const pixel = Math.floor(i / countStride);
        const y = (Math.floor(pixel / out[1]) % out[0]) * stride[0] - pad[0];
        const x = (pixel % out[1]) * stride[1] - pad[1];
        let result = count;
        for (let tap = 0; tap < taps; tap++) {
          const row = y + Math.floor(tap / kernel[1]) * dilation[0];
          const column = x + (tap % kernel[1]) * dilation[1];
          const inside = row >= 0 && row < size[0] && column >= 0 && column < size[1];
          if (!inside) result = (result - corrections[tap * countStride + (i % countStride)]) | 0;
        }
        return result;
      });
      assert.deepEqual(bench.i32(target.pointer, counts.length), expected);
      assert.deepEqual(bench.i32(table.pointer, corrections.length), corrections, "corrections are only read");
    }),
    { numRuns: 500 },
  );
});

test("counts of bit planes add up to the dot product of levels and weights", () => {
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 90 }), fc.integer({ min: 1, max: 8 }), seed, (channels, bits, seed) => {
      bench.reset();
      const levels = Array.from(randomValues(seed, channels), (x) => Math.floor(((x + 1) / 2) * 2 ** bits));
      const weights = Array.from(randomValues(seed + 1, channels), (x) => (x < 0 ? -1 : 1));
      const mismatches = (plane: number) =>
        levels.filter((q, c) => ((q >> plane) & 1) !== (weights[c] > 0 ? 1 : 0)).length;
      const sum = putI32(Int32Array.of(mismatches(0)));
      for (let i = 1; i < bits; i++) k.addCountsI32(sum.pointer, putI32(Int32Array.of(mismatches(i))).pointer, 1, i);
      // q = sum 2^(i-1) s_i + v / 2 and dot(s_i, w) = channels - 2 counts_i.
      const steps = 2 ** bits - 1;
      const total = weights.reduce((a, w) => a + w, 0);
      const dot = (steps * channels) / 2 - bench.i32(sum.pointer, 1)[0] + (steps * total) / 2;
      assert.equal(
        dot,
        levels.reduce((a, q, c) => a + q * weights[c], 0),
      );
    }),
    { numRuns: 100 },
  );
});
