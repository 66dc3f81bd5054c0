/**
 * Batch norm and sign of a count as one threshold. The sign of an affine function of a count is a step in the count, so
 * one integer a channel decides it, exactly:
 *
 *   bit(c) = (count <= threshold[c]) XOR flip[c]
 *
 * gamma > 0: the dot K - 2 * count is large if the count is small, flip 0; gamma < 0: flip 1; a channel that is always
 * 1 has a threshold that every count meets, one that is never 1 the same with flip 1. All of i32, and all of u16
 * (0 .. 65535, unsigned), compare exactly.
 *
 *   counts  [pixel][countStride] i32 or u16         threshold [C] of the counts' type, flip [ceil(C/64)] u64
 *   bits    [pixel][ceil(C/64)] u64, bit c%64 of word c/64, zero past the last channel
 *
 * Cost of sixteen channels: for i32 8 loads, 4 comparisons, 4 instructions to 16 bits and 1 store; for u16 half of it,
 * 4 loads, 2 comparisons and 2 to 16 bits. Channels % 16 go four at a time and the last 1 to 3 one by one, because rows
 * of counts and thresholds need not be padded.
 */
import { bitRowBytes, clearBits, maskBits } from "./sign_bits";

/** i32 counts -> bits of (count <= threshold[c]) XOR flip[c]; threshold i32, flip one bit a channel in u64 words. */
export function thresholdCountsI32(
  counts: usize,
  dst: usize,
  pixels: i32,
  channels: i32,
  countStride: i32,
  threshold: usize,
  flip: usize,
): void {
  thresholdCounts<i32>(counts, dst, pixels, channels, countStride, threshold, flip);
}

/** u16 counts -> bits of (count <= threshold[c]) XOR flip[c]; threshold u16, flip one bit a channel in u64 words. */
export function thresholdCountsU16(
  counts: usize,
  dst: usize,
  pixels: i32,
  channels: i32,
  countStride: i32,
  threshold: usize,
  flip: usize,
): void {
  thresholdCounts<u16>(counts, dst, pixels, channels, countStride, threshold, flip);
}

// @ts-ignore: decorator
@inline
function thresholdCounts<T>(
  counts: usize,
  dst: usize,
  pixels: i32,
  channels: i32,
  countStride: i32,
  threshold: usize,
  flip: usize,
): void {
  const countBytes = <usize>countStride * sizeof<T>();
  const dstBytes = bitRowBytes(channels);
  const last = (1 << (channels & 15)) - 1;
  for (let pixel = 0; pixel < pixels; ++pixel) {
    const end = dst + dstBytes;
    let at = counts;
    let limit = threshold;
    let flips = flip;
    let out = dst;
    let left = channels;
    // Comparisons of u16 are so cheap that what is around them counts: one store for 64 channels.
    if (sizeof<T>() == 2) {
      for (; left >= 64; left -= 64) {
        const bits0 = <u64>sixteen(v128.load(at), v128.load(limit), v128.load(at, 16), v128.load(limit, 16));
        const bits1 = <u64>sixteen(v128.load(at, 32), v128.load(limit, 32), v128.load(at, 48), v128.load(limit, 48));
        const bits2 = <u64>sixteen(v128.load(at, 64), v128.load(limit, 64), v128.load(at, 80), v128.load(limit, 80));
        const bits3 = <u64>sixteen(v128.load(at, 96), v128.load(limit, 96), v128.load(at, 112), v128.load(limit, 112));
        store<u64>(out, (bits0 | (bits1 << 16) | (bits2 << 32) | (bits3 << 48)) ^ load<u64>(flips));
        at += 128;
        limit += 128;
        flips += 8;
        out += 8;
      }
    }
    if (left > 0) {
      for (; left >= 16; left -= 16) {
        store<u16>(out, <u16>(below16<T>(at, limit) ^ (<i32>load<u16>(flips))));
        at += 16 * sizeof<T>();
        limit += 16 * sizeof<T>();
        flips += 2;
        out += 2;
      }
      if (left > 0) {
        let bits = 0;
        let c = 0;
        for (; c + 4 <= left; c += 4) {
          bits |= below4<T>(at, limit) << c;
          at += 4 * sizeof<T>();
          limit += 4 * sizeof<T>();
        }
        for (; c < left; ++c) {
          bits |= i32(load<T>(at) <= load<T>(limit)) << c;
          at += sizeof<T>();
          limit += sizeof<T>();
        }
        store<u16>(out, <u16>((bits ^ (<i32>load<u16>(flips))) & last));
        out += 2;
      }
      clearBits(out, end);
    }
    counts += countBytes;
    dst = end;
  }
}

/** Sixteen comparisons, one bit a channel. */
// @ts-ignore: decorator
@inline
function below16<T>(at: usize, limit: usize): i32 {
  if (sizeof<T>() == 2) return sixteen(v128.load(at), v128.load(limit), v128.load(at, 16), v128.load(limit, 16));
  return maskBits(
    i32x4.le_s(v128.load(at), v128.load(limit)),
    i32x4.le_s(v128.load(at, 16), v128.load(limit, 16)),
    i32x4.le_s(v128.load(at, 32), v128.load(limit, 32)),
    i32x4.le_s(v128.load(at, 48), v128.load(limit, 48)),
  );
}

/** Sixteen u16 and their limits as two vectors each. */
// @ts-ignore: decorator
@inline
function sixteen(low: v128, lowLimit: v128, high: v128, highLimit: v128): i32 {
  return i8x16.bitmask(i8x16.narrow_i16x8_s(i16x8.le_u(low, lowLimit), i16x8.le_u(high, highLimit)));
}

/** Four comparisons. */
// @ts-ignore: decorator
@inline
function below4<T>(at: usize, limit: usize): i32 {
  if (sizeof<T>() == 2) return i16x8.bitmask(i16x8.le_u(v128.load64_zero(at), v128.load64_zero(limit))) & 15;
  return i32x4.bitmask(i32x4.le_s(v128.load(at), v128.load(limit)));
}
