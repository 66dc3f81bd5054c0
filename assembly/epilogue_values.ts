/** What epilogues make of four channels: counts or floats as f32x4, and the steps of arithmetic on them. */
import { loadCounts4 } from "./sign_bits";

/** scale * x + shift, rounded twice. */
// @ts-ignore: decorator
@inline
export function affine(x: v128, scale: v128, shift: v128): v128 {
  return f32x4.add(f32x4.mul(scale, x), shift);
}

/** scale * (x - center) + shift, each step rounded. */
// @ts-ignore: decorator
@inline
export function centeredAffine(x: v128, center: v128, scale: v128, shift: v128): v128 {
  return affine(f32x4.sub(x, center), scale, shift);
}

/** max(v, 0): NaN stays NaN and -0 becomes 0, in two instructions; f32x4.max takes seven on x86. */
// @ts-ignore: decorator
@inline
export function positive(v: v128): v128 {
  return f32x4.add(f32x4.pmax(v, f32x4.splat(0)), f32x4.splat(0));
}

/** min(max(v, low), high): NaN stays NaN. */
// @ts-ignore: decorator
@inline
export function between(v: v128, low: v128, high: v128): v128 {
  return f32x4.pmin(f32x4.pmax(v, low), high);
}

/** Four values as f32x4. */
// @ts-ignore: decorator
@inline
export function values4<T>(at: usize): v128 {
  return isFloat<T>() ? v128.load(at) : f32x4.convert_i32x4_s(loadCounts4<T>(at));
}

/**
 * The first `left` of four values; the others, which may lie past the last count, are zero (those of a map are zero
 * already).
 */
// @ts-ignore: decorator
@inline
export function valuesLast<T>(at: usize, left: i32): v128 {
  if (isFloat<T>() || left >= 4) return values4<T>(at);
  let counts = i32x4(<i32>load<T>(at), 0, 0, 0);
  if (left > 1) counts = i32x4.replace_lane(counts, 1, <i32>load<T>(at, sizeof<T>()));
  if (left > 2) counts = i32x4.replace_lane(counts, 2, <i32>load<T>(at, 2 * sizeof<T>()));
  return f32x4.convert_i32x4_s(counts);
}
