/**
 * Pooling of maps, vectors along the channels.
 *
 *   max   out[p][c] = max over the window's taps inside the map (-infinity outside, so an empty window gives -infinity)
 *   avg   out[p][c] = sum over the taps inside the map / divisor, correctly rounded division
 *   mean  out[b][c] = sum over the image / pixels
 *
 * Windows are cut to the map once a pixel; the taps are then walked without checks, CHUNK = 16 channels (one cache
 * line) at a time with 4 accumulators, the last channels 4 at a time, or in a last chunk that overlaps the one before
 * (means). Sums are of rows of the window, then of their sums; the mean of an image takes BLOCK = 32 pixels for a row:
 * added one by one, 50x50 equal pixels would lose a hundred thousandth of their mean to rounding.
 *
 * A maximum that keeps NaN takes eight x86 instructions as f32x4.max. Here it takes three: f32x4.pmax (one, drops NaN),
 * and a mask of the lanes that were ever NaN, turned into NaN at the end: 2.6 times as fast.
 */
import { zeroTails } from "./pad_f32";

/** Bytes of 4 vectors. */
const CHUNK: usize = 64;

/** Pixels that the mean of an image adds up before it adds their sum. */
const BLOCK: i32 = 32;

// @ts-ignore: decorator
@inline
function stepOf(channels: i32): usize {
  return (<usize>((channels + 3) & ~3)) << 2;
}

/** Maximum of `width` times `height` pixels from `src` on, for 4 channels. */
// @ts-ignore: decorator
@inline
function maxOfFour(src: usize, dst: usize, height: i32, width: i32, step: usize, rowStep: usize): void {
  let best = f32x4.splat(-Infinity);
  let nan = i32x4.splat(0);
  for (let y = 0; y < height; ++y) {
    let a = src;
    for (let x = 0; x < width; ++x) {
      const v = v128.load(a);
      best = f32x4.pmax(best, v);
      nan = v128.or(nan, f32x4.ne(v, v));
      a += step;
    }
    src += rowStep;
  }
  v128.store(dst, v128.or(best, nan));
}

/** The same for 16 channels. */
// @ts-ignore: decorator
@inline
function maxOfChunk(src: usize, dst: usize, height: i32, width: i32, step: usize, rowStep: usize): void {
  let best0 = f32x4.splat(-Infinity);
  let best1 = best0;
  let best2 = best0;
  let best3 = best0;
  let nan0 = i32x4.splat(0);
  let nan1 = nan0;
  let nan2 = nan0;
  let nan3 = nan0;
  for (let y = 0; y < height; ++y) {
    let a = src;
    for (let x = 0; x < width; ++x) {
      const v0 = v128.load(a);
      const v1 = v128.load(a, 16);
      const v2 = v128.load(a, 32);
      const v3 = v128.load(a, 48);
      best0 = f32x4.pmax(best0, v0);
      best1 = f32x4.pmax(best1, v1);
      best2 = f32x4.pmax(best2, v2);
      best3 = f32x4.pmax(best3, v3);
      nan0 = v128.or(nan0, f32x4.ne(v0, v0));
      nan1 = v128.or(nan1, f32x4.ne(v1, v1));
      nan2 = v128.or(nan2, f32x4.ne(v2, v2));
      nan3 = v128.or(nan3, f32x4.ne(v3, v3));
      a += step;
    }
    src += rowStep;
  }
  v128.store(dst, v128.or(best0, nan0));
  v128.store(dst, v128.or(best1, nan1), 16);
  v128.store(dst, v128.or(best2, nan2), 32);
  v128.store(dst, v128.or(best3, nan3), 48);
}

/**
 * Sum of `width` times `height` pixels from `src` on and of `tail` more in the row below, divided, for a pixel of
 * `bytes`, 4 channels at a time. A function of its own: what has a chunk needs no code of it.
 */
function meansOfFew(
  src: usize,
  dst: usize,
  bytes: usize,
  height: i32,
  width: i32,
  tail: i32,
  step: usize,
  rowStep: usize,
  divisor: v128,
): void {
  const rows = tail > 0 ? height + 1 : height;
  for (const end = src + bytes; src < end; src += 16) {
    let sum = f32x4.splat(0);
    let first = src;
    for (let y = 0; y < rows; ++y) {
      let row = f32x4.splat(0);
      let a = first;
      for (let x = y < height ? width : tail; x > 0; --x) {
        row = f32x4.add(row, v128.load(a));
        a += step;
      }
      sum = f32x4.add(sum, row);
      first += rowStep;
    }
    v128.store(dst, f32x4.div(sum, divisor));
    dst += 16;
  }
}

/**
 * Means of the windows of a row of `outWidth` pixels of `bytes`: `height` rows of up to `kernelWidth` pixels, and
 * `tail` more in the row below. The divisor is `area`, or the number of taps inside the map if that is 0. One function
 * for windows and for whole images: half as much code to optimise.
 */
function meansOfRow(
  src: usize,
  dst: usize,
  bytes: usize,
  outWidth: i32,
  width: i32,
  kernelWidth: i32,
  strideWidth: i32,
  padLeft: i32,
  height: i32,
  tail: i32,
  step: usize,
  rowStep: usize,
  area: i32,
): void {
  const rows = tail > 0 ? height + 1 : height;
  for (let pixel = 0; pixel < outWidth; ++pixel) {
    const left = max(0, pixel * strideWidth - padLeft);
    const columns = max(0, min(width, pixel * strideWidth - padLeft + kernelWidth) - left);
    // The mean of an empty window is 0: its sum is 0 and the divisor must not be.
    const divisor = f32x4.splat(<f32>(area > 0 ? area : max(1, height * columns)));
    const window = src + <usize>left * step;
    if (bytes < CHUNK) meansOfFew(window, dst, bytes, height, columns, tail, step, rowStep, divisor);
    else {
      for (let c: usize = 0; c < bytes; c += CHUNK) {
        // The last chunk overlaps the one before where they do not divide the pixel.
        const at = min(c, bytes - CHUNK);
        let first = window + at;
        let sum0 = f32x4.splat(0);
        let sum1 = sum0;
        let sum2 = sum0;
        let sum3 = sum0;
        for (let y = 0; y < rows; ++y) {
          let row0 = f32x4.splat(0);
          let row1 = row0;
          let row2 = row0;
          let row3 = row0;
          let a = first;
          for (let x = y < height ? columns : tail; x > 0; --x) {
            row0 = f32x4.add(row0, v128.load(a));
            row1 = f32x4.add(row1, v128.load(a, 16));
            row2 = f32x4.add(row2, v128.load(a, 32));
            row3 = f32x4.add(row3, v128.load(a, 48));
            a += step;
          }
          sum0 = f32x4.add(sum0, row0);
          sum1 = f32x4.add(sum1, row1);
          sum2 = f32x4.add(sum2, row2);
          sum3 = f32x4.add(sum3, row3);
          first += rowStep;
        }
        const to = dst + at;
        v128.store(to, f32x4.div(sum0, divisor));
        v128.store(to, f32x4.div(sum1, divisor), 16);
        v128.store(to, f32x4.div(sum2, divisor), 32);
        v128.store(to, f32x4.div(sum3, divisor), 48);
      }
    }
    dst += step;
  }
}

/** Maximum over each window, -infinity outside the map; NaN in a window gives NaN. */
export function maxPoolF32(
  src: usize,
  dst: usize,
  batch: i32,
  height: i32,
  width: i32,
  channels: i32,
  outHeight: i32,
  outWidth: i32,
  kernelHeight: i32,
  kernelWidth: i32,
  strideHeight: i32,
  strideWidth: i32,
  padTop: i32,
  padLeft: i32,
): void {
  const step = stepOf(channels);
  const rowStep = <usize>width * step;
  let out = dst;
  for (let image = 0; image < batch; ++image) {
    const base = src + <usize>(image * height) * rowStep;
    for (let y = 0; y < outHeight; ++y) {
      const top = max(0, y * strideHeight - padTop);
      const rows = min(height, y * strideHeight - padTop + kernelHeight) - top;
      for (let x = 0; x < outWidth; ++x) {
        const left = max(0, x * strideWidth - padLeft);
        const columns = min(width, x * strideWidth - padLeft + kernelWidth) - left;
        const window = base + <usize>top * rowStep + <usize>left * step;
        let c: usize = 0;
        for (; c + CHUNK <= step; c += CHUNK) maxOfChunk(window + c, out + c, rows, columns, step, rowStep);
        for (; c < step; c += 16) maxOfFour(window + c, out + c, rows, columns, step, rowStep);
        out += step;
      }
    }
  }
  // An empty window leaves -infinity in the tail lanes.
  zeroTails(dst, batch * outHeight * outWidth, channels);
}

/**
 * Mean over each window; the divisor is the kernel's area if `countIncludePad` is not 0, else the taps inside the map.
 * The mean of an empty window is 0.
 */
export function avgPoolF32(
  src: usize,
  dst: usize,
  batch: i32,
  height: i32,
  width: i32,
  channels: i32,
  outHeight: i32,
  outWidth: i32,
  kernelHeight: i32,
  kernelWidth: i32,
  strideHeight: i32,
  strideWidth: i32,
  padTop: i32,
  padLeft: i32,
  countIncludePad: i32,
): void {
  const step = stepOf(channels);
  const rowStep = <usize>width * step;
  const area = kernelHeight * kernelWidth;
  let out = dst;
  for (let image = 0; image < batch; ++image) {
    const base = src + <usize>(image * height) * rowStep;
    for (let y = 0; y < outHeight; ++y) {
      const top = max(0, y * strideHeight - padTop);
      const rows = max(0, min(height, y * strideHeight - padTop + kernelHeight) - top);
      meansOfRow(
        base + <usize>top * rowStep,
        out,
        step,
        outWidth,
        width,
        kernelWidth,
        strideWidth,
        padLeft,
        rows,
        0,
        step,
        rowStep,
        countIncludePad ? area : 0,
      );
      out += <usize>outWidth * step;
    }
  }
}

/**
 * Mean over all `plane` pixels of each image: a map of `batch` pixels. Both maps have `mapChannels` channels: the
 * `channels` that are meant, or more.
 */
export function globalAvgPoolF32(
  src: usize,
  dst: usize,
  batch: i32,
  plane: i32,
  channels: i32,
  mapChannels: i32,
): void {
  const step = stepOf(mapChannels);
  const bytes = stepOf(channels);
  const rows = plane / BLOCK;
  const tail = plane % BLOCK;
  const rowStep = <usize>BLOCK * step;
  for (let image = 0; image < batch; ++image) {
    meansOfRow(src, dst, bytes, 1, BLOCK, BLOCK, 1, 0, rows, tail, step, rowStep, plane);
    src += <usize>plane * step;
    dst += step;
  }
}
