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
  // Loops here and below, as in affine.ts: a function a channel costs more in code that has not run before.
  const shifts = new Float32Array(shift.length);
  for (let c = 0; c < shifts.length; c++) {
    const isRoot = Number.isFinite(root[c]) && Math.fround(root[c]) === root[c];
    shifts[c] = isRoot
      ? -Math.fround(Math.fround(scale[c]) * Math.fround(root[c] - center[c]))
      : scale[c] * center[c] + shift[c];
  }
  return shifts;
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
  return { center, scale: new Float32Array(affine.scale), shift: floatShifts(affine, center ?? noCenters(affine)) };
}

/**
 * What scale * x may be larger than its sum with the shift, which is about 1, before centers are worth their time:
 * three bits. Products of up to 8 + |v| are off by up to 2^-24 of that, half a millionth for v of about 1.
 */
const maxCancelled = 8;

/** True if few bits cancel when an affine's argument is counted from one number for all channels. */
function isNear({ center, scale }: Affine, from: number): boolean {
  for (let c = 0; c < center.length; c++) {
    if (Math.abs(scale[c] * (center[c] - from)) > maxCancelled) return false;
  }
  return true;
}

/** The centers of an affine of floats; null if they are so near to 0, for the scale, that few bits cancel. */
export function floatCenters(affine: Affine): Float32Array | null {
  if (isNear(affine, 0)) return null;
  return Float32Array.from(affine.center, (x) => (Number.isFinite(Math.fround(x)) ? x : 0));
}

/** Between what counts lie; `least` is 0 unless given. */
export interface CountRange {
  readonly least?: number;
  readonly most: number;
}

/** True if f32 computes scale * count + shift exactly: whole numbers times half the scale, a power of two. */
export function isExactOnCounts({ scale, shift }: Affine, { least = 0, most }: CountRange): boolean {
  for (let c = 0; c < scale.length; c++) {
    const unit = Math.abs(scale[c]) / 2;
    const units = shift[c] / unit;
    const largest = 2 * Math.max(-least, most) + Math.abs(units);
    if (!Number.isInteger(Math.log2(unit)) || !Number.isInteger(units) || largest > 2 ** 24) return false;
  }
  return true;
}

/** What counts are counted from. */
export interface CountOrigin {
  /** A whole number for all channels. */
  readonly middle: number;
  /** What each channel subtracts besides; null if it is nothing. */
  readonly center: Float32Array | null;
}

/** The centers of an affine of counts: halves in their range, which f32 subtracts from counts exactly. */
function countCenters({ center }: Affine, { least = 0, most }: CountRange): Float32Array {
  return Float32Array.from(center, (x) => Math.min(Math.max(Math.round(2 * x) / 2 || 0, least), most));
}

/**
 * What kernels count from for an affine of counts. It is 0 if f32 scales the counts exactly. Else it is the middle of
 * the range, which a dot product of 0 is about, if few bits cancel with it. Channels have centers if more would, and if
 * all lie at halves: those of a dot product without a batch norm are met to the bit.
 */
export function countOrigin(affine: Affine, range: CountRange): CountOrigin {
  if (isExactOnCounts(affine, range)) return { middle: 0, center: null };
  const { least = 0, most } = range;
  const middle = Math.round((least + most) / 2);
  const atHalves = affine.center.every((x) => Number.isInteger(2 * x)) && affine.center.some((x) => x !== middle);
  if (!atHalves && isNear(affine, middle)) return { middle, center: null };
  return { middle, center: countCenters(affine, range).map((x) => x - middle) };
}

/** The affine of counts as kernels read it from that origin on. */
export function countedFrom(affine: Affine, { middle, center }: CountOrigin): CenteredAffine {
  const from = new Float64Array(affine.scale.length).fill(middle);
  if (center !== null) for (let c = 0; c < from.length; c++) from[c] += center[c];
  return { center, scale: new Float32Array(affine.scale), shift: floatShifts(affine, from) };
}
