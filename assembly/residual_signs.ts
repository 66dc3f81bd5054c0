/**
 * The epilogue that networks ask for most, without flags: a residual, a map and bits, of 16 channels or a multiple.
 *
 *   v = scale[c] * (x - middle) + shift[c] + first, a float's middle 0;  dst = v
 *   bit(c) = !(v < 0)  or  !((v ^ signFlip[c]) < signThreshold[c])
 *
 * Layouts as in epilogue.ts. Two pixels at a time share the loads of their channels' parameters: 0.8 of the time of one
 * at a time. Four channels of both pixels are read before either is written, so `dst` may be any input map, and an odd
 * last pixel is its own partner.
 */
import { affine, eightCounts, firstValues, nextValues, originOf, upperHalves } from "./epilogue_values";
import { bitRowBytes, clearBits, lessThan, mapStride, maskBits, negative } from "./sign_bits";

// @ts-ignore: decorator
@inline
export function residualSigns<T>(
  src: usize,
  srcBytes: usize,
  pixels: i32,
  channels: i32,
  middle: i32,
  scale: usize,
  shift: usize,
  first: usize,
  dst: usize,
  bits: usize,
  hasThreshold: bool,
  signThreshold: usize,
  signFlip: usize,
): void {
  const mapBytes = mapStride(channels) << 2;
  const bitBytes = bitRowBytes(channels);
  const origin = originOf<T>(middle);
  const upper = upperHalves<T>(middle);
  for (let pixel = 0; pixel < pixels; pixel += 2) {
    const paired = pixel + 1 < pixels;
    const nextX = paired ? srcBytes : 0;
    const nextMap = paired ? mapBytes : 0;
    const nextBits = paired ? bitBytes : 0;
    let x = src;
    let at: usize = 0;
    let out = bits;
    for (let left = channels; left > 0; left -= 16) {
      const to = dst + at;
      const from = first + at;

      const next = x + nextX;
      const eight0 = eightCounts<T>(x);
      const eight1 = eightCounts<T>(next);
      const scale0 = v128.load(scale + at);
      const shift0 = v128.load(shift + at);
      const c0 = affine(firstValues<T>(x, eight0, upper, origin), scale0, shift0);
      const d0 = affine(firstValues<T>(next, eight1, upper, origin), scale0, shift0);
      const a0 = f32x4.add(c0, v128.load(from));
      const b0 = f32x4.add(d0, v128.load(from + nextMap));
      v128.store(to, a0);
      v128.store(to + nextMap, b0);

      const scale1 = v128.load(scale + at, 16);
      const shift1 = v128.load(shift + at, 16);
      const c1 = affine(nextValues<T>(x, eight0, upper, origin), scale1, shift1);
      const d1 = affine(nextValues<T>(next, eight1, upper, origin), scale1, shift1);
      const a1 = f32x4.add(c1, v128.load(from, 16));
      const b1 = f32x4.add(d1, v128.load(from + nextMap, 16));
      v128.store(to, a1, 16);
      v128.store(to + nextMap, b1, 16);

      const x1 = x + 8 * sizeof<T>();
      const next1 = x1 + nextX;
      const eight2 = eightCounts<T>(x1);
      const eight3 = eightCounts<T>(next1);
      const scale2 = v128.load(scale + at, 32);
      const shift2 = v128.load(shift + at, 32);
      const c2 = affine(firstValues<T>(x1, eight2, upper, origin), scale2, shift2);
      const d2 = affine(firstValues<T>(next1, eight3, upper, origin), scale2, shift2);
      const a2 = f32x4.add(c2, v128.load(from, 32));
      const b2 = f32x4.add(d2, v128.load(from + nextMap, 32));
      v128.store(to, a2, 32);
      v128.store(to + nextMap, b2, 32);

      const scale3 = v128.load(scale + at, 48);
      const shift3 = v128.load(shift + at, 48);
      const c3 = affine(nextValues<T>(x1, eight2, upper, origin), scale3, shift3);
      const d3 = affine(nextValues<T>(next1, eight3, upper, origin), scale3, shift3);
      const a3 = f32x4.add(c3, v128.load(from, 48));
      const b3 = f32x4.add(d3, v128.load(from + nextMap, 48));
      v128.store(to, a3, 48);
      v128.store(to + nextMap, b3, 48);

      let less: i32, nextLess: i32;
      if (hasThreshold) {
        const flip0 = v128.load(signFlip + at);
        const limit0 = v128.load(signThreshold + at);
        const flip1 = v128.load(signFlip + at, 16);
        const limit1 = v128.load(signThreshold + at, 16);
        const flip2 = v128.load(signFlip + at, 32);
        const limit2 = v128.load(signThreshold + at, 32);
        const flip3 = v128.load(signFlip + at, 48);
        const limit3 = v128.load(signThreshold + at, 48);
        less = maskBits(
          lessThan(a0, flip0, limit0),
          lessThan(a1, flip1, limit1),
          lessThan(a2, flip2, limit2),
          lessThan(a3, flip3, limit3),
        );
        nextLess = maskBits(
          lessThan(b0, flip0, limit0),
          lessThan(b1, flip1, limit1),
          lessThan(b2, flip2, limit2),
          lessThan(b3, flip3, limit3),
        );
      } else {
        less = maskBits(negative(a0), negative(a1), negative(a2), negative(a3));
        nextLess = maskBits(negative(b0), negative(b1), negative(b2), negative(b3));
      }
      store<u16>(out, <u16>~less);
      store<u16>(out + nextBits, <u16>~nextLess);
      out += 2;
      x += 16 * sizeof<T>();
      at += 64;
    }
    clearBits(out, bits + bitBytes);
    clearBits(out + nextBits, bits + bitBytes + nextBits);
    bits += 2 * bitBytes;
    src += 2 * srcBytes;
    first += 2 * mapBytes;
    dst += 2 * mapBytes;
  }
}
