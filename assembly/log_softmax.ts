/**
 * The logarithm of softmax, which a difference keeps from cancelling:
 *
 *   dst[c] = x_c - max x - log(sum over c of e^(x_c - max x))
 *
 * in doubles, rounded once. The sum S lies between 1 and the number of channels: S = 2^k m with 1 <= m < 2, and log
 * S = k ln 2 + log(1 + (m - 1)). A NaN, or an infinity that is the largest, makes the whole pixel NaN; -infinity stays.
 *
 *   map  [pixel][stride] f32
 *
 * Cost: a power for each channel, as in softmaxF32.
 */
import { exp, log1p } from "./exponential";
import { zeroTails } from "./pad_f32";
import { mapStride } from "./sign_bits";

const LN_2: f64 = 0.6931471805599453;

/** log softmax over the channels of each pixel; `dst` may be `src`. */
export function logSoftmaxF32(src: usize, dst: usize, pixels: i32, channels: i32): void {
  const step = mapStride(channels) << 2;
  const end = (<usize>channels) << 2;
  let to = dst;
  for (let pixel = 0; pixel < pixels; ++pixel) {
    let largest = load<f32>(src);
    for (let at: usize = 4; at < end; at += 4) largest = max<f32>(largest, load<f32>(src + at));
    const top = f64x2.splat(<f64>largest);

    // Two channels at a time; the last one of an odd number is not counted with the tail lane beside it.
    let sum = f64x2.splat(0);
    for (let at: usize = 0; at < end; at += 8) {
      const power = exp(f64x2.sub(two(src + at), top));
      sum = f64x2.add(sum, at + 4 < end ? power : f64x2.replace_lane(power, 1, 0));
    }
    const rest = f64x2.splat(log(f64x2.extract_lane(sum, 0) + f64x2.extract_lane(sum, 1)));
    for (let at: usize = 0; at < end; at += 8) {
      const result = f64x2.sub(f64x2.sub(two(src + at), top), rest);
      v128.store64_lane(to + at, f32x4.demote_f64x2_zero(result), 0);
    }
    src += step;
    to += step;
  }
  zeroTails(dst, pixels, channels);
}

/** Two floats as doubles. */
// @ts-ignore: decorator
@inline
function two(at: usize): v128 {
  return f64x2.promote_low_f32x4(v128.load64_zero(at));
}

/** log x for x >= 1; NaN for NaN. */
function log(x: f64): f64 {
  if (!(x >= 1)) return NaN;
  const bits = reinterpret<u64>(x);
  const mantissa = reinterpret<f64>((bits & 0xfffffffffffff) | 0x3ff0000000000000);
  const fraction = f64x2.extract_lane(log1p(f64x2.splat(mantissa - 1)), 0);
  return <f64>(<i32>(bits >> 52) - 1023) * LN_2 + fraction;
}
