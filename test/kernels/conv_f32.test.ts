/** The float convolution beside its definition in float64. */
import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { convF32ScratchBytes, convF32WeightBytes, mapStride } from "../../src/abi/sizes.js";
import { type ConvCase, naiveConv, squareConv } from "../support/conv_cases.js";
import { openKernels } from "../support/kernels.js";
import { allocGuarded, assertWithin, paddedToStride, randomValues, readMap, toMap } from "../support/maps.js";

const bench = openKernels();

function run(c: ConvCase, input: Float32Array, weight: Float32Array, bias: Float32Array): Float32Array {
  bench.reset();
  const { k } = bench;
  const inputs = c.inChannels / c.groups;
  const src = bench.putF32(toMap(input, c.batch, c.inChannels, c.height * c.width));
  const raw = bench.putF32(weight);
  const biasPointer = bench.putF32(paddedToStride(bias));
  const floats = c.batch * c.outHeight * c.outWidth * mapStride(c.outChannels);
  const weights = allocGuarded(
    bench,
    convF32WeightBytes(c.outChannels, inputs, c.kernelHeight, c.kernelWidth, c.groups),
  );
  const scratch = allocGuarded(bench, convF32ScratchBytes(c));
  const dst = allocGuarded(bench, floats * 4);
  k.convF32Pack(raw, weights.pointer, c.outChannels, inputs, c.kernelHeight, c.kernelWidth, c.groups);
  k.convF32(
    ...([src, dst.pointer, weights.pointer, biasPointer, scratch.pointer] as const),
    ...([c.batch, c.height, c.width, c.inChannels] as const),
    ...([c.outHeight, c.outWidth, c.outChannels, c.kernelHeight, c.kernelWidth] as const),
    ...([c.strideHeight, c.strideWidth, c.dilationHeight, c.dilationWidth, c.padTop, c.padLeft] as const),
    ...([c.groups, c.relu ? 1 : 0] as const),
  );
  for (const region of [weights, scratch, dst]) region.assertIntact();
  return readMap(bench.f32(dst.pointer, floats), c.batch, c.outChannels, c.outHeight * c.outWidth);
}

function check(c: ConvCase): void {
  const inputs = c.inChannels / c.groups;
  const input = randomValues(c.seed, c.batch * c.inChannels * c.height * c.width);
  const weight = randomValues(c.seed + 1, c.outChannels * inputs * c.kernelHeight * c.kernelWidth);
  const bias = randomValues(c.seed + 2, c.outChannels);
  const { output, magnitude } = naiveConv(c, input, weight, bias);
  const terms = inputs * c.kernelHeight * c.kernelWidth + 1;
  assertWithin(run(c, input, weight, bias), output, (i) => (terms + 1) * 2 ** -24 * magnitude[i]);
}

/** Output sizes follow from a bottom and right padding of their own, as TensorFlow's "same" has it. */
const cases: fc.Arbitrary<ConvCase> = fc
  .record({
    batch: fc.integer({ min: 1, max: 3 }),
    height: fc.integer({ min: 1, max: 17 }),
    width: fc.integer({ min: 1, max: 17 }),
    groups: fc.constantFrom(1, 1, 1, 2, 3, 4, 8, 13),
    inputs: fc.integer({ min: 1, max: 70 }),
    outputs: fc.integer({ min: 1, max: 70 }),
    depthwise: fc.constantFrom(false, false, true),
    multiplier: fc.oneof(fc.constantFrom(1, 1, 8, 16), fc.integer({ min: 1, max: 12 })),
    kernelHeight: fc.integer({ min: 1, max: 7 }),
    kernelWidth: fc.integer({ min: 1, max: 7 }),
    strideHeight: fc.integer({ min: 1, max: 3 }),
    strideWidth: fc.integer({ min: 1, max: 3 }),
    dilationHeight: fc.integer({ min: 1, max: 2 }),
    dilationWidth: fc.integer({ min: 1, max: 2 }),
    padding: fc.constantFrom(false, true, true),
    pads: fc.tuple(fc.nat(6), fc.nat(6), fc.nat(6), fc.nat(6)),
    relu: fc.boolean(),
    seed: fc.integer({ min: 1, max: 1e6 }),
  })
  .map((r) => {
    const reachHeight = (r.kernelHeight - 1) * r.dilationHeight + 1;
    const reachWidth = (r.kernelWidth - 1) * r.dilationWidth + 1;
    const [padTop, padLeft, padBottom, padRight] = r.padding ? r.pads : [0, 0, 0, 0];
    const height = Math.max(r.height, reachHeight - padTop - padBottom);
    const width = Math.max(r.width, reachWidth - padLeft - padRight);
    const groups = r.depthwise ? r.inputs : r.groups;
    return {
      ...r,
      groups,
      height,
      width,
      padTop,
      padLeft,
      inChannels: r.depthwise ? r.inputs : Math.max(1, Math.floor(r.inputs / groups)) * groups,
      outChannels: r.depthwise ? r.inputs * r.multiplier : Math.max(1, Math.floor(r.outputs / groups)) * groups,
      outHeight: Math.floor((height + padTop + padBottom - reachHeight) / r.strideHeight) + 1,
      outWidth: Math.floor((width + padLeft + padRight - reachWidth) / r.strideWidth) + 1,
    };
  })
  .filter((c) => {
    const macs = c.batch * c.outHeight * c.outWidth * c.outChannels * (c.inChannels / c.groups);
    return macs * c.kernelHeight * c.kernelWidth < 3e6;
  });

test("convF32 is within float32's rounding of the definition, over odd shapes", () => {
  fc.assert(fc.property(cases, check), { numRuns: 500 });
});

test("convF32 on the networks' own layers: stems, downsample, depthwise", () => {
  check(squareConv(3, 64, 32, 7, 2));
  check(squareConv(3, 32, 33, 3, 2));
  check(squareConv(32, 32, 16, 3, 1, 4));
  check(squareConv(32, 64, 16, 3, 1, 8));
  check(squareConv(64, 128, 14, 1, 2));
  check(squareConv(1, 1, 9, 5));
  check(squareConv(48, 48, 15, 3, 1, 48));
  check(squareConv(3, 3, 15, 3, 2, 3));
  check({ ...squareConv(8, 64, 16, 3, 2, 8), padTop: 0, padLeft: 0 });
});

test("convF32 keeps NaN and infinity where they belong and the tail lanes zero", () => {
  const c = { ...squareConv(5, 6, 6, 3), relu: true };
  const input = randomValues(3, c.inChannels * 36);
  input[0] = Number.NaN;
  input[35] = Number.POSITIVE_INFINITY;
  const weight = new Float32Array(6 * 5 * 9).fill(1);
  const output = run(c, input, weight, new Float32Array(6));
  for (let n = 0; n < 6; n++) {
    for (const pixel of [0, 1, 6, 7]) assert.ok(Number.isNaN(output[n * 36 + pixel]), `channel ${n} pixel ${pixel}`);
    for (const pixel of [28, 29, 34, 35]) assert.equal(output[n * 36 + pixel], Number.POSITIVE_INFINITY);
    assert.ok(Number.isFinite(output[n * 36 + 15]));
  }
});

test("convF32ScratchBytes is 0 if the map is read in place", () => {
  assert.equal(convF32ScratchBytes(squareConv(64, 128, 14, 1, 2)), 0);
  assert.equal(convF32ScratchBytes(squareConv(48, 48, 15, 3, 1, 48)), 0);
  assert.equal(convF32ScratchBytes(squareConv(3, 64, 224, 7, 2)), 229 * 229 * 3 * 4 + 16);
});
