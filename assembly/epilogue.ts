/**
 * Batch norm, residual, ReLU and the next layer's sign bits in one pass over the outputs of a convolution (or over a
 * map):
 *
 *   x -= center[c];  v = scale[c] * x + shift[c];  v = min(max(v, low[c]), high[c])
 *   v += first;  v = max(v, 0);  v += second;  dst = v;  bit(c) = !((v ^ signFlip[c]) < signThreshold[c])
 *
 * each step if it is asked for; sign(v) takes no parameters. Counts up to 2^24 convert exactly; subtract, multiply and
 * add round separately, as f32 frameworks do.
 *
 * CENTER. Near the center the subtraction is exact and the rest small, so nothing cancels: a batch norm of numbers far
 * from 0 and near to one another is met as the framework's (x - mean) * a + b meets it. For counts up to 2^23 centers
 * are halves, and every difference is exact. A binary dot product is -2 * (count - K / 2): with scale -2 * m and center
 * K / 2 the product is m * dot, rounded once, and a framework that computes m * dot + b in floats is met bit by bit.
 * (Counts that are doubled: scale -m, center K.)
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
 * Cost of sixteen channels with one residual, map and bits: 28 loads, 5 stores, 32 arithmetic instructions.
 * Channels % 16 go four at a time; the last 1 to 3 counts are read one by one, because rows of counts need not be
 * padded.
 */
import { affine, between, positive, values4, valuesLast } from "./epilogue_values";
import { residualSigns } from "./residual_signs";
import { bitRowBytes, clearBits, lessThan, mapStride, maskBits, negative } from "./sign_bits";

/**
 * v = scale[c] * count + shift[c], or if `center` is not 0 v = scale[c] * (count - center[c]) + shift[c]; if `low` is
 * not 0, v = min(max(v, low[c]), high[c]); if `first` is not 0, v += first; if `relu` is not 0, v = max(v, 0); if
 * `second` is not 0, v += second. v is stored to the map `dst` and its bits !((v ^ signFlip[c]) < signThreshold[c]) to
 * `bits`, each if its pointer is not 0. If `signThreshold` is 0 the bits are those of sign(v), faster, and `signFlip`
 * is not read. `first`, `second` and `dst` are maps of the same channels, and `dst` may be any of the inputs. center,
 * scale, shift, low, high, signThreshold (f32) and signFlip (u32) are padded with zeros to the map's stride. Subtract,
 * multiply and add round separately.
 */
export function epilogueI32(
  counts: usize,
  countStride: i32,
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
  const countBytes = (<usize>countStride) << 2;
  epilogue<i32>(
    counts,
    countBytes,
    pixels,
    channels,
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

/** What epilogueI32 does, on u16 counts. */
export function epilogueU16(
  counts: usize,
  countStride: i32,
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
  const countBytes = (<usize>countStride) << 1;
  epilogue<u16>(
    counts,
    countBytes,
    pixels,
    channels,
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

/** What epilogueI32 does, on the map `src` in place of counts. */
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

// residual_signs.ts has the loop for a residual, a map and bits without flags, of counts with centers and of floats
// without; those of the other cases are the same for every pixel, hence predicted.
// @ts-ignore: decorator
@inline
function epilogue<T>(
  src: usize,
  srcBytes: usize,
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
  const usual = isFloat<T>() ? center == 0 : center != 0;
  if (usual && low == 0 && first != 0 && relu == 0 && second == 0 && dst != 0 && bits != 0) {
    residualSigns<T>(
      src,
      srcBytes,
      pixels,
      channels,
      center,
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
  const last = (1 << (channels & 15)) - 1;
  for (let pixel = 0; pixel < pixels; ++pixel) {
    let x = src;
    let at: usize = 0;
    let out = bits;
    let left = channels;
    for (; left >= 16; left -= 16) {
      let v0 = values4<T>(x);
      let v1 = values4<T>(x + 4 * sizeof<T>());
      let v2 = values4<T>(x + 8 * sizeof<T>());
      let v3 = values4<T>(x + 12 * sizeof<T>());
      if (hasCenter) {
        v0 = f32x4.sub(v0, v128.load(center + at));
        v1 = f32x4.sub(v1, v128.load(center + at, 16));
        v2 = f32x4.sub(v2, v128.load(center + at, 32));
        v3 = f32x4.sub(v3, v128.load(center + at, 48));
      }
      v0 = affine(v0, v128.load(scale + at), v128.load(shift + at));
      v1 = affine(v1, v128.load(scale + at, 16), v128.load(shift + at, 16));
      v2 = affine(v2, v128.load(scale + at, 32), v128.load(shift + at, 32));
      v3 = affine(v3, v128.load(scale + at, 48), v128.load(shift + at, 48));
      if (hasBounds) {
        v0 = between(v0, v128.load(low + at), v128.load(high + at));
        v1 = between(v1, v128.load(low + at, 16), v128.load(high + at, 16));
        v2 = between(v2, v128.load(low + at, 32), v128.load(high + at, 32));
        v3 = between(v3, v128.load(low + at, 48), v128.load(high + at, 48));
      }
      if (hasFirst) {
        v0 = f32x4.add(v0, v128.load(first + at));
        v1 = f32x4.add(v1, v128.load(first + at, 16));
        v2 = f32x4.add(v2, v128.load(first + at, 32));
        v3 = f32x4.add(v3, v128.load(first + at, 48));
      }
      if (hasRelu) {
        v0 = positive(v0);
        v1 = positive(v1);
        v2 = positive(v2);
        v3 = positive(v3);
      }
      if (hasSecond) {
        v0 = f32x4.add(v0, v128.load(second + at));
        v1 = f32x4.add(v1, v128.load(second + at, 16));
        v2 = f32x4.add(v2, v128.load(second + at, 32));
        v3 = f32x4.add(v3, v128.load(second + at, 48));
      }
      if (hasDst) {
        v128.store(dst + at, v0);
        v128.store(dst + at, v1, 16);
        v128.store(dst + at, v2, 32);
        v128.store(dst + at, v3, 48);
      }
      if (hasBits) {
        let less0: v128, less1: v128, less2: v128, less3: v128;
        if (hasThreshold) {
          less0 = lessThan(v0, v128.load(signFlip + at), v128.load(signThreshold + at));
          less1 = lessThan(v1, v128.load(signFlip + at, 16), v128.load(signThreshold + at, 16));
          less2 = lessThan(v2, v128.load(signFlip + at, 32), v128.load(signThreshold + at, 32));
          less3 = lessThan(v3, v128.load(signFlip + at, 48), v128.load(signThreshold + at, 48));
        } else {
          less0 = negative(v0);
          less1 = negative(v1);
          less2 = negative(v2);
          less3 = negative(v3);
        }
        store<u16>(out, <u16>~maskBits(less0, less1, less2, less3));
        out += 2;
      }
      x += 16 * sizeof<T>();
      at += 64;
    }
    if (left > 0) {
      let less = 0;
      for (let c = 0; c < left; c += 4) {
        let v = valuesLast<T>(x, left - c);
        if (hasCenter) v = f32x4.sub(v, v128.load(center + at));
        v = affine(v, v128.load(scale + at), v128.load(shift + at));
        if (hasBounds) v = between(v, v128.load(low + at), v128.load(high + at));
        if (hasFirst) v = f32x4.add(v, v128.load(first + at));
        if (hasRelu) v = positive(v);
        if (hasSecond) v = f32x4.add(v, v128.load(second + at));
        if (hasDst) v128.store(dst + at, v);
        if (hasBits) {
          const mask = hasThreshold
            ? lessThan(v, v128.load(signFlip + at), v128.load(signThreshold + at))
            : negative(v);
          less |= i32x4.bitmask(mask) << c;
        }
        x += 4 * sizeof<T>();
        at += 16;
      }
      if (hasBits) {
        store<u16>(out, <u16>(~less & last));
        out += 2;
      }
    }
    if (hasBits) {
      clearBits(out, bits + bitBytes);
      bits += bitBytes;
    }
    src += srcBytes;
    if (hasFirst) first += mapBytes;
    if (hasSecond) second += mapBytes;
    if (hasDst) dst += mapBytes;
  }
}
