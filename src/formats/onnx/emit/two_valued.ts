/** Whether the weights of a layer are signs, or small integers, times a number for each output. */
import { largestMagnitude } from "../../../tensor.js";

/** What the weights of a layer are. */
export type WeightValues =
  /** Each output's are +-alpha: `alphas` has one for each. */
  | { readonly kind: "signs"; readonly alphas: Float64Array }
  /** They miss that by little: `spread` is the largest relative difference within an output. */
  | { readonly kind: "near"; readonly spread: number }
  /** Each output's are integers of `bits` bits times a number: `alphas` has one for each, `integers` are all. */
  | { readonly kind: "integers"; readonly bits: number; readonly integers: Float32Array; readonly alphas: Float64Array }
  /** At most 16 values in all, on no such grid. */
  | { readonly kind: "few"; readonly values: number }
  | { readonly kind: "real" };

/** All |w| of an output agree to this, relative: estimators' arithmetic in float32 leaves up to 1.3e-7. */
const SAME = 1e-6;
/** From here on it is no accident. */
const NEAR = 1e-3;
const FEW = 16;
/** Integers of as many bits, which are worth planes. */
const MAX_BITS = 4;

/** The largest relative difference of |w| within an output; infinite if there are zeros. Gives the means too. */
function magnitudes(values: Float32Array, outputs: number): { readonly spread: number; readonly alphas: Float64Array } {
  const fanIn = values.length / outputs;
  const alphas = new Float64Array(outputs);
  let spread = 0;
  for (let output = 0; output < outputs; output++) {
    let [low, high, sum] = [Number.POSITIVE_INFINITY, 0, 0];
    for (let i = output * fanIn; i < (output + 1) * fanIn; i++) {
      const size = Math.abs(values[i]);
      if (size < low) low = size;
      if (size > high) high = size;
      sum += size;
    }
    alphas[output] = sum / fanIn;
    // A sum that is no number tells of a NaN, which no comparison does.
    const isTold = low > 0 && Number.isFinite(sum);
    spread = Math.max(spread, isTold ? (high - low) / high : Number.POSITIVE_INFINITY);
  }
  return { spread, alphas };
}

/** How many values there are, to 1e-6 of the largest, up to one more than `FEW`. */
function countValues(values: Float32Array): number {
  const largest = largestMagnitude(values);
  const found: number[] = [];
  for (const value of values) {
    if (found.some((known) => Math.abs(known - value) <= SAME * largest)) continue;
    found.push(value);
    if (found.length > FEW) break;
  }
  return found.length;
}

/**
 * The largest step that all values are multiples of, to 1e-6 of the largest, with integers of at most 4 bits; null if
 * there is none.
 */
function commonStep(row: Float32Array): number | null {
  let [largest, sum] = [0, 0];
  for (const value of row) {
    largest = Math.max(largest, Math.abs(value));
    sum += Math.abs(value);
  }
  if (largest === 0) return 1;
  if (!Number.isFinite(sum)) return null;
  for (let count = 1; count <= 2 ** (MAX_BITS - 1); count++) {
    const step = largest / count;
    let steps = 0;
    const fits = row.every((value) => {
      const multiple = Math.round(value / step);
      steps += Math.abs(multiple);
      return multiple < 2 ** (MAX_BITS - 1) && Math.abs(value - multiple * step) <= SAME * largest;
    });
    // The mean of all is nearer to the step than the largest alone.
    if (fits) return sum / steps;
  }
  return null;
}

/** Weights as integers of at most 4 bits; null if those of some output are none. */
function integerWeights(values: Float32Array, outputs: number): WeightValues | null {
  const fanIn = values.length / outputs;
  const [integers, alphas] = [new Float32Array(values.length), new Float64Array(outputs)];
  let [low, high] = [-1, 0];
  for (let output = 0; output < outputs; output++) {
    const step = commonStep(values.subarray(output * fanIn, (output + 1) * fanIn));
    if (step === null) return null;
    alphas[output] = step;
    for (let i = output * fanIn; i < (output + 1) * fanIn; i++) {
      integers[i] = Math.round(values[i] / step) + 0;
      low = Math.min(low, integers[i]);
      high = Math.max(high, integers[i]);
    }
  }
  const bits = 1 + Math.ceil(Math.log2(Math.max(-low, high + 1)));
  return { kind: "integers", bits, integers, alphas };
}

/**
 * What weights are, outputs first, row-major. Means that lie within 1e-6 of 1 are 1: signs that went through an
 * estimator's arithmetic.
 */
export function weightValues(values: Float32Array, outputs: number): WeightValues {
  if (values.length === 0 || outputs === 0) return { kind: "real" };
  const { spread, alphas } = magnitudes(values, outputs);
  if (spread <= SAME) {
    const isPlain = alphas.every((alpha) => Math.abs(alpha - 1) <= SAME);
    return { kind: "signs", alphas: isPlain ? alphas.fill(1) : alphas };
  }
  if (spread <= NEAR) return { kind: "near", spread };
  const integers = integerWeights(values, outputs);
  if (integers !== null) return integers;
  const count = countValues(values);
  return count <= FEW ? { kind: "few", values: count } : { kind: "real" };
}
