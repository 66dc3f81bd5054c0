/** The dense layer beside its definition, the same bits in every batch. */
import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { denseF32WeightBytes, mapStride } from "../../src/abi/sizes.js";
import { openKernels } from "../support/kernels.js";
import { allocGuarded, assertWithin, paddedToStride, randomValues, readMap, toMap } from "../support/maps.js";

const bench = openKernels();

function run(batch: number, inputs: number, units: number, seed: number): Float32Array {
  bench.reset();
  const input = randomValues(seed, batch * inputs);
  const src = bench.putF32(toMap(input, batch, inputs, 1));
  const raw = bench.putF32(randomValues(seed + 1, units * inputs));
  const bias = bench.putF32(paddedToStride(randomValues(seed + 2, units)));
  const weights = allocGuarded(bench, denseF32WeightBytes(units, inputs));
  const dst = allocGuarded(bench, batch * mapStride(units) * 4);
  bench.k.denseF32Pack(raw, weights.pointer, units, inputs);
  const strides = [mapStride(inputs), mapStride(units)] as const;
  bench.k.denseF32(src, dst.pointer, weights.pointer, bias, batch, inputs, units, ...strides);
  weights.assertIntact();
  dst.assertIntact();
  return readMap(bench.f32(dst.pointer, batch * mapStride(units)), batch, units, 1);
}

function check(batch: number, inputs: number, units: number, seed: number): void {
  const input = randomValues(seed, batch * inputs);
  const weight = randomValues(seed + 1, units * inputs);
  const bias = randomValues(seed + 2, units);
  const expected = new Float64Array(batch * units);
  const magnitude = new Float64Array(batch * units);
  for (let b = 0; b < batch; b++)
    for (let u = 0; u < units; u++) {
      expected[b * units + u] = bias[u];
      magnitude[b * units + u] = Math.abs(bias[u]);
      for (let i = 0; i < inputs; i++) {
        const product = input[b * inputs + i] * weight[u * inputs + i];
        expected[b * units + u] += product;
        magnitude[b * units + u] += Math.abs(product);
      }
    }
  assertWithin(run(batch, inputs, units, seed), expected, (i) => (inputs + 2) * 2 ** -24 * magnitude[i]);
}

test("denseF32 is within float32's rounding of the definition", () => {
  const size = fc.integer({ min: 1, max: 70 });
  fc.assert(fc.property(fc.integer({ min: 1, max: 9 }), size, size, fc.integer({ min: 1, max: 1e6 }), check), {
    numRuns: 300,
  });
});

test("denseF32 on a classifier of 512 inputs and 1000 units, and on a batch of more than one band", () => {
  check(1, 512, 1000, 5);
  check(130, 7, 10, 6);
});

test("denseF32 gives an image the same bits in every batch", () => {
  const [inputs, units] = [37, 75];
  const batched = run(6, inputs, units, 11);
  const alone = run(1, inputs, units, 11);
  // The generator makes the weights of both runs equal, and the first image's inputs too.
  assert.deepEqual(alone, batched.slice(0, units));
});
