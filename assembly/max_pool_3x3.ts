/**
 * The 3x3 max pool with stride 2 along the row, one output row at a time, with the epilogue of max_pool_epilogue.ts: what every
 * ImageNet stem ends with.
 *
 *   columns   p  a  b         m = max(p, a, b), each the maximum of its 3 taps
 *                   p  a  b   the next window: its first column is this one's last
 *
 * So a window costs 6 loads where a walk over its taps costs 9. A tap outside the map is replaced by the nearest one inside, which
 * the window holds already: a maximum does not change when a value counts twice, and no window is a special case.
 *
 * Four channels at a time keep prior column, scale, shift, threshold and flip in registers; BLOCK windows at a time keep the rows'
 * pieces in the first-level cache for the next four channels. 3x3 stride 2 at 112x112x64 with bits: see max_pool_epilogue.ts.
 */
import { affine, positive } from "./epilogue_values";
import { bitRowBytes, mapStride } from "./sign_bits";

/** Windows of a block: 17 columns of 3 rows, 13 KB at 64 channels. */
const BLOCK: i32 = 8;

/** The larger of two, NaN where either is: pmax keeps a NaN in `best`, and a comparison finds one in `tap`. */
// @ts-ignore: decorator
@inline
export function larger(best: v128, tap: v128): v128 {
  return v128.or(f32x4.pmax(best, tap), f32x4.ne(tap, tap));
}

// @ts-ignore: decorator
@inline
function columnMax(top: usize, middle: usize, bottom: usize, at: usize): v128 {
  return larger(larger(v128.load(top + at), v128.load(middle + at)), v128.load(bottom + at));
}

/**
 * One row of windows.
 *
 * @param top first pixel of the three rows `top`, `middle`, `bottom` of the map, `width` pixels each
 * @param thresholds 0 for sign(v)
 * @param dst the output row, or 0
 * @param bits the output row's bits, zeros, or 0
 */
export function poolRow3x3(
  top: usize,
  middle: usize,
  bottom: usize,
  width: i32,
  channels: i32,
  outWidth: i32,
  padLeft: i32,
  scales: usize,
  shifts: usize,
  relu: bool,
  dst: usize,
  bits: usize,
  thresholds: usize,
  flips: usize,
): void {
  const step = mapStride(channels) << 2;
  const bitBytes = bitRowBytes(channels);
  const end = <usize>(width - 1) * step;
  for (let first = 0; first < outWidth; first += BLOCK) {
    const last = min(first + BLOCK, outWidth);
    for (let c = 0; c < channels; c += 4) {
      const at = (<usize>c) << 2;
      const scale = v128.load(scales + at);
      const shift = v128.load(shifts + at);
      const threshold = thresholds != 0 ? v128.load(thresholds + at) : f32x4.splat(0);
      const flip = thresholds != 0 ? v128.load(flips + at) : f32x4.splat(0);
      const live = (1 << min(4, channels - c)) - 1;
      const nibble = c & 4;
      let byte = bits + <usize>first * bitBytes + ((<usize>c) >> 3);
      let out = dst + <usize>first * step + at;
      let prior = columnMax(top, middle, bottom, <usize>max(0, first * 2 - padLeft) * step + at);
      for (let x = first; x < last; ++x) {
        const left = x * 2 + 1 - padLeft;
        const offset = min(<usize>max(0, left) * step, end) + at;
        const next = min(<usize>max(0, left + 1) * step, end) + at;
        const a = columnMax(top, middle, bottom, offset);
        const b = columnMax(top, middle, bottom, next);
        let v = affine(larger(larger(prior, a), b), scale, shift);
        prior = b;
        if (relu) v = positive(v);
        if (dst != 0) v128.store(out, v);
        if (bits != 0) {
          const signs = ~i32x4.bitmask(f32x4.lt(v128.xor(v, flip), threshold)) & live;
          store<u8>(byte, load<u8>(byte) | (signs << nibble));
        }
        out += step;
        byte += bitBytes;
      }
    }
  }
}
