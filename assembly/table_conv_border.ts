/**
 * Zero padding for the table convolution: a tap outside the image must add 0 to the dot product. Over the selectors'
 * border of zeros such a tap counts popcount(w_tap), as if its activations were -1. A dot of 0 over C channels is a
 * count of C / 2, so the kernel here takes
 *
 *   correction[tap][n] = popcount(w_tap of channel n) - C / 2
 *
 * off the count for each tap outside the image, and dot = K - 2 * count holds everywhere, K = taps * C at every pixel.
 *
 * C ODD. Half units would be lost, so the counts of a layer with odd C are doubled and so are its corrections,
 * 2 * popcount - C:
 *
 *   C even   count  = mismatches              dot = K - 2 * count      exact while K <= 65535
 *   C odd    count2 = 2 * mismatches          dot = K - count2         exact while K <= 32767
 *
 * A padded tap's share is in 0..K in each case, so the result fits u16; steps in between may wrap modulo 65536 and come
 * back.
 *
 *   counts       [batch][row][column][ceil(N/64) * 64] u16
 *   corrections  [tap][ceil(N/64) * 64] i16         scratch  [ceil(N/64) * 64] i16, written to
 *
 * COST: a pixel inside is not touched (C even), one at the border loads, subtracts and stores its counts once.
 */
import { subtractOutside } from "./zero_border";

/**
 * Weights `[outChannels][taps][words]` u64, as for tableConvPack -> corrections for zero padding; `taps` is
 * kernelHeight * kernelWidth. Sizes by `tableConvCorrectionBytes`.
 */
export function tableConvCorrections(
  src: usize,
  dst: usize,
  outChannels: i32,
  taps: i32,
  words: i32,
  inChannels: i32,
): void {
  const stride = (outChannels + 63) & ~63;
  const odd = inChannels & 1;
  for (let tap = 0; tap < taps; ++tap) {
    for (let channel = 0; channel < stride; ++channel) {
      let correction = 0;
      if (channel < outChannels) {
        const row = src + ((<usize>((channel * taps + tap) * words)) << 3);
        let ones: i64 = 0;
        for (let word = 0; word < words; ++word) ones += popcnt<i64>(load<i64>(row + ((<usize>word) << 3)));
        correction = odd ? 2 * <i32>ones - inChannels : <i32>ones - (inChannels >> 1);
      }
      store<i16>(dst, <i16>correction);
      dst += 2;
    }
  }
}

/**
 * Counts of tableConv over a border of zeros -> counts of zero padding, in place: a tap outside the image adds 0 to the
 * dot product. inChannels even: dot = K - 2 * count. inChannels odd: every count is doubled, since a tap outside
 * is worth half a mismatch, and dot = K - count. K = taps * inChannels at the border too. `scratch` is
 * `tableConvCorrectionBytes` of one tap. Bands of rows as zeroBorderI32 has them.
 */
export function tableConvZeroBorder(
  counts: usize,
  corrections: usize,
  scratch: usize,
  batch: i32,
  height: i32,
  width: i32,
  inChannels: i32,
  outHeight: i32,
  outWidth: i32,
  outChannels: i32,
  kernelHeight: i32,
  kernelWidth: i32,
  strideHeight: i32,
  strideWidth: i32,
  dilationHeight: i32,
  dilationWidth: i32,
  padTop: i32,
  padLeft: i32,
): void {
  const pixelBytes = <usize>(((outChannels + 63) & ~63) * 2);
  if (inChannels & 1) {
    const end = counts + <usize>(batch * outHeight * outWidth) * pixelBytes;
    for (let at = counts; at < end; at += 16) v128.store(at, i16x8.shl(v128.load(at), 1));
  }
  subtractOutside<u16>(
    counts,
    corrections,
    scratch,
    pixelBytes,
    batch,
    height,
    width,
    outHeight,
    outWidth,
    kernelHeight,
    kernelWidth,
    strideHeight,
    strideWidth,
    dilationHeight,
    dilationWidth,
    padTop,
    padLeft,
  );
}
