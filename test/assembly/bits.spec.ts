/** Sign bits moved, pooled and flattened, in the debug build. */
import { flattenBitsNchw, flattenBitsNhwc } from "../../assembly/flatten_bits";
import { maxPoolBits } from "../../assembly/pool_bits";
import { copyBits, permuteBits, windowBits } from "../../assembly/rearrange_bits";

function rowBytes(channels: i32): usize {
  return (<usize>((channels + 63) >> 6)) << 3;
}

function bitAt(bits: usize, channels: i32, pixel: i32, c: i32): i32 {
  const byte: i32 = load<u8>(bits + <usize>pixel * rowBytes(channels) + ((<usize>c) >> 3));
  return (byte >> (c & 7)) & 1;
}

/** ORs a bit into the byte of channel c. */
function setBit(byte: usize, c: i32, bit: i32): void {
  const value: i32 = load<u8>(byte) | (bit << (c & 7));
  store<u8>(byte, <u8>value);
}

/** A made-up bit, about half of them 1. */
function pattern(pixel: i32, c: i32): i32 {
  return ((pixel * 37 + c * 11 + ((pixel * c) >> 2)) >> 1) & 1;
}

/** Bits of the pattern, zero past the last channel. */
function patterned(pixels: i32, channels: i32): usize {
  const bytes = <usize>pixels * rowBytes(channels);
  const bits = heap.alloc(bytes);
  memory.fill(bits, 0, bytes);
  for (let pixel = 0; pixel < pixels; ++pixel) {
    for (let c = 0; c < channels; ++c) {
      const at = bits + <usize>pixel * rowBytes(channels) + ((<usize>c) >> 3);
      setBit(at, c, pattern(pixel, c));
    }
  }
  return bits;
}

/** Memory that held anything. */
function garbage(pixels: i32, channels: i32): usize {
  const bytes = <usize>pixels * rowBytes(channels);
  const bits = heap.alloc(bytes);
  memory.fill(bits, 0x5b, bytes);
  return bits;
}

/** Bits past the last channel that are set. */
function tailBits(bits: usize, pixels: i32, channels: i32): i32 {
  let set = 0;
  for (let pixel = 0; pixel < pixels; ++pixel) {
    for (let c = channels; (c < channels + 63) & ~63; ++c) set += bitAt(bits, channels, pixel, c);
  }
  return set;
}

/** A concat of `first` channels and `count` others, which are a slice from `from` on. */
function wrongConcat(first: i32, from: i32, count: i32): i32 {
  const pixels = 3;
  const left = patterned(pixels, first);
  const right = patterned(pixels, from + count + 3);
  const dst = garbage(pixels, first + count);
  copyBits(dst, left, pixels, first + count, 0, first, 0, first);
  copyBits(dst, right, pixels, first + count, first, from + count + 3, from, count);
  let wrong = tailBits(dst, pixels, first + count);
  for (let pixel = 0; pixel < pixels; ++pixel) {
    for (let c = 0; c < first + count; ++c) {
      const expected = c < first ? pattern(pixel, c) : pattern(pixel, c - first + from);
      if (bitAt(dst, first + count, pixel, c) != expected) ++wrong;
    }
  }
  heap.free(left);
  heap.free(right);
  heap.free(dst);
  return wrong;
}

function wrongPermuted(channels: i32): i32 {
  const pixels = 3;
  const src = patterned(pixels, channels);
  const dst = garbage(pixels, channels);
  const order = heap.alloc((<usize>channels) << 2);
  for (let c = 0; c < channels; ++c) store<u32>(order + ((<usize>c) << 2), (c * 7 + 3) % channels);
  permuteBits(src, dst, pixels, channels, order);
  let wrong = tailBits(dst, pixels, channels);
  for (let pixel = 0; pixel < pixels; ++pixel) {
    for (let c = 0; c < channels; ++c) {
      if (bitAt(dst, channels, pixel, c) != pattern(pixel, (c * 7 + 3) % channels)) ++wrong;
    }
  }
  heap.free(src);
  heap.free(dst);
  heap.free(order);
  return wrong;
}

/** Two images of 3x4 through a window of 4x5, border all ones. */
function wrongWindow(channels: i32, top: i32, left: i32): i32 {
  const src = patterned(24, channels);
  const dst = garbage(40, channels);
  const border = heap.alloc(rowBytes(channels));
  memory.fill(border, 0, rowBytes(channels));
  for (let c = 0; c < channels; ++c) {
    const at = border + ((<usize>c) >> 3);
    setBit(at, c, 1);
  }
  windowBits(src, dst, 2, 3, 4, <i32>(rowBytes(channels) >> 3), 4, 5, top, left, border);
  let wrong = tailBits(dst, 40, channels);
  for (let pixel = 0; pixel < 40; ++pixel) {
    const y = ((pixel / 5) % 4) - top;
    const x = (pixel % 5) - left;
    const inside = y >= 0 && y < 3 && x >= 0 && x < 4;
    for (let c = 0; c < channels; ++c) {
      const expected = inside ? pattern(((pixel / 20) * 3 + y) * 4 + x, c) : 1;
      if (bitAt(dst, channels, pixel, c) != expected) ++wrong;
    }
  }
  heap.free(src);
  heap.free(dst);
  heap.free(border);
  return wrong;
}

/** A 5x5 map, 2x3 windows with strides 2 and 1 from a column to the left and a row above. */
function wrongPool(channels: i32): i32 {
  const src = patterned(25, channels);
  const dst = garbage(15, channels);
  maxPoolBits(src, dst, 1, 5, 5, <i32>(rowBytes(channels) >> 3), 3, 5, 2, 3, 2, 1, 1, 1);
  let wrong = tailBits(dst, 15, channels);
  for (let pixel = 0; pixel < 15; ++pixel) {
    for (let c = 0; c < channels; ++c) {
      let any = 0;
      for (let y = (pixel / 5) * 2 - 1; y < (pixel / 5) * 2 + 1; ++y) {
        for (let x = (pixel % 5) - 1; x < (pixel % 5) + 2; ++x) {
          if (y >= 0 && y < 5 && x >= 0 && x < 5) any |= pattern(y * 5 + x, c);
        }
      }
      if (bitAt(dst, channels, pixel, c) != any) ++wrong;
    }
  }
  heap.free(src);
  heap.free(dst);
  return wrong;
}

/** Two images of 21 pixels. */
function wrongRows(channels: i32, nchw: bool): i32 {
  const plane = 21;
  const length = plane * channels;
  const src = patterned(2 * plane, channels);
  const dst = garbage(2, length);
  if (nchw) flattenBitsNchw(src, dst, 2, plane, channels);
  else flattenBitsNhwc(src, dst, 2, plane, channels);
  let wrong = tailBits(dst, 2, length);
  for (let image = 0; image < 2; ++image) {
    for (let pixel = 0; pixel < plane; ++pixel) {
      for (let c = 0; c < channels; ++c) {
        const at = nchw ? c * plane + pixel : pixel * channels + c;
        if (bitAt(dst, length, image, at) != pattern(image * plane + pixel, c)) ++wrong;
      }
    }
  }
  heap.free(src);
  heap.free(dst);
  return wrong;
}

describe("moving sign bits", () => {
  test("concats and slices at every offset in a word", () => {
    for (let first = 1; first <= 67; ++first) {
      expect(wrongConcat(first, (first * 5) % 70, 13)).toBe(0);
      expect(wrongConcat(first, first % 3, 130)).toBe(0);
    }
  });

  test("permuted channels", () => {
    for (let channels = 1; channels <= 150; channels += 4) expect(wrongPermuted(channels)).toBe(0);
    expect(wrongPermuted(2049)).toBe(0);
  });

  test("padding and cropping, windows outside the image included", () => {
    for (let top = -5; top <= 5; ++top) {
      for (let left = -6; left <= 6; left += 2) expect(wrongWindow(66, top, left)).toBe(0);
    }
  });

  test("max pool", () => {
    for (let channels = 1; channels <= 200; channels += 21) expect(wrongPool(channels)).toBe(0);
  });

  test("rows of bits in both orders", () => {
    for (let channels = 1; channels <= 140; channels += 9) {
      expect(wrongRows(channels, true)).toBe(0);
      expect(wrongRows(channels, false)).toBe(0);
    }
  });
});
