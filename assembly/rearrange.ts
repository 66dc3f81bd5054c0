/**
 * Moving channels and pixels of maps without changing a value: concat and slice, channel shuffle, pad and crop.
 *
 *   copy      dst[p][dstOffset + i] = src[p][srcOffset + i]       0 <= i < count
 *   permute   dst[p][c] = src[p][order[c]]
 *   window    dst[y][x] = src[y - top][x - left], or a constant if that is outside
 *
 *   map  [pixel][stride] f32, stride = ceil(channels / 4) * 4, tail lanes zero
 *
 * Cost: a load and a store for four floats, at any offset (unaligned vectors cost nothing extra here); permute a load
 * of the index, one of the float and a store for each.
 */
import { mapStride } from "./sign_bits";

/**
 * dst map (dstChannels) channels [dstOffset, dstOffset + count) = src map (srcChannels) channels [srcOffset, srcOffset
 * + count); any offset, other channels untouched. If they are the last ones of `dst`, its tail lanes become zero, so
 * that the copies of a concat, or one of a slice, make a whole map. The maps must not overlap.
 */
export function copyChannelsF32(
  dst: usize,
  src: usize,
  pixels: i32,
  dstChannels: i32,
  dstOffset: i32,
  srcChannels: i32,
  srcOffset: i32,
  count: i32,
): void {
  const dstStep = mapStride(dstChannels) << 2;
  const srcStep = mapStride(srcChannels) << 2;
  const bytes = (<usize>count) << 2;
  const tail = dstOffset + count == dstChannels ? -dstChannels & 3 : 0;
  let to = dst + ((<usize>dstOffset) << 2);
  let from = src + ((<usize>srcOffset) << 2);
  for (let pixel = 0; pixel < pixels; ++pixel) {
    copyFloats(to, from, bytes);
    for (let i = 0; i < tail; ++i) store<f32>(to + bytes + ((<usize>i) << 2), 0);
    to += dstStep;
    from += srcStep;
  }
}

/**
 * Copies floats in vectors; the last vector overlaps the one before it rather than leaving up to three floats to a
 * loop.
 */
// @ts-ignore: decorator
@inline
function copyFloats(to: usize, from: usize, bytes: usize): void {
  if (bytes < 16) {
    for (let at: usize = 0; at < bytes; at += 4) store<f32>(to + at, load<f32>(from + at));
    return;
  }
  const last = bytes - 16;
  for (let at: usize = 0; at < last; at += 16) v128.store(to + at, v128.load(from + at));
  v128.store(to + last, v128.load(from + last));
}

/** dst[c] = src[order[c]]; order u32, each below `channels`. The maps must not overlap. */
export function permuteChannelsF32(src: usize, dst: usize, pixels: i32, channels: i32, order: usize): void {
  const step = mapStride(channels) << 2;
  const end = (<usize>channels) << 2;
  for (let pixel = 0; pixel < pixels; ++pixel) {
    let at: usize = 0;
    for (; at + 16 <= end; at += 16) {
      let v = v128.load32_zero(src + ((<usize>load<u32>(order + at)) << 2));
      v = v128.load32_lane(src + ((<usize>load<u32>(order + at, 4)) << 2), v, 1);
      v = v128.load32_lane(src + ((<usize>load<u32>(order + at, 8)) << 2), v, 2);
      v = v128.load32_lane(src + ((<usize>load<u32>(order + at, 12)) << 2), v, 3);
      v128.store(dst + at, v);
    }
    for (; at < end; at += 4) store<f32>(dst + at, load<f32>(src + ((<usize>load<u32>(order + at)) << 2)));
    for (; at < step; at += 4) store<f32>(dst + at, 0);
    src += step;
    dst += step;
  }
}

/**
 * dst[y][x] = src[y - top][x - left] if that is inside `src`, else `value`: pads, or crops if top or left is negative.
 * The maps must not overlap.
 */
export function windowF32(
  src: usize,
  dst: usize,
  batch: i32,
  height: i32,
  width: i32,
  channels: i32,
  outHeight: i32,
  outWidth: i32,
  top: i32,
  left: i32,
  value: f32,
): void {
  const step = mapStride(channels) << 2;
  // Columns [begin, end) of a row come from the source.
  const begin = min(max(left, 0), outWidth);
  const end = max(begin, min(outWidth, width + left));
  const bytes = <usize>(end - begin) * step;
  let row = dst;
  for (let image = 0; image < batch; ++image) {
    for (let y = 0; y < outHeight; ++y) {
      const from = y - top;
      if (from < 0 || from >= height) {
        fillPixels(row, outWidth, channels, value);
      } else {
        fillPixels(row, begin, channels, value);
        const source = src + <usize>((image * height + from) * width + begin - left) * step;
        if (bytes > 0) memory.copy(row + <usize>begin * step, source, bytes);
        fillPixels(row + <usize>end * step, outWidth - end, channels, value);
      }
      row += <usize>outWidth * step;
    }
  }
}

/** Pixels of a constant, zeros in their tail lanes. */
function fillPixels(dst: usize, pixels: i32, channels: i32, value: f32): void {
  const four = f32x4.splat(value);
  const present = i32x4.lt_s(i32x4(0, 1, 2, 3), i32x4.splat(channels & 3));
  const last = v128.and(four, present);
  for (let pixel = 0; pixel < pixels; ++pixel) {
    for (let left = channels; left >= 4; left -= 4) {
      v128.store(dst, four);
      dst += 16;
    }
    if (channels & 3) {
      v128.store(dst, last);
      dst += 16;
    }
  }
}
