/**
 * Max pool, batch norm, ReLU and the next layer's sign bits in one pass over the map:
 *
 *   m = max over the window's taps inside the map (-infinity outside);  v = scale[c] * m + shift[c];  v = max(v, 0);
 *   dst = v;  bit(c) = !((v ^ signFlip[c]) < signThreshold[c]), of sign(v) where signThreshold is 0
 *
 * bit for bit what maxPoolF32 followed by epilogueF32 gives, without a map between them. Layouts: pool.ts and epilogue.ts.
 *
 * Windows are walked as in pool.ts, 16 channels at a time: a load and three instructions a tap and vector, one of them into a mask
 * of the lanes that were ever NaN. The epilogue adds 2 loads and 2 to 6 instructions a vector of the result.
 */
import { affine, positive } from "./epilogue_values";
import { larger, poolRow3x3 } from "./max_pool_3x3";
import { zeroTails } from "./pad_f32";
import { bitRowBytes, clearBits, lessThan, mapStride, maskBits, negative } from "./sign_bits";

/** Lanes that give bit 0; `thresholds` 0 is sign(v). */
// @ts-ignore: decorator
@inline
function signMask(v: v128, thresholds: usize, flips: usize): v128 {
  return thresholds != 0 ? lessThan(v, v128.load(flips), v128.load(thresholds)) : negative(v);
}

/** 16 channels of one window; `bits` is where their u16 goes. */
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
): void {
  let best0 = f32x4.splat(-Infinity);
  let best1 = best0;
  let best2 = best0;
  let best3 = best0;
  for (let y = 0; y < height; ++y) {
    let a = src;
    for (let x = 0; x < width; ++x) {
      const tap0 = v128.load(a);
      const tap1 = v128.load(a, 16);
      const tap2 = v128.load(a, 32);
      const tap3 = v128.load(a, 48);
      best0 = larger(best0, tap0);
      best1 = larger(best1, tap1);
      best2 = larger(best2, tap2);
      best3 = larger(best3, tap3);
      a += step;
    }
    src += rowStep;
  }
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
}

/** 4 channels of one window; returns their 4 bits, 0 where no bits are asked for. */
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
  let best = f32x4.splat(-Infinity);
  for (let y = 0; y < height; ++y) {
    let a = src;
    for (let x = 0; x < width; ++x) {
      const tap = v128.load(a);
      best = larger(best, tap);
      a += step;
    }
    src += rowStep;
  }
  let v = affine(best, v128.load(scale), v128.load(shift));
  if (relu) v = positive(v);
  if (dst != 0) v128.store(dst, v);
  return bits ? ~i32x4.bitmask(signMask(v, thresholds, flips)) & 15 : 0;
}

/** map -> map and bits; arguments as the formula at the top names them, 0 where a result is not wanted. */
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
  const inside =
    padTop < 3 &&
    padLeft < 3 &&
    (outHeight - 1) * strideHeight - padTop < height &&
    (outWidth - 1) * strideWidth - padLeft < width;
  if (kernelHeight == 3 && kernelWidth == 3 && strideWidth == 2 && inside) {
    if (bits != 0) memory.fill(bits, 0, <usize>(batch * outHeight * outWidth) * bitBytes);
    for (let row = 0; row < batch * outHeight; ++row) {
      const base = src + <usize>(row / outHeight) * <usize>height * rowStep;
      const y = (row % outHeight) * strideHeight - padTop;
      poolRow3x3(
        base + <usize>max(0, y) * rowStep,
        base + <usize>min(max(0, y + 1), height - 1) * rowStep,
        base + <usize>min(y + 2, height - 1) * rowStep,
        width,
        channels,
        outWidth,
        padLeft,
        scale,
        shift,
        relu != 0,
        out,
        outBits,
        signThreshold,
        signFlip,
      );
      if (dst != 0) out += <usize>outWidth * step;
      if (bits != 0) outBits += <usize>outWidth * bitBytes;
    }
    return;
  }
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
        for (; c + 64 <= step && <i32>(c >> 2) + 16 <= channels; c += 64) {
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
          );
          if (bits != 0) group += 2;
        }
        if (c < step) {
          let signs = 0;
          for (let bit = 0; c < step; c += 16) {
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
            store<u16>(group, <u16>(signs & last));
            group += 2;
          }
        }
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
