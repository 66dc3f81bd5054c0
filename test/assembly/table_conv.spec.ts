/** The table convolution in the debug build, beside counts bit by bit. */
import { tableConv, tableConvPack, tableConvSelectors } from "../../assembly/table_conv";
import { tableConvCorrections, tableConvZeroBorder } from "../../assembly/table_conv_border";

/** Border of the cases: what a tap outside the image reads. */
const MINUS_ONE = -1;
const ZERO = 0;
const PLUS_ONE = 1;

function wordsOf(channels: i32): i32 {
  return (channels + 63) >> 6;
}

/** A row of words with random bits up to the last channel. */
function fillRows(rows: i32, channels: i32, seed: u32): usize {
  const words = wordsOf(channels);
  const bytes = (<usize>(rows * words)) << 3;
  const pointer = heap.alloc(bytes);
  memory.fill(pointer, 0, bytes);
  let state = seed | 1;
  for (let row = 0; row < rows; ++row) {
    for (let channel = 0; channel < channels; ++channel) {
      state = state * 1664525 + 1013904223;
      if (state >> 31) setBit(pointer, row, words, channel);
    }
  }
  return pointer;
}

function setBit(rows: usize, row: i32, words: i32, channel: i32): void {
  const at = rows + ((<usize>(row * words + (channel >> 6))) << 3);
  store<u64>(at, load<u64>(at) | ((<u64>1) << ((<u64>channel) & 63)));
}

function bitOf(rows: usize, row: i32, words: i32, channel: i32): i32 {
  return <i32>((load<u64>(rows + ((<usize>(row * words + (channel >> 6))) << 3)) >> ((<u64>channel) & 63)) & 1);
}

/** Number of outputs that differ from a dot product taken bit by bit; square images, kernels, strides and pads. */
function wrongDots(
  batch: i32,
  size: i32,
  channels: i32,
  outChannels: i32,
  kernel: i32,
  stride: i32,
  dilation: i32,
  pad: i32,
  border: i32,
  rowBand: i32,
): i32 {
  const words = wordsOf(channels);
  const padded = size + 2 * pad;
  const out = (padded - (kernel - 1) * dilation - 1) / stride + 1;
  const taps = kernel * kernel;
  const blocks = (outChannels + 63) >> 6;

  const bits = fillRows(batch * size * size, channels, 7);
  const weights = fillRows(outChannels * taps, channels, 99);
  const edge = heap.alloc((<usize>words) << 3);
  memory.fill(edge, 0, (<usize>words) << 3);
  if (border == PLUS_ONE) for (let channel = 0; channel < channels; ++channel) setBit(edge, 0, words, channel);

  const selectors = heap.alloc(<usize>(batch * padded * padded * words * 16));
  const packed = heap.alloc(<usize>(blocks * taps * words * 512));
  const counts = heap.alloc(<usize>(batch * out * out * blocks * 128));
  const corrections = heap.alloc(<usize>(taps * blocks * 128));
  const scratch = heap.alloc(<usize>(blocks * 128));
  tableConvSelectors(bits, words, selectors, batch, size, size, words, pad, pad, pad, pad, edge);
  tableConvPack(weights, packed, outChannels, kernel, kernel, words, dilation);
  tableConv(
    selectors,
    packed,
    0,
    counts,
    blocks * 64,
    batch,
    padded,
    padded,
    words,
    out,
    out,
    outChannels,
    kernel,
    kernel,
    stride,
    stride,
    dilation,
    dilation,
    rowBand,
  );
  if (border == ZERO) {
    tableConvCorrections(weights, corrections, outChannels, taps, words, channels);
    tableConvZeroBorder(
      counts,
      corrections,
      scratch,
      batch,
      size,
      size,
      channels,
      out,
      out,
      outChannels,
      kernel,
      kernel,
      stride,
      stride,
      dilation,
      dilation,
      pad,
      pad,
    );
  }

  const perMismatch = border == ZERO && channels & 1 ? 1 : 2;
  let wrong = 0;
  for (let pixel = 0; pixel < batch * out * out; ++pixel) {
    const image = pixel / (out * out);
    const y = ((pixel / out) % out) * stride - pad;
    const x = (pixel % out) * stride - pad;
    for (let n = 0; n < outChannels; ++n) {
      let dot = 0;
      for (let tap = 0; tap < taps; ++tap) {
        const row = y + (tap / kernel) * dilation;
        const column = x + (tap % kernel) * dilation;
        const outside = row < 0 || row >= size || column < 0 || column >= size;
        for (let channel = 0; channel < channels; ++channel) {
          let activation = border;
          if (!outside) activation = 2 * bitOf(bits, (image * size + row) * size + column, words, channel) - 1;
          dot += activation * (2 * bitOf(weights, n * taps + tap, words, channel) - 1);
        }
      }
      const count = <i32>load<u16>(counts + ((<usize>(pixel * blocks * 64 + n)) << 1));
      if (taps * channels - perMismatch * count != dot) ++wrong;
    }
  }

  heap.free(bits);
  heap.free(weights);
  heap.free(edge);
  heap.free(selectors);
  heap.free(packed);
  heap.free(counts);
  heap.free(corrections);
  return wrong;
}

/** Counts that differ: 3x3 on the second of two words, any masks, the second block of two in the counts. */
function wrongMasked(size: i32, outChannels: i32): i32 {
  const out = size - 2;
  const bits = fillRows(size * size, 128, 5);
  const weights = fillRows(outChannels * 9, 64, 41);
  const masks = fillRows(outChannels * 9, 64, 77);
  const selectors = heap.alloc(<usize>(size * size * 16));
  const packed = heap.alloc(9 * 512);
  const packedMasks = heap.alloc(9 * 512);
  const counts = heap.alloc(<usize>(out * out * 256));
  memory.fill(counts, 0x5b, <usize>(out * out * 256));
  tableConvSelectors(bits + 8, 2, selectors, 1, size, size, 1, 0, 0, 0, 0, 0);
  tableConvPack(weights, packed, outChannels, 3, 3, 1, 1);
  tableConvPack(masks, packedMasks, outChannels, 3, 3, 1, 1);
  tableConv(
    selectors,
    packed,
    packedMasks,
    counts + 128,
    128,
    1,
    size,
    size,
    1,
    out,
    out,
    outChannels,
    3,
    3,
    1,
    1,
    1,
    1,
    2,
  );
  let wrong = 0;
  for (let pixel = 0; pixel < out * out; ++pixel) {
    for (let n = 0; n < outChannels; ++n) {
      let count = 0;
      for (let tap = 0; tap < 9; ++tap) {
        const at = (pixel / out + tap / 3) * size + (pixel % out) + (tap % 3);
        const row = (<usize>(n * 9 + tap)) << 3;
        const mismatches = load<u64>(bits + 8 + ((<usize>at) << 4)) ^ load<u64>(weights + row);
        count += <i32>popcnt(mismatches & load<u64>(masks + row));
      }
      const at = counts + ((<usize>(pixel * 128 + n)) << 1);
      if (<i32>load<u16>(at, 128) != count) ++wrong;
      if (load<u16>(at) != 0x5b5b) ++wrong;
    }
  }
  heap.free(bits);
  heap.free(weights);
  heap.free(masks);
  heap.free(selectors);
  heap.free(packed);
  heap.free(packedMasks);
  heap.free(counts);
  return wrong;
}

describe("table convolution", () => {
  test("masked products, among other channels' words and counts", () => {
    expect(wrongMasked(6, 64)).toBe(0);
    expect(wrongMasked(5, 23)).toBe(0);
  });
  test("3x3, one word, zero padding", () => {
    expect(wrongDots(1, 6, 64, 64, 3, 1, 1, 1, ZERO, 6)).toBe(0);
  });
  test("3x3, odd channels, zero padding doubles the counts", () => {
    expect(wrongDots(2, 5, 77, 40, 3, 2, 1, 1, ZERO, 4)).toBe(0);
  });
  test("3x3, three words, border of -1", () => {
    expect(wrongDots(1, 4, 190, 70, 3, 1, 1, 1, MINUS_ONE, 3)).toBe(0);
  });
  test("3x3, tail of a word, border of +1", () => {
    expect(wrongDots(1, 4, 100, 10, 3, 1, 1, 1, PLUS_ONE, 1)).toBe(0);
  });
  test("1x1 with chunks of 48 and 16, stride 2", () => {
    expect(wrongDots(2, 5, 256, 65, 1, 2, 1, 0, MINUS_ONE, 5)).toBe(0);
  });
  test("1x1 with a chunk of 32", () => {
    expect(wrongDots(1, 3, 128, 64, 1, 1, 1, 0, MINUS_ONE, 3)).toBe(0);
  });
  test("3x3 dilated: a run is one tap", () => {
    expect(wrongDots(1, 6, 70, 20, 3, 1, 2, 2, ZERO, 4)).toBe(0);
  });
  test("5x5 larger than the image", () => {
    expect(wrongDots(1, 2, 65, 12, 5, 1, 1, 2, ZERO, 2)).toBe(0);
  });
  test("bands that end inside an image of a batch", () => {
    expect(wrongDots(3, 4, 64, 64, 3, 1, 1, 1, ZERO, 5)).toBe(0);
  });
});
