/** What epilogues make of four channels: counts or floats as f32x4, and the steps of arithmetic on them. */

/** scale * x + shift, rounded twice. */
// @ts-ignore: decorator
@inline
export function affine(x: v128, scale: v128, shift: v128): v128 {
  return f32x4.add(f32x4.mul(scale, x), shift);
}

/** scale * (x - center) + shift, each step rounded. */
// @ts-ignore: decorator
@inline
export function centeredAffine(x: v128, center: v128, scale: v128, shift: v128): v128 {
  return affine(f32x4.sub(x, center), scale, shift);
}

/** max(v, 0): NaN stays NaN and -0 becomes 0, in two instructions; f32x4.max takes seven on x86. */
// @ts-ignore: decorator
@inline
export function positive(v: v128): v128 {
  return f32x4.add(f32x4.pmax(v, f32x4.splat(0)), f32x4.splat(0));
}

/** min(max(v, low), high): NaN stays NaN. */
// @ts-ignore: decorator
@inline
export function between(v: v128, low: v128, high: v128): v128 {
  return f32x4.pmin(f32x4.pmax(v, low), high);
}

/** The f32 2^23, whose low 16 bits a count can be: 2^23 + count. */
const TWO_23: i32 = 0x4b000000;

/**
 * What `valuesOf` and `nextValuesOf` count from: `middle` in each lane, as an i32, or for u16 counts as the f32 2^23 +
 * middle. Floats need none.
 */
// @ts-ignore: decorator
@inline
export function originOf<T>(middle: i32): v128 {
  return i32x4.splat(sizeof<T>() == 2 ? TWO_23 + middle : middle);
}

/** The upper halves of 2^23 + count: not from a constant, which V8 would make again at each use. */
// @ts-ignore: decorator
@inline
export function upperHalves<T>(middle: i32): v128 {
  return i16x8.splat(<i16>((TWO_23 + middle) >> 16));
}

/** Eight u16 counts as they lie there; other types are read four at a time. */
// @ts-ignore: decorator
@inline
export function eightCounts<T>(at: usize): v128 {
  return sizeof<T>() == 2 ? v128.load(at) : i32x4.splat(0);
}

/**
 * The first four of eight values as f32x4, counts less the middle. A u16 count below the upper half of 2^23 is the f32
 * 2^23 + count, so that one exact subtraction converts it and counts from the middle at once.
 */
// @ts-ignore: decorator
@inline
export function firstValues<T>(at: usize, eight: v128, upper: v128, origin: v128): v128 {
  if (isFloat<T>()) return v128.load(at);
  if (sizeof<T>() == 2) return f32x4.sub(i16x8.shuffle(eight, upper, 0, 8, 1, 9, 2, 10, 3, 11), origin);
  return f32x4.convert_i32x4_s(i32x4.sub(v128.load(at), origin));
}

/** The last four of the eight. */
// @ts-ignore: decorator
@inline
export function nextValues<T>(at: usize, eight: v128, upper: v128, origin: v128): v128 {
  if (isFloat<T>()) return v128.load(at, 16);
  if (sizeof<T>() == 2) return f32x4.sub(i16x8.shuffle(eight, upper, 4, 12, 5, 13, 6, 14, 7, 15), origin);
  return f32x4.convert_i32x4_s(i32x4.sub(v128.load(at, 16), origin));
}

/**
 * The first `left` of four values, counts less the middle; the others, which may lie past the last count, are those of
 * a count of 0 (those of a map are zero).
 */
// @ts-ignore: decorator
@inline
export function valuesLast<T>(at: usize, left: i32, middle: i32): v128 {
  return isFloat<T>() ? v128.load(at) : countsLast<T>(at, left, middle);
}

function countsLast<T>(at: usize, left: i32, middle: i32): v128 {
  let counts = i32x4.splat(0);
  // From the last on, each before those that are there.
  for (let i = min(left, 4) - 1; i >= 0; --i) {
    counts = i32x4.shuffle(i32x4.splat(<i32>load<T>(at + <usize>i * sizeof<T>())), counts, 0, 4, 5, 6);
  }
  return f32x4.convert_i32x4_s(i32x4.sub(counts, i32x4.splat(middle)));
}
