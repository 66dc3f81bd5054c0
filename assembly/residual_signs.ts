/**
 * The epilogue that networks ask for most, without flags: a residual, a map and bits.
 *
 *   v = scale[c] * (x - center[c]) + shift[c] + first, a float's center 0;  dst = v
 *   bit(c) = !(v < 0)  or  !((v ^ signFlip[c]) < signThreshold[c])
 *
 * Layouts as in epilogue.ts. Two pixels at a time share the loads of their channels' parameters: 0.8 of the time of one
 * at a time. Four channels of both pixels are read before either is written, so `dst` may be any input map, and an odd
 * last pixel is its own partner.
 */
import { affine, centeredAffine, values4, valuesLast } from "./epilogue_values";
import { bitRowBytes, clearBits, lessThan, mapStride, maskBits, negative } from "./sign_bits";

// Inlined twice for each type of x, so that `hasThreshold` folds.
// @ts-ignore: decorator
@inline
export function residualSigns<T>(
  src: usize,
  srcBytes: usize,
  pixels: i32,
  channels: i32,
  center: usize,
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
  const last = (1 << (channels & 15)) - 1;
  const none = f32x4.splat(0);
  for (let pixel = 0; pixel < pixels; pixel += 2) {
    const paired = pixel + 1 < pixels;
    const nextX = paired ? srcBytes : 0;
    const nextMap = paired ? mapBytes : 0;
    const nextBits = paired ? bitBytes : 0;
    let x = src;
    let at: usize = 0;
    let out = bits;
    let left = channels;
    for (; left >= 16; left -= 16) {
      const to = dst + at;
      const from = first + at;
      const x1 = x + 4 * sizeof<T>();
      const x2 = x + 8 * sizeof<T>();
      const x3 = x + 12 * sizeof<T>();

      const center0 = isFloat<T>() ? none : v128.load(center + at);
      const scale0 = v128.load(scale + at);
      const shift0 = v128.load(shift + at);
      const a0 = f32x4.add(affineOf<T>(values4<T>(x), center0, scale0, shift0), v128.load(from));
      const b0 = f32x4.add(affineOf<T>(values4<T>(x + nextX), center0, scale0, shift0), v128.load(from + nextMap));
      v128.store(to, a0);
      v128.store(to + nextMap, b0);

      const center1 = isFloat<T>() ? none : v128.load(center + at, 16);
      const scale1 = v128.load(scale + at, 16);
      const shift1 = v128.load(shift + at, 16);
      const a1 = f32x4.add(affineOf<T>(values4<T>(x1), center1, scale1, shift1), v128.load(from, 16));
      const b1 = f32x4.add(affineOf<T>(values4<T>(x1 + nextX), center1, scale1, shift1), v128.load(from + nextMap, 16));
      v128.store(to, a1, 16);
      v128.store(to + nextMap, b1, 16);

      const center2 = isFloat<T>() ? none : v128.load(center + at, 32);
      const scale2 = v128.load(scale + at, 32);
      const shift2 = v128.load(shift + at, 32);
      const a2 = f32x4.add(affineOf<T>(values4<T>(x2), center2, scale2, shift2), v128.load(from, 32));
      const b2 = f32x4.add(affineOf<T>(values4<T>(x2 + nextX), center2, scale2, shift2), v128.load(from + nextMap, 32));
      v128.store(to, a2, 32);
      v128.store(to + nextMap, b2, 32);

      const center3 = isFloat<T>() ? none : v128.load(center + at, 48);
      const scale3 = v128.load(scale + at, 48);
      const shift3 = v128.load(shift + at, 48);
      const a3 = f32x4.add(affineOf<T>(values4<T>(x3), center3, scale3, shift3), v128.load(from, 48));
      const b3 = f32x4.add(affineOf<T>(values4<T>(x3 + nextX), center3, scale3, shift3), v128.load(from + nextMap, 48));
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
    if (left > 0) {
      let less = 0;
      let nextLess = 0;
      for (let c = 0; c < left; c += 4) {
        const to = dst + at;
        const from = first + at;
        const center4 = isFloat<T>() ? none : v128.load(center + at);
        const scale4 = v128.load(scale + at);
        const shift4 = v128.load(shift + at);
        const a = f32x4.add(affineOf<T>(valuesLast<T>(x, left - c), center4, scale4, shift4), v128.load(from));
        const b = f32x4.add(
          affineOf<T>(valuesLast<T>(x + nextX, left - c), center4, scale4, shift4),
          v128.load(from + nextMap),
        );
        v128.store(to, a);
        v128.store(to + nextMap, b);
        less |= i32x4.bitmask(below(a, hasThreshold, signThreshold + at, signFlip + at)) << c;
        nextLess |= i32x4.bitmask(below(b, hasThreshold, signThreshold + at, signFlip + at)) << c;
        x += 4 * sizeof<T>();
        at += 16;
      }
      store<u16>(out, <u16>(~less & last));
      store<u16>(out + nextBits, <u16>(~nextLess & last));
      out += 2;
    }
    clearBits(out, bits + bitBytes);
    clearBits(out + nextBits, bits + bitBytes + nextBits);
    bits += 2 * bitBytes;
    src += 2 * srcBytes;
    first += 2 * mapBytes;
    dst += 2 * mapBytes;
  }
}

/** The affine of counts less their centers, or of floats. */
// @ts-ignore: decorator
@inline
function affineOf<T>(x: v128, center: v128, scale: v128, shift: v128): v128 {
  return isFloat<T>() ? affine(x, scale, shift) : centeredAffine(x, center, scale, shift);
}

/** Lanes of four channels below the threshold. */
// @ts-ignore: decorator
@inline
function below(v: v128, hasThreshold: bool, threshold: usize, flip: usize): v128 {
  return hasThreshold ? lessThan(v, v128.load(flip), v128.load(threshold)) : negative(v);
}
