/**
 * The numbers that kernels subtract before they scale, of floats and of counts: scale * (x - center) + shift, so that
 * nothing cancels where all x lie far from 0 and near to one another.
 */
import type { Affine } from "./affine.js";

/**
 * The f32 shifts with which kernels compute scale * (x - center) + shift, each step rounded. Where an f32 is the root
 * (a batch norm's mean, beta 0) the shift is minus their own product there, so that they give the framework's exact 0
 * and not the rounding of one, which a sign after it would take for -1.
 */
export function floatShifts({ scale, shift, root }: Affine, center: ArrayLike<number>): Float32Array {
  return Float32Array.from(shift, (value, c) => {
    if (!Number.isFinite(root[c]) || Math.fround(root[c]) !== root[c]) return scale[c] * center[c] + value;
    return -Math.fround(Math.fround(scale[c]) * Math.fround(root[c] - center[c]));
  });
}

/** An affine as kernels read it; without a center they subtract none. */
export interface CenteredAffine {
  readonly center: Float32Array | null;
  readonly scale: Float32Array;
  readonly shift: Float32Array;
}

/** A center of 0 for each channel. */
export const noCenters = ({ scale }: Affine) => new Float32Array(scale.length);

/** The affine counted from the centers given; null for 0. */
export function centered(affine: Affine, center: Float32Array | null): CenteredAffine {
  return { center, scale: Float32Array.from(affine.scale), shift: floatShifts(affine, center ?? noCenters(affine)) };
}

/** What scale * x may be larger than its sum with the shift, which is about 1, before centers are worth their time. */
const maxCancelled = 8;

/** The centers of an affine of floats; null if they are so near to 0, for the scale, that few bits cancel. */
export function floatCenters({ center, scale }: Affine): Float32Array | null {
  if (center.every((x, c) => !(Math.abs(scale[c] * x) > maxCancelled))) return null;
  return Float32Array.from(center, (x) => (Number.isFinite(Math.fround(x)) ? x : 0));
}

/** Between what counts lie; `least` is 0 unless given. */
export interface CountRange {
  readonly least?: number;
  readonly most: number;
}

/** True if f32 computes scale * count + shift exactly: whole numbers times half the scale, a power of two. */
export function isExactOnCounts({ scale, shift }: Affine, { least = 0, most }: CountRange): boolean {
  return scale.every((s, c) => {
    const unit = Math.abs(s) / 2;
    const units = shift[c] / unit;
    const largest = 2 * Math.max(-least, most) + Math.abs(units);
    return Number.isInteger(Math.log2(unit)) && Number.isInteger(units) && largest <= 2 ** 24;
  });
}

/** The centers of an affine of counts: halves in their range, which f32 subtracts from counts exactly. */
export function countCenters({ center }: Affine, { least = 0, most }: CountRange): Float32Array {
  return Float32Array.from(center, (x) => Math.min(Math.max(Math.round(2 * x) / 2 || 0, least), most));
}
