/** Bit planes of few-bit and of ternary values, in the debug build. */
import { maxAbsTanhF32, packDorefaF32, packRoundF32, unpackPlanesF32 } from "../../assembly/planes";
import { packTernaryF32 } from "../../assembly/ternary_planes";

const PIXELS = 3;
const ROUND = 0;
const DOREFA = 1;

function strideOf(channels: i32): i32 {
  return (channels + 3) & ~3;
}

function rowBytesOf(channels: i32): i32 {
  return ((channels + 63) >> 6) * 8;
}

/** Levels of the planes at any channel of their words. */
function levelAt(planes: usize, planeBytes: i32, bits: i32, pixel: i32, channel: i32, channels: i32): i32 {
  let level = 0;
  for (let i = 0; i < bits; ++i) {
    const byte = <i32>load<u8>(planes + i * planeBytes + pixel * rowBytesOf(channels) + (channel >> 3));
    level |= ((byte >> (channel & 7)) & 1) << i;
  }
  return level;
}

/** Ties of every bit width, values next to them, and what is outside [0, 1]. */
function valueAt(i: i32, bits: i32): f32 {
  const which = i % 11;
  if (which == 0) return NaN;
  if (which == 1) return 0.49999997;
  if (which == 2) return -0.0;
  if (which == 3) return 1.5;
  if (which == 4) return -2;
  return (<f32>((i * 37) % (1 << bits)) + 0.5) / <f32>((1 << bits) - 1);
}

function valueMap(channels: i32, bits: i32): usize {
  const stride = strideOf(channels);
  const map = heap.alloc(PIXELS * stride * 4);
  for (let i = 0; i < PIXELS * stride; ++i) store<f32>(map + i * 4, i % stride < channels ? valueAt(i, bits) : 0);
  return map;
}

/** Half away from zero of what is not negative; NaN is 0. */
function roundLevel(scaled: f32): i32 {
  if (!(scaled > 0)) return 0;
  const whole = Mathf.floor(scaled);
  return <i32>whole + i32(scaled - whole >= 0.5);
}

function wrongLevels(channels: i32, bits: i32, kind: i32): i32 {
  const stride = strideOf(channels);
  const planeBytes = PIXELS * rowBytesOf(channels) + 8;
  const src = valueMap(channels, bits);
  const planes = heap.alloc(bits * planeBytes);
  const largest = heap.alloc(4);
  const values = heap.alloc(PIXELS * stride * 4);
  memory.fill(planes, 0xa5, bits * planeBytes);
  memory.fill(values, 0x41, PIXELS * stride * 4);
  maxAbsTanhF32(src, largest, PIXELS, channels);
  if (kind == ROUND) packRoundF32(src, planes, PIXELS, channels, bits, planeBytes);
  else packDorefaF32(src, planes, PIXELS, channels, bits, planeBytes, largest);
  unpackPlanesF32(planes, values, PIXELS, channels, bits, planeBytes, 0.5, -1);
  const steps = <f32>((1 << bits) - 1);
  let wrong = 0;
  for (let pixel = 0; pixel < PIXELS; ++pixel) {
    for (let c = 0; c < rowBytesOf(channels) * 8; ++c) {
      const x = c < channels ? load<f32>(src + (pixel * stride + c) * 4) : 0;
      let scaled: f32 = Mathf.min(Mathf.max(x, 0), 1) * steps;
      if (kind == DOREFA) scaled = (0.5 * (<f32>Math.tanh(<f64>x) / load<f32>(largest)) + 0.5) * steps;
      const expected = c < channels ? roundLevel(scaled) : 0;
      const level = levelAt(planes, planeBytes, bits, pixel, c, channels);
      if (level != expected) ++wrong;
      if (c >= stride) continue;
      const value: f32 = c < channels ? 0.5 * <f32>level - 1 : 0;
      if (load<f32>(values + (pixel * stride + c) * 4) != value) ++wrong;
    }
  }
  heap.free(src);
  heap.free(planes);
  heap.free(largest);
  heap.free(values);
  return wrong;
}

function wrongTernary(channels: i32): i32 {
  const stride = strideOf(channels);
  const planeBytes = PIXELS * rowBytesOf(channels) + 8;
  const src = valueMap(channels, 2);
  const planes = heap.alloc(2 * planeBytes);
  const flag = heap.alloc(4);
  memory.fill(planes, 0xa5, 2 * planeBytes);
  packTernaryF32(src, planes, PIXELS, channels, planeBytes, flag);
  let wrong = 0;
  let zeros = 0;
  for (let pixel = 0; pixel < PIXELS; ++pixel) {
    for (let c = 0; c < rowBytesOf(channels) * 8; ++c) {
      let expected = 0;
      if (c < channels) {
        const x = load<f32>(src + (pixel * stride + c) * 4);
        // Bit 0 is plane 0, bit 1 plane 1.
        expected = x > 0 ? 3 : x < 0 ? 0 : 2;
        if (expected == 2) zeros = 1;
      }
      if (levelAt(planes, planeBytes, 2, pixel, c, channels) != expected) ++wrong;
    }
  }
  if (load<i32>(flag) != zeros) ++wrong;
  heap.free(src);
  heap.free(planes);
  heap.free(flag);
  return wrong;
}

describe("bit planes", () => {
  test("levels of round and back, 1 to 8 bits", () => {
    for (let bits = 1; bits <= 8; ++bits) {
      for (let channels = 1; channels <= 133; channels += 4 - (bits & 1)) {
        expect(wrongLevels(channels, bits, ROUND)).toBe(0);
      }
    }
  });

  test("levels of dorefa and back, 1 to 8 bits", () => {
    for (let bits = 1; bits <= 8; ++bits) {
      for (let channels = 1; channels <= 133; channels += 11) expect(wrongLevels(channels, bits, DOREFA)).toBe(0);
    }
  });

  test("ternary signs and their flag", () => {
    for (let channels = 1; channels <= 133; ++channels) expect(wrongTernary(channels)).toBe(0);
  });
});
