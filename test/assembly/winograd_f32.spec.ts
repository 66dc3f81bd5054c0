/** Winograd's convolution beside the direct one, in the debug build. */
import { convF32, convF32Pack } from "../../assembly/conv_f32";
import { winogradF32 } from "../../assembly/winograd_f32";
import { winogradF32Pack } from "../../assembly/winograd_pack";

function allocFloats(count: i32): usize {
  const pointer = heap.alloc(((<usize>count) << 2) + 64);
  memory.fill(pointer, 0, ((<usize>count) << 2) + 64);
  return pointer;
}

function at(pointer: usize, index: i32): f32 {
  return load<f32>(pointer + ((<usize>index) << 2));
}

/** The largest difference of the two convolutions, over the largest sum that the values could make. */
function largestDifference(
  height: i32,
  width: i32,
  inChannels: i32,
  outChannels: i32,
  kernel: i32,
  stride: i32,
  pad: i32,
): f64 {
  const outHeight = (height + 2 * pad - kernel) / stride + 1;
  const outWidth = (width + 2 * pad - kernel) / stride + 1;
  const inStride = (inChannels + 3) & ~3;
  const outStride = (outChannels + 3) & ~3;
  const fanIn = inChannels * kernel * kernel;
  const src = allocFloats(height * width * inStride);
  for (let pixel = 0; pixel < height * width; ++pixel) {
    for (let c = 0; c < inChannels; ++c) {
      store<f32>(src + ((<usize>(pixel * inStride + c)) << 2), <f32>(((pixel * 7 + c * 13) % 17) - 8) / 8);
    }
  }
  const filters = allocFloats(outChannels * fanIn);
  for (let i = 0; i < outChannels * fanIn; ++i) store<f32>(filters + ((<usize>i) << 2), <f32>((i * 11) % 19) - 9);
  const bias = allocFloats(outStride);
  for (let n = 0; n < outChannels; ++n) store<f32>(bias + ((<usize>n) << 2), <f32>n);
  const weights = allocFloats((outChannels + 8) * fanIn * 9);
  const scratch = allocFloats(1 << 18);
  const outputs = outHeight * outWidth * outStride;
  const direct = allocFloats(outputs);
  const tiled = allocFloats(outputs);

  convF32Pack(filters, weights, outChannels, inChannels, kernel, kernel, 1);
  // prettier-ignore
  convF32(
    src, direct, weights, bias, scratch, 1, height, width, inChannels, outHeight, outWidth, outChannels,
    kernel, kernel, stride, stride, 1, 1, pad, pad, 1, 1,
  );
  winogradF32Pack(filters, weights, outChannels, inChannels, kernel, kernel, stride, stride, 1);
  // prettier-ignore
  winogradF32(
    src, tiled, weights, bias, scratch, 1, height, width, inChannels, outHeight, outWidth, outChannels,
    kernel, kernel, stride, stride, pad, pad, 1, 1,
  );
  let largest: f64 = 0;
  for (let i = 0; i < outputs; ++i) largest = max(largest, abs(<f64>at(direct, i) - <f64>at(tiled, i)));
  return largest / <f64>(9 * fanIn);
}

const TOLERANCE: f64 = 64.0 / 16777216.0;

describe("winogradF32", () => {
  it("agrees with convF32 on a 7x7 stem of stride 2", () => {
    expect<f64>(largestDifference(23, 19, 3, 10, 7, 2, 3)).toBeLessThan(TOLERANCE);
  });

  it("agrees on kernels without values at infinity", () => {
    expect<f64>(largestDifference(11, 14, 5, 8, 3, 1, 1)).toBeLessThan(TOLERANCE);
    expect<f64>(largestDifference(12, 12, 2, 3, 6, 2, 0)).toBeLessThan(TOLERANCE);
  });

  it("agrees on kernels of two taps a phase", () => {
    expect<f64>(largestDifference(13, 18, 5, 9, 3, 2, 1)).toBeLessThan(TOLERANCE);
    expect<f64>(largestDifference(9, 9, 3, 8, 2, 1, 0)).toBeLessThan(TOLERANCE);
  });

  it("agrees where every phase has four taps, and on one tile", () => {
    expect<f64>(largestDifference(16, 16, 1, 9, 8, 2, 4)).toBeLessThan(TOLERANCE);
    expect<f64>(largestDifference(4, 4, 4, 4, 4, 1, 1)).toBeLessThan(TOLERANCE);
  });
});
