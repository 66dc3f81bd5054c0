/** Weights of layers with quantised weights: as planes of signs, or as floats. */

import { packSigns } from "../../bits.js";
import { XnorkitError } from "../../errors.js";
import type { WeightQuantizer } from "../../graph/types.js";
import { largestMagnitude } from "../../tensor.js";
import type { BitWeight, FloatWeight, Weight } from "../../weights.js";
import { type Code, maxBits, powers } from "./codes.js";
import { dorefaLevels } from "./dorefa.js";

/** Quantised weights as sign planes, with what the epilogue needs of the floats they came from. */
export interface WeightPlanes {
  readonly code: Code;
  /** One for each of the code's weights. */
  readonly planes: readonly BitWeight[];
}

const signCode: Code = { weights: [1], offset: 0, steps: 1 };
const ternaryCode: Code = { weights: [1, 1], offset: 0, steps: 2 };

/**
 * Integers from -2^(bits - 1) to 2^(bits - 1): as many planes as bits and one more, so that 0 is a value. With 1 bit
 * they are signs and zeros.
 */
function integerCode(bits: number): Code {
  return { weights: [1, ...powers(bits)], offset: 0, steps: 2 };
}

/** The planes of quantised weights; `zeros`: some of them are exactly 0 under torch's sign. */
export function weightCode(quantizer: WeightQuantizer, bits: number, zeros: boolean): Code | null {
  if (quantizer === "det_sign" || quantizer === "sign_approx_sign") return signCode;
  if (quantizer === "sign") return zeros ? ternaryCode : signCode;
  if (bits > maxBits) return null;
  if (quantizer === "dorefa") return { weights: powers(bits), offset: 0, steps: 2 ** bits - 1 };
  return quantizer === "integer" ? integerCode(bits) : null;
}

/** Half to even, cut to what `bits` bits of two's complement hold. */
function integers(data: Float32Array, bits: number): Float64Array {
  const end = 2 ** (bits - 1);
  return Float64Array.from(data, (w) => {
    const below = Math.floor(w);
    const isUp = w - below > 0.5 || (w - below === 0.5 && below % 2 !== 0);
    return Math.min(Math.max(isUp ? below + 1 : below, -end), end - 1);
  });
}

/** The planes of integers, no more than the largest of them needs. */
function integerPlanes(weight: FloatWeight, bits: number, name: string): WeightPlanes {
  const values = integers(weight.data, bits);
  const largest = Math.max(1, largestMagnitude(values));
  const code = integerCode(1 + Math.ceil(Math.log2(largest)));
  // value = (s + sum 2^i s_i) / 2 = bit + sum 2^i bit_i - top, of which all bits are the largest.
  const top = 2 ** (code.weights.length - 2);
  const levels = values.map((value) => value + top);
  const extra = plane(weight, name, (i) => levels[i] === 2 * top);
  const digits = powers(code.weights.length - 1).map((digit) =>
    plane(weight, name, (i) => levels[i] === 2 * top || (levels[i] & digit) !== 0),
  );
  return { code, planes: [extra, ...digits] };
}

function plane(weight: FloatWeight, name: string, positive: (index: number) => boolean): BitWeight {
  const signs = new Float32Array(weight.data.length);
  for (let i = 0; i < signs.length; i++) signs[i] = positive(i) ? 1 : -1;
  return packSigns(signs, weight.shape, name);
}

/** The plane of a binary digit of levels. */
function digitPlane(weight: FloatWeight, name: string, levels: Float64Array, digit: number): BitWeight {
  const signs = new Float32Array(levels.length);
  // 0 if the digit is 1, else -1.
  for (let i = 0; i < signs.length; i++) signs[i] = ((levels[i] >> digit) & 1) - 1;
  return packSigns(signs, weight.shape, name);
}

/** The planes of a parameter under a quantiser, or null if quantised weights are no few-bit values. */
export function weightPlanes(
  weight: Weight,
  quantizer: WeightQuantizer,
  bits: number,
  name: string,
): WeightPlanes | null {
  if (weight.kind === "bits") {
    const { shape, data, nonzero } = weight;
    const code = weightCode(quantizer, bits, nonzero !== undefined);
    if (code === null || quantizer === "dorefa" || quantizer === "integer") {
      throw new XnorkitError(
        "bad-value",
        `parameter ${name} is packed to 1 bit, but its layer (${quantizer}, ${bits} bits) needs the float values`,
      );
    }
    if (nonzero === undefined) return { code, planes: [weight] };
    return { code, planes: [{ kind: "bits", shape, data: data.map((byte, i) => byte & nonzero[i]) }, weight] };
  }
  const { data } = weight;
  if (quantizer === "integer" && bits <= maxBits) return integerPlanes(weight, bits, name);
  const zeros = quantizer === "sign" && data.includes(0);
  const code = weightCode(quantizer, bits, zeros);
  if (code === null) return null;
  if (zeros) return { code, planes: [plane(weight, name, (i) => data[i] > 0), packSigns(data, weight.shape, name)] };
  if (code.weights.length === 1 && quantizer !== "dorefa")
    return { code, planes: [packSigns(data, weight.shape, name)] };
  const levels = dorefaLevels(data, bits);
  return { code, planes: code.weights.map((_, digit) => digitPlane(weight, name, levels, digit)) };
}

/** Quantised weights in float, for layers that no few-bit kernel computes. */
export function quantizedFloats(weight: FloatWeight, quantizer: WeightQuantizer, bits: number): Float32Array {
  const { data } = weight;
  switch (quantizer) {
    case "identity":
      return data;
    case "det_sign":
    case "sign_approx_sign":
      return data.map((w) => (w < 0 ? -1 : 1));
    case "sign":
      return data.map(Math.sign);
    case "integer":
      return Float32Array.from(integers(data, bits));
    case "dorefa": {
      const steps = 2 ** bits - 1;
      return Float32Array.from(dorefaLevels(data, bits), (level) => (2 * level) / steps - 1);
    }
  }
}
