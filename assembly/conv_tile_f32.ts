/**
 * The inner loop of the float convolution and the dense layer: TILE_PIXELS = 4 pixels times TILE_CHANNELS = 8 output
 * channels.
 *
 *   out[p][n] = bias[n] + sum over k of in[p][k] * weight[k][n]
 *
 * An output pixel's inputs are `rows` x `runs` runs of consecutive floats: a kernel row each if the taps of a row touch
 * (dilation 1), else a tap each. A table of byte offsets says where a pixel's first run begins, so a tile may cross the
 * rows of the map and only the last tile of a table is short. Tables are filled up with copies of their last entry: a
 * short tile computes four pixels and stores those that exist.
 *
 *   weights [k][8]:   w(k,0..3) w(k,4..7)      2 loads
 *   inputs:           x(p,k) splat, p = 0..3   4 loads
 *   accumulators:     8 registers              8 multiplies, 8 adds
 *
 * 14 of 16 vector registers. The sum runs over k in memory order, then the bias is added: the same bits in every
 * runtime. Summed from the bias on, a large bias (K / 2 of a binary layer in float) would round every partial sum at
 * its own magnitude: 6 times the error.
 *
 * THE LOOP. Loops test at their end, because a test at the head takes a second jump an iteration. A pass takes three k
 * (a pixel of an RGB image), which share their addresses; V8 would collect all of their loads first and spill, so the
 * exits after one and two k, needed when a run is no multiple of three, also keep them apart. Everything is inlined
 * into its callers, because V8 unrolls a loop the more often the deeper it is nested. What was tried instead:
 * docs/measurements.md.
 */
import { ownScratch } from "./layout";
import { madd } from "./madd";

/** Pixels of a tile. */
export const TILE_PIXELS: i32 = 4;

/** Output channels of a tile, and of a block of float weights. @host CONV_F32_BLOCK */
export const TILE_CHANNELS: i32 = 8;

// The kernels' scratch while tiles are computed: u32 offsets of up to 1024 pixels | 8 floats of bias | a tile.

/** Where callers put the byte offsets of a band's pixels. */
// @ts-ignore: decorator
@inline
export function tileOffsets(): usize {
  return ownScratch();
}

/** Where callers copy the bias of a block to: a group's channels need not be aligned. */
// @ts-ignore: decorator
@inline
export function tileBias(): usize {
  return ownScratch() + 4096;
}

/** Where a tile waits that is stored in part. */
// @ts-ignore: decorator
@inline
function edgeTile(): usize {
  return ownScratch() + 4160;
}

/** max(x, 0), NaN stays NaN. One instruction; f32x4.max takes eight on x86. */
// @ts-ignore: decorator
@inline
export function relu(x: v128): v128 {
  return f32x4.pmax(x, f32x4.splat(0));
}

/** Stores the first `count` (at most 4) lanes. */
export function storeLanes(dst: usize, x: v128, count: i32): void {
  if (count >= 4) {
    v128.store(dst, x);
    return;
  }
  if (count >= 2) v128.store64_lane(dst, x, 0);
  if (count == 1) v128.store32_lane(dst, x, 0);
  if (count == 3) v128.store32_lane(dst, x, 2, 8);
}

/** The first `count` of the 8 channels of the first `pixels` pixels, from rows of 8 floats one after the other. */
function storePart(dst: usize, dstStep: usize, src: usize, pixels: i32, count: i32): void {
  do {
    storeLanes(dst, v128.load(src), count);
    if (count > 4) storeLanes(dst + 16, v128.load(src, 16), count - 4);
    dst += dstStep;
    src += 32;
  } while (--pixels > 0);
}

/**
 * One block of 8 output channels for all pixels of a table.
 *
 * @param offsets u32 byte offset from `src` of each pixel's first run, a multiple of TILE_PIXELS entries
 * @param bias 8 floats
 * @param dst where the first pixel's 8 channels go, `dstStep` bytes from pixel to pixel
 * @param count channels of the block that exist, 1 to 8
 */
// @ts-ignore: decorator
@inline
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
  const edge = edgeTile();
  const floor = f32x4.splat(rectify ? 0 : -Infinity);
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
        const last1 = end - 4;
        const last2 = end - 8;
        do {
          const a1 = a + d1;
          const a2 = a + d2;
          const a3 = a + d3;

          const wLowA = v128.load(w);
          const wHighA = v128.load(w, 16);
          const x0A = v128.load32_splat(a);
          low0 = madd(x0A, wLowA, low0);
          high0 = madd(x0A, wHighA, high0);
          const x1A = v128.load32_splat(a1);
          low1 = madd(x1A, wLowA, low1);
          high1 = madd(x1A, wHighA, high1);
          const x2A = v128.load32_splat(a2);
          low2 = madd(x2A, wLowA, low2);
          high2 = madd(x2A, wHighA, high2);
          const x3A = v128.load32_splat(a3);
          low3 = madd(x3A, wLowA, low3);
          high3 = madd(x3A, wHighA, high3);
          if (a == last1) {
            w += 32;
            break;
          }

          const wLowB = v128.load(w, 32);
          const wHighB = v128.load(w, 48);
          const x0B = v128.load32_splat(a, 4);
          low0 = madd(x0B, wLowB, low0);
          high0 = madd(x0B, wHighB, high0);
          const x1B = v128.load32_splat(a1, 4);
          low1 = madd(x1B, wLowB, low1);
          high1 = madd(x1B, wHighB, high1);
          const x2B = v128.load32_splat(a2, 4);
          low2 = madd(x2B, wLowB, low2);
          high2 = madd(x2B, wHighB, high2);
          const x3B = v128.load32_splat(a3, 4);
          low3 = madd(x3B, wLowB, low3);
          high3 = madd(x3B, wHighB, high3);
          if (a == last2) {
            w += 64;
            break;
          }

          const wLowC = v128.load(w, 64);
          const wHighC = v128.load(w, 80);
          const x0C = v128.load32_splat(a, 8);
          low0 = madd(x0C, wLowC, low0);
          high0 = madd(x0C, wHighC, high0);
          const x1C = v128.load32_splat(a1, 8);
          low1 = madd(x1C, wLowC, low1);
          high1 = madd(x1C, wHighC, high1);
          const x2C = v128.load32_splat(a2, 8);
          low2 = madd(x2C, wLowC, low2);
          high2 = madd(x2C, wHighC, high2);
          const x3C = v128.load32_splat(a3, 8);
          low3 = madd(x3C, wLowC, low3);
          high3 = madd(x3C, wHighC, high3);

          w += 96;
          a += 12;
        } while (a < end);
        run += runStep;
      } while (--x > 0);
      row += rowStep;
    } while (--y > 0);
    const biasLow = v128.load(bias);
    const biasHigh = v128.load(bias, 16);
    low0 = f32x4.pmax(f32x4.add(low0, biasLow), floor);
    high0 = f32x4.pmax(f32x4.add(high0, biasHigh), floor);
    low1 = f32x4.pmax(f32x4.add(low1, biasLow), floor);
    high1 = f32x4.pmax(f32x4.add(high1, biasHigh), floor);
    low2 = f32x4.pmax(f32x4.add(low2, biasLow), floor);
    high2 = f32x4.pmax(f32x4.add(high2, biasHigh), floor);
    low3 = f32x4.pmax(f32x4.add(low3, biasLow), floor);
    high3 = f32x4.pmax(f32x4.add(high3, biasHigh), floor);
    const valid = pixels - pixel;
    // A part goes through scratch, so that there is one way out of the registers and not eight.
    const whole = valid >= TILE_PIXELS && count >= TILE_CHANNELS;
    const out = whole ? dst : edge;
    const step = whole ? dstStep : 32;
    v128.store(out, low0);
    v128.store(out, high0, 16);
    v128.store(out + step, low1);
    v128.store(out + step, high1, 16);
    v128.store(out + 2 * step, low2);
    v128.store(out + 2 * step, high2, 16);
    v128.store(out + 3 * step, low3);
    v128.store(out + 3 * step, high3, 16);
    if (!whole) storePart(dst, dstStep, edge, min(valid, TILE_PIXELS), count);
    dst += 4 * dstStep;
  }
}
