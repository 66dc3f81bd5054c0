/** Values in the layouts that kernels read, made by the host: padded channels, rows of sign bits, weights, borders. */

import { bitWords, mapStride } from "../abi/sizes.js";
import { describeArgument, kindOf, objectArgument, refuseArgument } from "../arguments.js";
import { packedShape, packSigns } from "../bits.js";
import { tapSums } from "../compiler/binary/weight_sums.js";
import { XnorkitError } from "../errors.js";
import { elementCount, type Shape } from "../tensor.js";
import type { BitWeight } from "../weights.js";

/** Nothing larger fits the memory of WebAssembly. */
const MOST = 2 ** 31;

/** @throws XnorkitError `bad-option` for a size that is no count of things in a memory. */
export function sizeArgument(callee: string, argument: string, value: number): number {
  if (Number.isSafeInteger(value) && value >= 1 && value <= MOST) return value;
  return refuseArgument(callee, argument, `an integer from 1 to ${MOST}`, value);
}

/** Plain numbers, one a channel or a weight. */
export function numbersArgument(callee: string, argument: string, values: ArrayLike<number>): ArrayLike<number> {
  const list = Array.isArray(values) || /^(Float|Int|Uint)\d+(Clamped)?Array$/.test(kindOf(values));
  if (!list) refuseArgument(callee, argument, "an array of numbers", values);
  for (let i = 0; i < values.length; i++) {
    if (typeof values[i] !== "number") refuseArgument(callee, `${argument}[${i}]`, "a number", values[i]);
  }
  return values;
}

/**
 * One number a channel as kernels read biases, scales, shifts and slopes: float32, zeros up to the map's stride.
 * @throws XnorkitError `bad-option` for what are no numbers.
 */
export function channelValues(values: ArrayLike<number>): Float32Array {
  numbersArgument("channelValues", "values", values);
  const padded = new Float32Array(mapStride(values.length));
  padded.set(Float32Array.from(values));
  return padded;
}

/** Rows of `ceil(channels / 8)` bytes, as packed weights have them, to rows of u64 words. */
function widened(bytes: Uint8Array, rows: number, channels: number): Uint8Array {
  const [from, to] = [Math.ceil(channels / 8), bitWords(channels) * 8];
  if (from === to) return bytes;
  const words = new Uint8Array(rows * to);
  for (let row = 0; row < rows; row++) words.set(bytes.subarray(row * from, (row + 1) * from), row * to);
  return words;
}

/**
 * The sign bits of `[rows][channels]` numbers, as xnorGemm and thresholds read them: `bitWords(channels)` u64 a row,
 * bit 1 for values >= 0.
 * @throws XnorkitError `bad-option` for sizes that are none, `bad-shape` if the values do not fill them, `bad-value`
 *   for a NaN.
 */
export function signBits(values: Float32Array, rows: number, channels: number): Uint8Array {
  sizeArgument("signBits", "rows", rows);
  sizeArgument("signBits", "channels", channels);
  return weightSignBits(values, [rows, channels]);
}

/**
 * The sign bits of a layer's weights, OIHW or [units, inputs], as xnorGemmPack, tableConvPack and tableConvCorrections
 * read them: `[outputs][kernelHeight * kernelWidth][words]` u64, bit 1 for weights >= 0.
 * @throws XnorkitError `bad-shape` if the values do not fill the shape, `bad-value` for a NaN, `bad-option` for another
 *   kind of array.
 */
export function weightSignBits(weights: Float32Array, shape: Shape): Uint8Array {
  const { data } = signsOf("weightSignBits", weights, shape);
  return widened(data, elementCount(packedShape(shape).slice(0, 3)), shape[1]);
}

/**
 * The corrections with which zeroBorderI32 makes a border of zeros of one of -1: i32 `[tap][mapStride(outputs)]`, for
 * counts that were doubled (addCountsI32 on themselves, shift 0), of which a tap outside has 2 * popcount(w) - inputs
 * too many. What comes out is twice the mismatches (`doubled` of countEpilogue).
 * @throws XnorkitError as weightSignBits.
 */
export function zeroBorderCorrections(weights: Float32Array, shape: Shape): Int32Array {
  const sums = tapSums(signsOf("zeroBorderCorrections", weights, shape));
  const [outputs] = shape;
  const stride = mapStride(outputs);
  const taps = sums.length / outputs;
  const padded = new Int32Array(taps * stride);
  for (let tap = 0; tap < taps; tap++) padded.set(sums.subarray(tap * outputs, (tap + 1) * outputs), tap * stride);
  return padded;
}

function signsOf(callee: string, weights: Float32Array, shape: Shape): BitWeight {
  if (kindOf(weights) !== "Float32Array") refuseArgument(callee, "weights", "a Float32Array", weights);
  const isShape = Array.isArray(shape) && shape.every((size) => Number.isSafeInteger(size) && size >= 1);
  if (isShape && elementCount(shape) <= MOST) return packSigns(weights, shape);
  const found = Array.isArray(shape) ? `[${shape.map(String).join(", ")}]`.slice(0, 100) : describeArgument(shape);
  throw new XnorkitError("bad-shape", `the weights of ${callee} have shape ${found}: expected positive integers`);
}

/**
 * What lies around a map of sign bits, for im2colBits, tableConvSelectors and windowBits: one pixel of -1 (zeros) or +1
 * (ones up to the last channel).
 * @throws XnorkitError `bad-option` for another value.
 */
export function borderBits(channels: number, value: -1 | 1): Uint8Array {
  sizeArgument("borderBits", "channels", channels);
  if (value !== -1 && value !== 1) refuseArgument("borderBits", "the value", "-1 or 1", value);
  const bits = new Uint8Array(bitWords(channels) * 8);
  if (value === -1) return bits;
  bits.fill(255, 0, channels >> 3);
  if (channels % 8 !== 0) bits[channels >> 3] = (1 << (channels % 8)) - 1;
  return bits;
}

/** @throws XnorkitError `bad-option` if the value is no object. */
export function objectOf<T extends object>(callee: string, argument: string, value: T): T {
  return objectArgument(callee, argument, "an object", value);
}
