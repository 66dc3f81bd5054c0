/** Thresholds on counts, and epilogues with every combination of steps, in the debug build. */
import { thresholdCountsI32, thresholdCountsU16 } from "../../assembly/bn_sign";
import { epilogueF32, epilogueI32, epilogueU16 } from "../../assembly/epilogue";

const I32 = 0;
const U16 = 1;
const F32 = 2;

function strideOf(channels: i32): i32 {
  return (channels + 3) & ~3;
}

function wordsOf(channels: i32): i32 {
  return (channels + 63) >> 6;
}

function bitAt(bits: usize, pixel: i32, channel: i32, channels: i32): i32 {
  const byte = load<u8>(bits + pixel * wordsOf(channels) * 8 + (channel >> 3));
  return (byte >>> (<u8>(channel & 7))) & 1;
}

/** Counts over the whole range of their type. */
function countAt(index: i32, kind: i32): i32 {
  const which = index % 6;
  if (which == 0) return 0;
  if (which == 1) return kind == U16 ? 65535 : i32.MAX_VALUE;
  if (which == 2) return 32768;
  return (index * 37) % 700;
}

/** Thresholds over the whole range of the counts' type. */
function thresholdAt(c: i32, kind: i32): i32 {
  if (kind == U16) return limitAt(c) & 65535;
  return limitAt(c);
}

function limitAt(c: i32): i32 {
  const which = c % 8;
  if (which == 0) return -1;
  if (which == 1) return i32.MAX_VALUE;
  if (which == 2) return 65535;
  if (which == 3) return 0;
  if (which == 4) return i32.MIN_VALUE;
  if (which == 5) return 32767;
  return (c * 91) % 700;
}

function fillCounts(pointer: usize, count: i32, kind: i32): void {
  for (let i = 0; i < count; ++i) {
    if (kind == U16) store<u16>(pointer + i * 2, <u16>countAt(i, kind));
    else store<i32>(pointer + i * 4, countAt(i, kind));
  }
}

/** Number of bits that differ from (count <= threshold) XOR flip, tail bits included. */
function wrongThresholds(pixels: i32, channels: i32, kind: i32): i32 {
  const stride = channels + 1;
  const lanes = wordsOf(channels) * 64;
  const counts = heap.alloc(pixels * stride * 4);
  const threshold = heap.alloc(channels * 4);
  const flip = heap.alloc(lanes / 8);
  const dst = heap.alloc((pixels * lanes) / 8);
  fillCounts(counts, pixels * stride, kind);
  for (let c = 0; c < channels; ++c) {
    if (kind == U16) store<u16>(threshold + c * 2, <u16>thresholdAt(c, kind));
    else store<i32>(threshold + c * 4, thresholdAt(c, kind));
  }
  // Bits past the last channel are set too: they must not reach the result.
  memory.fill(flip, 0x6c, lanes / 8);
  memory.fill(dst, 0xa5, (pixels * lanes) / 8);
  if (kind == U16) thresholdCountsU16(counts, dst, pixels, channels, stride, threshold, flip);
  else thresholdCountsI32(counts, dst, pixels, channels, stride, threshold, flip);
  let wrong = 0;
  for (let pixel = 0; pixel < pixels; ++pixel) {
    for (let c = 0; c < lanes; ++c) {
      let expected = 0;
      if (c < channels) {
        const met = countAt(pixel * stride + c, kind) <= thresholdAt(c, kind);
        expected = i32(met) ^ bitAt(flip, 0, c, channels);
      }
      if (bitAt(dst, pixel, c, channels) != expected) ++wrong;
    }
  }
  heap.free(counts);
  heap.free(threshold);
  heap.free(flip);
  heap.free(dst);
  return wrong;
}

function valueAt(i: i32): f32 {
  return <f32>((i * 23) % 41) / 7 - 3;
}

/** A map of values, zeros in its tail lanes. */
function valueMap(pixels: i32, channels: i32, seed: i32): usize {
  const stride = strideOf(channels);
  const map = heap.alloc(pixels * stride * 4);
  for (let i = 0; i < pixels * stride; ++i) {
    store<f32>(map + i * 4, i % stride < channels ? valueAt(i + seed) : 0);
  }
  return map;
}

/**
 * Number of values and bits that differ from the definition; steps: 1 first, 2 relu, 4 second, 8 dst, 16 bits, 32 dst
 * is first, 64 sign(v), 128 bounds, 256 centers.
 */
function wrongEpilogue(pixels: i32, channels: i32, kind: i32, steps: i32): i32 {
  const stride = strideOf(channels);
  const countStride = channels + 2;
  const lanes = wordsOf(channels) * 64;
  const counts = heap.alloc(pixels * countStride * 4);
  fillCounts(counts, pixels * countStride, kind);
  const src = valueMap(pixels, channels, 1);
  const first = valueMap(pixels, channels, 2);
  const second = valueMap(pixels, channels, 3);
  const center = valueMap(1, channels, 8);
  const scale = valueMap(1, channels, 4);
  const shift = valueMap(1, channels, 5);
  const threshold = valueMap(1, channels, 6);
  const low = valueMap(1, channels, 7);
  const high = valueMap(1, channels, 7);
  for (let c = 0; c < channels; ++c) store<f32>(high + c * 4, load<f32>(low + c * 4) + <f32>(c & 7));
  const flip = heap.alloc(stride * 4);
  for (let c = 0; c < stride; ++c) store<u32>(flip + c * 4, c % 3 == 1 ? 0x80000000 : 0);
  const own = heap.alloc(pixels * stride * 4);
  const bits = heap.alloc((pixels * lanes) / 8);
  memory.fill(bits, 0xa5, (pixels * lanes) / 8);

  const middle = kind == F32 ? 0 : 21;
  const expected = heap.alloc(pixels * stride * 4);
  for (let i = 0; i < pixels * stride; ++i) {
    const c = i % stride;
    let v: f32 = 0;
    if (c < channels) {
      const x = kind == F32 ? load<f32>(src + i * 4) : <f32>countAt((i / stride) * countStride + c, kind);
      const rest: f32 = steps & 256 ? load<f32>(center + c * 4) : 0;
      v = load<f32>(scale + c * 4) * (x - <f32>middle - rest) + load<f32>(shift + c * 4);
      if (steps & 128) v = min<f32>(max<f32>(v, load<f32>(low + c * 4)), load<f32>(high + c * 4));
      if (steps & 1) v += load<f32>(first + i * 4);
      if (steps & 2) v = max<f32>(v, 0);
      if (steps & 4) v += load<f32>(second + i * 4);
    }
    store<f32>(expected + i * 4, v);
  }

  const centerAt = steps & 256 ? center : 0;
  const firstAt = steps & 1 ? first : 0;
  const secondAt = steps & 4 ? second : 0;
  const dst = steps & 32 ? first : steps & 8 ? own : 0;
  const bitsAt = steps & 16 ? bits : 0;
  const relu = steps & 2;
  const lowAt: usize = steps & 128 ? low : 0;
  const highAt: usize = steps & 128 ? high : 0;
  const limits: usize = steps & 64 ? 0 : threshold;
  const flips: usize = steps & 64 ? 0 : flip;
  if (kind == F32) {
    epilogueF32(
      src,
      pixels,
      channels,
      centerAt,
      scale,
      shift,
      lowAt,
      highAt,
      firstAt,
      relu,
      secondAt,
      dst,
      bitsAt,
      limits,
      flips,
    );
  } else if (kind == U16) {
    epilogueU16(
      counts,
      countStride,
      pixels,
      channels,
      middle,
      centerAt,
      scale,
      shift,
      lowAt,
      highAt,
      firstAt,
      relu,
      secondAt,
      dst,
      bitsAt,
      limits,
      flips,
    );
  } else {
    epilogueI32(
      counts,
      countStride,
      pixels,
      channels,
      middle,
      centerAt,
      scale,
      shift,
      lowAt,
      highAt,
      firstAt,
      relu,
      secondAt,
      dst,
      bitsAt,
      limits,
      flips,
    );
  }

  let wrong = 0;
  for (let i = 0; i < pixels * stride; ++i) {
    if (dst != 0 && load<f32>(dst + i * 4) != load<f32>(expected + i * 4)) ++wrong;
  }
  for (let pixel = 0; pixel < pixels; ++pixel) {
    for (let c = 0; c < lanes; ++c) {
      let bit = 0;
      if (c < channels) {
        let v = load<f32>(expected + (pixel * stride + c) * 4);
        if (limits != 0 && load<u32>(flip + c * 4) != 0) v = -v;
        const limit: f32 = limits != 0 ? load<f32>(threshold + c * 4) : 0;
        bit = v < limit ? 0 : 1;
      }
      if (bitsAt != 0 && bitAt(bits, pixel, c, channels) != bit) ++wrong;
    }
  }
  heap.free(counts);
  heap.free(src);
  heap.free(first);
  heap.free(second);
  heap.free(center);
  heap.free(scale);
  heap.free(shift);
  heap.free(threshold);
  heap.free(low);
  heap.free(high);
  heap.free(flip);
  heap.free(own);
  heap.free(bits);
  heap.free(expected);
  return wrong;
}

describe("thresholds on counts", () => {
  test("i32, every number of channels", () => {
    for (let channels = 1; channels <= 200; ++channels) expect(wrongThresholds(3, channels, I32)).toBe(0);
  });

  test("u16, unsigned over its whole range", () => {
    for (let channels = 1; channels <= 200; ++channels) expect(wrongThresholds(3, channels, U16)).toBe(0);
  });
});

describe("epilogues", () => {
  test("every combination of steps, from i32, u16 and f32", () => {
    for (let kind = I32; kind <= F32; ++kind) {
      for (let step = 0; step < 256; ++step) {
        const steps = (step & 31) | ((step & 224) << 1);
        for (let channels = 1; channels <= 133; channels += 11) {
          expect(wrongEpilogue(3, channels, kind, steps)).toBe(0);
        }
      }
    }
  });

  test("into the residual's own map", () => {
    for (let channels = 1; channels <= 80; ++channels) {
      for (let pixels = 1; pixels <= 3; ++pixels) {
        expect(wrongEpilogue(pixels, channels, U16, 1 | 32 | 16)).toBe(0);
        expect(wrongEpilogue(pixels, channels, I32, 1 | 32 | 16 | 64)).toBe(0);
      }
    }
  });
});
