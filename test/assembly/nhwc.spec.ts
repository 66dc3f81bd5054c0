/** Tensors with channels last to maps and back, in the debug build. */
import { mapToNhwcF32, nhwcToMapF32, nhwcToMapU8 } from "../../assembly/nhwc";

function strideOf(channels: i32): i32 {
  return (channels + 3) & ~3;
}

/** Values that differ after a trip in, less 3, scaled by 2 and shifted by the channel, and out again. */
function wrongTrip(pixels: i32, channels: i32, bytes: bool): i32 {
  const stride = strideOf(channels);
  const size = pixels * channels;
  const src = heap.alloc(size * 4 + 1);
  const center = heap.alloc(stride * 4);
  const scale = heap.alloc(stride * 4);
  const shift = heap.alloc(stride * 4);
  for (let c = 0; c < stride; ++c) {
    store<f32>(center + c * 4, c < channels ? 3 : 0);
    store<f32>(scale + c * 4, c < channels ? 2 : 0);
    store<f32>(shift + c * 4, c < channels ? <f32>c : 0);
  }
  const map = heap.alloc(pixels * stride * 4);
  const dst = heap.alloc(size * 4);
  memory.fill(map, 0x41, pixels * stride * 4);
  if (bytes) {
    for (let i = 0; i < size; ++i) store<u8>(src + 1 + i, <u8>(i * 7));
    nhwcToMapU8(src + 1, map, pixels, channels, center, scale, shift);
  } else {
    for (let i = 0; i < size; ++i) store<f32>(src + i * 4, <f32>(<u8>(i * 7)));
    nhwcToMapF32(src, map, pixels, channels, center, scale, shift);
  }
  mapToNhwcF32(map, dst, pixels, channels);
  let wrong = 0;
  for (let i = 0; i < size; ++i) {
    const expected: i32 = 2 * (((i * 7) & 255) - 3) + (i % channels);
    if (load<f32>(dst + i * 4) != <f32>expected) ++wrong;
  }
  for (let i = 0; i < pixels * stride; ++i) {
    if (i % stride >= channels && load<f32>(map + i * 4) != 0) ++wrong;
  }
  heap.free(src);
  heap.free(center);
  heap.free(scale);
  heap.free(shift);
  heap.free(map);
  heap.free(dst);
  return wrong;
}

describe("tensors that keep channels last", () => {
  test("floats and bytes in, scaled and shifted, and out again", () => {
    for (let channels = 1; channels <= 21; ++channels) {
      expect(wrongTrip(5, channels, false)).toBe(0);
      expect(wrongTrip(5, channels, true)).toBe(0);
    }
  });
});
