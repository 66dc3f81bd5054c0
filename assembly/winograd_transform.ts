/**
 * The transforms of the Winograd convolution (winograd_f32.ts): B^T along rows and along columns, and A^T along both.
 *
 * B^T SHARED. All polynomials of B^T are products of x^2 - 1 or x^3 - x with q = x^2 - 3/2 x - 1, or of x^3 - x with a
 * linear one. With s_i = d[i + 2] - 3/2 d[i + 1] - d[i] and t_i = d[i + 3] - d[i + 1] the six values are
 *
 *   0: s2 - s0    1: s2 + s1    -1: s2 - s1    2: t1 + t0 / 2    -1/2: t1 - 2 t0    infinity: s3 - s1
 *
 * 22 operations a vector of four channels. A^T, on the other side, takes 14 for three outputs of six products:
 *
 *   y0 = m0 + (m1 + m2) + (m3 + m4)    y1 = (m1 - m2) + (2 m3 - m4 / 2)    y2 = (m1 + m2) + (4 m3 + m4 / 4) + m5
 *
 * Of two taps a phase (`full` false): d2 - d0, d2 + d1, d2 - d1, d3 - d1, and m0 + (m1 + m2), m1 - m2, (m1 + m2) + m5.
 *
 * Along y first, whose results go through 288 bytes of scratch: in registers V8 spills, and written over the products
 * they are one more pass through the second-level cache. All tiles for four channels come first, then those for the
 * other four: 7 % less time in the stem.
 */
import { storeLanes } from "./conv_tile_f32";
import { ownScratch } from "./layout";

/** Bytes of one tile's products: 6 x 6 points of 8 channels. @host WINOGRAD_TILE_BYTES */
export const TILE_BYTES: usize = 36 * 32;

/** q at three neighbours. */
// @ts-ignore: decorator
@inline
function quadratic(low: v128, middle: v128, high: v128): v128 {
  return f32x4.sub(f32x4.sub(high, f32x4.mul(middle, f32x4.splat(1.5))), low);
}

/** Row y of the image, or zeros. */
// @ts-ignore: decorator
@inline
function rowAt(src: usize, zeroRow: usize, y: i32, height: i32, rowBytes: usize): usize {
  return <u32>y < <u32>height ? src + <usize>y * rowBytes : zeroRow;
}

/**
 * Six rows of one phase -> B^T along y, `dstStep` bytes from point to point, `bytes` of each.
 *
 * @param y of the first row in the image, `stride` from row to row
 * @param full whether the axis has phases of more than two taps
 * @param far whether the phase has a value at infinity
 */
export function transformRows(
  src: usize,
  zeroRow: usize,
  dst: usize,
  dstStep: usize,
  bytes: usize,
  y: i32,
  stride: i32,
  height: i32,
  rowBytes: usize,
  full: bool,
  far: bool,
): void {
  const row0 = rowAt(src, zeroRow, y, height, rowBytes);
  const row1 = rowAt(src, zeroRow, y + stride, height, rowBytes);
  const row2 = rowAt(src, zeroRow, y + 2 * stride, height, rowBytes);
  const row3 = rowAt(src, zeroRow, y + 3 * stride, height, rowBytes);
  const row4 = rowAt(src, zeroRow, y + 4 * stride, height, rowBytes);
  const row5 = rowAt(src, zeroRow, y + 5 * stride, height, rowBytes);
  const dst1 = dst + dstStep;
  const dst2 = dst1 + dstStep;
  const dst3 = dst2 + dstStep;
  const dst4 = dst3 + dstStep;
  const dst5 = dst4 + dstStep;
  if (!full) {
    for (let i: usize = 0; i < bytes; i += 16) {
      const d1 = v128.load(row1 + i);
      const d2 = v128.load(row2 + i);
      v128.store(dst + i, f32x4.sub(d2, v128.load(row0 + i)));
      v128.store(dst1 + i, f32x4.add(d2, d1));
      v128.store(dst2 + i, f32x4.sub(d2, d1));
      if (far) v128.store(dst5 + i, f32x4.sub(v128.load(row3 + i), d1));
    }
    return;
  }
  for (let i: usize = 0; i < bytes; i += 16) {
    const d1 = v128.load(row1 + i);
    const d2 = v128.load(row2 + i);
    const d3 = v128.load(row3 + i);
    const d4 = v128.load(row4 + i);
    const t0 = f32x4.sub(d3, d1);
    const t1 = f32x4.sub(d4, d2);
    v128.store(dst3 + i, f32x4.add(t1, f32x4.mul(t0, f32x4.splat(0.5))));
    v128.store(dst4 + i, f32x4.sub(t1, f32x4.add(t0, t0)));
    const s1 = quadratic(d1, d2, d3);
    const s2 = quadratic(d2, d3, d4);
    v128.store(dst + i, f32x4.sub(s2, quadratic(v128.load(row0 + i), d1, d2)));
    v128.store(dst1 + i, f32x4.add(s2, s1));
    v128.store(dst2 + i, f32x4.sub(s2, s1));
    if (far) v128.store(dst5 + i, f32x4.sub(quadratic(d3, d4, v128.load(row5 + i)), s1));
  }
}

/**
 * One point and phase of `rows` -> B^T along x for a row of tiles.
 *
 * @param step bytes from column to column of the phase
 * @param dst values of the first tile at point x = 0; `pointStep` bytes to the next point, `tileStep` to the next tile
 * @param far where the first tile's value at infinity goes, `farStep` bytes from tile to tile; 0 if the phase has none
 */
// @ts-ignore: decorator
@inline
export function transformColumns(
  src: usize,
  step: usize,
  tiles: i32,
  channelBytes: usize,
  dst: usize,
  pointStep: usize,
  tileStep: usize,
  full: bool,
  far: usize,
  farStep: usize,
): void {
  const step2 = step + step;
  const step3 = step2 + step;
  const step4 = step3 + step;
  const step5 = step4 + step;
  const dst1 = pointStep;
  const dst2 = dst1 + pointStep;
  const dst3 = dst2 + pointStep;
  const dst4 = dst3 + pointStep;
  do {
    let i: usize = 0;
    do {
      const from = src + i;
      const to = dst + i;
      const d1 = v128.load(from + step);
      const d2 = v128.load(from + step2);
      const d3 = v128.load(from + step3);
      const t0 = f32x4.sub(d3, d1);
      if (!full) {
        v128.store(to, f32x4.sub(d2, v128.load(from)));
        v128.store(to + dst1, f32x4.add(d2, d1));
        v128.store(to + dst2, f32x4.sub(d2, d1));
        if (far != 0) v128.store(far + i, t0);
        i += 16;
        continue;
      }
      const d4 = v128.load(from + step4);
      const t1 = f32x4.sub(d4, d2);
      v128.store(to + dst3, f32x4.add(t1, f32x4.mul(t0, f32x4.splat(0.5))));
      v128.store(to + dst4, f32x4.sub(t1, f32x4.add(t0, t0)));
      const s1 = quadratic(d1, d2, d3);
      const s2 = quadratic(d2, d3, d4);
      v128.store(to, f32x4.sub(s2, quadratic(v128.load(from), d1, d2)));
      v128.store(to + dst1, f32x4.add(s2, s1));
      v128.store(to + dst2, f32x4.sub(s2, s1));
      if (far != 0) v128.store(far + i, f32x4.sub(quadratic(d3, d4, v128.load(from + step5)), s1));
      i += 16;
    } while (i < channelBytes);
    src += step3;
    dst += tileStep;
    if (far != 0) far += farStep;
  } while (--tiles > 0);
}

/** A^T along y for one column of products, 192 bytes apart -> a column of three folded rows, 96 bytes apart. */
// @ts-ignore: decorator
@inline
function foldColumn(at: usize, folded: usize, full: bool, far: bool): void {
  const m1 = v128.load(at, 192);
  const m2 = v128.load(at, 384);
  const even = f32x4.add(m1, m2);
  let y0 = f32x4.add(v128.load(at), even);
  let y1 = f32x4.sub(m1, m2);
  let y2 = even;
  if (full) {
    const m3 = v128.load(at, 576);
    const m4 = v128.load(at, 768);
    const half = f32x4.mul(m4, f32x4.splat(0.5));
    const double = f32x4.add(m3, m3);
    y0 = f32x4.add(y0, f32x4.add(m3, m4));
    y1 = f32x4.add(y1, f32x4.sub(double, half));
    y2 = f32x4.add(y2, f32x4.add(f32x4.add(double, double), f32x4.mul(half, f32x4.splat(0.5))));
  }
  if (far) y2 = f32x4.add(y2, v128.load(at, 960));
  v128.store(folded, y0);
  v128.store(folded, y1, 96);
  v128.store(folded, y2, 192);
}

// @ts-ignore: decorator
@inline
function finish(dst: usize, y: v128, bias: v128, floor: v128, count: i32): void {
  const v = f32x4.pmax(f32x4.add(y, bias), floor);
  if (count >= 4) v128.store(dst, v);
  else storeLanes(dst, v, count);
}

/** A^T along x of one folded row: up to three pixels. */
// @ts-ignore: decorator
@inline
function foldRow(
  at: usize,
  full: bool,
  far: bool,
  dst: usize,
  step: usize,
  pixels: i32,
  bias: v128,
  floor: v128,
  count: i32,
): void {
  const m1 = v128.load(at, 16);
  const m2 = v128.load(at, 32);
  const even = f32x4.add(m1, m2);
  let y0 = f32x4.add(v128.load(at), even);
  let y1 = f32x4.sub(m1, m2);
  let y2 = even;
  if (full) {
    const m3 = v128.load(at, 48);
    const m4 = v128.load(at, 64);
    const half = f32x4.mul(m4, f32x4.splat(0.5));
    const double = f32x4.add(m3, m3);
    y0 = f32x4.add(y0, f32x4.add(m3, m4));
    y1 = f32x4.add(y1, f32x4.sub(double, half));
    y2 = f32x4.add(y2, f32x4.add(f32x4.add(double, double), f32x4.mul(half, f32x4.splat(0.5))));
  }
  if (far) y2 = f32x4.add(y2, v128.load(at, 80));
  finish(dst, y0, bias, floor, count);
  if (pixels > 1) finish(dst + step, y1, bias, floor, count);
  if (pixels > 2) finish(dst + 2 * step, y2, bias, floor, count);
}

/** Up to 4 channels of one tile. Loops, not copies: a first run waits for the engine to optimise every copy. */
// @ts-ignore: decorator
@inline
function storeTile(
  m: usize,
  fullY: bool,
  fullX: bool,
  farY: bool,
  farX: bool,
  bias: v128,
  floor: v128,
  dst: usize,
  rowStep: usize,
  pixelStep: usize,
  rows: i32,
  pixels: i32,
  channels: i32,
): void {
  const near: usize = fullX ? 5 : 3;
  for (let x: usize = 0; x < 6; ++x) {
    if (x == near) {
      if (!farX) break;
      x = 5;
    }
    foldColumn(m + x * 32, ownScratch() + x * 16, fullY, farY);
  }
  let folded = ownScratch();
  do {
    foldRow(folded, fullX, farX, dst, pixelStep, pixels, bias, floor, channels);
    folded += 96;
    dst += rowStep;
  } while (--rows > 0 && folded < ownScratch() + 288);
}

/**
 * The products of a row of tiles -> `rows` (at most 3 count) rows of `pixels` pixels, `channels` (at most 8 count)
 * channels from `dst` on.
 */
export function storeTiles(
  products: usize,
  fullY: bool,
  fullX: bool,
  farY: bool,
  farX: bool,
  bias: usize,
  rectify: bool,
  dst: usize,
  rowStep: usize,
  pixelStep: usize,
  rows: i32,
  pixels: i32,
  channels: i32,
): void {
  const floor = f32x4.splat(rectify ? 0 : -Infinity);
  for (let half: usize = 0; half < 32 && channels > 0; half += 16) {
    const b = v128.load(bias + half);
    let m = products + half;
    let out = dst + half;
    for (let pixel = 0; pixel < pixels; pixel += 3) {
      storeTile(m, fullY, fullX, farY, farX, b, floor, out, rowStep, pixelStep, rows, pixels - pixel, channels);
      m += TILE_BYTES;
      out += 3 * pixelStep;
    }
    channels -= 4;
  }
}
