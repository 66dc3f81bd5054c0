/**
 * The values that an integer tensor can hold: quantize and dequantize in one step.
 *
 *   q = r(x / scale) + zeroPoint cut to [low, high]         dst = (q - zeroPoint) * scale
 *
 * all in floats, and that is exact: the quotient is the float that TensorFlow Lite and QONNX round too, and integers up
 * to 2^24 and their differences are floats, so that only the last product is rounded, once. r rounds halves to even, or
 * away from zero: trunc(|p| + h) with the sign of p, h the float before 1/2, which planes.ts explains. Beyond 2^23
 * floats are integers, and p + h rounds to p.
 *
 * Ranges: |zeroPoint|, |low| and |high| up to 2^23, scale above 0. NaN stays NaN; infinities are cut like any value.
 *
 *   map  [pixel][stride] f32
 *
 * Cost of four values: a division and 7 to 10 instructions.
 */
import { between } from "./epilogue_values";
import { zeroTails } from "./pad_f32";
import { mapStride } from "./sign_bits";

/**
 * dst = (clamp(round(x / scale) + zeroPoint, low, high) - zeroPoint) * scale, in place too; halves away from zero if
 * `halfAway` is not 0, else to even. All numbers are f32; NaN stays NaN.
 */
export function fakeQuantizeF32(
  src: usize,
  dst: usize,
  pixels: i32,
  channels: i32,
  scale: f32,
  zeroPoint: f32,
  low: f32,
  high: f32,
  halfAway: i32,
): void {
  const bytes = (<usize>pixels * mapStride(channels)) << 2;
  const step = f32x4.splat(scale);
  const zero = f32x4.splat(zeroPoint);
  const least = f32x4.splat(low);
  const most = f32x4.splat(high);
  for (let at: usize = 0; at < bytes; at += 16) {
    const share = f32x4.div(v128.load(src + at), step);
    const whole = halfAway != 0 ? awayFromZero(share) : f32x4.nearest(share);
    const q = between(f32x4.add(whole, zero), least, most);
    v128.store(dst + at, f32x4.mul(f32x4.sub(q, zero), step));
  }
  // The value nearest to 0 may be another.
  zeroTails(dst, pixels, channels);
}

// @ts-ignore: decorator
@inline
function awayFromZero(p: v128): v128 {
  const whole = f32x4.trunc(f32x4.add(f32x4.abs(p), f32x4.splat(0.49999997)));
  return v128.or(whole, v128.and(p, f32x4.splat(-0.0)));
}
