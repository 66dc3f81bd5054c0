/**
 * Few-bit values as sign planes. Every quantised activation and weight is a weighted sum of values +-1,
 *
 *   a = unit * (sum_i weights[i] * s_i + offset) / steps,   s_i = +-1, all numbers but the unit whole
 *
 * so a convolution of them is a weighted sum of binary convolutions, and all sums are integers:
 *
 *   det_sign        s                                             1 plane
 *   sign(0) = 0     (s_0 + s_1) / 2, s_0 and s_1 differ at 0      2 planes, both s if nothing is exactly 0
 *   round, b bits   q / v = (sum 2^i s_i + v) / (2 v)             v = 2^b - 1, q = 0..v, s_i the bits of q
 *   dorefa, b bits  2 q / v - 1 = sum 2^i s_i / v
 *   grid            (q + l) u = u (sum 2^i s_i + v + 2 l) / 2     q = 0..high - low, l = low - zero point, u its scale
 *   integer, b bits q = (s + sum 2^i s_i) / 2                     b + 1 planes: q = 0 is a value
 */
import type { ActivationQuantizer, FakeQuantizeNode } from "../../graph/types.js";

export interface Code {
  readonly weights: readonly number[];
  readonly offset: number;
  readonly steps: number;
}

/** Which values the planes stand for. */
export interface ActivationCode extends Code {
  readonly method: "sign" | "ternary" | "round" | "dorefa" | "grid";
  readonly bits: number;
  /** 1 but for grids, whose scale it is. */
  readonly unit: number;
  /** Ternary values that come with a flag, which says whether any of them is exactly 0; if not, some are. */
  readonly flagged: boolean;
}

const whole = { offset: 0, unit: 1, flagged: false } as const;
const signCode: ActivationCode = { method: "sign", bits: 1, weights: [1], steps: 1, ...whole };

/** Signs and zeros. */
export function ternaryCode(flagged: boolean): ActivationCode {
  return { method: "ternary", bits: 1, weights: [1, 1], steps: 2, ...whole, flagged };
}

/** The most bits that are worth planes; what has more is computed in float. */
export const maxBits = 8;

export const powers = (bits: number) => Array.from({ length: bits }, (_, i) => 2 ** i);

/** The planes of a quantiser's values, or null if they are not few-bit values. */
export function activationCode(method: ActivationQuantizer, bits: number): ActivationCode | null {
  const levels = 2 ** bits - 1;
  if (method === "det_sign" || method === "sign_approx_sign" || method === "sign_greater") return signCode;
  if (method === "sign") return ternaryCode(true);
  if (bits > maxBits || (method !== "round" && method !== "dorefa")) return null;
  const planes = { method, bits, weights: powers(bits), ...whole };
  return method === "round" ? { ...planes, steps: 2 * levels, offset: levels } : { ...planes, steps: levels };
}

/** Scales whose levels and their inverses are floats far from the ends of their range. */
const plainScale = { least: 2 ** -100, most: 2 ** 100 };

/**
 * The planes of the values that integers stand for, or null if these are none, more than is worth planes, or 0 is not
 * among them.
 */
export function gridCode({ scale, zeroPoint, low, high }: FakeQuantizeNode): ActivationCode | null {
  const bits = Math.max(1, Math.ceil(Math.log2(high - low + 1)));
  if (bits > maxBits || low > zeroPoint || high < zeroPoint) return null;
  if (![zeroPoint, low, high].every(Number.isSafeInteger)) return null;
  if (scale < plainScale.least || scale > plainScale.most) return null;
  const offset = 2 ** bits - 1 + 2 * (low - zeroPoint);
  return { method: "grid", bits, weights: powers(bits), offset, steps: 2, unit: scale, flagged: false };
}

/** The signs of a code's planes that stand for a value, or null if it is none of the code's. */
export function signsOf(code: ActivationCode, value: number): readonly (-1 | 1)[] | null {
  const { weights, offset, steps, unit } = code;
  // sum weights[i] s_i = 2 * level - sum weights[i], the level the sum of the weights whose s_i is 1.
  let level = ((value / unit) * steps - offset + weightSum(code)) / 2;
  if (!Number.isInteger(level) || level < 0 || level > weightSum(code)) return null;
  const signs: (-1 | 1)[] = [];
  for (let i = weights.length - 1; i >= 0; i--) {
    const isSet = level >= weights[i];
    signs.unshift(isSet ? 1 : -1);
    if (isSet) level -= weights[i];
  }
  return level === 0 ? signs : null;
}

/** Sum of the planes' weights: the largest of their sums. */
export function weightSum(code: Code): number {
  return code.weights.reduce((sum, weight) => sum + weight, 0);
}
