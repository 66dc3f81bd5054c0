/**
 * Few-bit values as sign planes. Every quantised activation and weight is a weighted sum of values +-1,
 *
 *   a = sum_i weights[i] * s_i / steps + beta,   s_i = +-1
 *
 * so a convolution of them is a weighted sum of binary convolutions, and all sums are integers:
 *
 *   det_sign        s                                             1 plane
 *   sign(0) = 0     (s_0 + s_1) / 2, s_0 and s_1 differ at 0      2 planes, both s if nothing is exactly 0
 *   round, b bits   q / v = sum 2^i s_i / (2 v) + 1/2             v = 2^b - 1, q = 0..v, s_i the bits of q
 *   dorefa, b bits  2 q / v - 1 = sum 2^i s_i / v
 */
import type { ActivationQuantizer } from "../../graph/types.js";

export interface Code {
  readonly weights: readonly number[];
  readonly steps: number;
  readonly beta: number;
}

/** Which values the planes stand for. */
export interface ActivationCode extends Code {
  readonly method: "sign" | "ternary" | "round" | "dorefa";
  readonly bits: number;
  /** Ternary values that come with a flag, which says whether any of them is exactly 0; if not, some are. */
  readonly flagged: boolean;
}

const signCode: ActivationCode = { method: "sign", bits: 1, weights: [1], steps: 1, beta: 0, flagged: false };

/** Signs and zeros. */
export function ternaryCode(flagged: boolean): ActivationCode {
  return { method: "ternary", bits: 1, weights: [1, 1], steps: 2, beta: 0, flagged };
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
  const planes = { method, bits, weights: powers(bits), flagged: false };
  return method === "round" ? { ...planes, steps: 2 * levels, beta: 1 / 2 } : { ...planes, steps: levels, beta: 0 };
}

/** Sum of the planes' weights: the largest |a - beta| in steps. */
export function weightSum(code: Code): number {
  return code.weights.reduce((sum, weight) => sum + weight, 0);
}
