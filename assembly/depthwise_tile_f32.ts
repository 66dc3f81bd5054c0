/**
 * The inner loops of the depthwise convolution: a line of output pixels whose windows are cut alike.
 *
 *   out[p][n] = bias[n] + sum over the taps t that are left of in[p, t][n / multiplier] * weight[t][n]
 *
 *   weights  [tap][stride], stride = ceil(N / 4) * 4, zeros in the tail lanes
 *
 * COST. Four pixels by four channels: a tap takes 5 loads, 4 multiplies and 4 adds for 16 MACs. The inputs of four
 * output channels are four floats (multiplier 1), or a swizzle picks their lanes. If the multiplier is one of 8, eight
 * channels share a float: 6 loads for 32 MACs.
 */
import { relu } from "./conv_tile_f32";
import { ownScratch } from "./layout";
import { madd } from "./madd";

/** The bytes that a swizzle picks. */
// @ts-ignore: decorator
@inline
function laneTable(): usize {
  return ownScratch();
}

/**
 * `pixels` output pixels whose windows lie `srcStep` bytes apart and are cut alike, to `rows` by `columns` taps;
 * `pixelBytes` and `bytes` are those of an input and of an output pixel.
 */
export function depthwiseLine(
  src: usize,
  srcStep: usize,
  dst: usize,
  dstStep: usize,
  pixels: i32,
  weights: usize,
  weightRow: usize,
  bias: usize,
  multiplier: i32,
  pixelBytes: usize,
  bytes: usize,
  rows: i32,
  rowStep: usize,
  columns: i32,
  tapStep: usize,
  rectify: bool,
): void {
  let left = pixels;
  for (; left >= 4; left -= 4) {
    depthwiseTile(
      true,
      src,
      srcStep,
      dst,
      dstStep,
      weights,
      weightRow,
      bias,
      multiplier,
      pixelBytes,
      bytes,
      rows,
      rowStep,
      columns,
      tapStep,
      rectify,
    );
    src += 4 * srcStep;
    dst += 4 * dstStep;
  }
  for (; left > 0; --left) {
    depthwiseTile(
      false,
      src,
      0,
      dst,
      0,
      weights,
      weightRow,
      bias,
      multiplier,
      pixelBytes,
      bytes,
      rows,
      rowStep,
      columns,
      tapStep,
      rectify,
    );
    src += srcStep;
    dst += dstStep;
  }
}

/** All channels of four pixels, or of one. */
// @ts-ignore: decorator
@inline
function depthwiseTile(
  four: bool,
  src: usize,
  apart: usize,
  dst: usize,
  outApart: usize,
  weights: usize,
  weightRow: usize,
  bias: usize,
  multiplier: i32,
  pixelBytes: usize,
  bytes: usize,
  rows: i32,
  rowStep: usize,
  columns: i32,
  tapStep: usize,
  rectify: bool,
): void {
  if (multiplier == 1) {
    for (let n: usize = 0; n < bytes; n += 16) {
      tile4(
        four,
        src + n,
        apart,
        dst + n,
        outApart,
        weights + n,
        weightRow,
        bytes,
        bias + n,
        rows,
        rowStep,
        columns,
        tapStep,
        rectify,
        false,
        weights,
      );
    }
  } else if (four && (multiplier & 7) == 0) {
    let left = multiplier;
    for (let n: usize = 0; n < bytes; n += 32) {
      tile8(
        src,
        apart,
        dst + n,
        outApart,
        weights + n,
        weightRow,
        bytes,
        bias + n,
        rows,
        rowStep,
        columns,
        tapStep,
        rectify,
      );
      left -= 8;
      if (left == 0) {
        left = multiplier;
        src += 4;
      }
    }
  } else {
    let channel = 0;
    let left = multiplier;
    const last = <i32>(pixelBytes >> 2) - 4;
    for (let n: usize = 0; n < bytes; n += 16) {
      // Four floats of the pixel, and for each lane which of them; beyond the last channel none, which is 0.
      const base = min(channel, last);
      for (let lane: usize = 0; lane < 16; lane += 4) {
        store<i32>(laneTable() + lane, (channel - base) * 0x04040404 + 0x03020100);
        if (--left == 0) {
          left = multiplier;
          ++channel;
        }
      }
      tile4(
        four,
        src + ((<usize>base) << 2),
        apart,
        dst + n,
        outApart,
        weights + n,
        weightRow,
        bytes,
        bias + n,
        rows,
        rowStep,
        columns,
        tapStep,
        rectify,
        true,
        laneTable(),
      );
    }
  }
}

/**
 * Four pixels by four channels; `lanes` points to the bytes of four floats that a swizzle picks, if it is asked for.
 */
// @ts-ignore: decorator
@inline
function tile4(
  four: bool,
  src: usize,
  apart: usize,
  dst: usize,
  outApart: usize,
  weights: usize,
  weightRow: usize,
  weightStep: usize,
  bias: usize,
  rows: i32,
  rowStep: usize,
  columns: i32,
  tapStep: usize,
  rectify: bool,
  swizzled: bool,
  lanes: usize,
): void {
  const pick = v128.load(lanes);
  const apart2 = apart + apart;
  const apart3 = apart2 + apart;
  let sum0 = f32x4.splat(0);
  let sum1 = sum0;
  let sum2 = sum0;
  let sum3 = sum0;
  for (let y = 0; y < rows; ++y) {
    let a = src;
    let w = weights;
    for (let x = 0; x < columns; ++x) {
      const tap = v128.load(w);
      sum0 = madd(inputs(a, swizzled, pick), tap, sum0);
      if (four) {
        sum1 = madd(inputs(a + apart, swizzled, pick), tap, sum1);
        sum2 = madd(inputs(a + apart2, swizzled, pick), tap, sum2);
        sum3 = madd(inputs(a + apart3, swizzled, pick), tap, sum3);
      }
      w += weightStep;
      a += tapStep;
    }
    src += rowStep;
    weights += weightRow;
  }
  const offset = v128.load(bias);
  v128.store(dst, finish(sum0, offset, rectify));
  if (!four) return;
  v128.store(dst + outApart, finish(sum1, offset, rectify));
  v128.store(dst + 2 * outApart, finish(sum2, offset, rectify));
  v128.store(dst + 3 * outApart, finish(sum3, offset, rectify));
}

// @ts-ignore: decorator
@inline
function inputs(at: usize, swizzled: bool, pick: v128): v128 {
  return swizzled ? i8x16.swizzle(v128.load(at), pick) : v128.load(at);
}

// @ts-ignore: decorator
@inline
function finish(sum: v128, bias: v128, rectify: bool): v128 {
  const v = f32x4.add(sum, bias);
  return rectify ? relu(v) : v;
}

/** Four pixels by eight channels that read the same float. */
// @ts-ignore: decorator
@inline
function tile8(
  src: usize,
  apart: usize,
  dst: usize,
  outApart: usize,
  weights: usize,
  weightRow: usize,
  weightStep: usize,
  bias: usize,
  rows: i32,
  rowStep: usize,
  columns: i32,
  tapStep: usize,
  rectify: bool,
): void {
  const apart2 = apart + apart;
  const apart3 = apart2 + apart;
  let low0 = f32x4.splat(0);
  let low1 = low0;
  let low2 = low0;
  let low3 = low0;
  let high0 = low0;
  let high1 = low0;
  let high2 = low0;
  let high3 = low0;
  for (let y = 0; y < rows; ++y) {
    let a = src;
    let w = weights;
    for (let x = 0; x < columns; ++x) {
      const tapLow = v128.load(w);
      const tapHigh = v128.load(w, 16);
      const x0 = v128.load32_splat(a);
      low0 = madd(x0, tapLow, low0);
      high0 = madd(x0, tapHigh, high0);
      const x1 = v128.load32_splat(a + apart);
      low1 = madd(x1, tapLow, low1);
      high1 = madd(x1, tapHigh, high1);
      const x2 = v128.load32_splat(a + apart2);
      low2 = madd(x2, tapLow, low2);
      high2 = madd(x2, tapHigh, high2);
      const x3 = v128.load32_splat(a + apart3);
      low3 = madd(x3, tapLow, low3);
      high3 = madd(x3, tapHigh, high3);
      w += weightStep;
      a += tapStep;
    }
    src += rowStep;
    weights += weightRow;
  }
  const biasLow = v128.load(bias);
  const biasHigh = v128.load(bias, 16);
  v128.store(dst, finish(low0, biasLow, rectify));
  v128.store(dst, finish(high0, biasHigh, rectify), 16);
  const dst1 = dst + outApart;
  v128.store(dst1, finish(low1, biasLow, rectify));
  v128.store(dst1, finish(high1, biasHigh, rectify), 16);
  const dst2 = dst1 + outApart;
  v128.store(dst2, finish(low2, biasLow, rectify));
  v128.store(dst2, finish(high2, biasHigh, rectify), 16);
  const dst3 = dst2 + outApart;
  v128.store(dst3, finish(low3, biasLow, rectify));
  v128.store(dst3, finish(high3, biasHigh, rectify), 16);
}
