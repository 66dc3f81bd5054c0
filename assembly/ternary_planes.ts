/**
 * torch's sign, where 0 stays 0, as two planes of sign bits: the value is half the sum of their signs.
 *
 *   y = x ^ flip[c]             plane 0   y > threshold[c]         1 where the value is +1
 *                               plane 1   !(y < threshold[c])      0 where the value is -1
 *
 *   value   +1   0   -1
 *   plane 0  1   0    0
 *   plane 1  1   1    0         equal wherever the value is not 0
 *
 * With threshold 0 and flip 0 that is sign(x). sign(scale * x + shift) has the root of the line as its threshold and flip 0x80000000
 * with the negated root where scale < 0. Channels that do not depend on x: threshold -Infinity is +1 for every x above it, Infinity is
 * -1 for every x below it, NaN is 0. NaN in x is 0 as well: neither comparison holds (torch passes it on).
 *
 *   map  [pixel][stride] f32          plane i at dst + i * planeBytes: bits [pixel][ceil(C/64)] u64, zero past the last channel
 *
 * Cost of sixteen channels: 4 loads (12 with thresholds), 8 comparisons, 6 narrowings, 2 bitmasks and 2 stores of 16 bits.
 */
import { bitRowBytes, clearBits, mapStride, maskBits } from "./sign_bits";

/**
 * map -> two planes of torch's sign, whose value is half the sum of their signs: with y = x ^ flip[c], plane 0 is y >
 * threshold[c] and plane 1 is !(y < threshold[c]). A threshold of -Infinity is +1 for any y above, Infinity -1 for any
 * y below, NaN is always 0; NaN in x is 0. threshold f32, flip u32, padded to the map's stride; a threshold pointer of
 * 0 is sign(x), and flip is not read then. The i32 at `zeroFlag` becomes 1 if any value is 0, else 0: then plane 0
 * alone is the sign.
 */
export function packTernaryF32(
  src: usize,
  dst: usize,
  pixels: i32,
  channels: i32,
  planeBytes: usize,
  threshold: usize,
  flip: usize,
  zeroFlag: usize,
): void {
  const zeros =
    threshold == 0
      ? packSigns(src, dst, pixels, channels, planeBytes, false, 0, 0)
      : packSigns(src, dst, pixels, channels, planeBytes, true, threshold, flip);
  store<i32>(zeroFlag, i32(zeros != 0));
}

// Inlined twice, so that `perChannel` folds. Returns a number that is not 0 where any value is.
// @ts-ignore: decorator
@inline
function packSigns(
  src: usize,
  dst: usize,
  pixels: i32,
  channels: i32,
  planeBytes: usize,
  perChannel: bool,
  threshold: usize,
  flip: usize,
): i32 {
  const srcBytes = mapStride(channels) << 2;
  const rowBytes = bitRowBytes(channels);
  const last = (1 << (channels & 15)) - 1;
  const zero = f32x4.splat(0);
  let zeros = 0;
  for (let pixel = 0; pixel < pixels; ++pixel) {
    const end = dst + rowBytes;
    let at: usize = 0;
    let out = dst;
    let left = channels;
    for (; left >= 16; left -= 16) {
      let y0 = v128.load(src + at);
      let y1 = v128.load(src + at, 16);
      let y2 = v128.load(src + at, 32);
      let y3 = v128.load(src + at, 48);
      let t0 = zero;
      let t1 = zero;
      let t2 = zero;
      let t3 = zero;
      if (perChannel) {
        y0 = v128.xor(y0, v128.load(flip + at));
        y1 = v128.xor(y1, v128.load(flip + at, 16));
        y2 = v128.xor(y2, v128.load(flip + at, 32));
        y3 = v128.xor(y3, v128.load(flip + at, 48));
        t0 = v128.load(threshold + at);
        t1 = v128.load(threshold + at, 16);
        t2 = v128.load(threshold + at, 32);
        t3 = v128.load(threshold + at, 48);
      }
      const above = maskBits(f32x4.gt(y0, t0), f32x4.gt(y1, t1), f32x4.gt(y2, t2), f32x4.gt(y3, t3));
      const below = maskBits(f32x4.lt(y0, t0), f32x4.lt(y1, t1), f32x4.lt(y2, t2), f32x4.lt(y3, t3));
      store<u16>(out, <u16>above);
      store<u16>(out + planeBytes, <u16>~below);
      zeros |= above ^ below ^ 0xffff;
      at += 64;
      out += 2;
    }
    if (left > 0) {
      let above = 0;
      let below = 0;
      for (let c = 0; c < left; c += 4) {
        let y = v128.load(src + at);
        let t = zero;
        if (perChannel) {
          y = v128.xor(y, v128.load(flip + at));
          t = v128.load(threshold + at);
        }
        above |= i32x4.bitmask(f32x4.gt(y, t)) << c;
        below |= i32x4.bitmask(f32x4.lt(y, t)) << c;
        at += 16;
      }
      store<u16>(out, <u16>(above & last));
      store<u16>(out + planeBytes, <u16>(~below & last));
      zeros |= ~(above | below) & last;
      out += 2;
    }
    clearBits(out + planeBytes, end + planeBytes);
    clearBits(out, end);
    src += srcBytes;
    dst = end;
  }
  return zeros;
}
