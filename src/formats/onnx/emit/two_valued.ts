/** Whether the weights of a layer are signs times a number for each output. */

/** What the weights of a layer are. */
export type WeightValues =
  /** Each output's are +-alpha: `alphas` has one for each. */
  | { readonly kind: "signs"; readonly alphas: Float64Array }
  /** They miss that by little: `spread` is the largest relative difference within an output. */
  | { readonly kind: "near"; readonly spread: number }
  /** Zero besides, or three values of another kind. */
  | { readonly kind: "three" }
  /** At most 16 values in all, evenly spaced as a rule: of more than one bit. */
  | { readonly kind: "few"; readonly values: number }
  | { readonly kind: "real" };

/** All |w| of an output agree to this, relative: estimators' arithmetic in float32 leaves up to 1.3e-7. */
const SAME = 1e-6;
/** From here on it is no accident. */
const NEAR = 1e-3;
const FEW = 16;

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
  let largest = 0;
  for (const value of values) largest = Math.max(largest, Math.abs(value));
  const found: number[] = [];
  for (const value of values) {
    if (found.some((known) => Math.abs(known - value) <= SAME * largest)) continue;
    found.push(value);
    if (found.length > FEW) break;
  }
  return found.length;
}

/** True if each output's weights are -a, 0 and a for some a. */
function isTernary(values: Float32Array, outputs: number): boolean {
  const fanIn = values.length / outputs;
  for (let output = 0; output < outputs; output++) {
    const row = values.subarray(output * fanIn, (output + 1) * fanIn);
    let high = 0;
    for (const value of row) high = Math.max(high, Math.abs(value));
    if (!row.every((value) => value === 0 || Math.abs(value) >= high * (1 - SAME))) return false;
  }
  return true;
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
  if (isTernary(values, outputs)) return { kind: "three" };
  const count = countValues(values);
  return count <= FEW ? { kind: "few", values: count } : { kind: "real" };
}
