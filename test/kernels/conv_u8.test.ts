/** The byte-image convolution beside exact integers, and the stems that quantizeStem makes for it. */
import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { convU8Lanes, convU8Runs, convU8ScratchBytes, convU8WeightBytes, mapStride } from "../../src/abi/sizes.js";
import { type ChannelAffine, type QuantizedStem, quantizeStem, type Stem } from "../../src/compiler/quantize_stem.js";
import { openKernels } from "../support/kernels.js";
import { allocGuarded, assertWithin, randomValues, readMap } from "../support/maps.js";

interface Case {
  readonly batch: number;
  readonly height: number;
  readonly width: number;
  readonly inChannels: number;
  readonly outChannels: number;
  readonly outHeight: number;
  readonly outWidth: number;
  readonly kernelHeight: number;
  readonly kernelWidth: number;
  readonly strideHeight: number;
  readonly strideWidth: number;
  readonly dilationHeight: number;
  readonly dilationWidth: number;
  readonly padTop: number;
  readonly padLeft: number;
  readonly relu: boolean;
  readonly seed: number;
}

const bench = openKernels();

/** relu(outScale * (sum over taps inside of weight * (a * p + b)) + outShift) in float64. NCHW, OIHW. */
function naive(
  c: Case,
  image: Uint8Array,
  weight: ArrayLike<number>,
  input: ChannelAffine,
  output: ChannelAffine | null,
) {
  const result = new Float64Array(c.batch * c.outChannels * c.outHeight * c.outWidth);
  let at = 0;
  for (let b = 0; b < c.batch; b++)
    for (let n = 0; n < c.outChannels; n++)
      for (let y = 0; y < c.outHeight; y++)
        for (let x = 0; x < c.outWidth; x++) {
          let sum = 0;
          for (let i = 0; i < c.inChannels; i++)
            for (let ky = 0; ky < c.kernelHeight; ky++)
              for (let kx = 0; kx < c.kernelWidth; kx++) {
                const row = y * c.strideHeight + ky * c.dilationHeight - c.padTop;
                const column = x * c.strideWidth + kx * c.dilationWidth - c.padLeft;
                if (row < 0 || row >= c.height || column < 0 || column >= c.width) continue;
                const pixel = image[((b * c.inChannels + i) * c.height + row) * c.width + column];
                const w = weight[((n * c.inChannels + i) * c.kernelHeight + ky) * c.kernelWidth + kx];
                sum += w * (input.scale[i] * pixel + input.shift[i]);
              }
          const value = output === null ? sum : output.scale[n] * sum + output.shift[n];
          result[at++] = c.relu ? Math.max(value, 0) : value;
        }
  return result;
}

/** NCHW -> NHWC. */
function interleave(c: Case, image: Uint8Array): Uint8Array {
  const plane = c.height * c.width;
  return Uint8Array.from(image, (_, i) => {
    const pixel = Math.floor(i / c.inChannels);
    const channel = Math.floor(pixel / plane) * c.inChannels + (i % c.inChannels);
    return image[channel * plane + (pixel % plane)];
  });
}

/** Runs on planes and on the interleaved image, which must give the same bits. */
function run(c: Case, image: Uint8Array, stem: Omit<QuantizedStem, "error" | "errorBound">): Float32Array {
  const output = runOn(c, image, stem, false);
  assert.deepEqual(runOn(c, interleave(c, image), stem, true), output);
  return output;
}

function runOn(
  c: Case,
  image: Uint8Array,
  stem: Omit<QuantizedStem, "error" | "errorBound">,
  interleaved: boolean,
): Float32Array {
  bench.reset();
  // One byte off: the image need not be aligned.
  const src = bench.putU8([0, ...image]) + 1;
  const weights = bench.putU8(new Uint8Array(stem.weights.buffer));
  const scale = bench.putF32(stem.scale);
  const bias = bench.putF32(stem.bias);
  const rowClass = bench.putU8(new Uint8Array(stem.rowClass.buffer));
  const colClass = bench.putU8(new Uint8Array(stem.colClass.buffer));
  const scratch = allocGuarded(bench, convU8ScratchBytes(c));
  const floats = c.batch * c.outHeight * c.outWidth * mapStride(c.outChannels);
  const dst = allocGuarded(bench, floats * 4);
  bench.k.convU8(
    ...([src, dst.pointer, weights, scale, bias, rowClass, colClass, stem.colClasses, scratch.pointer] as const),
    ...([c.batch, c.height, c.width, c.inChannels, c.outHeight, c.outWidth, c.outChannels] as const),
    ...([c.kernelHeight, c.kernelWidth, c.strideHeight, c.strideWidth] as const),
    ...([c.dilationHeight, c.dilationWidth, c.padTop, c.padLeft] as const),
    ...([c.relu ? 1 : 0, interleaved ? 1 : 0, c.height] as const),
  );
  for (const region of [scratch, dst]) region.assertIntact();
  return readMap(bench.f32(dst.pointer, floats), c.batch, c.outChannels, c.outHeight * c.outWidth);
}

const bytes = (seed: number, length: number) => Uint8Array.from(randomValues(seed, length), (v) => (v + 1) * 128);
const values = (seed: number, length: number, center: number, spread: number) =>
  Float64Array.from(randomValues(seed, length), (v) => center + spread * v);
const constant = (length: number, value: number) => new Float64Array(length).fill(value);

function stemOf(c: Case, weight: Float32Array, inputAffine: ChannelAffine, outputAffine: ChannelAffine | null): Stem {
  return {
    ...{
      weight,
      inputAffine,
      outputAffine,
      height: c.height,
      width: c.width,
      outHeight: c.outHeight,
      outWidth: c.outWidth,
    },
    shape: [c.outChannels, c.inChannels, c.kernelHeight, c.kernelWidth],
    window: {
      ...{ kernel: [c.kernelHeight, c.kernelWidth], stride: [c.strideHeight, c.strideWidth] },
      ...{ dilation: [c.dilationHeight, c.dilationWidth], padding: [c.padTop, c.padLeft] },
    },
  };
}

function quantized(stem: Stem): QuantizedStem {
  const result = quantizeStem(stem);
  assert.ok(result !== null);
  const [channels, inChannels, kernelHeight, kernelWidth] = stem.shape;
  assert.equal(
    result.weights.byteLength,
    convU8WeightBytes(channels, inChannels, kernelHeight, kernelWidth, stem.window.dilation[1]),
  );
  return result;
}

/** Kernel and reference on random pixels, weights and affines, within the bound that quantizeStem gives. */
function check(c: Case): void {
  const image = bytes(c.seed, c.batch * c.inChannels * c.height * c.width);
  const weight = randomValues(c.seed + 1, c.outChannels * c.inChannels * c.kernelHeight * c.kernelWidth);
  const input = { scale: values(c.seed + 2, c.inChannels, 0, 0.02), shift: values(c.seed + 3, c.inChannels, 0, 2) };
  const output = { scale: values(c.seed + 4, c.outChannels, 0, 2), shift: values(c.seed + 5, c.outChannels, 0, 3) };
  const outputAffine = c.seed % 3 === 0 ? null : output;
  const stem = quantized(stemOf(c, weight, input, outputAffine));
  const expected = naive(c, image, weight, input, outputAffine);
  const channel = (i: number) => Math.floor(i / (c.outHeight * c.outWidth)) % c.outChannels;
  assertWithin(run(c, image, stem), expected, (i) => stem.error[channel(i)]);
}

/** Output sizes follow from a bottom and right padding of their own, as TensorFlow's "same" has it. */
const cases: fc.Arbitrary<Case> = fc
  .record({
    batch: fc.integer({ min: 1, max: 3 }),
    height: fc.integer({ min: 1, max: 35 }),
    width: fc.integer({ min: 1, max: 35 }),
    inChannels: fc.oneof(fc.constantFrom(1, 3), fc.integer({ min: 1, max: 9 })),
    outChannels: fc.integer({ min: 1, max: 70 }),
    kernelHeight: fc.integer({ min: 1, max: 7 }),
    kernelWidth: fc.integer({ min: 1, max: 7 }),
    strideHeight: fc.integer({ min: 1, max: 3 }),
    strideWidth: fc.integer({ min: 1, max: 3 }),
    dilationHeight: fc.integer({ min: 1, max: 3 }),
    dilationWidth: fc.integer({ min: 1, max: 3 }),
    pads: fc.tuple(fc.nat(8), fc.nat(8), fc.nat(8), fc.nat(8)),
    padding: fc.constantFrom(false, true, true),
    relu: fc.boolean(),
    seed: fc.integer({ min: 1, max: 1e6 }),
  })
  .map((r) => {
    const reachHeight = (r.kernelHeight - 1) * r.dilationHeight + 1;
    const reachWidth = (r.kernelWidth - 1) * r.dilationWidth + 1;
    const [padTop, padLeft, padBottom, padRight] = r.padding ? r.pads : [0, 0, 0, 0];
    const height = Math.max(r.height, reachHeight - padTop - padBottom);
    const width = Math.max(r.width, reachWidth - padLeft - padRight);
    const outHeight = Math.floor((height + padTop + padBottom - reachHeight) / r.strideHeight) + 1;
    const outWidth = Math.floor((width + padLeft + padRight - reachWidth) / r.strideWidth) + 1;
    return { ...r, height, width, padTop, padLeft, outHeight, outWidth };
  })
  .filter((c) => {
    const macs = c.batch * c.outHeight * c.outWidth * c.outChannels * c.inChannels * c.kernelHeight * c.kernelWidth;
    return macs < 4e5;
  });

const square = (inChannels: number, outChannels: number, size: number, kernel: number, stride = 1): Case => {
  const pad = kernel >> 1;
  const out = Math.floor((size + 2 * pad - kernel) / stride) + 1;
  return {
    ...{ batch: 1, relu: false, seed: 9, height: size, width: size, inChannels, outChannels },
    ...{ outHeight: out, outWidth: out, kernelHeight: kernel, kernelWidth: kernel, padTop: pad, padLeft: pad },
    ...{ strideHeight: stride, strideWidth: stride, dilationHeight: 1, dilationWidth: 1 },
  };
};

/**
 * One class, scale 1, bias 0, and whole numbers as weights in the kernel's order (independent of quantizeStem's
 * packing).
 */
function whole(c: Case, weight: ArrayLike<number>): Omit<QuantizedStem, "error" | "errorBound"> {
  const lanes = convU8Lanes(c.outChannels);
  const runs = convU8Runs(c.inChannels, c.kernelHeight, c.kernelWidth, c.dilationWidth);
  const columns = c.kernelWidth / runs.count;
  const weights: number[] = [];
  for (let first = 0; first < lanes; first += 16)
    for (let run = 0; run < runs.count; run++)
      for (let pair = 0; pair < runs.padded; pair += 2)
        for (let n = first; n < first + 16; n++)
          for (const k of [pair, pair + 1]) {
            const kx = run * columns + Math.floor(k / (c.kernelHeight * c.inChannels));
            const ky = Math.floor(k / c.inChannels) % c.kernelHeight;
            const from = ((n * c.inChannels + (k % c.inChannels)) * c.kernelHeight + ky) * c.kernelWidth + kx;
            weights.push(k < runs.values && n < c.outChannels ? weight[from] : 0);
          }
  return {
    ...{ weights: Int16Array.from(weights), scale: new Float32Array(lanes).fill(1), bias: new Float32Array(lanes) },
    ...{ rowClass: new Uint16Array(c.outHeight), colClass: new Uint16Array(c.outWidth), colClasses: 1 },
  };
}

const plain = (channels: number): ChannelAffine => ({ scale: constant(channels, 1), shift: constant(channels, 0) });

test("convU8 gives the exact integer convolution, over odd shapes", () => {
  fc.assert(
    fc.property(cases, (c) => {
      const image = bytes(c.seed, c.batch * c.inChannels * c.height * c.width);
      const taps = c.inChannels * c.kernelHeight * c.kernelWidth;
      // Sums below 2^24 are exact in the float map too.
      const most = Math.min(32767, Math.floor(2 ** 24 / (255 * taps)));
      const weight = Array.from(randomValues(c.seed + 1, c.outChannels * taps), (v) => Math.round(v * most));
      const expected = naive(c, image, weight, plain(c.inChannels), null);
      // `+ 0` makes one zero of both.
      assert.deepEqual(
        Array.from(run(c, image, whole(c, weight)), (v) => v + 0),
        Array.from(expected, (v) => v + 0),
      );
    }),
    { numRuns: 250 },
  );
});

test("convU8 does not overflow at the extremes: all pixels 255, all weights of one sign", () => {
  for (const [inChannels, kernel] of [
    [3, 7],
    [3, 11],
    [64, 5],
  ]) {
    const c = square(inChannels, 2, kernel, kernel);
    const image = new Uint8Array(inChannels * kernel * kernel).fill(255);
    const weight = new Float32Array(2 * inChannels * kernel * kernel).fill(0.7);
    weight.fill(-0.7, weight.length / 2);
    const stem = quantized(stemOf(c, weight, plain(inChannels), null));
    assertWithin(run(c, image, stem), naive(c, image, weight, plain(inChannels), null), () => stem.error[0]);
  }
});

test("convU8 on quantised stems is within quantizeStem's bound of the definition, over odd shapes", () => {
  fc.assert(fc.property(cases, check), { numRuns: 150 });
});

test("convU8 on the networks' own stems", () => {
  check(square(3, 64, 32, 7, 2));
  check(square(3, 32, 33, 3, 2));
  check(square(3, 64, 16, 3));
  check(square(1, 64, 14, 3));
  check({ ...square(1, 32, 28, 5), padTop: 0, padLeft: 0, outHeight: 24, outWidth: 24, batch: 2 });
});

test("16-bit stems stay below 1e-4 of the output's range on pictures, normalisation and batch norms folded in", () => {
  const networks = [square(3, 64, 48, 7, 2), square(3, 32, 48, 3, 2), square(3, 64, 24, 3), square(1, 64, 28, 3)];
  for (const c of networks) {
    // A smooth picture, as pictures are, with a little noise.
    const noise = bytes(5, c.inChannels * c.height * c.width);
    const image = noise.map((v, i) => {
      const [x, y] = [i % c.width, Math.floor(i / c.width) % c.height];
      return 128 + 90 * Math.sin(x / 9 + y / 13) + (v - 128) / 16;
    });
    const taps = c.inChannels * c.kernelHeight * c.kernelWidth;
    const weight = randomValues(6, c.outChannels * taps).map((v) => v * Math.sqrt(2 / taps));
    const mean = [123.675, 116.28, 103.53];
    const deviation = [58.395, 57.12, 57.375];
    const input = {
      scale: Float64Array.from({ length: c.inChannels }, (_, i) => 1.1 / deviation[i]),
      shift: Float64Array.from({ length: c.inChannels }, (_, i) => 0.05 - (1.1 * mean[i]) / deviation[i]),
    };
    const output = { scale: values(7, c.outChannels, 1, 0.5), shift: values(8, c.outChannels, 0, 1) };
    const stem = quantized(stemOf(c, weight, input, output));
    const expected = naive(c, image, weight, input, output);
    const actual = run(c, image, stem);
    const range = Math.max(...expected) - Math.min(...expected);
    assertWithin(actual, expected, () => 1e-4 * range);
    assert.ok(stem.errorBound < 1e-4, `bound ${stem.errorBound}`);
  }
});

test("quantizeStem gives the border classes of a padded stem, and one class if nothing is shifted", () => {
  const c = square(3, 4, 32, 7, 2);
  const weight = randomValues(1, 4 * 147);
  const shifted = { scale: constant(3, 1), shift: constant(3, -1) };
  const { rowClass, colClasses } = quantized(stemOf(c, weight, shifted, null));
  // Rows 0 and 1 miss three and one tap above, row 15 misses two below (its taps are 27..33).
  assert.deepEqual([...rowClass], [0, 1, ...new Array(13).fill(2), 3]);
  assert.equal(colClasses, 4);
  const unshifted = quantized(stemOf(c, weight, plain(3), null));
  assert.equal(unshifted.bias.length, convU8Lanes(4));
  assert.deepEqual([...unshifted.rowClass], new Array(16).fill(0));
});

test("quantizeStem takes channels without weights and refuses what is not finite", () => {
  const c = square(1, 2, 5, 3);
  const weight = new Float32Array(18);
  weight[9] = 1;
  const stem = quantized(stemOf(c, weight, plain(1), { scale: constant(2, 1), shift: constant(2, 5) }));
  const image = bytes(3, 25);
  assert.deepEqual([...run(c, image, stem).subarray(0, 25)], new Array(25).fill(5));
  for (const bad of [Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY]) {
    assert.equal(quantizeStem(stemOf(c, Float32Array.of(...weight.subarray(0, 17), bad), plain(1), null)), null);
    assert.equal(quantizeStem(stemOf(c, weight, { scale: constant(1, bad), shift: constant(1, 0) }, null)), null);
    assert.equal(quantizeStem(stemOf(c, weight, { scale: constant(1, 1), shift: constant(1, bad) }, null)), null);
    assert.equal(quantizeStem(stemOf(c, weight, plain(1), { scale: constant(2, bad), shift: constant(2, 0) })), null);
  }
});
