/**
 * Dense layer: out[b][u] = bias[u] + sum over i of in[b][i] * weight[u][i].
 *
 *   weights  [block of 8 units][i][8], zeros past the last unit: the convolution's order for a 1x1 kernel
 *
 * One image is bound by reading the weights once, so four blocks (32 units) advance together: 8 loads of weights and
 * one broadcast feed 8 multiply-adds on 8 independent sums. More images go through the convolution's tile of 4 rows by
 * 8 units, which reads every weight once for 4 images. Both add in the order of i and then the bias, so the batch does
 * not change the bits.
 *
 * Cost: a multiply, an add and 1.13 loads for 4 MACs of one image, 0.75 loads of four. The tile needs the order [i][8];
 * one stream of weights for 32 units would be faster only from a cold cache (docs/measurements.md).
 */
import { convBlock, TILE_CHANNELS, TILE_PIXELS, tileBias, tileOffsets } from "./conv_tile_f32";
import { convF32Pack } from "./conv_f32";
import { madd } from "./madd";

/** Rows of the batch a pass; their offsets take 4 bytes each in the kernels' scratch. */
const BAND_ROWS: i32 = 128;
/** Units that advance together in one image, four blocks. @host DENSE_F32_WIDE_UNITS */
const WIDE_UNITS: i32 = 32;

/** `[units][inputs]` f32 -> the dense layer's order; sizes by `denseF32WeightBytes`. */
export function denseF32Pack(src: usize, dst: usize, units: i32, inputs: i32): void {
  convF32Pack(src, dst, units, inputs, 1, 1, 1);
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
  const srcStep = (<usize>srcStride) << 2;
  const dstStep = (<usize>dstStride) << 2;
  const rowBytes = (<usize>inputs) << 2;
  const blockBytes = rowBytes * TILE_CHANNELS;
  for (let first = 0; first < batch; first += BAND_ROWS) {
    const rows = min(BAND_ROWS, batch - first);
    let entries = (rows + TILE_PIXELS - 1) & ~(TILE_PIXELS - 1);
    while (--entries >= 0) {
      store<u32>(tileOffsets() + ((<usize>entries) << 2), <u32>min(entries, rows - 1) * <u32>srcStep);
    }
    const from = src + <usize>first * srcStep;
    const to = dst + <usize>first * dstStep;
    let unit = 0;
    let w = weights;
    if (rows == 1) {
      for (; unit + WIDE_UNITS <= units; unit += WIDE_UNITS) {
        wideBlock(from, w, blockBytes, bias + ((<usize>unit) << 2), to + ((<usize>unit) << 2), rowBytes);
        w += 4 * blockBytes;
      }
    }
    for (; unit < units; unit += TILE_CHANNELS) {
      const count = min(TILE_CHANNELS, units - unit);
      const column = (<usize>unit) << 2;
      memory.copy(tileBias(), bias + column, (<usize>count) << 2);
      convBlock(from, tileOffsets(), rows, w, tileBias(), to + column, dstStep, count, 1, 0, 1, 0, rowBytes, false);
      w += blockBytes;
    }
    for (let row = 0; row < rows; ++row) {
      for (let lane = units; lane & 3; ++lane) store<f32>(to + <usize>row * dstStep + ((<usize>lane) << 2), 0);
    }
  }
}

/** 32 units of one image: blocks w, w + blockBytes, w + 2 * blockBytes, w + 3 * blockBytes. */
function wideBlock(src: usize, w: usize, blockBytes: usize, bias: usize, dst: usize, rowBytes: usize): void {
  let s0 = f32x4.splat(0);
  let s1 = s0;
  let s2 = s0;
  let s3 = s0;
  let s4 = s0;
  let s5 = s0;
  let s6 = s0;
  let s7 = s0;
  const second = blockBytes;
  const third = second + blockBytes;
  const fourth = third + blockBytes;
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
