/**
 * Depthwise convolution: every output channel reads the one input channel of its own number, so the vectors run along the
 * channels of the map and no value is shared between lanes.
 *
 *   out[p][c] = bias[c] + sum over taps t of in[p, t][c] * weight[t][c]
 *
 *   weights  [tap][stride], zeros in the tail lanes; the padded copy keeps the map's stride for the same reason
 *
 * Tiles of 4 pixels by 4 channels: a tap takes 5 loads, 4 multiplies and 4 adds for 16 MACs.
 */
import { relu } from "./conv_tile_f32";
import { madd } from "./madd";

// @ts-ignore: decorator
@inline
export function isDepthwise(channels: i32, inputsPerGroup: i32, groups: i32): bool {
  return groups > 1 && inputsPerGroup == 1 && channels == groups;
}

export function packDepthwise(src: usize, dst: usize, channels: i32, area: i32): void {
  const stride = (channels + 3) & ~3;
  for (let tap = 0; tap < area; ++tap) {
    for (let c = 0; c < stride; ++c) {
      store<f32>(dst, c < channels ? load<f32>(src + ((<usize>(c * area + tap)) << 2)) : 0);
      dst += 4;
    }
  }
}

/** All channels (`step` bytes a pixel, of the output and of the weights) for the pixels of a table; see convBlock. */
export function depthwiseBand(
  src: usize,
  offsets: usize,
  pixels: i32,
  weights: usize,
  bias: usize,
  dst: usize,
  step: usize,
  kernelHeight: i32,
  rowStep: usize,
  kernelWidth: i32,
  tapStep: usize,
  rectify: bool,
): void {
  for (let pixel = 0; pixel < pixels; pixel += 4) {
    const entry = offsets + ((<usize>pixel) << 2);
    const d1 = load<u32>(entry, 4) - load<u32>(entry);
    const d2 = load<u32>(entry, 8) - load<u32>(entry);
    const d3 = load<u32>(entry, 12) - load<u32>(entry);
    const valid = pixels - pixel;
    for (let c: usize = 0; c < step; c += 16) {
      let sum0 = f32x4.splat(0);
      let sum1 = sum0;
      let sum2 = sum0;
      let sum3 = sum0;
      let w = weights + c;
      let row = src + load<u32>(entry) + c;
      for (let y = 0; y < kernelHeight; ++y) {
        let a = row;
        for (let x = 0; x < kernelWidth; ++x) {
          const tap = v128.load(w);
          sum0 = madd(v128.load(a), tap, sum0);
          sum1 = madd(v128.load(a + d1), tap, sum1);
          sum2 = madd(v128.load(a + d2), tap, sum2);
          sum3 = madd(v128.load(a + d3), tap, sum3);
          w += step;
          a += tapStep;
        }
        row += rowStep;
      }
      const offset = v128.load(bias + c);
      sum0 = f32x4.add(sum0, offset);
      sum1 = f32x4.add(sum1, offset);
      sum2 = f32x4.add(sum2, offset);
      sum3 = f32x4.add(sum3, offset);
      if (rectify) {
        sum0 = relu(sum0);
        sum1 = relu(sum1);
        sum2 = relu(sum2);
        sum3 = relu(sum3);
      }
      const out = dst + c;
      v128.store(out, sum0);
      if (valid > 1) v128.store(out + step, sum1);
      if (valid > 2) v128.store(out + 2 * step, sum2);
      if (valid > 3) v128.store(out + 3 * step, sum3);
    }
    dst += 4 * step;
  }
}
