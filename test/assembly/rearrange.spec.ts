/** Channels and pixels of maps moved, in the debug build. */
import { copyChannelsF32, permuteChannelsF32, windowF32 } from "../../assembly/rearrange";

function strideOf(channels: i32): i32 {
  return (channels + 3) & ~3;
}

/** A map whose float i is i + 1, zeros in its tail lanes. */
function numbered(pixels: i32, channels: i32): usize {
  const stride = strideOf(channels);
  const map = heap.alloc(pixels * stride * 4);
  for (let i = 0; i < pixels * stride; ++i) store<f32>(map + i * 4, i % stride < channels ? <f32>(i + 1) : 0);
  return map;
}

function wrongCopies(dstChannels: i32, dstOffset: i32, srcChannels: i32, srcOffset: i32, count: i32): i32 {
  const pixels = 3;
  const dstStride = strideOf(dstChannels);
  const srcStride = strideOf(srcChannels);
  const src = numbered(pixels, srcChannels);
  const dst = heap.alloc(pixels * dstStride * 4);
  for (let i = 0; i < pixels * dstStride; ++i) store<f32>(dst + i * 4, -1);
  copyChannelsF32(dst, src, pixels, dstChannels, dstOffset, srcChannels, srcOffset, count);
  const whole = dstOffset + count == dstChannels;
  let wrong = 0;
  for (let i = 0; i < pixels * dstStride; ++i) {
    const c = i % dstStride;
    let expected: f32 = whole && c >= dstChannels ? 0 : -1;
    if (c >= dstOffset && c < dstOffset + count) {
      expected = <f32>((i / dstStride) * srcStride + c - dstOffset + srcOffset + 1);
    }
    if (load<f32>(dst + i * 4) != expected) ++wrong;
  }
  heap.free(src);
  heap.free(dst);
  return wrong;
}

function wrongPermuted(pixels: i32, channels: i32): i32 {
  const stride = strideOf(channels);
  const src = numbered(pixels, channels);
  const dst = heap.alloc(pixels * stride * 4);
  const order = heap.alloc(channels * 4);
  memory.fill(dst, 0x41, pixels * stride * 4);
  for (let c = 0; c < channels; ++c) store<u32>(order + c * 4, (c * 7 + 3) % channels);
  permuteChannelsF32(src, dst, pixels, channels, order);
  let wrong = 0;
  for (let i = 0; i < pixels * stride; ++i) {
    const c = i % stride;
    const from = (i / stride) * stride + ((c * 7 + 3) % channels);
    const expected: f32 = c < channels ? <f32>(from + 1) : 0;
    if (load<f32>(dst + i * 4) != expected) ++wrong;
  }
  heap.free(src);
  heap.free(dst);
  heap.free(order);
  return wrong;
}

/** Two images of 3x4 through a window of outHeight x outWidth. */
function wrongWindow(channels: i32, outHeight: i32, outWidth: i32, top: i32, left: i32): i32 {
  const stride = strideOf(channels);
  const src = numbered(24, channels);
  const floats = 2 * outHeight * outWidth * stride;
  const dst = heap.alloc(floats * 4);
  memory.fill(dst, 0x41, floats * 4);
  windowF32(src, dst, 2, 3, 4, channels, outHeight, outWidth, top, left, -0.5);
  let wrong = 0;
  for (let i = 0; i < floats; ++i) {
    const pixel = i / stride;
    const y = ((pixel / outWidth) % outHeight) - top;
    const x = (pixel % outWidth) - left;
    const inside = y >= 0 && y < 3 && x >= 0 && x < 4;
    const image = pixel / (outHeight * outWidth);
    let expected: f32 = 0;
    if (i % stride < channels) {
      expected = inside ? <f32>(((image * 3 + y) * 4 + x) * stride + (i % stride) + 1) : -0.5;
    }
    if (load<f32>(dst + i * 4) != expected) ++wrong;
  }
  heap.free(src);
  heap.free(dst);
  return wrong;
}

describe("rearranging maps", () => {
  test("stretches of channels, at every offset around a vector", () => {
    for (let count = 1; count <= 37; count += 3) {
      for (let offset = 0; offset < 6; ++offset) {
        expect(wrongCopies(count + offset, offset, count + 2, 1, count)).toBe(0);
        expect(wrongCopies(count + offset + 5, offset, count + offset, offset, count)).toBe(0);
      }
    }
  });

  test("permuted channels", () => {
    for (let channels = 1; channels <= 40; ++channels) expect(wrongPermuted(3, channels)).toBe(0);
  });

  test("padding and cropping, windows outside the image included", () => {
    for (let top = -5; top <= 5; ++top) {
      for (let left = -6; left <= 6; ++left) {
        expect(wrongWindow(3, 4, 5, top, left)).toBe(0);
        expect(wrongWindow(8, 2, 2, top, left)).toBe(0);
      }
    }
  });
});
