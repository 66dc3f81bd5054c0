/**
 * a * b + c on four floats. The baseline rounds the product and the sum, so that every runtime gives the same bits; a
 * build with relaxed SIMD may fuse the two and then rounds once.
 */
// @ts-ignore: decorator
@inline
export function madd(a: v128, b: v128, c: v128): v128 {
  if (ASC_FEATURE_RELAXED_SIMD) return f32x4.relaxed_madd(a, b, c);
  return f32x4.add(f32x4.mul(a, b), c);
}
