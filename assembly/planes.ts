/**
 * Few-bit activations as bit planes, and back. A level q in 0 .. 2^bits - 1 is sum over i of 2^i * bit_i; with s_i = 2
 * bit_i - 1 its plane i is a map of sign bits like any other, which the binary kernels take as it is:
 *
 *   q = sum_i 2^(i-1) s_i + (2^bits - 1) / 2
 *
 *   map      [pixel][stride] f32
 *   plane i  at dst + i * planeBytes: bits [pixel][ceil(C/64)] u64, zero past the last channel
 *
 *   round    q = r(clip(x, 0, 1) * v)                            v = 2^bits - 1, bits 1 to 8
 *   dorefa   q = r((0.5 * (tanh x / max|tanh|) + 0.5) * v)
 *
 * in floats and in that order, as BMXNet does (python/mxnet/gluon/nn/binary_layers.py). r rounds half away from zero
 * like C's round. For 0 <= p < 2^22 that is trunc(p + h), h the float before 1/2: a tie n + 1/2 + h lies nearer to
 * n + 1 than to any other float, and the float before the tie stays below n + 1. With h = 1/2 itself 0.49999997 would
 * round up. NaN has no level (BMXNet passes it on): it is level 0 here.
 *
 * Adding 2^23 puts q into the low byte of the float. Sixteen channels are narrowed to bytes, the top bit of q in bit 7;
 * each plane then takes a bitmask and a shift. Cost of sixteen channels: 36 instructions and 3 a plane; dorefa 4
 * divisions and 16 times as many.
 */
import { tanhF32x4, highDoubles, lowDoubles, toFloats } from "./exponential";
import { ownScratch } from "./layout";
import { bitRowBytes, mapStride } from "./sign_bits";

/**
 * h, then 2^23, whose last place is the units'. Loaded before the loop: literals are built anew each time they are
 * used.
 */
const LITERALS = memory.data<f32>([0.49999997, 8388608]);

/**
 * map -> planes of q = round(clip(x, 0, 1) * (2^bits - 1)), half away from zero, in f32 (BMXNet's `round`); bits 1 to
 * 8; NaN is level 0.
 */
export function packRoundF32(src: usize, dst: usize, pixels: i32, channels: i32, bits: i32, planeBytes: usize): void {
  packLevels(src, dst, pixels, channels, bits, planeBytes, false, f32x4.splat(0));
}

/**
 * map -> planes of q = round((0.5 * (tanh(x) / largest) + 0.5) * (2^bits - 1)), half away from zero, in f32 (BMXNet's
 * `dorefa`, whose value is 2 q / (2^bits - 1) - 1); bits 1 to 8; `largest` points to the f32 that maxAbsTanhF32 wrote
 * for the whole tensor. NaN, and every x if `largest` is 0, is level 0.
 */
export function packDorefaF32(
  src: usize,
  dst: usize,
  pixels: i32,
  channels: i32,
  bits: i32,
  planeBytes: usize,
  largest: usize,
): void {
  packLevels(src, dst, pixels, channels, bits, planeBytes, true, v128.load32_splat(largest));
}

/**
 * Largest |x| of a part of a map -> a pixel of four channels, the largest of every fourth channel, NaN passed over:
 * such pixels are a map whose maxAbsTanhF32 is that of all parts.
 */
export function maxAbsF32(src: usize, dst: usize, pixels: i32, channels: i32): void {
  v128.store(dst, largestLanes(src, pixels, channels));
}

// @ts-ignore: decorator
@inline
function largestLanes(src: usize, pixels: i32, channels: i32): v128 {
  const bytes = (<usize>pixels * mapStride(channels)) << 2;
  let best = f32x4.splat(0);
  for (let at: usize = 0; at < bytes; at += 16) best = f32x4.pmax(best, f32x4.abs(v128.load(src + at)));
  return best;
}

/** Largest |tanh(x)| of a whole map -> one f32 at `dst`: tanh of the largest |x|, NaN passed over. */
export function maxAbsTanhF32(src: usize, dst: usize, pixels: i32, channels: i32): void {
  let best = largestLanes(src, pixels, channels);
  best = f32x4.pmax(best, i64x2.shuffle(best, best, 1, 0));
  best = f32x4.pmax(best, i32x4.shuffle(best, best, 1, 0, 3, 2));
  store<f32>(dst, f32x4.extract_lane(tanhF32x4(best), 0));
}

// Inlined twice, so that `dorefa` folds.
// @ts-ignore: decorator
@inline
function packLevels(
  src: usize,
  dst: usize,
  pixels: i32,
  channels: i32,
  bits: i32,
  planeBytes: usize,
  dorefa: bool,
  largest: v128,
): void {
  const srcBytes = mapStride(channels) << 2;
  const rowBytes = bitRowBytes(channels);
  const steps = f32x4.splat(<f32>((1 << bits) - 1));
  const zero = f32x4.splat(0);
  const almostHalf = v128.load32_splat(LITERALS);
  const toInteger = v128.load32_splat(LITERALS, 4);
  // The planes are written from the last one down.
  const top = <usize>(bits - 1) * planeBytes;
  for (let pixel = 0; pixel < pixels; ++pixel) {
    const end = dst + rowBytes;
    let x = src;
    let out = dst;
    for (let left = channels; left > 0; left -= 16) {
      let x0 = zero;
      let x1 = zero;
      let x2 = zero;
      let x3 = zero;
      if (dorefa) {
        squash(x, (min(left, 16) + 3) >> 2, largest);
        x0 = v128.load(ownScratch());
        x1 = v128.load(ownScratch(), 16);
        x2 = v128.load(ownScratch(), 32);
        x3 = v128.load(ownScratch(), 48);
      } else if (left > 12) {
        x0 = v128.load(x);
        x1 = v128.load(x, 16);
        x2 = v128.load(x, 32);
        x3 = v128.load(x, 48);
      } else {
        x0 = v128.load(x);
        if (left > 4) x1 = v128.load(x, 16);
        if (left > 8) x2 = v128.load(x, 32);
      }
      const low = i16x8.narrow_i32x4_u(
        level(x0, steps, almostHalf, toInteger),
        level(x1, steps, almostHalf, toInteger),
      );
      const high = i16x8.narrow_i32x4_u(
        level(x2, steps, almostHalf, toInteger),
        level(x3, steps, almostHalf, toInteger),
      );
      let q = i16x8.shl(i8x16.narrow_i16x8_u(low, high), 8 - bits);
      const present = left >= 16 ? 0xffff : (1 << left) - 1;
      let plane = out + top;
      for (let i = 0; i < bits; ++i) {
        store<u16>(plane, <u16>(i8x16.bitmask(q) & present));
        // Bits that a byte shifts into the next one get no further than its bit 6.
        q = i16x8.shl(q, 1);
        plane -= planeBytes;
      }
      x += 64;
      out += 2;
    }
    for (; out < end; out += 2) {
      for (let i = 0; i < bits; ++i) store<u16>(out + <usize>i * planeBytes, 0);
    }
    src += srcBytes;
    dst = end;
  }
}

/** Four times r(clip(x * v, 0, v)) as i32, which is r(clip(x, 0, 1) * v): 1 * v = v, and products keep their order. */
// @ts-ignore: decorator
@inline
function level(x: v128, steps: v128, almostHalf: v128, toInteger: v128): v128 {
  // pmax(0, NaN) is 0.
  const cut = f32x4.pmin(f32x4.pmax(f32x4.splat(0), f32x4.mul(x, steps)), steps);
  const whole = f32x4.trunc(f32x4.add(cut, almostHalf));
  return v128.xor(f32x4.add(whole, toInteger), toInteger);
}

/** 0.5 * (tanh x / largest) + 0.5 of up to four vectors, left in the scratch. */
function squash(src: usize, vectors: i32, largest: v128): void {
  const half = f32x4.splat(0.5);
  for (let at: usize = 0; at < (<usize>vectors) << 4; at += 16) {
    const share = f32x4.div(tanhF32x4(v128.load(src + at)), largest);
    v128.store(ownScratch() + at, f32x4.add(f32x4.mul(half, share), half));
  }
}

/**
 * planes -> map of q * scale + beta; scale and beta are f64 and the result is rounded once: scale 1 / (2^bits - 1) and
 * beta 0 give the floats nearest to the levels of `round`, 2 / (2^bits - 1) and -1 those of `dorefa`.
 */
export function unpackPlanesF32(
  src: usize,
  dst: usize,
  pixels: i32,
  channels: i32,
  bits: i32,
  planeBytes: usize,
  scale: f64,
  beta: f64,
): void {
  const rowBytes = bitRowBytes(channels);
  const top = <usize>(bits - 1) * planeBytes;
  const select = i32x4(1, 2, 4, 8);
  const present = i32x4.lt_s(i32x4(0, 1, 2, 3), i32x4.splat(((channels - 1) & 3) + 1));
  const factor = f64x2.splat(scale);
  const offset = f64x2.splat(beta);
  for (let pixel = 0; pixel < pixels; ++pixel) {
    for (let c = 0; c < channels; c += 4) {
      let q = i32x4.splat(0);
      let plane = src + (c >> 3) + top;
      for (let i = 0; i < bits; ++i) {
        const nibble = (<i32>load<u8>(plane)) >> (c & 4);
        const bit = v128.and(i32x4.splat(nibble), select);
        // A lane is -1 if its bit is set.
        q = i32x4.sub(i32x4.shl(q, 1), i32x4.eq(bit, select));
        plane -= planeBytes;
      }
      const levels = f32x4.convert_i32x4_s(q);
      const low = f64x2.add(f64x2.mul(lowDoubles(levels), factor), offset);
      const high = f64x2.add(f64x2.mul(highDoubles(levels), factor), offset);
      const values = toFloats(low, high);
      v128.store(dst, c + 4 > channels ? v128.and(values, present) : values);
      dst += 16;
    }
    src += rowBytes;
  }
}
