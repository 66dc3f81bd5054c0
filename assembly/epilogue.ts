/**
 * Batch norm, residual, ReLU and the next layer's sign bits in one pass over the outputs of a convolution (or over a
 * map):
 *
 *   x -= middle;  x -= center[c];  v = scale[c] * x + shift[c];  v = min(max(v, low[c]), high[c])
 *   v += first;  v = max(v, 0);  v += second;  dst = v;  bit(c) = !((v ^ signFlip[c]) < signThreshold[c])
 *
 * each step if it is asked for; sign(v) takes no parameters. Counts up to 2^24 convert exactly; subtract, multiply and
 * add round separately, as f32 frameworks do.
 *
 * MIDDLE AND CENTER. Near where x is counted from, the subtraction is exact and the rest small, so nothing cancels: a
 * batch norm of numbers far from 0 and near to one another is met as the framework's (x - mean) * a + b meets it.
 * Counts have one middle for all channels, a whole number, which costs nothing: it is taken off by what converts them.
 * Channels that lie far from it, and floats, have centers. For counts up to 2^23 centers are halves, and every
 * difference is exact. A binary dot product is -2 * (count - K / 2): with scale -2 * m, counted from K / 2, the product
 * is m * dot, rounded once, and a framework that computes m * dot + b in floats is met bit by bit. (Counts that are
 * doubled: scale -m, counted from K.)
 *
 * BOUNDS. An activation between two affine maps, m * act(x) + b, is a clamp of the affine with bounds of each channel's
 * own, also if m < 0: m * max(x, 0) + b is max(m * x + b, b) or min(m * x + b, b). Rounding keeps order, so bounds that
 * were rounded as v is give the bits of the activation done first. Constant bounds are ReLU6 and clip. NaN stays NaN
 * through them.
 *
 *   counts  [pixel][countStride] i32 or u16 (0 .. 65535, unsigned)     scale, shift, signThreshold, signFlip  [stride]
 *   maps    [pixel][stride] f32, stride = ceil(C/4)*4, zeros past C    bits  [pixel][ceil(C/64)] u64, zero past C
 *
 * `dst` may be any input map: sixteen values are read before they are written, and nothing is written past a map's
 * stride.
 *
 * Eight channels of two pixels at a time share the loads of their channels' parameters; an odd last pixel is its own
 * partner. Cost of these sixteen values with a center, a residual, map and bits: 12 loads, 6 stores, 32 arithmetic
 * instructions. Channels % 8 go four at a time; the last 1 to 3 counts are read one by one, because rows of counts need
 * not be padded.
 */
import {
  affine,
  between,
  eightCounts,
  firstValues,
  nextValues,
  originOf,
  positive,
  upperHalves,
  valuesLast,
} from "./epilogue_values";
import { residualSigns } from "./residual_signs";
import { bitRowBytes, lessThan, mapStride, maskBits, negative } from "./sign_bits";

/**
 * v = scale[c] * (count - middle) + shift[c], or if `center` is not 0 scale[c] * (count - middle - center[c]) +
 * shift[c]; if `low` is not 0, v = min(max(v, low[c]), high[c]); if `first` is not 0, v += first; if `relu` is not 0,
 * v = max(v, 0); if `second` is not 0, v += second. v is stored to the map `dst` and its bits !((v ^ signFlip[c]) <
 * signThreshold[c]) to `bits`, each if its pointer is not 0. If `signThreshold` is 0 the bits are those of sign(v),
 * faster, and `signFlip` is not read. `first`, `second` and `dst` are maps of the same channels, and `dst` may be any
 * of the inputs. center, scale, shift, low, high, signThreshold (f32) and signFlip (u32) are padded with zeros to the
 * map's stride. Subtract, multiply and add round separately.
 */
export function epilogueI32(
  counts: usize,
  countStride: i32,
  pixels: i32,
  channels: i32,
  middle: i32,
  center: usize,
  scale: usize,
  shift: usize,
  low: usize,
  high: usize,
  first: usize,
  relu: i32,
  second: usize,
  dst: usize,
  bits: usize,
  signThreshold: usize,
  signFlip: usize,
): void {
  const countBytes = (<usize>countStride) << 2;
  epilogue<i32>(
    counts,
    countBytes,
    pixels,
    channels,
    middle,
    center,
    scale,
    shift,
    low,
    high,
    first,
    relu,
    second,
    dst,
    bits,
    signThreshold,
    signFlip,
  );
}

/** What epilogueI32 does, on u16 counts; `middle` 0 to 65535. */
export function epilogueU16(
  counts: usize,
  countStride: i32,
  pixels: i32,
  channels: i32,
  middle: i32,
  center: usize,
  scale: usize,
  shift: usize,
  low: usize,
  high: usize,
  first: usize,
  relu: i32,
  second: usize,
  dst: usize,
  bits: usize,
  signThreshold: usize,
  signFlip: usize,
): void {
  const countBytes = (<usize>countStride) << 1;
  epilogue<u16>(
    counts,
    countBytes,
    pixels,
    channels,
    middle,
    center,
    scale,
    shift,
    low,
    high,
    first,
    relu,
    second,
    dst,
    bits,
    signThreshold,
    signFlip,
  );
}

/** What epilogueI32 does, on the map `src` in place of counts, whose middle is 0. */
export function epilogueF32(
  src: usize,
  pixels: i32,
  channels: i32,
  center: usize,
  scale: usize,
  shift: usize,
  low: usize,
  high: usize,
  first: usize,
  relu: i32,
  second: usize,
  dst: usize,
  bits: usize,
  signThreshold: usize,
  signFlip: usize,
): void {
  const srcBytes = mapStride(channels) << 2;
  epilogue<f32>(
    src,
    srcBytes,
    pixels,
    channels,
    0,
    center,
    scale,
    shift,
    low,
    high,
    first,
    relu,
    second,
    dst,
    bits,
    signThreshold,
    signFlip,
  );
}

// residual_signs.ts has the loop for a residual, a map and bits without flags, centers and a last part of 16 channels;
// not of i32 counts, which take far longer to count. The flags of the other cases are the same for every pixel, hence
// predicted.
// @ts-ignore: decorator
@inline
function epilogue<T>(
  src: usize,
  srcBytes: usize,
  pixels: i32,
  channels: i32,
  middle: i32,
  center: usize,
  scale: usize,
  shift: usize,
  low: usize,
  high: usize,
  first: usize,
  relu: i32,
  second: usize,
  dst: usize,
  bits: usize,
  signThreshold: usize,
  signFlip: usize,
): void {
  if (
    (isFloat<T>() || sizeof<T>() == 2) &&
    (channels & 15) == 0 &&
    center == 0 &&
    low == 0 &&
    first != 0 &&
    relu == 0 &&
    second == 0 &&
    dst != 0 &&
    bits != 0
  ) {
    residualSigns<T>(
      src,
      srcBytes,
      pixels,
      channels,
      middle,
      scale,
      shift,
      first,
      dst,
      bits,
      signThreshold != 0,
      signThreshold,
      signFlip,
    );
  } else {
    steps<T>(
      src,
      srcBytes,
      pixels,
      channels,
      middle,
      center != 0,
      center,
      scale,
      shift,
      low != 0,
      low,
      high,
      first != 0,
      first,
      relu != 0,
      second != 0,
      second,
      dst != 0,
      dst,
      bits != 0,
      bits,
      signThreshold != 0,
      signThreshold,
      signFlip,
    );
  }
}

// @ts-ignore: decorator
@inline
function steps<T>(
  src: usize,
  srcBytes: usize,
  pixels: i32,
  channels: i32,
  middle: i32,
  hasCenter: bool,
  center: usize,
  scale: usize,
  shift: usize,
  hasBounds: bool,
  low: usize,
  high: usize,
  hasFirst: bool,
  first: usize,
  hasRelu: bool,
  hasSecond: bool,
  second: usize,
  hasDst: bool,
  dst: usize,
  hasBits: bool,
  bits: usize,
  hasThreshold: bool,
  signThreshold: usize,
  signFlip: usize,
): void {
  const mapBytes = mapStride(channels) << 2;
  const bitBytes = bitRowBytes(channels);
  const origin = originOf<T>(middle);
  const upper = upperHalves<T>(middle);
  const more = hasBounds || hasFirst || hasRelu || hasSecond;
  for (let pixel = 0; pixel < pixels; pixel += 2) {
    const paired = pixel + 1 < pixels;
    const nextX = paired ? srcBytes : 0;
    const nextMap = paired ? mapBytes : 0;
    const nextBits = paired ? bitBytes : 0;
    let x = src;
    let at: usize = 0;
    let out = bits;
    let left = channels;
    if (hasBits) {
      // The last word has bits past the last channel.
      store<u64>(bits + bitBytes - 8, 0);
      store<u64>(bits + bitBytes - 8 + nextBits, 0);
    }
    for (; left >= 8; left -= 8) {
      const next = x + nextX;
      const eightA = eightCounts<T>(x);
      const eightB = eightCounts<T>(next);
      let a0 = firstValues<T>(x, eightA, upper, origin);
      let a1 = nextValues<T>(x, eightA, upper, origin);
      let b0 = firstValues<T>(next, eightB, upper, origin);
      let b1 = nextValues<T>(next, eightB, upper, origin);
      if (hasCenter) {
        const center0 = v128.load(center + at);
        const center1 = v128.load(center + at, 16);
        a0 = f32x4.sub(a0, center0);
        a1 = f32x4.sub(a1, center1);
        b0 = f32x4.sub(b0, center0);
        b1 = f32x4.sub(b1, center1);
      }
      const scale0 = v128.load(scale + at);
      const scale1 = v128.load(scale + at, 16);
      const shift0 = v128.load(shift + at);
      const shift1 = v128.load(shift + at, 16);
      a0 = affine(a0, scale0, shift0);
      a1 = affine(a1, scale1, shift1);
      b0 = affine(b0, scale0, shift0);
      b1 = affine(b1, scale1, shift1);
      if (more) {
        if (hasBounds) {
          const low0 = v128.load(low + at);
          const low1 = v128.load(low + at, 16);
          const high0 = v128.load(high + at);
          const high1 = v128.load(high + at, 16);
          a0 = between(a0, low0, high0);
          a1 = between(a1, low1, high1);
          b0 = between(b0, low0, high0);
          b1 = between(b1, low1, high1);
        }
        if (hasFirst) {
          const from = first + at;
          a0 = f32x4.add(a0, v128.load(from));
          a1 = f32x4.add(a1, v128.load(from, 16));
          b0 = f32x4.add(b0, v128.load(from + nextMap));
          b1 = f32x4.add(b1, v128.load(from + nextMap, 16));
        }
        if (hasRelu) {
          a0 = positive(a0);
          a1 = positive(a1);
          b0 = positive(b0);
          b1 = positive(b1);
        }
        if (hasSecond) {
          const from = second + at;
          a0 = f32x4.add(a0, v128.load(from));
          a1 = f32x4.add(a1, v128.load(from, 16));
          b0 = f32x4.add(b0, v128.load(from + nextMap));
          b1 = f32x4.add(b1, v128.load(from + nextMap, 16));
        }
      }
      if (hasDst) {
        const to = dst + at;
        v128.store(to, a0);
        v128.store(to, a1, 16);
        v128.store(to + nextMap, b0);
        v128.store(to + nextMap, b1, 16);
      }
      if (hasBits) {
        if (hasThreshold) {
          const flip0 = v128.load(signFlip + at);
          const flip1 = v128.load(signFlip + at, 16);
          const threshold0 = v128.load(signThreshold + at);
          const threshold1 = v128.load(signThreshold + at, 16);
          a0 = lessThan(a0, flip0, threshold0);
          a1 = lessThan(a1, flip1, threshold1);
          b0 = lessThan(b0, flip0, threshold0);
          b1 = lessThan(b1, flip1, threshold1);
        } else {
          a0 = negative(a0);
          a1 = negative(a1);
          b0 = negative(b0);
          b1 = negative(b1);
        }
        const clear = ~maskBits(a0, a1, b0, b1);
        store<u8>(out, <u8>clear);
        store<u8>(out + nextBits, <u8>(clear >> 8));
        ++out;
      }
      x += 8 * sizeof<T>();
      at += 32;
    }
    if (left > 0) {
      let less = 0;
      for (let c = 0; c < left; c += 4) {
        let a = valuesLast<T>(x, left - c, middle);
        let b = valuesLast<T>(x + nextX, left - c, middle);
        if (hasCenter) {
          const center0 = v128.load(center + at);
          a = f32x4.sub(a, center0);
          b = f32x4.sub(b, center0);
        }
        const scale0 = v128.load(scale + at);
        const shift0 = v128.load(shift + at);
        a = affine(a, scale0, shift0);
        b = affine(b, scale0, shift0);
        if (hasBounds) {
          a = between(a, v128.load(low + at), v128.load(high + at));
          b = between(b, v128.load(low + at), v128.load(high + at));
        }
        if (hasFirst) {
          a = f32x4.add(a, v128.load(first + at));
          b = f32x4.add(b, v128.load(first + at + nextMap));
        }
        if (hasRelu) {
          a = positive(a);
          b = positive(b);
        }
        if (hasSecond) {
          a = f32x4.add(a, v128.load(second + at));
          b = f32x4.add(b, v128.load(second + at + nextMap));
        }
        if (hasDst) {
          v128.store(dst + at, a);
          v128.store(dst + at + nextMap, b);
        }
        if (hasBits) {
          if (hasThreshold) {
            a = lessThan(a, v128.load(signFlip + at), v128.load(signThreshold + at));
            b = lessThan(b, v128.load(signFlip + at), v128.load(signThreshold + at));
          } else {
            a = negative(a);
            b = negative(b);
          }
          less |= (i32x4.bitmask(a) | (i32x4.bitmask(b) << 8)) << c;
        }
        x += 4 * sizeof<T>();
        at += 16;
      }
      if (hasBits) {
        const last = (1 << left) - 1;
        store<u8>(out, <u8>(~less & last));
        store<u8>(out + nextBits, <u8>((~less >> 8) & last));
      }
    }
    src += 2 * srcBytes;
    if (hasFirst) first += 2 * mapBytes;
    if (hasSecond) second += 2 * mapBytes;
    if (hasDst) dst += 2 * mapBytes;
    if (hasBits) bits += 2 * bitBytes;
  }
}
