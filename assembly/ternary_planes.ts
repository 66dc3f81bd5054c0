/**
 * torch's sign, which keeps 0, as two planes of sign bits: the value is half the sum of their signs.
 *
 *   value           +1   0   -1
 *   plane 0  x > 0     1   0    0
 *   plane 1  !(x < 0)  1   1    0         equal unless the value is 0
 *
 * Comparisons alone, so the decision is exact for every float. NaN is 0: neither comparison holds (torch passes it on).
 *
 *   map      [pixel][stride] f32
 *   plane i  at dst + i * planeBytes: bits [pixel][ceil(C/64)] u64, zero past the last channel
 *
 * Cost of sixteen channels: 4 loads, 8 comparisons, 6 narrowings, 2 bitmasks and 2 stores of 16 bits.
 */
import { bitRowBytes, clearBits, mapStride, maskBits } from "./sign_bits";

/**
 * map -> two planes of torch's sign, whose value is half the sum of their signs: plane 0 is x > 0 and plane 1 is
 * !(x < 0); NaN is 0. The i32 at `zeroFlag` becomes 1 if any value is 0, else 0: then plane 0 alone is the sign.
 */
export function packTernaryF32(
  src: usize,
  dst: usize,
  pixels: i32,
  channels: i32,
  planeBytes: usize,
  zeroFlag: usize,
): void {
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
      const x0 = v128.load(src + at);
      const x1 = v128.load(src + at, 16);
      const x2 = v128.load(src + at, 32);
      const x3 = v128.load(src + at, 48);
      const above = maskBits(f32x4.gt(x0, zero), f32x4.gt(x1, zero), f32x4.gt(x2, zero), f32x4.gt(x3, zero));
      const below = maskBits(f32x4.lt(x0, zero), f32x4.lt(x1, zero), f32x4.lt(x2, zero), f32x4.lt(x3, zero));
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
        const x = v128.load(src + at);
        above |= i32x4.bitmask(f32x4.gt(x, zero)) << c;
        below |= i32x4.bitmask(f32x4.lt(x, zero)) << c;
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
  store<i32>(zeroFlag, i32(zeros != 0));
}
