/**
 * The binary weights of converted BMXNet models: bits in words that the file declares as numbers (f32, f64, i32 or
 * i64). Bit j of a word, least significant first, is 1 if w >= 0. In a little-endian file the words of either size
 * are one string of bits.
 *
 *   convolution: the row-major [O][I][kh][kw] weights, bit after bit (bits run over c, kh, kw and not along channels)
 *   dense layer: word [y * O + o] holds inputs y W .. y W + W - 1 of unit o, W bits a word   (the transposed matrix)
 *
 * Both become the layout of `BitWeight`: `[O][kh][kw][ceil(I / 8)]`, of a dense layer `[O][ceil(I / 8)]`. Sources:
 * BMXNet `smd_hpi/src/xnor_cpu.cc`, BMXNet v2 `src/operator/contrib/binary_inference/xnor.cc` (`get_binary_row`,
 * `get_binary_col_unrolled`).
 */
import { XnorkitError } from "../../errors.js";
import { elementCount, formatShape, type Shape } from "../../tensor.js";
import type { BitWeight } from "../../weights.js";
import { aligned, DTYPE_BYTES, type Dtype, type RawTensor } from "../dtypes.js";

const WORD_DTYPES: readonly Dtype[] = ["F32", "F64", "I32", "I64"];
/** So few words may be integers by chance: one in 30 of f32, one in 170 of f64. */
const MIN_SUSPICIOUS_WORDS = 4;

/**
 * Python's converter of BMXNet v2 stores the words by a numeric conversion to float, which loses their low bits:
 * 0x80000001 becomes 2147483648.0. All values are integers of a word's range then; bit patterns hardly ever are.
 */
function refuseNumericCast(name: string, { dtype, bytes }: RawTensor): void {
  if (dtype !== "F32" && dtype !== "F64") return;
  const { buffer, byteOffset, length } = aligned(bytes, DTYPE_BYTES[dtype]);
  const count = length / DTYPE_BYTES[dtype];
  const values =
    dtype === "F32" ? new Float32Array(buffer, byteOffset, count) : new Float64Array(buffer, byteOffset, count);
  const largest = dtype === "F32" ? 2 ** 32 : 2 ** 64;
  let integers = 0;
  for (const value of values) {
    if (!Number.isInteger(value) || Math.abs(value) > largest || Object.is(value, -0)) return;
    if (value !== 0) integers++;
  }
  if (integers < MIN_SUSPICIOUS_WORDS) return;
  throw new XnorkitError(
    "bad-value",
    `parameter ${name} holds packed words that a numeric conversion to ${dtype} has rounded (all ${values.length} ` +
      "are integers), so that" +
      " bits are lost: BMXNet v2's Python converter does so, convert the model with its C++ model_converter",
  );
}

/**
 * Bits in a word of this type.
 * @throws XnorkitError `bad-file` if the type is none that holds words.
 */
function wordBits(name: string, { dtype }: RawTensor): number {
  if (WORD_DTYPES.includes(dtype)) return DTYPE_BYTES[dtype] * 8;
  throw new XnorkitError(
    "bad-file",
    `parameter ${name} has dtype ${dtype}, but packed words are ${WORD_DTYPES.join(", ")}`,
  );
}

/**
 * Checks that a tensor holds the bits of a weight of this shape, before anything is allocated.
 * @param shape OIHW, or `[units, inputs]`.
 * @throws XnorkitError `bad-shape` with both counts, `bad-file`, or `bad-value` for words that a numeric conversion has
 *   damaged.
 */
export function checkPackedWords(name: string, raw: RawTensor, shape: Shape): void {
  const bits = wordBits(name, raw);
  const words = raw.bytes.length / DTYPE_BYTES[raw.dtype];
  const weights = elementCount(shape);
  refuseNumericCast(name, raw);
  if (words * bits !== weights) {
    throw new XnorkitError(
      "bad-shape",
      `parameter ${name} holds ${words} words of ${bits} bits, that is ${words * bits} weights, but its layer has ` +
        `${formatShape(shape)} = ${weights}`,
    );
  }
  if (shape.length === 2 && shape[1] % bits !== 0) {
    throw new XnorkitError(
      "bad-shape",
      `parameter ${name} packs ${bits} inputs a word, which does not divide the ${shape[1]} inputs of its layer`,
    );
  }
}

/** Whether a tensor can be the packed words of a weight of this shape: its elements are a word's bits times fewer. */
export function holdsPackedWords({ dtype, bytes }: RawTensor, shape: Shape): boolean {
  return WORD_DTYPES.includes(dtype) && bytes.length * 8 === elementCount(shape);
}

/**
 * The sign bits of a packed weight; NaN patterns and all others survive, as the words are never read as numbers.
 * @param shape OIHW of a convolution, `[units, inputs]` of a dense layer; the shape that the file declares is nominal.
 * @throws XnorkitError as `checkPackedWords`.
 */
export function unpackWords(name: string, raw: RawTensor, shape: Shape): BitWeight {
  checkPackedWords(name, raw, shape);
  return shape.length === 2 ? denseBits(raw, shape) : convolutionBits(raw.bytes, shape);
}

function convolutionBits(bits: Uint8Array, shape: Shape): BitWeight {
  const [outputs, inputs, height, width] = shape;
  const taps = height * width;
  const tapBytes = Math.ceil(inputs / 8);
  const data = new Uint8Array(outputs * taps * tapBytes);
  let next = 0;
  for (let output = 0; output < outputs; output++) {
    for (let channel = 0; channel < inputs; channel++) {
      let at = output * taps * tapBytes + (channel >> 3);
      for (let tap = 0; tap < taps; tap++, next++, at += tapBytes) {
        data[at] |= ((bits[next >> 3] >> (next & 7)) & 1) << (channel & 7);
      }
    }
  }
  return { kind: "bits", shape, data };
}

function denseBits({ dtype, bytes }: RawTensor, shape: Shape): BitWeight {
  const [units, inputs] = shape;
  const wordBytes = DTYPE_BYTES[dtype];
  const rowBytes = inputs / 8;
  const data = new Uint8Array(units * rowBytes);
  for (let word = 0; word < rowBytes / wordBytes; word++) {
    for (let unit = 0; unit < units; unit++) {
      const from = (word * units + unit) * wordBytes;
      for (let byte = 0; byte < wordBytes; byte++) data[unit * rowBytes + word * wordBytes + byte] = bytes[from + byte];
    }
  }
  return { kind: "bits", shape, data };
}
