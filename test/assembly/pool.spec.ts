/** Pooling of maps in the debug build. */
import { avgPoolF32, globalAvgPoolF32, maxPoolF32 } from "../../assembly/pool";

const MAX = 0;
const AVERAGE = 1;
const AVERAGE_WITH_PAD = 2;

function strideOf(channels: i32): i32 {
  return (channels + 3) & ~3;
}

function at(pointer: usize, index: i32): f32 {
  return load<f32>(pointer + ((<usize>index) << 2));
}

/** A map of whole numbers in [-4, 4], zeros in its tail lanes: sums of them are exact in float32. */
function wholeMap(pixels: i32, channels: i32): usize {
  const stride = strideOf(channels);
  const map = heap.alloc((<usize>(pixels * stride)) << 2);
  for (let i = 0; i < pixels * stride; ++i) {
    const value = i % stride < channels ? ((i * 7 + ((i * i) >> 3)) % 9) - 4 : 0;
    store<f32>(map + ((<usize>i) << 2), <f32>value);
  }
  return map;
}

/** Number of values that differ from the definition, tail lanes included. */
function wrongValues(
  kind: i32,
  batch: i32,
  height: i32,
  width: i32,
  channels: i32,
  kernel: i32,
  stride: i32,
  pad: i32,
): i32 {
  const outHeight = (height + 2 * pad - kernel) / stride + 1;
  const outWidth = (width + 2 * pad - kernel) / stride + 1;
  const lanes = strideOf(channels);
  const src = wholeMap(batch * height * width, channels);
  const bytes = (<usize>(batch * outHeight * outWidth * lanes)) << 2;
  const dst = heap.alloc(bytes);
  memory.fill(dst, 0x41, bytes);
  if (kind == MAX) {
    maxPoolF32(src, dst, batch, height, width, channels, outHeight, outWidth, kernel, kernel, stride, stride, pad, pad);
  } else {
    const includePad = kind == AVERAGE_WITH_PAD ? 1 : 0;
    avgPoolF32(
      src,
      dst,
      batch,
      height,
      width,
      channels,
      outHeight,
      outWidth,
      kernel,
      kernel,
      stride,
      stride,
      pad,
      pad,
      includePad,
    );
  }
  let wrong = 0;
  for (let pixel = 0; pixel < batch * outHeight * outWidth; ++pixel) {
    const image = pixel / (outHeight * outWidth);
    const top = ((pixel / outWidth) % outHeight) * stride - pad;
    const left = (pixel % outWidth) * stride - pad;
    for (let c = 0; c < lanes; ++c) {
      let best: f32 = -Infinity;
      let sum: f32 = 0;
      let taps = 0;
      for (let y = max(top, 0); y < min(top + kernel, height); ++y) {
        for (let x = max(left, 0); x < min(left + kernel, width); ++x) {
          const value = at(src, ((image * height + y) * width + x) * lanes + c);
          best = max<f32>(best, value);
          sum += value;
          ++taps;
        }
      }
      let expected: f32 = best;
      if (kind == AVERAGE) expected = sum / <f32>taps;
      if (kind == AVERAGE_WITH_PAD) expected = sum / <f32>(kernel * kernel);
      if (at(dst, pixel * lanes + c) != expected) ++wrong;
    }
  }
  heap.free(src);
  heap.free(dst);
  return wrong;
}

describe("pools", () => {
  it("take the maximum of each window", () => {
    expect<i32>(wrongValues(MAX, 1, 12, 12, 64, 3, 2, 1)).toBe(0);
    expect<i32>(wrongValues(MAX, 2, 7, 9, 21, 2, 2, 0)).toBe(0);
  });
  it("take the mean of the taps inside the map", () => {
    expect<i32>(wrongValues(AVERAGE, 2, 8, 8, 20, 2, 2, 0)).toBe(0);
    expect<i32>(wrongValues(AVERAGE, 1, 7, 5, 35, 3, 1, 1)).toBe(0);
  });
  it("take the mean over the kernel's area", () => {
    expect<i32>(wrongValues(AVERAGE_WITH_PAD, 1, 7, 5, 35, 3, 2, 1)).toBe(0);
  });
});

describe("maxPoolF32", () => {
  it("gives NaN for a window with NaN, wherever it stands, and keeps the tail lanes zero", () => {
    const src = wholeMap(4, 1);
    const dst = heap.alloc(16);
    for (let pixel = 0; pixel < 4; ++pixel) {
      const saved = at(src, pixel * 4);
      store<f32>(src + ((<usize>pixel) << 4), NaN);
      maxPoolF32(src, dst, 1, 2, 2, 1, 1, 1, 2, 2, 2, 2, 0, 0);
      expect<bool>(isNaN(at(dst, 0))).toBe(true);
      expect<f32>(at(dst, 1)).toBe(0);
      store<f32>(src + ((<usize>pixel) << 4), saved);
    }
    heap.free(src);
    heap.free(dst);
  });
});

describe("globalAvgPoolF32", () => {
  it("takes the mean of a plane", () => {
    const src = wholeMap(2 * 9, 22);
    const dst = heap.alloc(2 * 24 * 4);
    globalAvgPoolF32(src, dst, 2, 9, 22, 22);
    let wrong = 0;
    for (let i = 0; i < 2 * 24; ++i) {
      let sum: f32 = 0;
      for (let pixel = 0; pixel < 9; ++pixel) sum += at(src, ((i / 24) * 9 + pixel) * 24 + (i % 24));
      if (at(dst, i) != sum / 9) ++wrong;
    }
    expect<i32>(wrong).toBe(0);
    heap.free(src);
    heap.free(dst);
  });
});
