/**
 * Four comparisons to sixteen bits: what packing, thresholds and epilogues share.
 *
 *   less0 less1 less2 less3   f32x4 or i32x4 masks, a lane 0 or -1     channels 0..3  4..7  8..11  12..15
 *     \  /        \  /        i16x8.narrow: -1 stays -1
 *        \        /           i8x16.narrow
 *         bitmask             bit i = channel i
 */

/** Lanes with (x ^ flip) < threshold: false for NaN, and for -0 against 0. */
// @ts-ignore: decorator
@inline
export function lessThan(x: v128, flip: v128, threshold: v128): v128 {
  return f32x4.lt(v128.xor(x, flip), threshold);
}

/** Lanes with x < 0: not NaN, not -0. */
// @ts-ignore: decorator
@inline
export function negative(x: v128): v128 {
  return f32x4.lt(x, f32x4.splat(0));
}

/** One bit a lane of four masks, channel 0 lowest. */
// @ts-ignore: decorator
@inline
export function maskBits(mask0: v128, mask1: v128, mask2: v128, mask3: v128): i32 {
  const low = i16x8.narrow_i32x4_s(mask0, mask1);
  const high = i16x8.narrow_i32x4_s(mask2, mask3);
  return i8x16.bitmask(i8x16.narrow_i16x8_s(low, high));
}

/** Bytes of one pixel's bits. */
// @ts-ignore: decorator
@inline
export function bitRowBytes(channels: i32): usize {
  return (<usize>((channels + 63) >> 6)) << 3;
}

/** Floats from one pixel of a map to the next. */
// @ts-ignore: decorator
@inline
export function mapStride(channels: i32): usize {
  return <usize>((channels + 3) & ~3);
}

/** Zeroes the rest of a pixel's bits; rows are written 16 bits at a time, so what remains is a whole number of u16. */
// @ts-ignore: decorator
@inline
export function clearBits(from: usize, end: usize): void {
  for (let p = from; p < end; p += 2) store<u16>(p, 0);
}
