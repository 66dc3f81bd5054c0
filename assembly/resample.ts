/**
 * Resizing of colour pictures, a module of its own: xnorkit/image uses it without the kernels of networks.
 *
 *   columns   row[x][c]   = byte(sum over i < lengths[x]: picture[starts[x] + i][c] * weights[x][i])
 *   rows      plane[c][y][x] = byte(sum over i < lengths[y]: row[starts[y] + i - first][x][c] * weights[y][i])
 *   byte(sum) = (sum + 2^21) >> 22, at most 255
 *
 * Exactly the integers of src/image/resample.ts: bytes times weights of 22 fractional bits that are positive and sum to
 * 1, so that all stays below 2^31.
 *
 *   picture   [row][pixel][3 or 4] bytes; 4 bytes of each pixel are read, so that one more must lie behind the last
 *   windows   starts [count], lengths [count], weights [count][most]: i32, one behind the other
 *   filtered  [row][x][4] bytes, the fourth of no meaning for 3 channels
 *   planes    [3][y][x] bytes
 *
 * Cost: columns 7 instructions a pixel and weight, rows 15 for four pixels and a weight.
 */

/** Bytes of four vectors of i32, each sum rounded. */
// @ts-ignore: decorator
@inline
function toBytes(a: v128, b: v128, c: v128, d: v128): v128 {
  const half = i32x4.splat(1 << 21);
  const low = i16x8.narrow_i32x4_s(i32x4.shr_s(i32x4.add(a, half), 22), i32x4.shr_s(i32x4.add(b, half), 22));
  const high = i16x8.narrow_i32x4_s(i32x4.shr_s(i32x4.add(c, half), 22), i32x4.shr_s(i32x4.add(d, half), 22));
  return i8x16.narrow_i16x8_u(low, high);
}

/**
 * Filters rows of `rowBytes` along their columns.
 * @returns what all the fourth bytes of pixels that were read have in common: 255 where all of RGBA is opaque.
 */
export function resampleColumns(
  picture: usize,
  rows: i32,
  rowBytes: i32,
  channels: i32,
  windows: usize,
  width: i32,
  most: i32,
  filtered: usize,
): i32 {
  const lengths = windows + 4 * width;
  const weights = lengths + 4 * width;
  let common = i32x4.splat(-1);
  for (let row = 0; row < rows; ++row) {
    for (let x = 0; x < width; ++x) {
      let pixel = picture + load<i32>(windows + 4 * x) * channels;
      let weight = weights + 4 * x * most;
      const end = weight + 4 * load<i32>(lengths + 4 * x);
      let sum = i32x4.splat(0);
      for (; weight < end; weight += 4) {
        const bytes = v128.load_zero<u32>(pixel);
        const levels = i32x4.extend_low_i16x8_u(i16x8.extend_low_i8x16_u(bytes));
        sum = i32x4.add(sum, i32x4.mul(levels, v128.load_splat<i32>(weight)));
        common = v128.and(common, bytes);
        pixel += channels;
      }
      v128.store_lane<u32>(filtered, toBytes(sum, sum, sum, sum), 0);
      filtered += 4;
    }
    picture += rowBytes;
  }
  return i32x4.extract_lane(common, 0) >>> 24;
}

/**
 * Makes `height` rows of `width` pixels (4 at least) of filtered ones.
 * @param first The row of the picture that `filtered` begins with.
 */
export function resampleRows(
  filtered: usize,
  first: i32,
  windows: usize,
  height: i32,
  most: i32,
  width: i32,
  planes: usize,
): void {
  const rowBytes = 4 * width;
  const planeBytes = height * width;
  const lengths = windows + 4 * height;
  const weights = lengths + 4 * height;
  for (let y = 0; y < height; ++y) {
    const top = filtered + (load<i32>(windows + 4 * y) - first) * rowBytes;
    const firstWeight = weights + 4 * y * most;
    const end = firstWeight + 4 * load<i32>(lengths + 4 * y);
    for (let group = 0; group < width; group += 4) {
      // The last four pixels overlap those before where the width is no multiple of four.
      const x = min(group, width - 4);
      let a = i32x4.splat(0);
      let b = i32x4.splat(0);
      let c = i32x4.splat(0);
      let d = i32x4.splat(0);
      let four = top + 4 * x;
      for (let at = firstWeight; at < end; at += 4) {
        const weight = v128.load_splat<i32>(at);
        const bytes = v128.load(four);
        const low = i16x8.extend_low_i8x16_u(bytes);
        const high = i16x8.extend_high_i8x16_u(bytes);
        a = i32x4.add(a, i32x4.mul(i32x4.extend_low_i16x8_u(low), weight));
        b = i32x4.add(b, i32x4.mul(i32x4.extend_high_i16x8_u(low), weight));
        c = i32x4.add(c, i32x4.mul(i32x4.extend_low_i16x8_u(high), weight));
        d = i32x4.add(d, i32x4.mul(i32x4.extend_high_i16x8_u(high), weight));
        four += rowBytes;
      }
      const pixels = toBytes(a, b, c, d);
      const colors = v128.shuffle<u8>(pixels, pixels, 0, 4, 8, 12, 1, 5, 9, 13, 2, 6, 10, 14, 3, 7, 11, 15);
      const to = planes + y * width + x;
      v128.store_lane<u32>(to, colors, 0);
      v128.store_lane<u32>(to + planeBytes, colors, 1);
      v128.store_lane<u32>(to + 2 * planeBytes, colors, 2);
    }
  }
}
