/**
 * Max pool of sign bits: the maximum of -1 and +1 is +1 if any of them is, so a window's maximum is the OR of its
 * bits.
 *
 *   dst[p][c] = OR over the window's taps inside the map of src[tap][c]
 *
 * Taps outside do not take part. A window without any gives -1, the sign of the -infinity that a float max pool has
 * there. A kernel of one tap subsamples. Ternary planes (ternary_planes.ts) are pooled one by one: "greater than 0" and
 * "not less than 0" are both ORs. Few-bit planes (planes.ts) are not: the largest level is no OR of its digits.
 *
 *   bits  [pixel][words] u64, words = ceil(channels / 64): channel c in bit c % 64 of word floor(c / 64), the rest 0
 *
 * COST: a load and an OR for each tap and 128 channels.
 */

/** bits -> bits of the largest value in each window, -1 if a window is empty. */
export function maxPoolBits(
  src: usize,
  dst: usize,
  batch: i32,
  height: i32,
  width: i32,
  words: i32,
  outHeight: i32,
  outWidth: i32,
  kernelHeight: i32,
  kernelWidth: i32,
  strideHeight: i32,
  strideWidth: i32,
  padTop: i32,
  padLeft: i32,
): void {
  const step = (<usize>words) << 3;
  const rowStep = <usize>width * step;
  for (let image = 0; image < batch; ++image) {
    for (let y = 0; y < outHeight; ++y) {
      const top = max(0, y * strideHeight - padTop);
      const rows = min(height, y * strideHeight - padTop + kernelHeight) - top;
      for (let x = 0; x < outWidth; ++x) {
        const left = max(0, x * strideWidth - padLeft);
        const columns = min(width, x * strideWidth - padLeft + kernelWidth) - left;
        const window = src + <usize>top * rowStep + <usize>left * step;
        let word: usize = 0;
        for (; word + 16 <= step; word += 16) {
          let any = i64x2.splat(0);
          let row = window + word;
          for (let i = 0; i < rows; ++i) {
            let tap = row;
            for (let j = 0; j < columns; ++j) {
              any = v128.or(any, v128.load(tap));
              tap += step;
            }
            row += rowStep;
          }
          v128.store(dst + word, any);
        }
        if (word < step) {
          let any: u64 = 0;
          let row = window + word;
          for (let i = 0; i < rows; ++i) {
            let tap = row;
            for (let j = 0; j < columns; ++j) {
              any |= load<u64>(tap);
              tap += step;
            }
            row += rowStep;
          }
          store<u64>(dst + word, any);
        }
        dst += step;
      }
    }
    src += <usize>height * rowStep;
  }
}
