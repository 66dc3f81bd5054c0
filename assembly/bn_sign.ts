/**
 * Batch norm and sign of a count as one threshold. The sign of an affine function of a count is a step in the count, so one integer a
 * channel decides it, exactly:
 *
 *   bit(c) = (count <= threshold[c]) XOR flip[c]
 *
 * gamma > 0: the dot K - 2 * count is large where the count is small, flip 0; gamma < 0: flip 1; gamma = 0: a threshold that every
 * count meets (the largest i32) or none (-1). All of i32 and all of u16 (0 .. 65535, unsigned) compare exactly.
 *
 *   counts  [pixel][countStride] i32 or u16         threshold [C] i32, flip [ceil(C/64)] u64
 *   bits    [pixel][ceil(C/64)] u64, bit c%64 of word c/64, zero past the last channel
 *
 * Cost of sixteen channels: 8 loads, 4 comparisons, 4 instructions to 16 bits, 1 store. Channels % 16 go four at a time and the last 1
 * to 3 one by one, because rows of counts and thresholds need not be padded.
 */
import { bitRowBytes, clearBits, loadCounts4, maskBits } from "./sign_bits";

/** i32 counts -> bits of (count <= threshold[c]) XOR flip[c]. */
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

/** u16 counts -> bits of (count <= threshold[c]) XOR flip[c]; the threshold is i32, so -1 is never met and 65535 always. */
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
    for (; left >= 16; left -= 16) {
      const bits = maskBits(
        i32x4.le_s(loadCounts4<T>(at), v128.load(limit)),
        i32x4.le_s(loadCounts4<T>(at + 4 * sizeof<T>()), v128.load(limit, 16)),
        i32x4.le_s(loadCounts4<T>(at + 8 * sizeof<T>()), v128.load(limit, 32)),
        i32x4.le_s(loadCounts4<T>(at + 12 * sizeof<T>()), v128.load(limit, 48)),
      );
      store<u16>(out, <u16>(bits ^ (<i32>load<u16>(flips))));
      at += 16 * sizeof<T>();
      limit += 64;
      flips += 2;
      out += 2;
    }
    if (left > 0) {
      let bits = 0;
      let c = 0;
      for (; c + 4 <= left; c += 4) {
        bits |= i32x4.bitmask(i32x4.le_s(loadCounts4<T>(at), v128.load(limit))) << c;
        at += 4 * sizeof<T>();
        limit += 16;
      }
      for (; c < left; ++c) {
        bits |= i32(<i32>load<T>(at) <= load<i32>(limit)) << c;
        at += sizeof<T>();
        limit += 4;
      }
      store<u16>(out, <u16>((bits ^ (<i32>load<u16>(flips))) & last));
      out += 2;
    }
    clearBits(out, end);
    counts += countBytes;
    dst = end;
  }
}
