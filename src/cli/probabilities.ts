/** Softmax of one row of logits, in f64 and shifted by the largest so that nothing overflows. */
export function softmax(logits: ArrayLike<number>): Float64Array {
  const largest = Array.prototype.reduce.call(
    logits,
    (a, b) => Math.max(a as number, b as number),
    -Infinity,
  ) as number;
  const powers = Float64Array.from(logits, (logit) => Math.exp(logit - largest));
  const sum = powers.reduce((total, power) => total + power, 0);
  return powers.map((power) => power / sum);
}

/** Indices of the `count` largest values, largest first; of equal ones the first comes first. */
export function topIndices(values: ArrayLike<number>, count: number): readonly number[] {
  return Array.from({ length: values.length }, (_, index) => index)
    .sort((a, b) => values[b] - values[a] || a - b)
    .slice(0, count);
}
