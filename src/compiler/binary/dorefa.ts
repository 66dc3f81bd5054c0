/**
 * DoReFa's levels of weights (Zhou et al., arXiv 1606.06160): round((0.5 tanh(w) / max |tanh| + 0.5) (2^bits - 1)), the
 * maximum over the whole tensor.
 *
 * A level rises with its weight. So the least f32 of each level is found once, by halving, and a weight's level is the
 * place it has among those: the same numbers, and no tanh for each of millions of weights.
 */
import { largestMagnitude } from "../../tensor.js";

/** With more bits there are about as many levels as a layer has weights. */
const MAX_SOUGHT_BITS = 10;

/** Half away from zero of a value that is not negative, as C's `round`. */
function roundHalfUp(x: number): number {
  const whole = Math.floor(x);
  return x - whole >= 0.5 ? whole + 1 : whole;
}

const float = new Float32Array(1);
const bitsOfFloat = new Int32Array(float.buffer);

/** The f32 with a place in the order of all f32s: 0 is at 0, -0 at -1. */
function floatAt(place: number): number {
  bitsOfFloat[0] = place >= 0 ? place : place ^ 0x7fffffff;
  return float[0];
}

/** The least f32 from -largest to largest whose level is `level` or above; the level of `largest` is. */
function leastOfLevel(level: number, largest: number, levelOf: (weight: number) => number): number {
  float[0] = largest;
  let high = bitsOfFloat[0];
  let low = -1 - high;
  while (low < high) {
    const middle = Math.floor((low + high) / 2);
    if (levelOf(floatAt(middle)) >= level) high = middle;
    else low = middle + 1;
  }
  return floatAt(high);
}

/** The levels of finite weights, 0 to 2^bits - 1; NaN if all of them are 0, as in the frameworks. */
export function dorefaLevels(data: Float32Array, bits: number): Float64Array {
  const largest = largestMagnitude(data);
  const most = 2 ** bits - 1;
  const max = Math.tanh(largest);
  const levelOf = (weight: number) => roundHalfUp(((0.5 * Math.tanh(weight)) / max + 0.5) * most);
  if (bits > MAX_SOUGHT_BITS || !(max > 0)) return Float64Array.from(data, levelOf);

  const least = Float32Array.from({ length: most }, (_, i) => leastOfLevel(i + 1, largest, levelOf));
  const levels = new Float64Array(data.length);
  for (let i = 0; i < data.length; i++) {
    const weight = data[i];
    // `level` of the least values are at or below the weight: most + 1 is a power of two.
    let level = 0;
    for (let half = (most + 1) >> 1; half > 0; half >>= 1) {
      if (weight >= least[level + half - 1]) level += half;
    }
    levels[i] = level;
  }
  return levels;
}
