/** Float convolutions and dense layers in the debug build. */
import { convF32, convF32Pack } from "../../assembly/conv_f32";
import { denseF32, denseF32Pack } from "../../assembly/dense_f32";

/** Small whole numbers: every sum of products is exact in float32, so that the kernels must give equal bits. */
function fillWhole(pointer: usize, count: i32, seed: i32): void {
  for (let i = 0; i < count; ++i) {
    store<f32>(pointer + ((<usize>i) << 2), <f32>(((i * 7 + seed * 13 + ((i * i) >> 3)) % 9) - 4));
  }
}

function at(pointer: usize, index: i32): f32 {
  return load<f32>(pointer + ((<usize>index) << 2));
}

function strideOf(channels: i32): i32 {
  return (channels + 3) & ~3;
}

function allocFloats(count: i32): usize {
  const pointer = heap.alloc(((<usize>count) << 2) + 64);
  memory.fill(pointer, 0, ((<usize>count) << 2) + 64);
  return pointer;
}

/** A map of whole numbers, zeros in its tail lanes. */
function wholeMap(pixels: i32, channels: i32, seed: i32): usize {
  const stride = strideOf(channels);
  const map = allocFloats(pixels * stride);
  for (let pixel = 0; pixel < pixels; ++pixel) {
    fillWhole(map + ((<usize>(pixel * stride)) << 2), channels, seed + pixel);
  }
  return map;
}

/** Number of values that differ from the definition, tail lanes included. */
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
  groups: i32,
  rectify: bool,
): i32 {
  const outHeight = (height + 2 * pad - dilation * (kernel - 1) - 1) / stride + 1;
  const outWidth = (width + 2 * pad - dilation * (kernel - 1) - 1) / stride + 1;
  const inputs = inChannels / groups;
  const outputs = outChannels / groups;
  const inStride = strideOf(inChannels);
  const outStride = strideOf(outChannels);
  const src = wholeMap(batch * height * width, inChannels, 1);
  const weight = allocFloats(outChannels * inputs * kernel * kernel);
  fillWhole(weight, outChannels * inputs * kernel * kernel, 2);
  const bias = wholeMap(1, outChannels, 3);
  const packed = allocFloats(groups * (outputs + 8) * inputs * kernel * kernel);
  const scratch = allocFloats((height + 2 * pad) * (width + 2 * pad) * inStride);
  const dst = allocFloats(batch * outHeight * outWidth * outStride);
  memory.fill(dst, 0x41, (<usize>(batch * outHeight * outWidth * outStride)) << 2);
  convF32Pack(weight, packed, outChannels, inputs, kernel, kernel, groups);
  convF32(
    src,
    dst,
    packed,
    bias,
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
    groups,
    rectify ? 1 : 0,
  );
  let wrong = 0;
  for (let pixel = 0; pixel < batch * outHeight * outWidth; ++pixel) {
    const image = pixel / (outHeight * outWidth);
    const y = (pixel / outWidth) % outHeight;
    const x = pixel % outWidth;
    for (let n = 0; n < outStride; ++n) {
      let sum: f32 = 0;
      if (n < outChannels) {
        sum = at(bias, n);
        for (let c = 0; c < inputs; ++c) {
          const channel = (n / outputs) * inputs + c;
          for (let ky = 0; ky < kernel; ++ky) {
            for (let kx = 0; kx < kernel; ++kx) {
              const row = y * stride + ky * dilation - pad;
              const column = x * stride + kx * dilation - pad;
              if (row < 0 || row >= height || column < 0 || column >= width) continue;
              const value = at(src, ((image * height + row) * width + column) * inStride + channel);
              sum += value * at(weight, ((n * inputs + c) * kernel + ky) * kernel + kx);
            }
          }
        }
        if (rectify) sum = max<f32>(sum, 0);
      }
      if (at(dst, pixel * outStride + n) != sum) ++wrong;
    }
  }
  heap.free(src);
  heap.free(weight);
  heap.free(bias);
  heap.free(packed);
  heap.free(scratch);
  heap.free(dst);
  return wrong;
}

describe("convF32", () => {
  it("computes the 7x7 stride 2 stem of a 3-channel image", () => {
    expect<i32>(wrongValues(1, 17, 15, 3, 64, 7, 2, 1, 3, 1, false)).toBe(0);
  });
  it("computes a 1x1 convolution with stride 2 in place", () => {
    expect<i32>(wrongValues(2, 7, 7, 16, 24, 1, 2, 1, 0, 1, false)).toBe(0);
  });
  it("computes odd channel counts on either side, with ReLU", () => {
    expect<i32>(wrongValues(2, 6, 5, 5, 7, 3, 1, 1, 1, 1, true)).toBe(0);
    expect<i32>(wrongValues(1, 6, 5, 13, 9, 3, 1, 1, 0, 1, false)).toBe(0);
    expect<i32>(wrongValues(1, 5, 5, 1, 1, 5, 1, 1, 0, 1, false)).toBe(0);
  });
  it("computes groups of whole and of odd blocks", () => {
    expect<i32>(wrongValues(1, 9, 9, 32, 64, 3, 1, 1, 1, 8, false)).toBe(0);
    expect<i32>(wrongValues(1, 6, 6, 6, 10, 3, 2, 1, 1, 2, true)).toBe(0);
    expect<i32>(wrongValues(1, 6, 6, 9, 27, 1, 1, 1, 0, 3, false)).toBe(0);
  });
  it("computes depthwise convolutions", () => {
    expect<i32>(wrongValues(2, 9, 7, 10, 10, 3, 1, 1, 1, 10, true)).toBe(0);
    expect<i32>(wrongValues(1, 9, 7, 16, 16, 3, 2, 2, 0, 16, false)).toBe(0);
    expect<i32>(wrongValues(1, 3, 2, 5, 5, 7, 1, 1, 3, 5, false)).toBe(0);
  });
  it("computes depthwise convolutions whose inputs feed several outputs", () => {
    expect<i32>(wrongValues(1, 12, 12, 8, 64, 3, 2, 1, 1, 8, true)).toBe(0);
    expect<i32>(wrongValues(2, 5, 9, 3, 9, 3, 1, 1, 1, 3, false)).toBe(0);
    expect<i32>(wrongValues(1, 7, 6, 5, 10, 2, 1, 2, 0, 5, true)).toBe(0);
    expect<i32>(wrongValues(1, 6, 6, 2, 40, 5, 3, 1, 2, 2, false)).toBe(0);
  });
  it("computes dilated taps", () => {
    expect<i32>(wrongValues(1, 11, 11, 8, 8, 3, 1, 2, 2, 1, false)).toBe(0);
    expect<i32>(wrongValues(1, 11, 11, 8, 8, 3, 1, 2, 0, 1, false)).toBe(0);
  });
  it("computes more pixels than one band holds", () => {
    expect<i32>(wrongValues(1, 12, 13, 4, 8, 1, 1, 1, 0, 1, false)).toBe(0);
  });
});

/** The same for a dense layer. */
function wrongUnits(batch: i32, inputs: i32, units: i32): i32 {
  const srcStride = strideOf(inputs);
  const dstStride = strideOf(units);
  const src = wholeMap(batch, inputs, 4);
  const weight = allocFloats(units * inputs);
  fillWhole(weight, units * inputs, 5);
  const bias = wholeMap(1, units, 6);
  const packed = allocFloats((units + 8) * inputs);
  const dst = allocFloats(batch * dstStride);
  memory.fill(dst, 0x41, (<usize>(batch * dstStride)) << 2);
  denseF32Pack(weight, packed, units, inputs);
  denseF32(src, dst, packed, bias, batch, inputs, units, srcStride, dstStride);
  let wrong = 0;
  for (let row = 0; row < batch; ++row) {
    for (let unit = 0; unit < dstStride; ++unit) {
      let sum: f32 = 0;
      if (unit < units) {
        sum = at(bias, unit);
        for (let i = 0; i < inputs; ++i) sum += at(src, row * srcStride + i) * at(weight, unit * inputs + i);
      }
      if (at(dst, row * dstStride + unit) != sum) ++wrong;
    }
  }
  heap.free(src);
  heap.free(weight);
  heap.free(bias);
  heap.free(packed);
  heap.free(dst);
  return wrong;
}

describe("denseF32", () => {
  it("computes one image, whole and partial blocks of units", () => {
    expect<i32>(wrongUnits(1, 20, 32)).toBe(0);
    expect<i32>(wrongUnits(1, 37, 75)).toBe(0);
    expect<i32>(wrongUnits(1, 1, 1)).toBe(0);
  });
  it("computes batches", () => {
    expect<i32>(wrongUnits(5, 13, 10)).toBe(0);
    expect<i32>(wrongUnits(130, 3, 6)).toBe(0);
  });
});
