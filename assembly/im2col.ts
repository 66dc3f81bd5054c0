/**
 * im2col on packed bits: every output pixel's window as one row, so that the convolution is a GEMM over u64 words.
 *
 *   bits  [height][width][words] u64
 *   row   [kernelHeight][kernelWidth][words] u64, one an output pixel:
 *
 *         | tap (0,0) | tap (0,1) | ... | tap (kh-1, kw-1) |      tap (ky, kx) of output (oy, ox) reads input row
 *         | words u64 | ...                            oy * strideHeight - padTop + ky * dilationHeight, columns alike
 *
 * A tap outside the image is the border pixel, so padding with -1 (zero bits) or +1 (ones up to the last channel) needs
 * no correction after the GEMM. Every word is copied as it is: tail bits stay zero in rows and weights alike and count
 * no mismatch.
 *
 * Cost: one load and one store a word, two words at a time if a kernel row lies inside the image and is not dilated.
 * Windows that lie inside altogether skip the checks of their rows, which took a fifth of the time.
 */

/**
 * One image of bits -> rows for the GEMM: for output pixels [firstPixel, firstPixel + pixelCount) of a map `outWidth`
 * wide a row holds kernelHeight * kernelWidth * words u64, taps in row-major order. Taps outside the image read the
 * `words` words at `border`: all zero for -1, ones up to the last channel for +1.
 */
export function im2colBits(
  src: usize,
  dst: usize,
  height: i32,
  width: i32,
  words: i32,
  kernelHeight: i32,
  kernelWidth: i32,
  strideHeight: i32,
  strideWidth: i32,
  dilationHeight: i32,
  dilationWidth: i32,
  padTop: i32,
  padLeft: i32,
  outWidth: i32,
  firstPixel: i32,
  pixelCount: i32,
  border: usize,
): void {
  const tapBytes = (<usize>words) << 3;
  const rowBytes = <usize>width * tapBytes;
  const runWords = kernelWidth * words;
  const tapRowBytes = <usize>dilationHeight * rowBytes;
  const reach = (kernelHeight - 1) * dilationHeight + 1;
  let outX = firstPixel % outWidth;
  let top = (firstPixel / outWidth) * strideHeight - padTop;
  for (let pixel = 0; pixel < pixelCount; ++pixel) {
    const left = outX * strideWidth - padLeft;
    const inside = dilationWidth == 1 && left >= 0 && left + kernelWidth <= width;
    if (inside && top >= 0 && top + reach <= height) {
      let run = src + <usize>top * rowBytes + <usize>left * tapBytes;
      for (let ky = 0; ky < kernelHeight; ++ky) {
        dst = copyWords(dst, run, runWords);
        run += tapRowBytes;
      }
    } else {
      for (let ky = 0; ky < kernelHeight; ++ky) {
        const y = top + ky * dilationHeight;
        const row = src + <usize>y * rowBytes;
        const rowInside = <u32>y < <u32>height;
        const whole = rowInside && inside;
        const pieces = whole ? 1 : kernelWidth;
        for (let kx = 0; kx < pieces; ++kx) {
          const x = left + kx * dilationWidth;
          const tap = rowInside && <u32>x < <u32>width ? row + <usize>x * tapBytes : border;
          dst = copyWords(dst, tap, whole ? runWords : words);
        }
      }
    }
    if (++outX == outWidth) {
      outX = 0;
      top += strideHeight;
    }
  }
}

/**
 * Joins taps of at most 32 channels: `rows` rows of `taps` u64, `channels` bits each -> rows of
 * ceil(taps / floor(64 / channels)) u64, the taps of a word side by side; `dst` may be `src`.
 *
 *   | tap 0: bits 0 .. C-1 | tap 1: bits C .. 2C-1 | ...   as many as fit |  the next taps ...
 *
 * Rows and weights alike, so that mismatches stay the same and the GEMM has fewer words to compare: a third of them for
 * 3x3 taps of 16 channels. Cost: a load, a shift and an or a tap.
 */
export function joinTaps(src: usize, dst: usize, rows: i32, taps: i32, channels: i32): void {
  const most = 64 / channels;
  for (let row = 0; row < rows; ++row) {
    for (let left = taps; left > 0; left -= most) {
      const end = src + ((<usize>min(left, most)) << 3);
      let word: u64 = 0;
      let shift: u64 = 0;
      for (; src < end; src += 8) {
        word |= load<u64>(src) << shift;
        shift += <u64>channels;
      }
      store<u64>(dst, word);
      dst += 8;
    }
  }
}

/**
 * Copies `count` u64, two at a time and the last two again if their number is odd; returns the address after the last.
 */
// @ts-ignore: decorator
@inline
function copyWords(dst: usize, src: usize, count: i32): usize {
  const end = dst + ((<usize>count) << 3);
  if (count == 1) {
    store<u64>(dst, load<u64>(src));
    return end;
  }
  const last = end - 16;
  const lastSrc = src + ((<usize>count) << 3) - 16;
  while (dst < last) {
    v128.store(dst, v128.load(src));
    src += 16;
    dst += 16;
  }
  v128.store(last, v128.load(lastSrc));
  return end;
}
