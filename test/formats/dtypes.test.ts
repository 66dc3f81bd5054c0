/** Numbers of every type that files hold. */
import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { type Dtype, float16ToFloat32, float32ToFloat16, toFloat32 } from "../../src/formats/dtypes.js";
import { throwsError } from "./support.js";

const bytesOf = (array: ArrayBufferView) => new Uint8Array(array.buffer, array.byteOffset, array.byteLength);
const decode = (dtype: Dtype, array: ArrayBufferView) => [...toFloat32({ dtype, bytes: bytesOf(array) })];

/** binary16 by its definition. */
function halfValue(half: number): number {
  const sign = half & 0x8000 ? -1 : 1;
  const exponent = (half >> 10) & 31;
  const fraction = half & 0x3ff;
  if (exponent === 31) return fraction ? Number.NaN : sign * Number.POSITIVE_INFINITY;
  return exponent === 0 ? sign * fraction * 2 ** -24 : sign * (1 + fraction / 1024) * 2 ** (exponent - 15);
}

test("all 65536 float16 patterns decode exactly and encode back", () => {
  const halves = Uint16Array.from({ length: 65536 }, (_, index) => index);
  const values = float16ToFloat32(halves);
  for (let half = 0; half < 65536; half++)
    assert.ok(Object.is(values[half], halfValue(half)), `0x${half.toString(16)}`);
  const back = float32ToFloat16(values);
  for (let half = 0; half < 65536; half++) {
    if (Number.isNaN(values[half])) assert.ok(Number.isNaN(halfValue(back[half])));
    else assert.equal(back[half], half);
  }
});

test("float32 rounds to the nearest float16, ties to even", () => {
  const check = (value: number) => {
    const single = Math.fround(value);
    const [half] = float32ToFloat16(Float32Array.of(single));
    const rounded = halfValue(half);
    if (!Number.isFinite(rounded)) return assert.ok(Math.abs(single) >= 65520, `${single} became ${rounded}`);
    const distance = Math.abs(single - rounded);
    for (const neighbour of [half - 1, half + 1]) {
      if ((neighbour & 0x7fff) > 0x7bff || (half & 0x7fff) === 0) continue;
      const other = Math.abs(single - halfValue(neighbour));
      assert.ok(distance < other || (distance === other && half % 2 === 0), `${single} became ${rounded}`);
    }
  };
  fc.assert(fc.property(fc.float({ min: -70000, max: 70000, noNaN: true }), check), { numRuns: 2000 });
  fc.assert(
    fc.property(fc.nat(0x7bfe), (half) => check((halfValue(half) + halfValue(half + 1)) / 2)),
    { numRuns: 2000 },
  );
  assert.equal(float32ToFloat16(Float32Array.of(65519))[0], 0x7bff);
  assert.equal(float32ToFloat16(Float32Array.of(-65520))[0], 0xfc00);
  assert.equal(float32ToFloat16(Float32Array.of(2 ** -25))[0], 0);
  assert.equal(float32ToFloat16(Float32Array.of(-0))[0], 0x8000);
});

test("every other type decodes to its numbers", () => {
  assert.deepEqual(decode("F32", Float32Array.of(1.5, -0, 1e-45)), [1.5, -0, Math.fround(1e-45)]);
  assert.deepEqual(decode("F64", Float64Array.of(0.1, -1e300)), [Math.fround(0.1), Number.NEGATIVE_INFINITY]);
  assert.deepEqual(decode("BF16", Uint16Array.of(0x3f80, 0xc000, 0x7f80)), [1, -2, Number.POSITIVE_INFINITY]);
  assert.deepEqual(decode("I8", Int8Array.of(-128, 127)), [-128, 127]);
  assert.deepEqual(decode("U8", Uint8Array.of(0, 255)), [0, 255]);
  assert.deepEqual(decode("I16", Int16Array.of(-32768, 32767)), [-32768, 32767]);
  assert.deepEqual(decode("I32", Int32Array.of(-(2 ** 31), 16777217)), [-(2 ** 31), 16777216]);
  assert.deepEqual(decode("I64", BigInt64Array.of(-5n, 2n ** 62n)), [-5, 2 ** 62]);
  assert.deepEqual(decode("BOOL", Uint8Array.of(0, 1)), [0, 1]);
  assert.ok(Number.isNaN(decode("BF16", Uint16Array.of(0x7fc0))[0]));
});

test("unaligned bytes decode as aligned ones do, of a Node Buffer too", () => {
  const values = Float64Array.of(1.25, -3);
  for (const shift of [1, 2, 3, 4, 7]) {
    const shifted = new Uint8Array(16 + shift);
    shifted.set(bytesOf(values), shift);
    assert.deepEqual([...toFloat32({ dtype: "F64", bytes: shifted.subarray(shift) })], [1.25, -3]);
    const buffer = Buffer.from(shifted.buffer, shift, 16);
    assert.deepEqual([...toFloat32({ dtype: "F64", bytes: buffer })], [1.25, -3]);
  }
});

test("a BOOL that is neither 0 nor 1 and a broken element are refused", () => {
  throwsError(() => decode("BOOL", Uint8Array.of(0, 1, 2)), "bad-value", /element 2 is the byte 2/);
  throwsError(() => decode("F32", Uint8Array.of(0, 1, 2)), "bad-file", /3 bytes/);
});
