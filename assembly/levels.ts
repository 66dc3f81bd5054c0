/**
 * BMXNet's few-bit quantisers with more bits than are worth planes (9 to 31): the values themselves, map to map.
 *
 *   round    r(clip(x, 0, 1) * v) / v                              v = 2^bits - 1
 *   dorefa   2 r((0.5 * (tanh x / max|tanh|) + 0.5) * v) / v - 1
 *
 * in floats and in that order, as BMXNet does (python/mxnet/gluon/nn/binary_layers.py), v itself rounded to a float. r
 * rounds half away from zero as in planes.ts, trunc(p + h), h the float before 1/2. From 2^22 on that still holds: up
 * to 2^23 floats are halves, and n + h rounds to n + 1/2, n + 1/2 + h to n + 1; above they are integers and p + h
 * rounds to p.
 *
 * `dst` may be `src`. NaN stays NaN, and if `largest` is 0 dorefa gives 0 / 0, as in BMXNet.
 *
 * Cost of four values: round 7 instructions, dorefa one division and tanh more.
 */
import { tanhF32x4 } from "./exponential";
import { zeroTails } from "./pad_f32";
import { mapStride } from "./sign_bits";

/**
 * dst = round(clip(x, 0, 1) * v) / v, v = 2^bits - 1, half away from zero, in f32, in place too; bits 1 to 31. NaN
 * stays NaN.
 */
export function roundF32(src: usize, dst: usize, pixels: i32, channels: i32, bits: i32): void {
  const bytes = (<usize>pixels * mapStride(channels)) << 2;
  const steps = stepsOf(bits);
  const one = f32x4.splat(1);
  const zero = f32x4.splat(0);
  for (let at: usize = 0; at < bytes; at += 16) {
    const cut = f32x4.min(f32x4.max(v128.load(src + at), zero), one);
    v128.store(dst + at, f32x4.div(rounded(f32x4.mul(cut, steps)), steps));
  }
}

/**
 * dst = 2 * round((0.5 * (tanh(x) / largest) + 0.5) * v) / v - 1, v = 2^bits - 1, half away from zero, in f32, in place
 * too; bits 1 to 31; `largest` points to the f32 that maxAbsTanhF32 wrote for the whole tensor. NaN stays NaN; a
 * largest of 0 gives NaN.
 */
export function dorefaF32(src: usize, dst: usize, pixels: i32, channels: i32, bits: i32, largest: usize): void {
  const bytes = (<usize>pixels * mapStride(channels)) << 2;
  const steps = stepsOf(bits);
  const most = v128.load32_splat(largest);
  const half = f32x4.splat(0.5);
  const one = f32x4.splat(1);
  for (let at: usize = 0; at < bytes; at += 16) {
    const share = f32x4.div(tanhF32x4(v128.load(src + at)), most);
    const level = rounded(f32x4.mul(f32x4.add(f32x4.mul(half, share), half), steps));
    v128.store(dst + at, f32x4.sub(f32x4.div(f32x4.add(level, level), steps), one));
  }
  // Of 0 it makes 1 / v.
  zeroTails(dst, pixels, channels);
}

// @ts-ignore: decorator
@inline
function stepsOf(bits: i32): v128 {
  return f32x4.splat(<f32>((1 << bits) - 1));
}

// @ts-ignore: decorator
@inline
function rounded(p: v128): v128 {
  return f32x4.trunc(f32x4.add(p, f32x4.splat(0.49999997)));
}
