/** Rows of floats times a float64 each, beside the same product in JavaScript: equal means equal. */
import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { openKernels } from "../support/kernels.js";
import { allocGuarded, randomValues } from "../support/maps.js";

const bench = openKernels();

test("scaleRowsF32 rounds the float64 product of each float and its row's scale once", () => {
  const size = fc.integer({ min: 1, max: 40 });
  const scale = fc.double({ min: -1e3, max: 1e3, noNaN: true });
  fc.assert(
    fc.property(fc.array(scale, { minLength: 1, maxLength: 20 }), size, fc.nat(1e6), (scales, length, seed) => {
      bench.reset();
      const values = randomValues(seed, scales.length * length);
      const data = allocGuarded(bench, values.byteLength);
      bench.f32(data.pointer, values.length).set(values);
      const rows = bench.putF32(new Float32Array(Float64Array.from(scales).buffer));
      bench.k.scaleRowsF32(data.pointer, rows, scales.length, length);
      data.assertIntact();
      const expected = values.map((value, i) => value * scales[Math.floor(i / length)]);
      assert.deepEqual(bench.f32(data.pointer, values.length), expected);
    }),
    { numRuns: 200 },
  );
});
