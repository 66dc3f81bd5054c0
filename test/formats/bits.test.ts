/** Binary weights packed to bits and back. */
import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { packedShape, packSigns, unpackSigns } from "../../src/bits.js";
import { throwsError } from "./support.js";

const shape = fc.tuple(
  fc.integer({ min: 1, max: 5 }),
  fc.integer({ min: 1, max: 40 }),
  fc.integer({ min: 1, max: 4 }),
  fc.integer({ min: 1, max: 4 }),
);
const value = fc.oneof(fc.float({ noNaN: true }), fc.constantFrom(0, -0, 1e-45, -1e-45, Infinity, -Infinity));
const weights = shape.chain(([o, i, h, w]) => {
  const count = o * i * h * w;
  return fc.tuple(fc.constant([o, i, h, w]), fc.array(value, { minLength: count, maxLength: count, size: "max" }));
});

test("every bit stands where weights.ts says, tail bits are zero, and unpacking gives the signs", () => {
  fc.assert(
    fc.property(weights, ([[o, i, h, w], values]) => {
      const bits = packSigns(Float32Array.from(values), [o, i, h, w]);
      const tapBytes = Math.ceil(i / 8);
      assert.deepEqual(packedShape([o, i, h, w]), [o, h, w, tapBytes]);
      assert.equal(bits.data.length, o * h * w * tapBytes);
      const expected = new Uint8Array(bits.data.length);
      values.forEach((number, index) => {
        const x = index % w;
        const y = Math.floor(index / w) % h;
        const c = Math.floor(index / (w * h)) % i;
        const n = Math.floor(index / (w * h * i));
        if (number >= 0) expected[((n * h + y) * w + x) * tapBytes + Math.floor(c / 8)] |= 1 << (c % 8);
      });
      assert.deepEqual(bits.data, expected);
      assert.deepEqual(
        [...unpackSigns(bits)],
        values.map((number) => (number >= 0 ? 1 : -1)),
      );
    }),
    { numRuns: 150 },
  );
});

test("+0 and -0 are 1, and values on an odd offset of their buffer pack alike", () => {
  assert.deepEqual([...packSigns(Float32Array.of(0, -0, -1), [1, 3, 1, 1]).data], [0b011]);
  assert.deepEqual([...packSigns(Float32Array.of(0, -0, -1, 2, -2, 3), [2, 3]).data], [0b011, 0b101]);
  assert.deepEqual([...packSigns(Float32Array.of(9, -2, 2, -3).subarray(1), [1, 3, 1, 1]).data], [0b010]);
});

test("NaN of either sign is refused with its index and parameter", () => {
  for (const word of [0x7fc00000, 0xffc00000, 0x7f800001, 0xffffffff]) {
    const values = new Float32Array(12).fill(-1);
    new Uint32Array(values.buffer)[7] = word;
    throwsError(() => packSigns(values, [2, 3, 1, 2], "conv.weight"), "bad-value", /conv\.weight: element 7 is NaN/);
  }
});

test("a shape that is not OIHW or does not hold the values is refused", () => {
  throwsError(() => packSigns(new Float32Array(6), [2, 3, 1]), "bad-shape", /6 values of shape 2x3x1/);
  throwsError(() => packSigns(new Float32Array(5), [2, 3, 1, 1]), "bad-shape");
});
