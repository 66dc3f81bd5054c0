/**
 * Element types of safetensors files and their conversion to and from float32. All multi-byte numbers are
 * little-endian, which is also the byte order of WebAssembly and of every host that runs it, so typed arrays view the
 * bytes directly.
 */
import { XnorkitError } from "../errors.js";
import type { Shape } from "../tensor.js";

/** Element types of safetensors, torch and MXNet files. */
export type Dtype = "F64" | "F32" | "F16" | "BF16" | "I64" | "I32" | "I16" | "I8" | "U8" | "BOOL";

/** The size of an element in bytes. */
export const DTYPE_BYTES: { readonly [D in Dtype]: number } = {
  F64: 8,
  F32: 4,
  F16: 2,
  BF16: 2,
  I64: 8,
  I32: 4,
  I16: 2,
  I8: 1,
  U8: 1,
  BOOL: 1,
};

/** A tensor as a file holds it: row-major little-endian elements. */
export interface RawTensor {
  readonly dtype: Dtype;
  readonly shape: Shape;
  readonly bytes: Uint8Array;
}

/** Largest finite float16. */
export const FLOAT16_MAX = 65504;

const FLOAT_DTYPES: readonly Dtype[] = ["F32", "F16", "BF16", "F64"];

export function isDtype(name: string): name is Dtype {
  return Object.hasOwn(DTYPE_BYTES, name);
}

/** True for the types that hold parameters: F32, F16, BF16, F64. */
export function isFloatDtype(dtype: Dtype): boolean {
  return FLOAT_DTYPES.includes(dtype);
}

/** The raw tensor of float32 values; views them without copying. */
export function rawFloat32(shape: Shape, values: Float32Array): RawTensor {
  return { dtype: "F32", shape, bytes: new Uint8Array(values.buffer, values.byteOffset, values.byteLength) };
}

/**
 * The elements as float32. F32 (a view of the bytes where they are aligned to 4), F16, BF16, I8, I16, U8 and BOOL are
 * exact; F64, I32 and I64 are rounded to the nearest float32.
 *
 * @throws XnorkitError `bad-file` if the bytes are not a whole number of elements; `bad-value` if a BOOL byte is
 *   neither 0 nor 1.
 */
export function toFloat32(raw: Pick<RawTensor, "dtype" | "bytes">): Float32Array {
  const size = DTYPE_BYTES[raw.dtype];
  if (raw.bytes.length % size !== 0) {
    throw new XnorkitError(
      "bad-file",
      `${raw.bytes.length} bytes of dtype ${raw.dtype} are not a whole number of ${size}-byte elements`,
    );
  }
  const bytes = aligned(raw.bytes, size);
  const { buffer, byteOffset } = bytes;
  const length = bytes.length / size;
  switch (raw.dtype) {
    case "F32":
      return new Float32Array(buffer, byteOffset, length);
    case "F64":
      return new Float32Array(new Float64Array(buffer, byteOffset, length));
    case "F16":
      return float16ToFloat32(new Uint16Array(buffer, byteOffset, length));
    case "BF16":
      return bfloat16ToFloat32(new Uint16Array(buffer, byteOffset, length));
    case "I64":
      return int64ToFloat32(new BigInt64Array(buffer, byteOffset, length));
    case "I32":
      return new Float32Array(new Int32Array(buffer, byteOffset, length));
    case "I16":
      return new Float32Array(new Int16Array(buffer, byteOffset, length));
    case "I8":
      return new Float32Array(new Int8Array(buffer, byteOffset, length));
    case "U8":
      return new Float32Array(bytes);
    case "BOOL": {
      const wrong = bytes.findIndex((byte) => byte > 1);
      if (wrong >= 0) {
        throw new XnorkitError("bad-value", `BOOL element ${wrong} is the byte ${bytes[wrong]}, expected 0 or 1`);
      }
      return new Float32Array(bytes);
    }
  }
}

/**
 * The bytes themselves where a typed array of `size`-byte elements can view them, else a copy that it can (not by
 * slice(), which views where the bytes are a Node Buffer).
 */
export function aligned(bytes: Uint8Array, size: number): Uint8Array {
  return bytes.byteOffset % size === 0 ? bytes : new Uint8Array(bytes);
}

/** IEEE 754 binary16 bit patterns as float32, exact; NaN keeps its payload. */
export function float16ToFloat32(halves: Uint16Array): Float32Array {
  const values = new Float32Array(halves.length);
  const words = new Uint32Array(values.buffer);
  for (let i = 0; i < halves.length; i++) {
    const half = halves[i];
    const magnitude = half & 0x7fff;
    const sign = (half & 0x8000) << 16;
    if (magnitude >= 0x7c00) {
      words[i] = sign | 0x7f800000 | ((half & 0x3ff) << 13);
    } else {
      // The exponent biases differ by 127 - 15 = 112; a multiplication by 2^112 mends it for subnormals too, exactly.
      words[i] = sign | (magnitude << 13);
      values[i] *= 2 ** 112;
    }
  }
  return values;
}

/** bfloat16 bit patterns as float32: the upper half of the float32 word. */
export function bfloat16ToFloat32(halves: Uint16Array): Float32Array {
  const words = new Uint32Array(halves.length);
  for (let i = 0; i < halves.length; i++) words[i] = halves[i] << 16;
  return new Float32Array(words.buffer);
}

/** Float32 to IEEE 754 binary16 bit patterns, round half to even; beyond the range becomes infinity. */
export function float32ToFloat16(values: Float32Array): Uint16Array {
  const halves = new Uint16Array(values.length);
  const scratch = new Float32Array(1);
  const word = new Uint32Array(scratch.buffer);
  for (let i = 0; i < values.length; i++) {
    scratch[0] = values[i];
    const sign = (word[0] >>> 16) & 0x8000;
    const magnitude = word[0] & 0x7fffffff;
    let half: number;
    if (magnitude > 0x7f800000) {
      half = 0x7e00 | ((magnitude >>> 13) & 0x3ff);
    } else if (magnitude >= 0x477ff000) {
      half = 0x7c00; // 65520, halfway from 65504 to the next power of two, rounds up to infinity
    } else if (magnitude < 0x38800000) {
      // Below 2^-14 a half counts units of 2^-24: adding 0.5, whose float32 unit is 2^-24, rounds to them in hardware.
      scratch[0] = Math.abs(values[i]) + 0.5;
      half = word[0] - 0x3f000000;
    } else {
      const lowestKept = (magnitude >>> 13) & 1;
      half = (magnitude - 0x38000000 + 0xfff + lowestKept) >>> 13;
    }
    halves[i] = sign | half;
  }
  return halves;
}

/**
 * 64-bit integers as float32. Integers beyond 2^53 pass through a double first, so at a float32 tie they may round the
 * other way.
 */
function int64ToFloat32(integers: BigInt64Array): Float32Array {
  const values = new Float32Array(integers.length);
  for (let i = 0; i < integers.length; i++) values[i] = Number(integers[i]);
  return values;
}
