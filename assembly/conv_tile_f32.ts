/**
 * The inner loop of the float convolution and the dense layer: TILE_PIXELS = 4 pixels times TILE_CHANNELS = 8 output channels.
 *
 *   out[p][n] = bias[n] + sum over k of in[p][k] * weight[k][n]
 *
 * An output pixel's inputs are `rows` x `runs` runs of consecutive floats: a kernel row each when the taps of a row touch
 * (dilation 1), else a tap each. Where a pixel's first run begins is looked up in a table of byte offsets, so a tile may cross
 * the rows of the map and only the last tile of a table is short. Tables are filled up with copies of their last entry: a short
 * tile computes four pixels and stores those that exist.
 *
 *   weights [k][8]:   w(k,0..3) w(k,4..7)      2 loads
 *   inputs:           x(p,k) splat, p = 0..3   4 loads
 *   accumulators:     8 registers              8 multiplies, 8 adds
 *
 * 14 of 16 vector registers. The sum runs over k in memory order, then the bias is added: the same bits in every runtime. Summed from
 * the bias on, a large bias (K / 2 of a binary layer in float) would round every partial sum at its own magnitude: 6 times the error.
 * Loops test at their end: 6 % faster on V8 than tests at the head, which take a second jump an iteration. Lost: 2 pixels by 16
 * channels (7x7 stem 1 % and 1x1 4 % faster, 3x3 3 % slower, groups of 8 channels twice as slow), four pointers instead of one
 * and three distances (5 % slower).
 */
import { madd } from "./madd";

export const TILE_PIXELS: i32 = 4;
export const TILE_CHANNELS: i32 = 8;

/** max(x, 0), NaN stays NaN. One instruction, where f32x4.max takes eight on x86. */
// @ts-ignore: decorator
@inline
export function relu(x: v128): v128 {
  return f32x4.pmax(x, f32x4.splat(0));
}

/** Stores the first `count` (at most 4) lanes. */
function storeLanes(dst: usize, x: v128, count: i32): void {
  if (count >= 4) {
    v128.store(dst, x);
    return;
  }
  if (count >= 2) v128.store64_lane(dst, x, 0);
  if (count == 1) v128.store32_lane(dst, x, 0);
  if (count == 3) v128.store32_lane(dst, x, 2, 8);
}

/** Adds the bias and stores the first `count` (at most 8) of the 8 channels of one pixel. */
// @ts-ignore: decorator
@inline
function storeChannels(dst: usize, low: v128, high: v128, bias: usize, count: i32, rectify: bool): void {
  low = f32x4.add(low, v128.load(bias));
  high = f32x4.add(high, v128.load(bias, 16));
  if (rectify) {
    low = relu(low);
    high = relu(high);
  }
  if (count >= 8) {
    v128.store(dst, low);
    v128.store(dst, high, 16);
  } else {
    storeLanes(dst, low, count);
    if (count > 4) storeLanes(dst + 16, high, count - 4);
  }
}

/**
 * One block of 8 output channels for all pixels of a table.
 *
 * @param offsets u32 byte offset from `src` of each pixel's first run, a multiple of TILE_PIXELS entries
 * @param bias 8 floats
 * @param dst where the first pixel's 8 channels go, `dstStep` bytes from pixel to pixel
 * @param count channels of the block that exist, 1 to 8
 */
export function convBlock(
  src: usize,
  offsets: usize,
  pixels: i32,
  weights: usize,
  bias: usize,
  dst: usize,
  dstStep: usize,
  count: i32,
  rows: i32,
  rowStep: usize,
  runs: i32,
  runStep: usize,
  runBytes: usize,
  rectify: bool,
): void {
  for (let pixel = 0; pixel < pixels; pixel += TILE_PIXELS) {
    const entry = offsets + ((<usize>pixel) << 2);
    const origin = src + load<u32>(entry);
    const d1 = load<u32>(entry, 4) - load<u32>(entry);
    const d2 = load<u32>(entry, 8) - load<u32>(entry);
    const d3 = load<u32>(entry, 12) - load<u32>(entry);
    let low0 = f32x4.splat(0);
    let high0 = low0;
    let low1 = low0;
    let high1 = high0;
    let low2 = low0;
    let high2 = high0;
    let low3 = low0;
    let high3 = high0;
    let w = weights;
    let row = origin;
    let y = rows;
    do {
      let run = row;
      let x = runs;
      do {
        let a = run;
        const end = a + runBytes;
        do {
          const w0 = v128.load(w);
          const w1 = v128.load(w, 16);
          const a0 = v128.load32_splat(a);
          low0 = madd(a0, w0, low0);
          high0 = madd(a0, w1, high0);
          const a1 = v128.load32_splat(a + d1);
          low1 = madd(a1, w0, low1);
          high1 = madd(a1, w1, high1);
          const a2 = v128.load32_splat(a + d2);
          low2 = madd(a2, w0, low2);
          high2 = madd(a2, w1, high2);
          const a3 = v128.load32_splat(a + d3);
          low3 = madd(a3, w0, low3);
          high3 = madd(a3, w1, high3);
          w += 32;
          a += 4;
        } while (a < end);
        run += runStep;
      } while (--x > 0);
      row += rowStep;
    } while (--y > 0);
    const valid = pixels - pixel;
    storeChannels(dst, low0, high0, bias, count, rectify);
    if (valid > 1) storeChannels(dst + dstStep, low1, high1, bias, count, rectify);
    if (valid > 2) storeChannels(dst + 2 * dstStep, low2, high2, bias, count, rectify);
    if (valid > 3) storeChannels(dst + 3 * dstStep, low3, high3, bias, count, rectify);
    dst += 4 * dstStep;
  }
}
