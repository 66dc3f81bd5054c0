/**
 * ReLU with a slope of each channel's own below zero:
 *
 *   dst = x >= 0 ? x : slope[c] * x
 *
 * one product rounded once. NaN stays NaN, -0 stays -0. A slope of 0 is ReLU (-0 for what is below), one of 1 the
 * identity.
 *
 *   map    [pixel][stride] f32, stride = ceil(channels / 4) * 4, tail lanes zero
 *   slope  [stride] f32, zeros past the last channel
 *
 * Cost: two loads, a product, a comparison, a selection and a store for four values: the time of the memory.
 */
import { mapStride } from "./sign_bits";

/** dst = x >= 0 ? x : slope[c] * x; slope f32, padded with zeros to the map's stride. `dst` may be `src`. */
export function preluF32(src: usize, dst: usize, pixels: i32, channels: i32, slope: usize): void {
  const step = mapStride(channels) << 2;
  const zero = f32x4.splat(0);
  for (let pixel = 0; pixel < pixels; ++pixel) {
    for (let at: usize = 0; at < step; at += 16) {
      const x = v128.load(src + at);
      const below = f32x4.mul(x, v128.load(slope + at));
      v128.store(dst + at, v128.bitselect(x, below, f32x4.ge(x, zero)));
    }
    src += step;
    dst += step;
  }
}
