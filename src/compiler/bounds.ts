/** Limits of values, and what becomes of them behind an affine. */
import type { Affine } from "./affine.js";
import { centered, floatCenters, noCenters } from "./centers.js";

/** Between what values are clamped, each channel by itself; infinite where there is no limit. */
export interface Bounds {
  readonly low: Float32Array;
  readonly high: Float32Array;
}

/** One pair of limits for all channels; null is none. */
export function makeBounds(channels: number, min: number | null, max: number | null): Bounds {
  return {
    low: new Float32Array(channels).fill(min ?? Number.NEGATIVE_INFINITY),
    high: new Float32Array(channels).fill(max ?? Number.POSITIVE_INFINITY),
  };
}

/** Bounds for as many channels as a run has, as `affineFor` has affines. */
export function boundsFor(channels: number, bounds: Bounds): Bounds {
  return bounds.low.length === channels ? bounds : makeBounds(channels, bounds.low[0], bounds.high[0]);
}

/**
 * The limits of affine(v) for v between limits, rounded as kernels round it: a clamp before the affine is the same, to
 * the bit, as one after it by these.
 */
export function boundsBehind(affine: Affine, { low, high }: Bounds): Bounds {
  const { center, shift } = centered(affine, floatCenters(affine));
  const from = center ?? noCenters(affine);
  const limits = makeBounds(low.length, null, null);
  for (let c = 0; c < low.length; c++) {
    const scale = Math.fround(affine.scale[c]);
    const at = (limit: number) => {
      if (scale === 0) return shift[c];
      return Math.fround(Math.fround(scale * Math.fround(limit - from[c])) + shift[c]);
    };
    limits.low[c] = at(scale < 0 ? high[c] : low[c]);
    limits.high[c] = at(scale < 0 ? low[c] : high[c]);
  }
  return limits;
}
