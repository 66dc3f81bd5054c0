/** im2col on bits, and taps that share words, in the debug build. */
import { im2colBits, joinTaps } from "../../assembly/im2col";

/** Number of words that differ from the definition. */
function wrongWords(
  height: i32,
  width: i32,
  words: i32,
  kernelHeight: i32,
  kernelWidth: i32,
  stride: i32,
  dilation: i32,
  padTop: i32,
  padLeft: i32,
  borderBits: u64,
): i32 {
  const outHeight = (height + 2 * padTop - dilation * (kernelHeight - 1) - 1) / stride + 1;
  const outWidth = (width + 2 * padLeft - dilation * (kernelWidth - 1) - 1) / stride + 1;
  const total = height * width * words;
  const rowWords = kernelHeight * kernelWidth * words;
  const src = heap.alloc(total * 8);
  const border = heap.alloc(words * 8);
  const dst = heap.alloc(outHeight * outWidth * rowWords * 8 + 8);
  for (let i = 0; i < total; ++i) store<u64>(src + i * 8, <u64>(i + 1) * 0x9e3779b97f4a7c15);
  for (let w = 0; w < words; ++w) store<u64>(border + w * 8, borderBits);
  const guard = dst + outHeight * outWidth * rowWords * 8;
  store<u64>(guard, 0x1234567890);
  // In two calls, the second one starting inside a row.
  const pixels = outHeight * outWidth;
  const first = pixels / 3;
  im2colBits(
    src,
    dst,
    height,
    width,
    words,
    kernelHeight,
    kernelWidth,
    stride,
    stride,
    dilation,
    dilation,
    padTop,
    padLeft,
    outWidth,
    0,
    first,
    border,
  );
  im2colBits(
    src,
    dst + first * rowWords * 8,
    height,
    width,
    words,
    kernelHeight,
    kernelWidth,
    stride,
    stride,
    dilation,
    dilation,
    padTop,
    padLeft,
    outWidth,
    first,
    pixels - first,
    border,
  );
  let wrong = load<u64>(guard) == 0x1234567890 ? 0 : 1;
  for (let i = 0; i < pixels * rowWords; ++i) {
    const pixel = i / rowWords;
    const tap = (i % rowWords) / words;
    const y = (pixel / outWidth) * stride - padTop + (tap / kernelWidth) * dilation;
    const x = (pixel % outWidth) * stride - padLeft + (tap % kernelWidth) * dilation;
    let expected = borderBits;
    if (y >= 0 && y < height && x >= 0 && x < width) {
      expected = load<u64>(src + ((y * width + x) * words + (i % words)) * 8);
    }
    if (load<u64>(dst + i * 8) != expected) ++wrong;
  }
  heap.free(src);
  heap.free(border);
  heap.free(dst);
  return wrong;
}

describe("im2col on bits", () => {
  test("taps of few channels share words, in place", () => {
    // Two rows of five taps of 16 channels: four in the first word of a row, one in the second.
    const rows = heap.alloc(2 * 5 * 8);
    for (let tap = 0; tap < 10; ++tap) store<u64>(rows + tap * 8, 0x1000 + tap);
    joinTaps(rows, rows, 2, 5, 16);
    expect(load<u64>(rows)).toBe(0x1003100210011000);
    expect(load<u64>(rows, 8)).toBe(0x1004);
    expect(load<u64>(rows, 16)).toBe(0x1008100710061005);
    expect(load<u64>(rows, 24)).toBe(0x1009);
    heap.free(rows);
  });

  test("every kernel from 1x1 to 7x7, one to four words a pixel", () => {
    for (let kh = 1; kh <= 7; ++kh) {
      for (let kw = 1; kw <= 7; ++kw) {
        for (let words = 1; words <= 4; ++words) {
          expect(wrongWords(9, 8, words, kh, kw, 1, 1, kh >> 1, kw >> 1, 0)).toBe(0);
        }
      }
    }
  });

  test("strides and dilations, both borders", () => {
    for (let stride = 1; stride <= 3; ++stride) {
      for (let dilation = 1; dilation <= 3; ++dilation) {
        expect(wrongWords(17, 13, 2, 3, 3, stride, dilation, dilation, dilation, 0)).toBe(0);
        expect(wrongWords(11, 17, 1, 3, 5, stride, dilation, 2, 4, u64.MAX_VALUE)).toBe(0);
      }
    }
  });

  test("windows wholly outside the image", () => {
    expect(wrongWords(1, 1, 3, 1, 1, 1, 1, 5, 5, 0x5555)).toBe(0);
    expect(wrongWords(2, 1, 1, 3, 3, 2, 3, 7, 7, u64.MAX_VALUE)).toBe(0);
  });
});
