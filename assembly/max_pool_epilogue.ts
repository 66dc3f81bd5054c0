/**
 * Max pool, batch norm, ReLU and the next layer's sign bits in one pass over the map:
 *
 *   m = max over the window's taps inside the map (-infinity outside);  v = scale[c] * m + shift[c];  v = max(v, 0);
 *   dst = v;  bit(c) = !((v ^ signFlip[c]) < signThreshold[c]), of sign(v) if signThreshold is 0
 *
 * bit for bit what maxPoolF32 followed by epilogueF32 gives, without a map between them. Layouts: pool.ts and
 * epilogue.ts.
 *
 * Cost: windows are walked as in pool.ts, 16 channels at a time, with two instructions a tap and vector instead of
 * three: the taps are summed, and only if a sum is NaN (a tap is, or infinities cancel) is the window walked again, 4
 * channels at a time as at the end of a row, with maxima that keep NaN. It is bound by instructions, not by memory, so
 * it is 3 % faster than the two kernels; what was tried to save more of them lost (docs/measurements.md).
 */
import { affine, positive } from "./epilogue_values";
import { zeroTails } from "./pad_f32";
import { bitRowBytes, clearBits, lessThan, mapStride, maskBits, negative } from "./sign_bits";

/** Lanes that give bit 0; `thresholds` 0 is sign(v). */
// @ts-ignore: decorator
@inline
function signMask(v: v128, thresholds: usize, flips: usize): v128 {
  return thresholds != 0 ? lessThan(v, v128.load(flips), v128.load(thresholds)) : negative(v);
}

/** The larger of two, NaN if either is: pmax keeps a NaN in `best`, and a comparison finds one in `tap`. */
// @ts-ignore: decorator
@inline
function larger(best: v128, tap: v128): v128 {
  return v128.or(f32x4.pmax(best, tap), f32x4.ne(tap, tap));
}

/** Maximum of one window for 4 channels, NaN if a tap is. */
function maxOfFour(src: usize, height: i32, width: i32, step: usize, rowStep: usize): v128 {
  let best = f32x4.splat(-Infinity);
  for (let y = 0; y < height; ++y) {
    let a = src;
    for (let x = 0; x < width; ++x) {
      best = larger(best, v128.load(a));
      a += step;
    }
    src += rowStep;
  }
  return best;
}

/**
 * 16 channels of one window; `bits` is where their u16 goes. Returns false, with nothing written, if a tap may be NaN.
 */
// @ts-ignore: decorator
@inline
function poolChunk(
  src: usize,
  height: i32,
  width: i32,
  step: usize,
  rowStep: usize,
  scale: usize,
  shift: usize,
  relu: bool,
  dst: usize,
  bits: usize,
  thresholds: usize,
  flips: usize,
): bool {
  let best0 = f32x4.splat(-Infinity);
  let best1 = best0;
  let best2 = best0;
  let best3 = best0;
  let sum0 = f32x4.splat(0);
  let sum1 = sum0;
  let sum2 = sum0;
  let sum3 = sum0;
  let row = src;
  for (let y = 0; y < height; ++y) {
    let a = row;
    for (let x = 0; x < width; ++x) {
      const tap0 = v128.load(a);
      const tap1 = v128.load(a, 16);
      const tap2 = v128.load(a, 32);
      const tap3 = v128.load(a, 48);
      best0 = f32x4.pmax(best0, tap0);
      best1 = f32x4.pmax(best1, tap1);
      best2 = f32x4.pmax(best2, tap2);
      best3 = f32x4.pmax(best3, tap3);
      sum0 = f32x4.add(sum0, tap0);
      sum1 = f32x4.add(sum1, tap1);
      sum2 = f32x4.add(sum2, tap2);
      sum3 = f32x4.add(sum3, tap3);
      a += step;
    }
    row += rowStep;
  }
  const sum = f32x4.add(f32x4.add(sum0, sum1), f32x4.add(sum2, sum3));
  if (v128.any_true(f32x4.ne(sum, sum))) return false;
  let v0 = affine(best0, v128.load(scale), v128.load(shift));
  let v1 = affine(best1, v128.load(scale, 16), v128.load(shift, 16));
  let v2 = affine(best2, v128.load(scale, 32), v128.load(shift, 32));
  let v3 = affine(best3, v128.load(scale, 48), v128.load(shift, 48));
  if (relu) {
    v0 = positive(v0);
    v1 = positive(v1);
    v2 = positive(v2);
    v3 = positive(v3);
  }
  if (dst != 0) {
    v128.store(dst, v0);
    v128.store(dst, v1, 16);
    v128.store(dst, v2, 32);
    v128.store(dst, v3, 48);
  }
  if (bits != 0) {
    const less =
      thresholds != 0
        ? maskBits(
            lessThan(v0, v128.load(flips), v128.load(thresholds)),
            lessThan(v1, v128.load(flips, 16), v128.load(thresholds, 16)),
            lessThan(v2, v128.load(flips, 32), v128.load(thresholds, 32)),
            lessThan(v3, v128.load(flips, 48), v128.load(thresholds, 48)),
          )
        : maskBits(negative(v0), negative(v1), negative(v2), negative(v3));
    store<u16>(bits, <u16>~less);
  }
  return true;
}

/** 4 channels of one window; returns their 4 bits, 0 if no bits are asked for. */
// @ts-ignore: decorator
@inline
function poolFour(
  src: usize,
  height: i32,
  width: i32,
  step: usize,
  rowStep: usize,
  scale: usize,
  shift: usize,
  relu: bool,
  dst: usize,
  bits: bool,
  thresholds: usize,
  flips: usize,
): i32 {
  let v = affine(maxOfFour(src, height, width, step, rowStep), v128.load(scale), v128.load(shift));
  if (relu) v = positive(v);
  if (dst != 0) v128.store(dst, v);
  return bits ? ~i32x4.bitmask(signMask(v, thresholds, flips)) & 15 : 0;
}

/**
 * maxPoolF32 and epilogueF32 (without residuals) in one pass, bit for bit: v = scale[c] * maximum + shift[c]; if `relu`
 * is not 0, v = max(v, 0); v is stored to the map `dst` and its sign bits to `bits`, each if its pointer is not 0.
 * Parameters as epilogueF32 has them.
 */
export function maxPoolEpilogueF32(
  src: usize,
  batch: i32,
  height: i32,
  width: i32,
  channels: i32,
  outHeight: i32,
  outWidth: i32,
  kernelHeight: i32,
  kernelWidth: i32,
  strideHeight: i32,
  strideWidth: i32,
  padTop: i32,
  padLeft: i32,
  scale: usize,
  shift: usize,
  relu: i32,
  dst: usize,
  bits: usize,
  signThreshold: usize,
  signFlip: usize,
): void {
  const step = mapStride(channels) << 2;
  const rowStep = <usize>width * step;
  const bitBytes = bitRowBytes(channels);
  // Bits of the last, partial group of 16 that are channels.
  const last = (1 << (channels & 15)) - 1;
  let out = dst;
  let outBits = bits;
  for (let image = 0; image < batch; ++image) {
    const base = src + <usize>(image * height) * rowStep;
    for (let y = 0; y < outHeight; ++y) {
      const top = max(0, y * strideHeight - padTop);
      const rows = min(height, y * strideHeight - padTop + kernelHeight) - top;
      for (let x = 0; x < outWidth; ++x) {
        const left = max(0, x * strideWidth - padLeft);
        const columns = min(width, x * strideWidth - padLeft + kernelWidth) - left;
        const window = base + <usize>top * rowStep + <usize>left * step;
        let group = outBits;
        let c: usize = 0;
        do {
          while (
            c + 64 <= step &&
            <i32>(c >> 2) + 16 <= channels &&
            poolChunk(
              window + c,
              rows,
              columns,
              step,
              rowStep,
              scale + c,
              shift + c,
              relu != 0,
              dst != 0 ? out + c : 0,
              group,
              signThreshold != 0 ? signThreshold + c : 0,
              signFlip + c,
            )
          ) {
            c += 64;
            if (bits != 0) group += 2;
          }
          if (c >= step) break;
          // The end of the row, or 16 channels with a NaN.
          const whole = <i32>(c >> 2) + 16 <= channels;
          const end = min(c + 64, step);
          let signs = 0;
          for (let bit = 0; c < end; c += 16) {
            signs |=
              poolFour(
                window + c,
                rows,
                columns,
                step,
                rowStep,
                scale + c,
                shift + c,
                relu != 0,
                dst != 0 ? out + c : 0,
                bits != 0,
                signThreshold != 0 ? signThreshold + c : 0,
                signFlip + c,
              ) << bit;
            bit += 4;
          }
          if (bits != 0) {
            store<u16>(group, <u16>(whole ? signs : signs & last));
            group += 2;
          }
        } while (c < step);
        if (bits != 0) {
          clearBits(group, outBits + bitBytes);
          outBits += bitBytes;
        }
        if (dst != 0) out += step;
      }
    }
  }
  // An empty window makes 0 * -infinity of the tail lanes.
  if (dst != 0) zeroTails(dst, batch * outHeight * outWidth, channels);
}
