/**
 * Moving channels and pixels of sign bits without unpacking them: concat and slice, channel shuffle, pad and crop. What
 * rearrange.ts does to maps, on one bit a channel; planes of few bits or of ternary values are several such maps, moved
 * one by one.
 *
 *   copy      dst[p] bits [dstOffset, dstOffset + count) = src[p] bits [srcOffset, srcOffset + count)
 *   permute   dst[p] bit c = src[p] bit order[c]
 *   window    dst[y][x] = src[y - top][x - left], or the border pixel if that is outside
 *
 *   bits  [pixel][words] u64, words = ceil(channels / 64): channel c in bit c % 64 of word floor(c / 64), the rest 0
 *
 * COST. Copy: two loads, two shifts, a mask and a store for 64 channels, at any offset; from one word into one word two
 * loads, a rotation, two masks and a store. Window: the bytes of the rows. Permute takes 16 channels at a time: a
 * swizzle fetches the byte that holds each one, once for every 128 channels of the source, and a comparison with its
 * bit makes a mask: 8 instructions for 16 channels of up to 128.
 */
import { ownScratch } from "./layout";
import { bitRowBytes, clearBits } from "./sign_bits";

/** Channels whose bytes' numbers fit a byte, as permuteBits keeps them. */
const MOST_BY_BYTES: i32 = 2048;
/** For every channel of the result: the byte of its source, then the bit in it. */
// @ts-ignore: decorator
@inline
function sourceBytes(): usize {
  return ownScratch();
}

// @ts-ignore: decorator
@inline
function sourceBits(): usize {
  return ownScratch() + 2048;
}

/**
 * bits -> bits: channels [srcOffset, srcOffset + count) of `src` become channels [dstOffset, dstOffset + count) of
 * `dst`, any offsets, count at least 1; the other channels of `dst` are untouched. If these are its last channels
 * the bits past them become zero, so that the copies of a concat, or one of a slice, make whole bits of memory that
 * held anything. No overlap.
 */
export function copyBits(
  dst: usize,
  src: usize,
  pixels: i32,
  dstChannels: i32,
  dstOffset: i32,
  srcChannels: i32,
  srcOffset: i32,
  count: i32,
): void {
  const dstStep = bitRowBytes(dstChannels);
  const srcStep = bitRowBytes(srcChannels);
  const end = dstOffset + count;
  const first = dstOffset >> 6;
  const last = (end - 1) >> 6;
  // Bit 0 of the first word of `dst` comes from bit `from` of `src`, which may lie before the row.
  const from = srcOffset - (dstOffset & 63);
  const shift = <u64>(from & 63);
  const delta = (from >> 6) - first;
  const lowest = srcOffset >> 6;
  const highest = (srcOffset + count - 1) >> 6;
  // Bits of `dst` that stay: below the offset in the first word, past the end in the last one.
  const below: u64 = dstOffset & 63;
  const past: u64 = -end & 63;
  const before = ~(~(<u64>0) << below);
  const after = ~(~(<u64>0) >> past);
  const kept = end == dstChannels ? 0 : after;
  if (first == last && lowest == highest) {
    // A word into a word: most slices and halves of a concat.
    const mask = ~before & ~after;
    const stays = before | kept;
    let at = src + ((<usize>lowest) << 3);
    let to = dst + ((<usize>first) << 3);
    for (let pixel = 0; pixel < pixels; ++pixel) {
      store<u64>(to, (rotr<u64>(load<u64>(at), shift) & mask) | (load<u64>(to) & stays));
      at += srcStep;
      to += dstStep;
    }
    return;
  }
  for (let pixel = 0; pixel < pixels; ++pixel) {
    for (let word = first; word <= last; ++word) {
      const source = word + delta;
      const at = src + ((<usize>source) << 3);
      let value: u64 = 0;
      if (source >= lowest) value = load<u64>(at) >> shift;
      if (shift != 0 && source < highest) value |= load<u64>(at, 8) << (64 - shift);
      const to = dst + ((<usize>word) << 3);
      const old = load<u64>(to);
      if (word == first) value = (value & ~before) | (old & before);
      if (word == last) value = (value & ~after) | (old & kept);
      store<u64>(to, value);
    }
    dst += dstStep;
    src += srcStep;
  }
}

/** bits -> bits: channel c of `dst` is channel order[c] (u32, below `channels`) of `src`. No overlap. */
export function permuteBits(src: usize, dst: usize, pixels: i32, channels: i32, order: usize): void {
  const step = bitRowBytes(channels);
  if (channels > MOST_BY_BYTES) {
    permuteOneByOne(src, dst, pixels, channels, order);
    return;
  }
  for (let c: usize = 0; c < <usize>channels; ++c) {
    const source = <i32>load<u32>(order + (c << 2));
    store<u8>(sourceBytes() + c, <u8>(source >> 3));
    const bit: i32 = 1 << (source & 7);
    store<u8>(sourceBits() + c, <u8>bit);
  }
  for (let pixel = 0; pixel < pixels; ++pixel) {
    const end = dst + step;
    let c: usize = 0;
    for (let left = channels; left > 0; left -= 16) {
      let byte = v128.load(sourceBytes() + c);
      let found = i8x16.splat(0);
      let at = src;
      for (; at + 16 <= src + step; at += 16) {
        // A swizzle gives 0 for a byte that is not among its sixteen.
        found = v128.or(found, i8x16.swizzle(v128.load(at), byte));
        byte = i8x16.sub(byte, i8x16.splat(16));
      }
      if (at < src + step) found = v128.or(found, i8x16.swizzle(v128.load64_zero(at), byte));
      const bit = v128.load(sourceBits() + c);
      const bits = i8x16.bitmask(i8x16.eq(v128.and(found, bit), bit));
      store<u16>(dst, <u16>(left >= 16 ? bits : bits & ((1 << left) - 1)));
      dst += 2;
      c += 16;
    }
    clearBits(dst, end);
    dst = end;
    src += step;
  }
}

function permuteOneByOne(src: usize, dst: usize, pixels: i32, channels: i32, order: usize): void {
  const step = bitRowBytes(channels);
  for (let pixel = 0; pixel < pixels; ++pixel) {
    memory.fill(dst, 0, step);
    for (let c = 0; c < channels; ++c) {
      const source = <i32>load<u32>(order + ((<usize>c) << 2));
      const bit = ((<i32>load<u8>(src + ((<usize>source) >> 3))) >> (source & 7)) & 1;
      const to = dst + ((<usize>c) >> 3);
      const bits: i32 = load<u8>(to) | (bit << (c & 7));
      store<u8>(to, <u8>bits);
    }
    src += step;
    dst += step;
  }
}

/**
 * bits -> bits: dst[y][x] = src[y - top][x - left] if that is inside `src`, else the `words` words at `border`
 * (zeros for -1, ones up to the last channel for +1): with top and left >= 0 it pads, below 0 it crops. No overlap.
 */
export function windowBits(
  src: usize,
  dst: usize,
  batch: i32,
  height: i32,
  width: i32,
  words: i32,
  outHeight: i32,
  outWidth: i32,
  top: i32,
  left: i32,
  border: usize,
): void {
  const step = (<usize>words) << 3;
  // Columns [begin, end) of a row come from the source.
  const begin = min(max(left, 0), outWidth);
  const end = max(begin, min(outWidth, width + left));
  const bytes = <usize>(end - begin) * step;
  for (let image = 0; image < batch; ++image) {
    for (let y = 0; y < outHeight; ++y) {
      const from = y - top;
      if (from < 0 || from >= height) {
        dst = fillPixels(dst, outWidth, border, step);
      } else {
        dst = fillPixels(dst, begin, border, step);
        const source = src + <usize>((image * height + from) * width + begin - left) * step;
        if (bytes > 0) memory.copy(dst, source, bytes);
        dst = fillPixels(dst + bytes, outWidth - end, border, step);
      }
    }
  }
}

/** Pixels of the border; returns the address after the last. */
function fillPixels(dst: usize, pixels: i32, border: usize, step: usize): usize {
  for (let pixel = 0; pixel < pixels; ++pixel) {
    for (let at: usize = 0; at < step; at += 8) store<u64>(dst + at, load<u64>(border + at));
    dst += step;
  }
  return dst;
}
