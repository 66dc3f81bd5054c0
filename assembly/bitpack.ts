/**
 * Sign bits of floats, packed along channels, and back.
 *
 *   bit(c) = !((x ^ flip[c]) < threshold[c])      sign(x): threshold 0, flip 0
 *   bit(c) = (x ^ flip[c]) > threshold[c]         x > 0: threshold 0, flip 0
 *
 * A comparison that is false for NaN, then negated: NaN gives 1, and -0 < 0 is false, so -0 gives 1 (MXNet's det_sign).
 * Nothing is added or rounded, so the decision is exact for every float. Users of torch write (x > 0) * 2 - 1, which is
 * no such decision, because NaN and both zeros give 0 there: it is the second kind.
 *
 *   map   [pixel][ceil(C/4)*4] f32                bits  [pixel][ceil(C/64)] u64
 *         | c0 c1 c2 c3 | c4 ... | zeros |              bit c%64 of word c/64, zero past the last channel
 *
 * Cost: sixteen channels take 4 loads, 4 comparisons, 3 narrowings, 1 bitmask and 1 store of 16 bits, about one
 * instruction a channel; channels % 16 are done four at a time.
 */
import { bitRowBytes, clearBits, lessThan, mapStride, maskBits, negative } from "./sign_bits";

/** map -> bits of sign(x). */
export function packSignF32(src: usize, dst: usize, pixels: i32, channels: i32): void {
  packMap(src, dst, pixels, channels, false, false, 0, 0);
}

/**
 * map -> bits of (x ^ flip[c]) > threshold[c], 0 for NaN; threshold f32 and flip u32, both padded to the map's stride.
 * x > 0 is threshold 0, flip 0.
 */
export function packGreaterF32(
  src: usize,
  dst: usize,
  pixels: i32,
  channels: i32,
  threshold: usize,
  flip: usize,
): void {
  packMap(src, dst, pixels, channels, true, true, threshold, flip);
}

/** map -> bits of !((x ^ flip[c]) < threshold[c]); threshold f32 and flip u32, both padded to the map's stride. */
export function packThresholdF32(
  src: usize,
  dst: usize,
  pixels: i32,
  channels: i32,
  threshold: usize,
  flip: usize,
): void {
  packMap(src, dst, pixels, channels, false, true, threshold, flip);
}

// Inlined three times, so that both flags fold: sign(x) then loads nothing but the map.
// @ts-ignore: decorator
@inline
function packMap(
  src: usize,
  dst: usize,
  pixels: i32,
  channels: i32,
  greater: bool,
  perChannel: bool,
  threshold: usize,
  flip: usize,
): void {
  const srcBytes = mapStride(channels) << 2;
  const dstBytes = bitRowBytes(channels);
  const last = (1 << (channels & 15)) - 1;
  for (let pixel = 0; pixel < pixels; ++pixel) {
    const end = dst + dstBytes;
    let x = src;
    let limit = threshold;
    let flips = flip;
    let out = dst;
    let left = channels;
    for (; left >= 16; left -= 16) {
      let x0 = v128.load(x);
      let x1 = v128.load(x, 16);
      let x2 = v128.load(x, 32);
      let x3 = v128.load(x, 48);
      if (perChannel) {
        x0 = clearLanes(x0, v128.load(flips), v128.load(limit), greater);
        x1 = clearLanes(x1, v128.load(flips, 16), v128.load(limit, 16), greater);
        x2 = clearLanes(x2, v128.load(flips, 32), v128.load(limit, 32), greater);
        x3 = clearLanes(x3, v128.load(flips, 48), v128.load(limit, 48), greater);
        limit += 64;
        flips += 64;
      } else {
        x0 = negative(x0);
        x1 = negative(x1);
        x2 = negative(x2);
        x3 = negative(x3);
      }
      store<u16>(out, <u16>~maskBits(x0, x1, x2, x3));
      x += 64;
      out += 2;
    }
    if (left > 0) {
      let less = 0;
      for (let c = 0; c < left; c += 4) {
        const x0 = v128.load(x);
        const mask = perChannel ? clearLanes(x0, v128.load(flips), v128.load(limit), greater) : negative(x0);
        less |= i32x4.bitmask(mask) << c;
        x += 16;
        limit += 16;
        flips += 16;
      }
      store<u16>(out, <u16>(~less & last));
      out += 2;
    }
    clearBits(out, end);
    src += srcBytes;
    dst = end;
  }
}

/** Lanes that get bit 0. */
// @ts-ignore: decorator
@inline
function clearLanes(x: v128, flip: v128, threshold: v128, greater: bool): v128 {
  return greater ? v128.not(f32x4.gt(v128.xor(x, flip), threshold)) : lessThan(x, flip, threshold);
}

/**
 * bits -> map of -1 and +1, zero past the last channel: what a quantised activation is, for taps and for float layers
 * that read it.
 */
export function unpackSignF32(src: usize, dst: usize, pixels: i32, channels: i32): void {
  const srcBytes = bitRowBytes(channels);
  const select = i32x4(1, 2, 4, 8);
  const count = i32x4.splat(channels & 3);
  const present = i32x4.lt_s(i32x4(0, 1, 2, 3), count);
  for (let pixel = 0; pixel < pixels; ++pixel) {
    let c = 0;
    for (; c + 4 <= channels; c += 4) {
      v128.store(dst, signs(src, c, select));
      dst += 16;
    }
    if (c < channels) {
      v128.store(dst, v128.and(signs(src, c, select), present));
      dst += 16;
    }
    src += srcBytes;
  }
}

/** -1 or +1 of channels c to c + 3, c a multiple of 4: the float 1 with its sign bit set if the bit is 0. */
// @ts-ignore: decorator
@inline
function signs(src: usize, c: i32, select: v128): v128 {
  const nibble = (<i32>load<u8>(src + (c >> 3))) >> (c & 4);
  const clear = i32x4.eq(v128.and(i32x4.splat(nibble), select), i32x4.splat(0));
  return v128.or(f32x4.splat(1), i32x4.shl(clear, 31));
}

/** 1 to 8 bytes, little-endian. */
// @ts-ignore: decorator
@inline
function lastWord(src: usize, bytes: usize): u64 {
  if (bytes == 8) return load<u64>(src);
  let word: u64 = 0;
  let shift: u64 = 0;
  if ((bytes & 4) != 0) {
    word = load<u32>(src);
    src += 4;
    shift = 32;
  }
  if ((bytes & 2) != 0) {
    word |= (<u64>load<u16>(src)) << shift;
    src += 2;
    shift += 16;
  }
  if ((bytes & 1) != 0) word |= (<u64>load<u8>(src)) << shift;
  return word;
}

/**
 * Rows of ceil(channels / 8) bytes at any address, as a packed weight stores a tap -> rows of ceil(channels / 64) u64
 * words; bits past the last channel are dropped.
 */
export function widenRows(src: usize, dst: usize, rows: i32, channels: i32): void {
  const tail = channels & 63;
  const tailBytes = (<usize>(tail + 7)) >> 3;
  const mask = ((<u64>1) << (<u64>tail)) - 1;
  for (let row = 0; row < rows; ++row) {
    for (let c = channels; c >= 64; c -= 64) {
      store<u64>(dst, load<u64>(src));
      src += 8;
      dst += 8;
    }
    if (tail != 0) {
      store<u64>(dst, lastWord(src, tailBytes) & mask);
      src += tailBytes;
      dst += 8;
    }
  }
}
