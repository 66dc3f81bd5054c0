/**
 * Elementwise functions and softmax.
 *
 *   0 tanh       1 sigmoid  1 / (1 + e^-x)      2 softrelu  log(1 + e^x) = max(x, 0) + log(1 + e^-|x|)
 *   3 softsign   x / (1 + |x|)
 *   4 clip       x cut to [-1, 1]               5 leaky_clip  x inside [-1, 1], 0.1 x outside
 *   6 approx_sign  -1 | 2x + x^2 | 2x - x^2 | 1 with steps at -1, 0 and 1
 *   softmax      e^(x_c - max x) / sum over c of the same
 *
 * 0 to 2 and softmax are computed in doubles and rounded once (softmax: once more between). 3 to 6 are computed in
 * floats, in the order of MXNet's source (softsign in src/operator/mshadow_op.h, the others in BMXNet's
 * python/mxnet/gluon/nn/binary_layers.py), so they give its bits. NaN stays NaN, but approx_sign makes 1 of it, because
 * it fails all of MXNet's comparisons.
 *
 * Cost: 0 to 2 and softmax take one or two series of exponential.ts for every two values, at least 7 times the time of
 * 3 to 6.
 */
import { exp, highDoubles, log1p, lowDoubles, tanhF32x4, toFloats } from "./exponential";
import { zeroTails } from "./pad_f32";
import { mapStride } from "./sign_bits";

/** The functions of activationF32. @host activationIds */
const enum Activation {
  TANH,
  SIGMOID,
  SOFTRELU,
  SOFTSIGN,
  CLIP,
  LEAKY_CLIP,
  APPROX_SIGN,
}

/**
 * dst = f(src), in place too. Functions: 0 tanh, 1 sigmoid, 2 softrelu log(1 + e^x), 3 softsign x / (1 + |x|), 4 clip
 * to [-1, 1], 5 leaky_clip (0.1 x outside [-1, 1]), 6 approx_sign. 0 to 2 are the nearest float but for one value in
 * more than 10,000; 3 to 6 are MXNet's bits. NaN gives NaN; approx_sign(NaN) is 1 as in MXNet.
 */
export function activationF32(src: usize, dst: usize, pixels: i32, channels: i32, kind: i32): void {
  const bytes = (<usize>pixels * mapStride(channels)) << 2;
  if (kind == Activation.TANH) applyToAll(src, dst, bytes, Activation.TANH);
  else if (kind == Activation.SIGMOID) applyToAll(src, dst, bytes, Activation.SIGMOID);
  else if (kind == Activation.SOFTRELU) applyToAll(src, dst, bytes, Activation.SOFTRELU);
  else if (kind == Activation.SOFTSIGN) applyToAll(src, dst, bytes, Activation.SOFTSIGN);
  else if (kind == Activation.CLIP) applyToAll(src, dst, bytes, Activation.CLIP);
  else if (kind == Activation.LEAKY_CLIP) applyToAll(src, dst, bytes, Activation.LEAKY_CLIP);
  else applyToAll(src, dst, bytes, Activation.APPROX_SIGN);
  // Of 0, sigmoid makes 1 / 2 and softrelu log 2.
  if (kind == Activation.SIGMOID || kind == Activation.SOFTRELU) zeroTails(dst, pixels, channels);
}

// Inlined once a function, so that `kind` folds and the loop holds that function alone.
// @ts-ignore: decorator
@inline
function applyToAll(src: usize, dst: usize, bytes: usize, kind: i32): void {
  for (let at: usize = 0; at < bytes; at += 16) v128.store(dst + at, apply(v128.load(src + at), kind));
}

// @ts-ignore: decorator
@inline
function apply(x: v128, kind: i32): v128 {
  if (kind == Activation.TANH) return tanhF32x4(x);
  if (kind == Activation.SIGMOID) return toFloats(sigmoid(lowDoubles(x)), sigmoid(highDoubles(x)));
  if (kind == Activation.SOFTRELU) return toFloats(softrelu(lowDoubles(x)), softrelu(highDoubles(x)));
  const one = f32x4.splat(1);
  if (kind == Activation.SOFTSIGN) return f32x4.div(x, f32x4.add(f32x4.abs(x), one));
  if (kind == Activation.CLIP) return f32x4.pmin(f32x4.pmax(x, f32x4.splat(-1)), one);
  if (kind == Activation.LEAKY_CLIP) {
    return v128.bitselect(x, f32x4.mul(x, f32x4.splat(0.1)), f32x4.le(f32x4.abs(x), one));
  }
  return approxSign(x);
}

// @ts-ignore: decorator
@inline
function sigmoid(x: v128): v128 {
  const one = f64x2.splat(1);
  return f64x2.div(one, f64x2.add(one, exp(f64x2.neg(x))));
}

// @ts-ignore: decorator
@inline
function softrelu(x: v128): v128 {
  const positive = f64x2.pmax(x, f64x2.splat(0));
  return f64x2.add(positive, log1p(exp(f64x2.neg(f64x2.abs(x)))));
}

/** 2x - x|x| between -1 and 1: |x| turns the sign of the square, which is exact. */
// @ts-ignore: decorator
@inline
function approxSign(x: v128): v128 {
  const one = f32x4.splat(1);
  const curve = f32x4.sub(f32x4.add(x, x), f32x4.mul(x, f32x4.abs(x)));
  const upper = v128.bitselect(curve, one, f32x4.lt(x, one));
  return v128.bitselect(f32x4.splat(-1), upper, f32x4.le(x, f32x4.splat(-1)));
}

/**
 * e^(x - max) / sum of the same over the channels of each pixel, in place too. A NaN, or an infinity that is the
 * largest, makes the whole pixel NaN.
 */
export function softmaxF32(src: usize, dst: usize, pixels: i32, channels: i32): void {
  const step = mapStride(channels) << 2;
  const last = step - 16;
  const present = i32x4.lt_s(i32x4(0, 1, 2, 3), i32x4.splat(((channels - 1) & 3) + 1));
  for (let pixel = 0; pixel < pixels; ++pixel) {
    const lowest = f32x4.splat(-Infinity);
    let best = v128.bitselect(v128.load(src + last), lowest, present);
    for (let at: usize = 0; at < last; at += 16) best = f32x4.pmax(v128.load(src + at), best);
    best = f32x4.pmax(best, i64x2.shuffle(best, best, 1, 0));
    const largest = f64x2.splat(<f64>max<f32>(f32x4.extract_lane(best, 0), f32x4.extract_lane(best, 1)));

    let sum = f64x2.splat(0);
    for (let at: usize = 0; at < step; at += 16) {
      const x = v128.load(src + at);
      let power = toFloats(exp(f64x2.sub(lowDoubles(x), largest)), exp(f64x2.sub(highDoubles(x), largest)));
      if (at == last) power = v128.and(power, present);
      sum = f64x2.add(sum, f64x2.add(lowDoubles(power), highDoubles(power)));
      v128.store(dst + at, power);
    }
    const share = f64x2.splat(1.0 / (f64x2.extract_lane(sum, 0) + f64x2.extract_lane(sum, 1)));
    for (let at: usize = 0; at < step; at += 16) {
      const power = v128.load(dst + at);
      const scaled = toFloats(f64x2.mul(lowDoubles(power), share), f64x2.mul(highDoubles(power), share));
      v128.store(dst + at, at == last ? v128.and(scaled, present) : scaled);
    }
    src += step;
    dst += step;
  }
}
