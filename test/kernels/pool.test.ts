/** Pooling of maps beside its definition, NaN and rounding included. */
import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { mapStride } from "../../src/abi/sizes.js";
import { openKernels } from "../support/kernels.js";
import { allocGuarded, assertWithin, randomValues, readMap, toMap } from "../support/maps.js";

interface Case {
  readonly batch: number;
  readonly channels: number;
  readonly height: number;
  readonly width: number;
  readonly outHeight: number;
  readonly outWidth: number;
  readonly kernelHeight: number;
  readonly kernelWidth: number;
  readonly strideHeight: number;
  readonly strideWidth: number;
  readonly padTop: number;
  readonly padLeft: number;
  readonly seed: number;
}

const bench = openKernels();

const cases: fc.Arbitrary<Case> = fc
  .record({
    batch: fc.integer({ min: 1, max: 3 }),
    channels: fc.integer({ min: 1, max: 70 }),
    height: fc.integer({ min: 1, max: 17 }),
    width: fc.integer({ min: 1, max: 17 }),
    kernelHeight: fc.integer({ min: 1, max: 7 }),
    kernelWidth: fc.integer({ min: 1, max: 7 }),
    strideHeight: fc.integer({ min: 1, max: 3 }),
    strideWidth: fc.integer({ min: 1, max: 3 }),
    pads: fc.tuple(fc.nat(3), fc.nat(3), fc.nat(3), fc.nat(3)),
    seed: fc.integer({ min: 1, max: 1e6 }),
  })
  .filter((c) => c.height + c.pads[0] + c.pads[2] >= c.kernelHeight && c.width + c.pads[1] + c.pads[3] >= c.kernelWidth)
  .map((c) => ({
    ...c,
    padTop: c.pads[0],
    padLeft: c.pads[1],
    outHeight: Math.floor((c.height + c.pads[0] + c.pads[2] - c.kernelHeight) / c.strideHeight) + 1,
    outWidth: Math.floor((c.width + c.pads[1] + c.pads[3] - c.kernelWidth) / c.strideWidth) + 1,
  }));

/** Calls `reduce` with the values of each window that lie inside the image; NCHW. */
function naive(c: Case, input: Float32Array, reduce: (taps: readonly number[]) => number): Float64Array {
  const output = new Float64Array(c.batch * c.channels * c.outHeight * c.outWidth);
  let at = 0;
  for (let image = 0; image < c.batch * c.channels; image++)
    for (let y = 0; y < c.outHeight; y++)
      for (let x = 0; x < c.outWidth; x++) {
        const taps: number[] = [];
        for (let ky = 0; ky < c.kernelHeight; ky++)
          for (let kx = 0; kx < c.kernelWidth; kx++) {
            const row = y * c.strideHeight + ky - c.padTop;
            const column = x * c.strideWidth + kx - c.padLeft;
            if (row < 0 || row >= c.height || column < 0 || column >= c.width) continue;
            taps.push(input[(image * c.height + row) * c.width + column]);
          }
        output[at++] = reduce(taps);
      }
  return output;
}

function run(c: Case, input: Float32Array, kind: "max" | "avg" | "avgIncludePad"): Float32Array {
  bench.reset();
  const src = bench.putF32(toMap(input, c.batch, c.channels, c.height * c.width));
  const floats = c.batch * c.outHeight * c.outWidth * mapStride(c.channels);
  const dst = allocGuarded(bench, floats * 4);
  const shape = [
    ...([src, dst.pointer, c.batch, c.height, c.width, c.channels, c.outHeight, c.outWidth] as const),
    ...([c.kernelHeight, c.kernelWidth, c.strideHeight, c.strideWidth, c.padTop, c.padLeft] as const),
  ] as const;
  if (kind === "max") bench.k.maxPoolF32(...shape);
  else bench.k.avgPoolF32(...shape, kind === "avgIncludePad" ? 1 : 0);
  dst.assertIntact();
  return readMap(bench.f32(dst.pointer, floats), c.batch, c.channels, c.outHeight * c.outWidth);
}

const inputOf = (c: Case) => randomValues(c.seed, c.batch * c.channels * c.height * c.width);

test("maxPoolF32 equals the definition, NaN and infinities included", () => {
  const special = [Number.NaN, Number.NEGATIVE_INFINITY, Number.POSITIVE_INFINITY, 0];
  fc.assert(
    fc.property(cases, fc.boolean(), (c, withSpecial) => {
      const input = inputOf(c);
      if (withSpecial) for (let i = c.seed % 11; i < input.length; i += 13) input[i] = special[i % 4];
      const expected = naive(c, input, (taps) => Math.max(Number.NEGATIVE_INFINITY, ...taps));
      // As plain arrays: typed arrays are compared by their bytes, and NaN has many.
      assert.deepEqual([...run(c, input, "max")], [...expected]);
    }),
    { numRuns: 300 },
  );
});

test("avgPoolF32 is within float32's rounding of the mean, with either divisor", () => {
  fc.assert(
    fc.property(cases, fc.boolean(), (c, includePad) => {
      const input = inputOf(c);
      const area = c.kernelHeight * c.kernelWidth;
      const divisor = (taps: readonly number[]) => (includePad ? area : Math.max(1, taps.length));
      const expected = naive(c, input, (taps) => taps.reduce((sum, v) => sum + v, 0) / divisor(taps));
      const magnitude = naive(c, input, (taps) => taps.reduce((sum, v) => sum + Math.abs(v), 0) / divisor(taps));
      assertWithin(
        run(c, input, includePad ? "avgIncludePad" : "avg"),
        expected,
        (i) => (area + 1) * 2 ** -24 * magnitude[i],
      );
    }),
    { numRuns: 300 },
  );
});

test("globalAvgPoolF32 is within float32's rounding of the mean", () => {
  const sizes = fc.tuple(
    fc.integer({ min: 1, max: 3 }),
    fc.integer({ min: 1, max: 70 }),
    fc.integer({ min: 1, max: 289 }),
  );
  fc.assert(
    fc.property(sizes, fc.integer({ min: 1, max: 1e6 }), ([batch, channels, plane], seed) => {
      bench.reset();
      const input = randomValues(seed, batch * channels * plane);
      const src = bench.putF32(toMap(input, batch, channels, plane));
      const floats = batch * mapStride(channels);
      const dst = allocGuarded(bench, floats * 4);
      bench.k.globalAvgPoolF32(src, dst.pointer, batch, plane, channels, channels);
      dst.assertIntact();
      const expected = new Float64Array(batch * channels);
      for (let i = 0; i < input.length; i++) expected[Math.floor(i / plane)] += input[i] / plane;
      const output = readMap(bench.f32(dst.pointer, floats), batch, channels, 1);
      assertWithin(output, expected, () => (plane + 1) * 2 ** -24);
    }),
    { numRuns: 200 },
  );
});

test("globalAvgPoolF32 of some channels gives the bits that it gives of all", () => {
  for (const [channels, plane] of [
    [37, 50],
    [64, 33],
    [20, 7],
  ]) {
    bench.reset();
    const src = bench.putF32(toMap(randomValues(channels, channels * plane), 1, channels, plane));
    const floats = mapStride(channels);
    const [whole, parts] = [allocGuarded(bench, floats * 4), allocGuarded(bench, floats * 4)];
    bench.k.globalAvgPoolF32(src, whole.pointer, 1, plane, channels, channels);
    for (let first = 0; first < channels; first += 16) {
      const count = Math.min(16, channels - first);
      bench.k.globalAvgPoolF32(src + 4 * first, parts.pointer + 4 * first, 1, plane, count, channels);
    }
    parts.assertIntact();
    assert.deepEqual(bench.f32(parts.pointer, floats), bench.f32(whole.pointer, floats));
  }
});

test("globalAvgPoolF32 adds up in blocks: rounding does not grow with the image", () => {
  bench.reset();
  const [channels, plane] = [20, 10000];
  const src = bench.putF32(toMap(new Float32Array(channels * plane).fill(9.3), 1, channels, plane));
  const dst = bench.alloc(channels * 4);
  bench.k.globalAvgPoolF32(src, dst, 1, plane, channels, channels);
  // 32 additions in a block, 313 of blocks; one by one the mean is off by 2e-3.
  assertWithin(bench.f32(dst, channels), new Float32Array(channels).fill(9.3), () => 9.3 * 345 * 2 ** -24);
});
