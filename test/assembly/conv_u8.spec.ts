/** Convolutions of byte images in the debug build. */
import { convU8 } from "../../assembly/conv_u8";

/** Small whole numbers as weights: sums are exact in float32, so the kernel must give equal values. */
function weightOf(n: i32, c: i32, ky: i32, kx: i32): i32 {
  return ((n * 7 + c * 13 + ky * 5 + kx * 11 + ((n * kx) >> 1)) % 19) - 9;
}

function strideOf(channels: i32): i32 {
  return (channels + 3) & ~3;
}

/**
 * Number of values that differ from the definition, tail lanes included; two border classes a row and a column in turn.
 */
function wrongValues(
  batch: i32,
  height: i32,
  width: i32,
  inChannels: i32,
  outChannels: i32,
  kernel: i32,
  stride: i32,
  dilation: i32,
  pad: i32,
  rectify: bool,
): i32 {
  const outHeight = (height + 2 * pad - dilation * (kernel - 1) - 1) / stride + 1;
  const outWidth = (width + 2 * pad - dilation * (kernel - 1) - 1) / stride + 1;
  const outStride = strideOf(outChannels);
  const lanes = (outChannels + 15) & ~15;
  const runs = dilation == 1 ? 1 : kernel;
  const runValues = (inChannels * kernel * kernel) / runs;
  const pairs = (runValues + 1) / 2;

  const image = heap.alloc(batch * inChannels * height * width);
  for (let i = 0; i < batch * inChannels * height * width; ++i) store<u8>(image + i, <u8>(i * 37 + (i >> 3)));
  const weights = heap.alloc(lanes * runs * pairs * 4);
  memory.fill(weights, 0, lanes * runs * pairs * 4);
  for (let n = 0; n < outChannels; ++n) {
    for (let kx = 0; kx < kernel; ++kx) {
      for (let ky = 0; ky < kernel; ++ky) {
        for (let c = 0; c < inChannels; ++c) {
          const k = (kx * kernel + ky) * inChannels + c;
          const pair = (k / runValues) * pairs + (k % runValues) / 2;
          const at = (((n / 16) * runs * pairs + pair) * 16 + (n % 16)) * 2 + ((k % runValues) % 2);
          store<i16>(weights + at * 2, <i16>weightOf(n, c, ky, kx));
        }
      }
    }
  }
  const scale = heap.alloc(lanes * 4);
  const bias = heap.alloc(4 * lanes * 4);
  for (let n = 0; n < lanes; ++n) {
    const factor: i32 = n < outChannels ? (n % 3) - 1 : 0;
    store<f32>(scale + n * 4, <f32>factor);
    for (let border = 0; border < 4; ++border) {
      const shift: i32 = n < outChannels ? 100 * border - n : 0;
      store<f32>(bias + (border * lanes + n) * 4, <f32>shift);
    }
  }
  const rowClass = heap.alloc(outHeight * 2);
  const colClass = heap.alloc(outWidth * 2);
  for (let y = 0; y < outHeight; ++y) store<u16>(rowClass + y * 2, <u16>(y & 1));
  for (let x = 0; x < outWidth; ++x) store<u16>(colClass + x * 2, <u16>((x >> 1) & 1));
  const reachHeight = (outHeight - 1) * stride + (kernel - 1) * dilation + 1;
  const reachWidth = (outWidth - 1) * stride + (kernel - 1) * dilation + 1;
  const scratch = heap.alloc((reachHeight + kernel) * reachWidth * inChannels * 2 + 48);
  const dst = heap.alloc(batch * outHeight * outWidth * outStride * 4);
  memory.fill(dst, 0x41, batch * outHeight * outWidth * outStride * 4);
  convU8(
    image,
    dst,
    weights,
    scale,
    bias,
    rowClass,
    colClass,
    2,
    scratch,
    batch,
    height,
    width,
    inChannels,
    outHeight,
    outWidth,
    outChannels,
    kernel,
    kernel,
    stride,
    stride,
    dilation,
    dilation,
    pad,
    pad,
    rectify ? 1 : 0,
    0,
    height,
  );
  let wrong = 0;
  for (let pixel = 0; pixel < batch * outHeight * outWidth; ++pixel) {
    const index = pixel / (outHeight * outWidth);
    const y = (pixel / outWidth) % outHeight;
    const x = pixel % outWidth;
    for (let n = 0; n < outStride; ++n) {
      let expected: f32 = 0;
      if (n < outChannels) {
        let sum = 0;
        for (let c = 0; c < inChannels; ++c) {
          for (let ky = 0; ky < kernel; ++ky) {
            for (let kx = 0; kx < kernel; ++kx) {
              const row = y * stride + ky * dilation - pad;
              const column = x * stride + kx * dilation - pad;
              if (row < 0 || row >= height || column < 0 || column >= width) continue;
              const value = load<u8>(image + ((index * inChannels + c) * height + row) * width + column);
              sum += <i32>value * weightOf(n, c, ky, kx);
            }
          }
        }
        const border = (y & 1) * 2 + ((x >> 1) & 1);
        const value: i32 = ((n % 3) - 1) * sum + 100 * border - n;
        expected = <f32>value;
        if (rectify) expected = max<f32>(expected, 0);
      }
      if (load<f32>(dst + (pixel * outStride + n) * 4) != expected) ++wrong;
    }
  }
  heap.free(image);
  heap.free(weights);
  heap.free(scale);
  heap.free(bias);
  heap.free(rowClass);
  heap.free(colClass);
  heap.free(scratch);
  heap.free(dst);
  return wrong;
}

describe("convU8", () => {
  it("computes the 7x7 stride 2 stem of a 3-channel image", () => {
    expect<i32>(wrongValues(1, 17, 21, 3, 64, 7, 2, 1, 3, false)).toBe(0);
  });
  it("computes 3x3 stems of one and three channels", () => {
    expect<i32>(wrongValues(1, 15, 18, 3, 32, 3, 2, 1, 1, true)).toBe(0);
    expect<i32>(wrongValues(2, 11, 9, 1, 16, 3, 1, 1, 1, false)).toBe(0);
  });
  it("computes any channel count on either side", () => {
    expect<i32>(wrongValues(2, 6, 5, 2, 7, 3, 1, 1, 1, true)).toBe(0);
    expect<i32>(wrongValues(1, 6, 5, 5, 37, 2, 1, 1, 0, false)).toBe(0);
    expect<i32>(wrongValues(1, 4, 4, 4, 1, 1, 1, 1, 0, false)).toBe(0);
  });
  it("computes dilated taps and padding wider than the kernel", () => {
    expect<i32>(wrongValues(1, 12, 13, 3, 20, 3, 1, 2, 2, false)).toBe(0);
    expect<i32>(wrongValues(1, 5, 5, 1, 4, 3, 2, 1, 4, false)).toBe(0);
  });
});
