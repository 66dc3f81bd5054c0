/** Packing sign bits and taking them apart, in the debug build. */
import { packSignF32, packThresholdF32, unpackSignF32, widenRows } from "../../assembly/bitpack";

function strideOf(channels: i32): i32 {
  return (channels + 3) & ~3;
}

function wordsOf(channels: i32): i32 {
  return (channels + 63) >> 6;
}

/** A bit of a map of sign bits, at any channel of its words. */
function bitAt(bits: usize, pixel: i32, channel: i32, channels: i32): i32 {
  const byte = load<u8>(bits + pixel * wordsOf(channels) * 8 + (channel >> 3));
  return (byte >>> (<u8>(channel & 7))) & 1;
}

/** Floats on which a sign is easily got wrong. */
function special(i: i32): f32 {
  const which = i % 9;
  if (which == 0) return NaN;
  if (which == 1) return -0.0;
  if (which == 2) return Infinity;
  if (which == 3) return -Infinity;
  if (which == 4) return 0;
  if (which == 5) return -1e-45;
  return <f32>((i * 7) % 5) - 2;
}

/** A map of special values, zeros in its tail lanes. */
function specialMap(pixels: i32, channels: i32): usize {
  const stride = strideOf(channels);
  const map = heap.alloc(pixels * stride * 4);
  for (let i = 0; i < pixels * stride; ++i) {
    const c = i % stride;
    store<f32>(map + i * 4, c < channels ? special(i + i / stride) : 0);
  }
  return map;
}

/** Number of bits that differ from !((x ^ flip) < threshold), tail bits included. */
function wrongBits(pixels: i32, channels: i32, perChannel: bool): i32 {
  const stride = strideOf(channels);
  const lanes = wordsOf(channels) * 64;
  const src = specialMap(pixels, channels);
  const dst = heap.alloc((pixels * lanes) / 8);
  const threshold = heap.alloc(stride * 4);
  const flip = heap.alloc(stride * 4);
  for (let c = 0; c < stride; ++c) {
    store<f32>(threshold + c * 4, perChannel ? special(c * 5 + 4) : 0);
    store<u32>(flip + c * 4, perChannel && c % 3 == 1 ? 0x80000000 : 0);
  }
  memory.fill(dst, 0xa5, (pixels * lanes) / 8);
  if (perChannel) packThresholdF32(src, dst, pixels, channels, threshold, flip);
  else packSignF32(src, dst, pixels, channels);
  let wrong = 0;
  for (let pixel = 0; pixel < pixels; ++pixel) {
    for (let c = 0; c < lanes; ++c) {
      let expected = 0;
      if (c < channels) {
        let x = load<f32>(src + (pixel * stride + c) * 4);
        if (load<u32>(flip + c * 4) != 0) x = -x;
        expected = x < load<f32>(threshold + c * 4) ? 0 : 1;
      }
      if (bitAt(dst, pixel, c, channels) != expected) ++wrong;
    }
  }
  heap.free(src);
  heap.free(dst);
  heap.free(threshold);
  heap.free(flip);
  return wrong;
}

/** Number of values that unpackSignF32 of packSignF32 gets wrong, tail lanes included. */
function wrongSigns(pixels: i32, channels: i32): i32 {
  const stride = strideOf(channels);
  const src = specialMap(pixels, channels);
  const bits = heap.alloc(pixels * wordsOf(channels) * 8);
  const dst = heap.alloc(pixels * stride * 4);
  packSignF32(src, bits, pixels, channels);
  unpackSignF32(bits, dst, pixels, channels);
  let wrong = 0;
  for (let i = 0; i < pixels * stride; ++i) {
    const x = load<f32>(src + i * 4);
    const expected: f32 = i % stride >= channels ? 0 : x < 0 ? -1 : 1;
    if (load<f32>(dst + i * 4) != expected) ++wrong;
  }
  heap.free(src);
  heap.free(bits);
  heap.free(dst);
  return wrong;
}

/** Number of bits that widenRows gets wrong, from an odd address, tail bits included. */
function wrongWideBits(rows: i32, channels: i32): i32 {
  const rowBytes = (channels + 7) >> 3;
  const lanes = wordsOf(channels) * 64;
  const block = heap.alloc(rows * rowBytes + 3);
  const src = block + 3;
  const dst = heap.alloc((rows * lanes) / 8);
  for (let i = 0; i < rows * rowBytes; ++i) store<u8>(src + i, <u8>(i * 101 + 77));
  widenRows(src, dst, rows, channels);
  let wrong = 0;
  for (let row = 0; row < rows; ++row) {
    for (let c = 0; c < lanes; ++c) {
      let expected = 0;
      if (c < channels) expected = ((<i32>load<u8>(src + row * rowBytes + (c >> 3))) >> (c & 7)) & 1;
      if (bitAt(dst, row, c, channels) != expected) ++wrong;
    }
  }
  heap.free(block);
  heap.free(dst);
  return wrong;
}

describe("bit packing", () => {
  test("sign of floats: NaN and -0 are 1, tail bits 0", () => {
    for (let channels = 1; channels <= 200; ++channels) expect(wrongBits(3, channels, false)).toBe(0);
  });

  test("threshold and flip a channel", () => {
    for (let channels = 1; channels <= 200; ++channels) expect(wrongBits(3, channels, true)).toBe(0);
  });

  test("unpacking gives -1, +1 and zero lanes", () => {
    for (let channels = 1; channels <= 200; ++channels) expect(wrongSigns(2, channels)).toBe(0);
  });

  test("rows of bytes widen to words", () => {
    for (let channels = 1; channels <= 200; ++channels) expect(wrongWideBits(3, channels)).toBe(0);
  });
});
