/** What `xnorkit/kernels` gives beside the kernels: a user's layers made of it alone, beside plain arithmetic. */
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import fc from "fast-check";
import { argumentNames } from "../../src/abi/signatures.js";
import * as kernels from "../../src/kernels.js";
import { throwsError } from "../formats/support.js";

const { exports: k, memory, allocate } = await kernels.instantiate();

function place(array: Uint8Array | Float32Array | Int32Array | Uint16Array | Int16Array): number {
  const address = allocate(array.byteLength);
  new Uint8Array(memory.buffer, address, array.byteLength).set(
    new Uint8Array(array.buffer, array.byteOffset, array.byteLength),
  );
  return address;
}

const wave = (count: number, seed: number) =>
  Float32Array.from({ length: count }, (_, i) => Math.fround(Math.sin(seed + 1.7 * i * i)));
const sign = (x: number) => (x >= 0 ? 1 : -1);

interface Layer {
  readonly height: number;
  readonly width: number;
  readonly inputs: number;
  readonly outputs: number;
  readonly kernelHeight: number;
  readonly kernelWidth: number;
  readonly padTop: number;
  readonly padLeft: number;
  readonly border: -1 | 0 | 1;
  readonly offset: boolean;
  readonly seed: number;
}

const layers = fc.record({
  height: fc.integer({ min: 3, max: 9 }),
  width: fc.integer({ min: 3, max: 9 }),
  inputs: fc.integer({ min: 1, max: 140 }),
  outputs: fc.integer({ min: 1, max: 70 }),
  kernelHeight: fc.integer({ min: 1, max: 3 }),
  kernelWidth: fc.integer({ min: 1, max: 3 }),
  padTop: fc.integer({ min: 0, max: 2 }),
  padLeft: fc.integer({ min: 0, max: 2 }),
  border: fc.constantFrom(-1 as const, 0 as const, 1 as const),
  offset: fc.boolean(),
  seed: fc.integer({ min: 0, max: 1000 }),
});

/** Batch norm of the dot products (or of (dot + K) / 2), `[pixel][channel]`, in float64. */
function expectedOf(layer: Layer, x: Float32Array, w: Float32Array, norm: Required<kernels.ChannelBatchNorm>) {
  const { height, width, inputs, outputs, kernelHeight, kernelWidth, padTop, padLeft, border, offset } = layer;
  const [outHeight, outWidth] = [height + 2 * padTop - kernelHeight + 1, width + 2 * padLeft - kernelWidth + 1];
  const values: number[] = [];
  for (let y = 0; y < outHeight; y++)
    for (let z = 0; z < outWidth; z++)
      for (let n = 0; n < outputs; n++) {
        let dot = 0;
        for (let i = 0; i < inputs; i++)
          for (let a = 0; a < kernelHeight; a++)
            for (let b = 0; b < kernelWidth; b++) {
              const [row, column] = [y + a - padTop, z + b - padLeft];
              const inside = row >= 0 && row < height && column >= 0 && column < width;
              const value = inside ? sign(x[(i * height + row) * width + column]) : border;
              dot += value * sign(w[((n * inputs + i) * kernelHeight + a) * kernelWidth + b]);
            }
        const sum = offset ? (dot + inputs * kernelHeight * kernelWidth) / 2 : dot;
        values.push(((sum - norm.mean[n]) / Math.sqrt(norm.variance[n] + norm.epsilon)) * norm.gamma[n] + norm.beta[n]);
      }
  return { outHeight, outWidth, values };
}

function check(layer: Layer, path: "table" | "popcount"): void {
  const { height, width, inputs, outputs, kernelHeight, kernelWidth, padTop, padLeft, border, offset, seed } = layer;
  const taps = kernelHeight * kernelWidth;
  const x = wave(inputs * height * width, seed);
  const w = wave(outputs * inputs * taps, seed + 1);
  const shape = [outputs, inputs, kernelHeight, kernelWidth];
  const batchNorm = {
    mean: wave(outputs, seed + 2),
    variance: wave(outputs, seed + 3).map((v) => v + 1.5),
    gamma: wave(outputs, seed + 4),
    beta: wave(outputs, seed + 5),
    epsilon: 1e-3,
  };
  const { outHeight, outWidth, values } = expectedOf(layer, x, w, batchNorm);
  const pixels = outHeight * outWidth;

  const ones = place(kernels.channelValues(new Array(inputs).fill(1)));
  const zeros = place(kernels.channelValues(new Array(inputs).fill(0)));
  const map = allocate(kernels.mapBytes(height * width, inputs));
  k.nchwToMapF32(place(x), map, 1, inputs, height * width, zeros, ones, zeros, height * width);
  const bits = allocate(kernels.bitBytes(height * width, inputs));
  k.packSignF32(map, bits, height * width, inputs);
  const words = kernels.bitWords(inputs);
  const rows = place(kernels.weightSignBits(w, shape));
  const around = place(kernels.borderBits(inputs, border === 0 ? -1 : border));

  let [counts, stride, doubled] = [0, 0, false];
  if (path === "table") {
    const [paddedHeight, paddedWidth] = [height + 2 * padTop, width + 2 * padLeft];
    const weights = allocate(kernels.tableConvWeightBytes(outputs, inputs, taps));
    k.tableConvPack(rows, weights, outputs, kernelHeight, kernelWidth, words, 1);
    const selectors = allocate(kernels.tableConvSelectorBytes(1, paddedHeight, paddedWidth, inputs));
    k.tableConvSelectors(bits, words, selectors, 1, height, width, words, padTop, padLeft, padTop, padLeft, around);
    counts = allocate(kernels.tableConvCountBytes(pixels, outputs));
    stride = kernels.tableConvCountStride(outputs);
    const band = kernels.tableConvRowBand(1, outHeight, outWidth);
    // biome-ignore format: one size after the other, as the kernel has them
    k.tableConv(
      selectors, weights, 0, counts, stride, 1, paddedHeight, paddedWidth, words, outHeight, outWidth, outputs,
      kernelHeight, kernelWidth, 1, 1, 1, 1, band,
    );
    if (border === 0) {
      const corrections = allocate(kernels.tableConvCorrectionBytes(outputs, taps));
      k.tableConvCorrections(rows, corrections, outputs, taps, words, inputs);
      const scratch = allocate(kernels.tableConvCorrectionBytes(outputs, 1));
      // biome-ignore format: one size after the other, as the kernel has them
      k.tableConvZeroBorder(
        counts, corrections, scratch, 1, height, width, inputs, outHeight, outWidth, outputs, kernelHeight, kernelWidth,
        1, 1, 1, 1, padTop, padLeft,
      );
      doubled = inputs % 2 === 1;
    }
  } else {
    const columns = allocate(kernels.im2colBytes(pixels, inputs, taps));
    // biome-ignore format: one size after the other, as the kernel has them
    k.im2colBits(
      bits, columns, height, width, words, kernelHeight, kernelWidth, 1, 1, 1, 1, padTop, padLeft, outWidth, 0, pixels,
      around,
    );
    const weights = allocate(kernels.xnorGemmWeightBytes(outputs, taps * words));
    k.xnorGemmPack(rows, weights, outputs, taps * words);
    counts = allocate(kernels.xnorGemmCountBytes(pixels, outputs));
    stride = kernels.xnorGemmCountStride(outputs);
    k.xnorGemm(columns, weights, counts, pixels, outputs, taps * words, stride);
    if (border === 0) {
      k.addCountsI32(counts, counts, pixels * stride, 0);
      const corrections = kernels.zeroBorderCorrections(w, shape);
      assert.equal(corrections.byteLength, kernels.zeroBorderCorrectionBytes(stride, taps));
      const scratch = allocate(kernels.zeroBorderCorrectionBytes(stride, 1));
      // biome-ignore format: one size after the other, as the kernel has them
      k.zeroBorderI32(
        counts, place(corrections), scratch, 1, height, width, stride, outHeight, outWidth, kernelHeight, kernelWidth,
        1, 1, 1, 1, padTop, padLeft,
      );
      doubled = true;
    }
  }

  const made = kernels.countEpilogue({ channels: outputs, terms: inputs * taps, offset, doubled, batchNorm });
  const signs = allocate(kernels.bitBytes(pixels, outputs));
  const out = allocate(kernels.mapBytes(pixels, outputs));
  const { middle } = made;
  const [center, scale, shift] = [made.center === null ? 0 : place(made.center), place(made.scale), place(made.shift)];
  const flip = place(made.flip);
  if (path === "table") {
    k.thresholdCountsU16(counts, signs, pixels, outputs, stride, place(made.thresholdU16), flip);
    k.epilogueU16(counts, stride, pixels, outputs, middle, center, scale, shift, 0, 0, 0, 0, 0, out, 0, 0, 0);
  } else {
    k.thresholdCountsI32(counts, signs, pixels, outputs, stride, place(made.threshold), flip);
    k.epilogueI32(counts, stride, pixels, outputs, middle, center, scale, shift, 0, 0, 0, 0, 0, out, 0, 0, 0);
  }
  const bytes = new Uint8Array(memory.buffer, signs, kernels.bitBytes(pixels, outputs));
  const floats = new Float32Array(memory.buffer, out, pixels * kernels.mapStride(outputs));
  for (let pixel = 0; pixel < pixels; pixel++)
    for (let n = 0; n < outputs; n++) {
      const value = values[pixel * outputs + n];
      assert.ok(Math.abs(floats[pixel * kernels.mapStride(outputs) + n] - value) <= 1e-3 * (1 + Math.abs(value)));
      if (Math.abs(value) < 1e-6) continue;
      const bit = (bytes[pixel * kernels.bitWords(outputs) * 8 + (n >> 3)] >> (n & 7)) & 1;
      assert.equal(bit, value >= 0 ? 1 : 0, `pixel ${pixel}, channel ${n}: ${value}`);
    }
}

for (const path of ["table", "popcount"] as const) {
  test(`a binary layer by the ${path} kernels, packed and sized by the helpers`, () => {
    fc.assert(
      fc.property(layers, (layer) => check(layer, path)),
      { numRuns: 40 },
    );
  });
}

test("rows of signs multiply by the popcount GEMM", () => {
  for (const [rows, columns, terms] of [
    [3, 5, 1],
    [4, 33, 64],
    [7, 2, 131],
  ]) {
    const [a, b] = [wave(rows * terms, 1), wave(columns * terms, 2)];
    const words = kernels.bitWords(terms);
    const weights = allocate(kernels.xnorGemmWeightBytes(columns, words));
    k.xnorGemmPack(place(kernels.signBits(b, columns, terms)), weights, columns, words);
    const counts = allocate(kernels.xnorGemmCountBytes(rows, columns));
    const stride = kernels.xnorGemmCountStride(columns);
    k.xnorGemm(place(kernels.signBits(a, rows, terms)), weights, counts, rows, columns, words, stride);
    const found = new Int32Array(memory.buffer, counts, rows * stride);
    for (let m = 0; m < rows; m++)
      for (let n = 0; n < columns; n++) {
        let dot = 0;
        for (let i = 0; i < terms; i++) dot += sign(a[m * terms + i]) * sign(b[n * terms + i]);
        assert.equal(terms - 2 * found[m * stride + n], dot);
      }
  }
});

test("a first layer on bytes is what packStem makes of it", () => {
  const [height, width, inputs, outputs, kernel] = [9, 7, 3, 18, 3];
  const weight = wave(outputs * inputs * kernel * kernel, 3);
  const inputAffine = { scale: Float64Array.of(0.02, 0.03, 0.01), shift: Float64Array.of(-1, 0.5, 0) };
  const stem = kernels.packStem({
    weight,
    shape: [outputs, inputs, kernel, kernel],
    inputAffine,
    outputAffine: null,
    ...{ height, width, outHeight: height, outWidth: width },
    window: { kernel: [kernel, kernel], stride: [1, 1], dilation: [1, 1], padding: [1, 1] },
  })!;
  assert.equal(stem.weights.byteLength, kernels.convU8WeightBytes(outputs, inputs, kernel, kernel, 1));
  assert.equal(stem.scale.length, kernels.convU8Lanes(outputs));
  const pixels = Uint8Array.from({ length: inputs * height * width }, (_, i) => (37 * i) % 256);
  const shape = {
    ...{ height, width, inChannels: inputs, outHeight: height, outWidth: width, outChannels: outputs },
    ...{ kernelHeight: kernel, kernelWidth: kernel, strideHeight: 1, strideWidth: 1 },
    ...{ dilationHeight: 1, dilationWidth: 1, padTop: 1, padLeft: 1 },
  };
  const out = allocate(kernels.mapBytes(height * width, outputs));
  const scratch = allocate(kernels.convU8ScratchBytes(shape));
  // biome-ignore format: one size after the other, as the kernel has them
  k.convU8(
    place(pixels), out, place(stem.weights), place(stem.scale), place(stem.bias), place(stem.rowClass),
    place(stem.colClass), stem.colClasses, scratch, 1, height, width, inputs, height, width, outputs, kernel, kernel,
    1, 1, 1, 1, 1, 1, 0, 0, height,
  );
  const floats = new Float32Array(memory.buffer, out, height * width * kernels.mapStride(outputs));
  for (let y = 0; y < height; y++)
    for (let x = 0; x < width; x++)
      for (let n = 0; n < outputs; n++) {
        let sum = 0;
        for (let i = 0; i < inputs; i++)
          for (let a = 0; a < kernel; a++)
            for (let b = 0; b < kernel; b++) {
              const [row, column] = [y + a - 1, x + b - 1];
              if (row < 0 || row >= height || column < 0 || column >= width) continue;
              const value = inputAffine.scale[i] * pixels[(i * height + row) * width + column] + inputAffine.shift[i];
              sum += value * weight[((n * inputs + i) * kernel + a) * kernel + b];
            }
        const found = floats[(y * width + x) * kernels.mapStride(outputs) + n];
        assert.ok(Math.abs(found - sum) <= stem.error[n], `${found} is not ${sum}`);
      }
});

test("borders, channels and what is refused", () => {
  assert.deepEqual([...kernels.borderBits(67, 1)], [...new Array(8).fill(255), 7, 0, 0, 0, 0, 0, 0, 0]);
  assert.deepEqual([...kernels.borderBits(3, -1)], new Array(8).fill(0));
  assert.deepEqual([...kernels.channelValues([1, 2, 3, 4, 5])], [1, 2, 3, 4, 5, 0, 0, 0]);
  throwsError(() => kernels.borderBits(3, 0 as never), "bad-option", /value of borderBits must be -1 or 1/);
  throwsError(() => kernels.signBits(new Float32Array(5), 2, 3), "bad-shape", /5 values/);
  throwsError(() => kernels.signBits(new Float32Array([Number.NaN]), 1, 1), "bad-value", /NaN/);
  throwsError(() => kernels.weightSignBits([1] as never, [1, 1]), "bad-option", /Float32Array/);
  const batchNorm = { mean: [0], variance: [1] };
  throwsError(() => kernels.countEpilogue({ channels: 2, terms: 9, batchNorm }), "bad-shape", /batchNorm\.mean/);
  throwsError(() => kernels.countEpilogue({ channel: 2 } as never), "bad-option", /"channels"/);
});

test("the guide names every kernel and every helper", () => {
  const guide = readFileSync(new URL("../../docs/kernels.md", import.meta.url), "utf8");
  const table = guide.slice(guide.indexOf("| kernels | sizes"));
  for (const kernel of Object.keys(argumentNames)) assert.ok(table.includes(`\`${kernel}\``), kernel);
  const internal = ["winogradAxis", "winogradPointPhases", "winogradBand", "convU8Runs"];
  const helpers = Object.keys(kernels).filter((name) => !["instantiate", ...internal].includes(name));
  assert.deepEqual(
    helpers.filter((name) => !guide.includes(name)),
    [],
  );
});
