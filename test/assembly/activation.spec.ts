/** Functions, softmax and products of maps in the debug build, whose loads and stores trap outside the memory. */
import { activationF32, softmaxF32 } from "../../assembly/activation";
import { absMeanF32, mulF32, mulPlaneF32 } from "../../assembly/arithmetic";

function strideOf(channels: i32): i32 {
  return (channels + 3) & ~3;
}

function at(map: usize, index: i32): f32 {
  return load<f32>(map + index * 4);
}

function valueAt(i: i32): f32 {
  return <f32>((i * 29) % 83) / 9 - 4.5;
}

/** A map of values, zeros in its tail lanes. */
function valueMap(pixels: i32, channels: i32, seed: i32): usize {
  const stride = strideOf(channels);
  const map = heap.alloc(pixels * stride * 4);
  for (let i = 0; i < pixels * stride; ++i) store<f32>(map + i * 4, i % stride < channels ? valueAt(i + seed) : 0);
  return map;
}

function define(kind: i32, x: f64): f64 {
  if (kind == 0) return Math.tanh(x);
  if (kind == 1) return 1 / (1 + Math.exp(-x));
  if (kind == 2) return Math.log(1 + Math.exp(x));
  if (kind == 3) return x / (1 + Math.abs(x));
  if (kind == 4) return Math.min(Math.max(x, -1), 1);
  if (kind == 5) return Math.abs(x) <= 1 ? x : 0.1 * x;
  if (x <= -1) return -1;
  if (x < 0) return 2 * x + x * x;
  return x < 1 ? 2 * x - x * x : 1;
}

/** Number of values off by more than 2e-7 of their size, tail lanes included. */
function wrongActivation(pixels: i32, channels: i32, kind: i32): i32 {
  const stride = strideOf(channels);
  const src = valueMap(pixels, channels, 3);
  const dst = heap.alloc(pixels * stride * 4);
  memory.fill(dst, 0x41, pixels * stride * 4);
  activationF32(src, dst, pixels, channels, kind);
  let wrong = 0;
  for (let i = 0; i < pixels * stride; ++i) {
    const expected = i % stride < channels ? define(kind, <f64>at(src, i)) : 0;
    if (!(Math.abs(<f64>at(dst, i) - expected) <= 2e-7 * Math.abs(expected))) ++wrong;
  }
  heap.free(src);
  heap.free(dst);
  return wrong;
}

function wrongSoftmax(pixels: i32, channels: i32): i32 {
  const stride = strideOf(channels);
  const src = valueMap(pixels, channels, 5);
  const dst = heap.alloc(pixels * stride * 4);
  memory.fill(dst, 0x41, pixels * stride * 4);
  softmaxF32(src, dst, pixels, channels);
  let wrong = 0;
  for (let pixel = 0; pixel < pixels; ++pixel) {
    let sum: f64 = 0;
    for (let c = 0; c < channels; ++c) sum += Math.exp(<f64>at(src, pixel * stride + c));
    for (let c = 0; c < stride; ++c) {
      const expected = c < channels ? Math.exp(<f64>at(src, pixel * stride + c)) / sum : 0;
      if (!(Math.abs(<f64>at(dst, pixel * stride + c) - expected) <= 2e-7 * expected)) ++wrong;
    }
  }
  heap.free(src);
  heap.free(dst);
  return wrong;
}

function wrongProducts(pixels: i32, channels: i32): i32 {
  const stride = strideOf(channels);
  const a = valueMap(pixels, channels, 1);
  const b = valueMap(pixels, channels, 2);
  const plane = valueMap(pixels, 1, 7);
  const product = heap.alloc(pixels * stride * 4);
  const scaled = heap.alloc(pixels * stride * 4);
  const mean = heap.alloc(pixels * 16);
  mulF32(a, b, product, pixels, channels);
  mulPlaneF32(a, plane, scaled, pixels, channels);
  absMeanF32(a, mean, pixels, channels);
  let wrong = 0;
  for (let i = 0; i < pixels * stride; ++i) {
    if (at(product, i) != at(a, i) * at(b, i)) ++wrong;
    if (at(scaled, i) != at(a, i) * at(plane, (i / stride) * 4)) ++wrong;
  }
  for (let pixel = 0; pixel < pixels; ++pixel) {
    let sum: f64 = 0;
    for (let c = 0; c < channels; ++c) sum += <f64>Mathf.abs(at(a, pixel * stride + c));
    if (!(Math.abs(<f64>at(mean, pixel * 4) - sum / <f64>channels) <= 1e-6 * sum)) ++wrong;
    for (let lane = 1; lane < 4; ++lane) if (at(mean, pixel * 4 + lane) != 0) ++wrong;
  }
  heap.free(a);
  heap.free(b);
  heap.free(plane);
  heap.free(product);
  heap.free(scaled);
  heap.free(mean);
  return wrong;
}

describe("arithmetic on maps", () => {
  test("elementwise functions", () => {
    for (let kind = 0; kind < 7; ++kind) {
      for (let channels = 1; channels <= 40; ++channels) expect(wrongActivation(5, channels, kind)).toBe(0);
    }
  });

  test("softmax", () => {
    for (let channels = 1; channels <= 70; ++channels) expect(wrongSoftmax(3, channels)).toBe(0);
  });

  test("products and mean magnitudes", () => {
    for (let channels = 1; channels <= 70; ++channels) expect(wrongProducts(3, channels)).toBe(0);
  });
});
