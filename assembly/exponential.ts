/**
 * e^y, e^y - 1 and log(1 + e) of two doubles, for functions of floats that are to be right to the last bit: their
 * relative error, below 2e-12, is far less than half a unit of a float's last place (3e-8), so the float that they
 * round to is the nearest one but for one value in more than 10,000.
 *
 *   y = k ln 2 + r, k an integer, |r| <= ln(2) / 2        e^y = 2^k (1 + p), p = e^r - 1 = r + r^2/2! + ... + r^10/10!
 *
 * The terms left out are below 6e-13 of p. For e^y - 1 = 2^k p + (2^k - 1) nothing cancels if y >= 0, and near 0 it is
 * p itself.
 *
 *   log(1 + e) = 2 atanh(s) = 2 (s + s^3/3 + ... + s^21/21), s = e / (2 + e) <= 1/3 for 0 <= e <= 1
 *
 * whose rest is below 2e-12 of it.
 *
 * Cost: 10 multiplications and additions of the series and about 8 instructions around them for two values.
 */

/**
 * The constants lie in memory, one instruction each to load; literals V8 builds in three each time, and tanh takes 1.4
 * times as long. Adding 1.5 * 2^52 to a small double leaves the nearest integer in the low bits of the sum. Powers are
 * cut to 700: those of two above 2^1022 have no exponent field, and no float needs them.
 */
const LITERALS = memory.data<f64>([
  1.4426950408889634, 6755399441055744, 0.6931471805599453, 700, -700, 40, 1, 2, -0.0,
]);
const LOG2_E: usize = 0;
const TO_INTEGER: usize = 8;
const LN_2: usize = 16;
const LARGEST: usize = 24;
const SMALLEST: usize = 32;
const FORTY: usize = 40;
const ONE: usize = 48;
const TWO: usize = 56;
const SIGN: usize = 64;

/** 1/10!, 1/9! ... 1/2!, 1. */
const FACTORIALS = memory.data<f64>([
  2.755731922398589e-7, 0.0000027557319223985893, 0.0000248015873015873, 0.0001984126984126984, 0.001388888888888889,
  0.008333333333333333, 0.041666666666666664, 0.16666666666666666, 0.5, 1.0,
]);

/** 1/21, 1/19 ... 1/3, 1. */
const ODD_RECIPROCALS = memory.data<f64>([
  0.047619047619047616, 0.05263157894736842, 0.058823529411764705, 0.06666666666666667, 0.07692307692307693,
  0.09090909090909091, 0.1111111111111111, 0.14285714285714285, 0.2, 0.3333333333333333, 1.0,
]);

// @ts-ignore: decorator
@inline
function literal(offset: usize): v128 {
  return v128.load64_splat(LITERALS + offset);
}

/** p * x + the coefficient at `at`. */
// @ts-ignore: decorator
@inline
function horner(p: v128, x: v128, at: usize): v128 {
  return f64x2.add(f64x2.mul(p, x), v128.load64_splat(at));
}

/** y cut to [-700, 700], NaN kept. */
// @ts-ignore: decorator
@inline
function clampPower(y: v128): v128 {
  return f64x2.pmin(f64x2.pmax(y, literal(SMALLEST)), literal(LARGEST));
}

/** y / ln 2 rounded to an integer k, as the double k + TO_INTEGER. */
// @ts-ignore: decorator
@inline
function integerPart(y: v128): v128 {
  return f64x2.add(f64x2.mul(y, literal(LOG2_E)), literal(TO_INTEGER));
}

/** e^r - 1 by its series, r = y - k ln 2. */
// @ts-ignore: decorator
@inline
function fractionPart(y: v128, shifted: v128): v128 {
  const k = f64x2.sub(shifted, literal(TO_INTEGER));
  const r = f64x2.sub(y, f64x2.mul(k, literal(LN_2)));
  let p = v128.load64_splat(FACTORIALS);
  p = horner(p, r, FACTORIALS + 8);
  p = horner(p, r, FACTORIALS + 16);
  p = horner(p, r, FACTORIALS + 24);
  p = horner(p, r, FACTORIALS + 32);
  p = horner(p, r, FACTORIALS + 40);
  p = horner(p, r, FACTORIALS + 48);
  p = horner(p, r, FACTORIALS + 56);
  p = horner(p, r, FACTORIALS + 64);
  p = horner(p, r, FACTORIALS + 72);
  return f64x2.mul(p, r);
}

/** 2^k: k from the low bits into the exponent field. */
// @ts-ignore: decorator
@inline
function powerOfTwo(shifted: v128): v128 {
  return i64x2.add(i64x2.shl(shifted, 52), literal(ONE));
}

/** e^y, as if y were cut to [-700, 700]: what is beyond is 0 or infinity in float32. */
// @ts-ignore: decorator
@inline
export function exp(y: v128): v128 {
  const cut = clampPower(y);
  const shifted = integerPart(cut);
  const power = powerOfTwo(shifted);
  return f64x2.add(f64x2.mul(power, fractionPart(cut, shifted)), power);
}

/** tanh(x) = (e^2|x| - 1) / (e^2|x| + 1) with the sign of x; -0 stays -0. */
// @ts-ignore: decorator
@inline
export function tanh(x: v128): v128 {
  // From 20 on the quotient is 1 in double precision too.
  const y = f64x2.pmin(f64x2.abs(f64x2.add(x, x)), literal(FORTY));
  const shifted = integerPart(y);
  const power = powerOfTwo(shifted);
  const less = f64x2.add(f64x2.mul(power, fractionPart(y, shifted)), f64x2.sub(power, literal(ONE)));
  const magnitude = f64x2.div(less, f64x2.add(less, literal(TWO)));
  return v128.or(magnitude, v128.and(x, literal(SIGN)));
}

/** log(1 + e) for 0 <= e <= 1. */
// @ts-ignore: decorator
@inline
export function log1p(e: v128): v128 {
  const s = f64x2.div(e, f64x2.add(e, literal(TWO)));
  const square = f64x2.mul(s, s);
  let p = v128.load64_splat(ODD_RECIPROCALS);
  p = horner(p, square, ODD_RECIPROCALS + 8);
  p = horner(p, square, ODD_RECIPROCALS + 16);
  p = horner(p, square, ODD_RECIPROCALS + 24);
  p = horner(p, square, ODD_RECIPROCALS + 32);
  p = horner(p, square, ODD_RECIPROCALS + 40);
  p = horner(p, square, ODD_RECIPROCALS + 48);
  p = horner(p, square, ODD_RECIPROCALS + 56);
  p = horner(p, square, ODD_RECIPROCALS + 64);
  p = horner(p, square, ODD_RECIPROCALS + 72);
  p = horner(p, square, ODD_RECIPROCALS + 80);
  return f64x2.mul(f64x2.add(s, s), p);
}

/** The first two of four floats as doubles. */
// @ts-ignore: decorator
@inline
export function lowDoubles(x: v128): v128 {
  return f64x2.promote_low_f32x4(x);
}

/** The last two of four floats as doubles. */
// @ts-ignore: decorator
@inline
export function highDoubles(x: v128): v128 {
  return f64x2.promote_low_f32x4(i64x2.shuffle(x, x, 1, 0));
}

/** Two and two doubles rounded to four floats. */
// @ts-ignore: decorator
@inline
export function toFloats(low: v128, high: v128): v128 {
  return i64x2.shuffle(f32x4.demote_f64x2_zero(low), f32x4.demote_f64x2_zero(high), 0, 2);
}

/** tanh of four floats. */
// @ts-ignore: decorator
@inline
export function tanhF32x4(x: v128): v128 {
  return toFloats(tanh(lowDoubles(x)), tanh(highDoubles(x)));
}
