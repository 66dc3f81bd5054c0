/** Winograd's convolution beside its definition: shapes, exactness, rounding, and when it is chosen. */
import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import type { ConvF32Shape } from "../../src/abi/sizes.js";
import {
  convF32ScratchBytes,
  convF32WeightBytes,
  mapStride,
  winogradF32ScratchBytes,
  winogradF32WeightBytes,
} from "../../src/abi/sizes.js";
import { usesWinograd } from "../../src/compiler/choose_kernel.js";
import { type ConvCase, naiveConv, squareConv } from "../support/conv_cases.js";
import { openKernels } from "../support/kernels.js";
import { allocGuarded, assertWithin, paddedToStride, randomValues, readMap, toMap } from "../support/maps.js";

const bench = openKernels();

function run(c: ConvCase, input: Float32Array, weight: Float32Array, bias: Float32Array): Float32Array {
  bench.reset();
  const { k } = bench;
  const src = bench.putF32(toMap(input, c.batch, c.inChannels, c.height * c.width));
  const raw = bench.putF32(weight);
  const biasPointer = bench.putF32(paddedToStride(bias));
  const floats = c.batch * c.outHeight * c.outWidth * mapStride(c.outChannels);
  const weights = allocGuarded(bench, winogradF32WeightBytes(c));
  const scratch = allocGuarded(bench, winogradF32ScratchBytes(c));
  const dst = allocGuarded(bench, floats * 4);
  const taps = [c.kernelHeight, c.kernelWidth, c.strideHeight, c.strideWidth] as const;
  k.winogradF32Pack(raw, weights.pointer, c.outChannels, c.inChannels / c.groups, ...taps, c.groups);
  k.winogradF32(
    ...([src, dst.pointer, weights.pointer, biasPointer, scratch.pointer] as const),
    ...([c.batch, c.height, c.width, c.inChannels, c.outHeight, c.outWidth, c.outChannels] as const),
    ...taps,
    ...([c.padTop, c.padLeft, c.groups, c.relu ? 1 : 0] as const),
  );
  for (const region of [weights, scratch, dst]) region.assertIntact();
  return readMap(bench.f32(dst.pointer, floats), c.batch, c.outChannels, c.outHeight * c.outWidth);
}

function runDirect(c: ConvCase, input: Float32Array, weight: Float32Array, bias: Float32Array): Float32Array {
  bench.reset();
  const src = bench.putF32(toMap(input, c.batch, c.inChannels, c.height * c.width));
  const raw = bench.putF32(weight);
  const biasPointer = bench.putF32(paddedToStride(bias));
  const floats = c.batch * c.outHeight * c.outWidth * mapStride(c.outChannels);
  const weights = bench.alloc(convF32WeightBytes(c.outChannels, c.inChannels, c.kernelHeight, c.kernelWidth, 1));
  const scratch = bench.alloc(convF32ScratchBytes(c));
  const dst = bench.alloc(floats * 4);
  bench.k.convF32Pack(raw, weights, c.outChannels, c.inChannels, c.kernelHeight, c.kernelWidth, 1);
  bench.k.convF32(
    ...([src, dst, weights, biasPointer, scratch, c.batch, c.height, c.width, c.inChannels] as const),
    ...([c.outHeight, c.outWidth, c.outChannels, c.kernelHeight, c.kernelWidth] as const),
    ...([c.strideHeight, c.strideWidth, 1, 1, c.padTop, c.padLeft, 1, c.relu ? 1 : 0] as const),
  );
  return readMap(bench.f32(dst, floats), c.batch, c.outChannels, c.outHeight * c.outWidth);
}

/**
 * The transforms mix all pixels of a tile, also those that no output of it reads, so rounding is measured against the
 * largest sum that any pixels could make: 64 roundings of it; a wrong coefficient of a transform changes a hundredth.
 */
function check(c: ConvCase): void {
  const fanIn = (c.inChannels / c.groups) * c.kernelHeight * c.kernelWidth;
  const input = randomValues(c.seed, c.batch * c.inChannels * c.height * c.width);
  const weight = randomValues(c.seed + 1, c.outChannels * fanIn);
  const bias = randomValues(c.seed + 2, c.outChannels);
  const { output } = naiveConv(c, input, weight, bias);
  let largest = 1;
  for (let n = 0; n < c.outChannels; n++) {
    const sum = weight.subarray(n * fanIn, (n + 1) * fanIn).reduce((total, value) => total + Math.abs(value), 0);
    largest = Math.max(largest, sum + Math.abs(bias[n]));
  }
  assertWithin(run(c, input, weight, bias), output, () => 64 * 2 ** -24 * largest);
}

/** A kernel of at most four taps a phase of its stride. */
const axis = fc.integer({ min: 1, max: 3 }).chain((stride) =>
  fc.record({
    stride: fc.constant(stride),
    kernel: fc.integer({ min: 1, max: 4 * stride }),
    size: fc.integer({ min: 1, max: 30 }),
    before: fc.nat(6),
    after: fc.nat(6),
  }),
);

const cases: fc.Arbitrary<ConvCase> = fc
  .record({
    batch: fc.integer({ min: 1, max: 3 }),
    y: axis,
    x: axis,
    inputs: fc.integer({ min: 1, max: 20 }),
    outputs: fc.integer({ min: 1, max: 20 }),
    groups: fc.constantFrom(1, 1, 2, 3, 5),
    relu: fc.boolean(),
    seed: fc.integer({ min: 1, max: 1e6 }),
  })
  .map(({ batch, y, x, inputs, outputs, relu, seed, ...r }) => {
    const groups = y.stride * x.stride > 1 ? 1 : r.groups;
    const height = Math.max(y.size, y.kernel - y.before - y.after);
    const width = Math.max(x.size, x.kernel - x.before - x.after);
    return {
      ...{ batch, inChannels: inputs * groups, outChannels: outputs * groups, groups, relu, seed },
      ...{ height, width, padTop: y.before, padLeft: x.before },
      ...{ kernelHeight: y.kernel, kernelWidth: x.kernel, strideHeight: y.stride, strideWidth: x.stride },
      ...{ dilationHeight: 1, dilationWidth: 1 },
      outHeight: Math.floor((height + y.before + y.after - y.kernel) / y.stride) + 1,
      outWidth: Math.floor((width + x.before + x.after - x.kernel) / x.stride) + 1,
    };
  });

test("winogradF32 agrees with the definition over odd shapes, strides and kernels", () => {
  fc.assert(fc.property(cases, check), { numRuns: 400 });
});

test("winogradF32 on the networks' own layers, and on more tiles than a band", () => {
  check(squareConv(3, 64, 112, 7, 2));
  check(squareConv(3, 16, 300, 7, 2));
  check(squareConv(64, 64, 14, 3));
  check(squareConv(70, 9, 13, 3));
  check(squareConv(1, 5, 21, 8, 2));
  check(squareConv(32, 64, 23, 3, 2));
  check(squareConv(32, 32, 20, 3, 1, 4));
  check(squareConv(32, 64, 20, 3, 1, 8));
});

test("winogradF32 is exact if every value is a small whole number and so is the transform", () => {
  // The filter's values are products of two sums of 1, 1/3 and 1/15 of weights, whole for 225; of one tap sums of 1/2,
  // whole for 4.
  for (const [kernel, unit] of [
    [3, 225],
    [1, 4],
  ]) {
    const c = squareConv(2, 3, 9, kernel);
    const input = randomValues(5, 2 * 81).map((value) => Math.round(value));
    const weight = randomValues(6, 6 * kernel * kernel).map((value) => unit * Math.round(value));
    const { output } = naiveConv(c, input, weight, new Float32Array(3));
    assert.deepEqual(
      Array.from(run(c, input, weight, new Float32Array(3)), (value) => value + 0),
      Array.from(output, (value) => value + 0),
    );
  }
});

test("winogradF32 keeps NaN and infinity in the tiles that read them", () => {
  const c = squareConv(2, 3, 24, 3);
  const input = randomValues(3, 2 * 24 * 24);
  input[0] = Number.NaN;
  const output = run(c, input, randomValues(4, 3 * 2 * 9), new Float32Array(3));
  for (let n = 0; n < 3; n++) {
    assert.ok(Number.isNaN(output[n * 576]), `channel ${n}`);
    for (let y = 0; y < 24; y++)
      for (let x = 0; x < 24; x++)
        if (y > 2 || x > 2) assert.ok(Number.isFinite(output[n * 576 + y * 24 + x]), `channel ${n} at ${y}, ${x}`);
  }
});

test("winogradF32 rounds no worse than convF32 on a picture through a stem", () => {
  const c = squareConv(3, 64, 96, 7, 2);
  const noise = randomValues(1, 3 * 96 * 96);
  const input = noise.map((value, i) => {
    const [x, y] = [i % 96, Math.floor(i / 96) % 96];
    return 1.2 * Math.sin(x / 9 + y / 13) + value / 16;
  });
  const weight = randomValues(2, 64 * 147);
  const bias = new Float32Array(64);
  const { output } = naiveConv(c, input, weight, bias);
  const error = (actual: Float32Array) => output.reduce((sum, value, i) => sum + (actual[i] - value) ** 2, 0);
  const [winograd, direct] = [run(c, input, weight, bias), runDirect(c, input, weight, bias)].map(error);
  assert.ok(winograd <= direct, `squares of the errors: ${winograd}, directly ${direct}`);
});

test("Winograd is chosen if it saves work: 7x7 stems and 3x3 layers of many channels", () => {
  const uses = (shape: ConvF32Shape) => usesWinograd(shape);
  assert.ok(uses(squareConv(3, 64, 224, 7, 2)));
  assert.ok(uses(squareConv(64, 64, 56, 3)));
  assert.ok(!uses(squareConv(3, 64, 224, 3)), "3x3 on 3 channels: the transforms weigh more");
  assert.ok(!uses(squareConv(64, 128, 28, 1)), "1x1");
  assert.ok(uses(squareConv(32, 64, 112, 3, 2)), "3x3 with stride 2");
  assert.ok(uses(squareConv(32, 32, 112, 3, 1, 4)), "groups of 8 channels");
  assert.ok(!uses(squareConv(32, 64, 112, 3, 1, 8)), "groups of 4 channels");
  assert.ok(!uses(squareConv(32, 64, 112, 3, 2, 4)), "groups with stride 2");
  assert.ok(!uses({ ...squareConv(64, 64, 56, 3), dilationHeight: 2, outHeight: 54 }), "dilation");
  assert.ok(!uses(squareConv(64, 64, 56, 5)), "5 taps with stride 1");
  assert.ok(!uses({ ...squareConv(64, 64, 56, 3), outHeight: 1, outWidth: 1 }), "one pixel of a tile of nine");
});
