/** The reference's quantisers, at ties and special values. */
import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import type { ActivationQuantizer } from "../../src/graph/types.js";
import { quantizeActivations, quantizeWeights } from "../../src/reference/index.js";
import { roundHalfAway } from "../../src/reference/quantizers.js";

const quantized = (method: ActivationQuantizer, bits: number, ...x: readonly number[]) => [
  ...quantizeActivations(Float64Array.from(x), method, bits),
];

test("det_sign of 0, -0 and NaN is +1; torch's sign of 0 is 0", () => {
  const x = [-2, -1e-300, -0, 0, 1e-300, 3];
  assert.deepEqual(quantized("det_sign", 1, ...x, Number.NaN), [-1, -1, 1, 1, 1, 1, 1]);
  assert.deepEqual(quantized("sign_approx_sign", 1, ...x), [-1, -1, 1, 1, 1, 1]);
  assert.deepEqual(quantized("sign", 1, ...x), [-1, -1, 0, 0, 1, 1]);
});

test("round goes half away from zero, and values just below one half go down", () => {
  assert.deepEqual([0.5, 1.5, 2.5, -0.5, -1.5, -2.5].map(roundHalfAway), [1, 2, 3, -1, -2, -3]);
  assert.deepEqual([0.49999999999999994, 0.49999997, 2.4999999999999996].map(roundHalfAway), [0, 0, 2]);
});

test("round has the levels 0, 1/v ... 1 with v = 2^bits - 1", () => {
  assert.deepEqual(quantized("round", 1, -3, 0.49, 0.5, 0.7, 4), [0, 0, 1, 1, 1]);
  // v = 3: thresholds 1/6, 1/2, 5/6.
  assert.deepEqual(quantized("round", 2, 0.16, 0.17, 0.5, 0.83, 0.84), [0, 1 / 3, 2 / 3, 2 / 3, 1]);
  assert.deepEqual(quantized("round", 4, 0.5), [8 / 15]);
});

test("dorefa normalises by the largest |tanh| of the whole tensor", () => {
  const x = [0.5, -1, 2, 0];
  // u = t / (2 tanh 2) + 1/2, then 2 round(3 u) / 3 - 1.
  const expected = x.map((value) => (2 * Math.round((Math.tanh(value) / (2 * Math.tanh(2)) + 0.5) * 3)) / 3 - 1);
  assert.deepEqual(quantized("dorefa", 2, ...x), expected);
  assert.notDeepEqual(quantized("dorefa", 2, 0.1, 0.2), quantized("dorefa", 2, 0.1, 0.2, 9).slice(0, 2));
  assert.deepEqual([...quantizeWeights(Float64Array.from(x), "dorefa", 2)], expected);
});

test("integer weights are rounded to even and cut to two's complement", () => {
  const w = Float64Array.of(-9, -2.5, -1.5, -0.5, 0.5, 1.5, 2.5, 2.51, 9);
  assert.deepEqual(
    [...quantizeWeights(w, "integer", 4)].map((x) => x + 0),
    [-8, -2, -2, 0, 0, 2, 2, 3, 7],
  );
  assert.deepEqual(
    [...quantizeWeights(w, "integer", 2)].map((x) => x + 0),
    [-2, -2, -2, 0, 0, 1, 1, 1, 1],
  );
});

test("the 32-bit activations", () => {
  const x = [-2, -1, -0.5, 0, 0.5, 1, 2];
  assert.deepEqual(quantized("identity", 32, ...x), x);
  assert.deepEqual(quantized("relu", 32, ...x), [0, 0, 0, 0, 0.5, 1, 2]);
  assert.deepEqual(quantized("clip", 32, ...x), [-1, -1, -0.5, 0, 0.5, 1, 1]);
  assert.deepEqual(quantized("leaky_clip", 32, ...x), [-0.2, -1, -0.5, 0, 0.5, 1, 0.2]);
  assert.deepEqual(quantized("approx_sign", 32, ...x), [-1, -1, -0.75, 0, 0.75, 1, 1]);
});

test("k-bit quantisers are idempotent on their levels and monotonic", () => {
  const numbers = fc.array(fc.double({ min: -3, max: 3, noNaN: true }), { minLength: 1, maxLength: 20 });
  fc.assert(
    fc.property(numbers, fc.integer({ min: 1, max: 8 }), (x, bits) => {
      const once = quantizeActivations(Float64Array.from(x), "round", bits);
      assert.deepEqual(quantizeActivations(once, "round", bits), once);
      const sorted = quantizeActivations(Float64Array.from(x).sort(), "round", bits);
      assert.deepEqual(sorted, once.slice().sort());
      const steps = 2 ** bits - 1;
      for (const [i, level] of once.entries()) {
        const clipped = Math.min(Math.max(x[i], 0), 1);
        assert.ok(Math.abs(level - clipped) <= 0.5 / steps + 1e-15);
      }
    }),
  );
});
