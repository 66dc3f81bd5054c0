/**
 * Dense layer: out[b][u] = bias[u] + sum over i of in[b][i] * weight[u][i].
 *
 *   weights  [block of 8 units][i][8], zeros past the last unit: the convolution's order for a 1x1 kernel
 *
 * One image is bound by reading the weights once, so four blocks (32 units) advance together: 8 loads of weights and
 * one broadcast feed 8 multiply-adds on 8 independent sums; the last units go through the scratch. More images go
 * through the convolution's tile of 4 rows by 8 units, which reads every weight once for 4 images. Both add in the
 * order of i and then the bias, so the batch does not change the bits.
 *
 * Cost: a multiply, an add and 1.13 loads for 4 MACs of one image, 0.75 loads of four. The tile needs the order [i][8];
 * one stream of weights for 32 units would be faster only from a cold cache (docs/measurements.md).
 */
import { convBlock, TILE_CHANNELS, TILE_PIXELS, tileBias, tileOffsets } from "./conv_tile_f32";
import { convF32Pack } from "./conv_f32";
import { ownScratch } from "./layout";
import { madd } from "./madd";
import { zeroLanes } from "./pad_f32";

/** Rows of the batch a pass; their offsets take 4 bytes each in the kernels' scratch. */
const BAND_ROWS: i32 = 128;
/** Units that advance together in one image, four blocks. @host DENSE_F32_WIDE_UNITS */
const WIDE_UNITS: i32 = 32;

/** `[units][inputs]` f32 -> the dense layer's order; sizes by `denseF32WeightBytes`. */
export function denseF32Pack(src: usize, dst: usize, units: i32, inputs: i32): void {
  convF32Pack(src, dst, units, inputs, 1, 1, 1);
}

/** Where the last units of one image wait, of which some do not exist. */
// @ts-ignore: decorator
@inline
function lastUnits(): usize {
  return ownScratch();
}

/** Where their bias is copied to. */
// @ts-ignore: decorator
@inline
function lastBias(): usize {
  return ownScratch() + 4 * WIDE_UNITS;
}

/**
 * dst[b][u] = bias[u] + sum over i of src[b][i] * W[u][i]; strides in floats, multiples of 4; bias padded to dstStride.
 */
export function denseF32(
  src: usize,
  dst: usize,
  weights: usize,
  bias: usize,
  batch: i32,
  inputs: i32,
  units: i32,
  srcStride: i32,
  dstStride: i32,
): void {
  const dstStep = (<usize>dstStride) << 2;
  const rowBytes = (<usize>inputs) << 2;
  if (batch == 1) denseRow(src, dst, weights, bias, units, rowBytes);
  else denseRows(src, dst, weights, bias, batch, units, rowBytes, (<usize>srcStride) << 2, dstStep);
  zeroLanes(dst + ((<usize>units) << 2), batch, -units & 3, dstStep);
}

/** One image. Blocks that do not exist past the last unit are the first one of their pass again. */
function denseRow(src: usize, dst: usize, weights: usize, bias: usize, units: i32, rowBytes: usize): void {
  const blockBytes = rowBytes * TILE_CHANNELS;
  for (let left = units; left > 0; left -= WIDE_UNITS) {
    const second: usize = left > TILE_CHANNELS ? blockBytes : 0;
    const third: usize = left > 2 * TILE_CHANNELS ? 2 * blockBytes : 0;
    const fourth: usize = left > 3 * TILE_CHANNELS ? 3 * blockBytes : 0;
    if (left >= WIDE_UNITS) {
      wideBlock(src, weights, second, third, fourth, bias, dst, rowBytes);
    } else {
      const bytes = (<usize>left) << 2;
      memory.copy(lastBias(), bias, bytes);
      wideBlock(src, weights, second, third, fourth, lastBias(), lastUnits(), rowBytes);
      memory.copy(dst, lastUnits(), bytes);
    }
    weights += 4 * blockBytes;
    bias += 4 * WIDE_UNITS;
    dst += 4 * WIDE_UNITS;
  }
}

/** More images, by the convolution's tile. A function of its own: one image alone needs no code of it. */
function denseRows(
  src: usize,
  dst: usize,
  weights: usize,
  bias: usize,
  batch: i32,
  units: i32,
  rowBytes: usize,
  srcStep: usize,
  dstStep: usize,
): void {
  for (let first = 0; first < batch; first += BAND_ROWS) {
    const rows = min(BAND_ROWS, batch - first);
    let entries = (rows + TILE_PIXELS - 1) & ~(TILE_PIXELS - 1);
    while (--entries >= 0) {
      store<u32>(tileOffsets() + ((<usize>entries) << 2), <u32>min(entries, rows - 1) * <u32>srcStep);
    }
    const from = src + <usize>first * srcStep;
    const to = dst + <usize>first * dstStep;
    let w = weights;
    for (let unit = 0; unit < units; unit += TILE_CHANNELS) {
      const count = min(TILE_CHANNELS, units - unit);
      const column = (<usize>unit) << 2;
      memory.copy(tileBias(), bias + column, (<usize>count) << 2);
      convBlock(from, tileOffsets(), rows, w, tileBias(), to + column, dstStep, count, 1, 0, 1, 0, rowBytes, false);
      w += rowBytes * TILE_CHANNELS;
    }
  }
}

/** 32 units of one image, in blocks `second`, `third` and `fourth` bytes past the first. */
function wideBlock(
  src: usize,
  w: usize,
  second: usize,
  third: usize,
  fourth: usize,
  bias: usize,
  dst: usize,
  rowBytes: usize,
): void {
  let s0 = f32x4.splat(0);
  let s1 = s0;
  let s2 = s0;
  let s3 = s0;
  let s4 = s0;
  let s5 = s0;
  let s6 = s0;
  let s7 = s0;
  const end = src + rowBytes;
  do {
    const x = v128.load32_splat(src);
    s0 = madd(x, v128.load(w), s0);
    s1 = madd(x, v128.load(w, 16), s1);
    s2 = madd(x, v128.load(w + second), s2);
    s3 = madd(x, v128.load(w + second, 16), s3);
    s4 = madd(x, v128.load(w + third), s4);
    s5 = madd(x, v128.load(w + third, 16), s5);
    s6 = madd(x, v128.load(w + fourth), s6);
    s7 = madd(x, v128.load(w + fourth, 16), s7);
    w += 32;
    src += 4;
  } while (src < end);
  v128.store(dst, f32x4.add(s0, v128.load(bias)));
  v128.store(dst, f32x4.add(s1, v128.load(bias, 16)), 16);
  v128.store(dst, f32x4.add(s2, v128.load(bias, 32)), 32);
  v128.store(dst, f32x4.add(s3, v128.load(bias, 48)), 48);
  v128.store(dst, f32x4.add(s4, v128.load(bias, 64)), 64);
  v128.store(dst, f32x4.add(s5, v128.load(bias, 80)), 80);
  v128.store(dst, f32x4.add(s6, v128.load(bias, 96)), 96);
  v128.store(dst, f32x4.add(s7, v128.load(bias, 112)), 112);
}
