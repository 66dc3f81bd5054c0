/**
 * The logarithm of softmax, which a difference keeps from cancelling:
 *
 *   dst[c] = x_c - max x - log(sum over c of e^(x_c - max x))
 *
 * in doubles, rounded once. The sum S lies between 1 and the number of channels: S = 2^k m with 1 <= m < 2, and log S =
 * k ln 2 + log(1 + (m - 1)). A NaN, or an infinity that is the largest, makes the whole pixel NaN; -infinity stays.
 *
 *   map  [pixel][stride] f32
 *
 * Cost: that of softmaxF32.
 */
import { exp, highDoubles, log1p, lowDoubles, toFloats } from "./exponential";
import { mapStride } from "./sign_bits";

const LN_2: f64 = 0.6931471805599453;

/** log softmax over the channels of each pixel; `dst` may be `src`. */
export function logSoftmaxF32(src: usize, dst: usize, pixels: i32, channels: i32): void {
  const step = mapStride(channels) << 2;
  const last = step - 16;
  const present = i32x4.lt_s(i32x4(0, 1, 2, 3), i32x4.splat(((channels - 1) & 3) + 1));
  for (let pixel = 0; pixel < pixels; ++pixel) {
    let largest = load<f32>(src);
    for (let c = 1; c < channels; ++c) largest = max<f32>(largest, load<f32>(src + ((<usize>c) << 2)));
    const top = f64x2.splat(<f64>largest);

    let sum = f64x2.splat(0);
    for (let at: usize = 0; at < step; at += 16) {
      let x = v128.load(src + at);
      if (at == last) x = v128.bitselect(x, f32x4.splat(-Infinity), present);
      sum = f64x2.add(sum, exp(f64x2.sub(lowDoubles(x), top)));
      sum = f64x2.add(sum, exp(f64x2.sub(highDoubles(x), top)));
    }
    const rest = f64x2.splat(log(f64x2.extract_lane(sum, 0) + f64x2.extract_lane(sum, 1)));
    for (let at: usize = 0; at < step; at += 16) {
      const x = v128.load(src + at);
      const low = f64x2.sub(f64x2.sub(lowDoubles(x), top), rest);
      const high = f64x2.sub(f64x2.sub(highDoubles(x), top), rest);
      const result = toFloats(low, high);
      v128.store(dst + at, at == last ? v128.and(result, present) : result);
    }
    src += step;
    dst += step;
  }
}

/** log x for x >= 1; NaN for NaN. */
function log(x: f64): f64 {
  if (!(x >= 1)) return NaN;
  const bits = reinterpret<u64>(x);
  const mantissa = reinterpret<f64>((bits & 0xfffffffffffff) | 0x3ff0000000000000);
  const fraction = f64x2.extract_lane(log1p(f64x2.splat(mantissa - 1)), 0);
  return <f64>(<i32>(bits >> 52) - 1023) * LN_2 + fraction;
}
