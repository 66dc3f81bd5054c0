/** Tensors to maps and back, and additions into maps, in the debug build. */
import { addChannelsF32, copyBytes, mapToNchwF32, nchwToMapF32, nchwToMapU8 } from "../../assembly/elementwise";

function floats(count: i32): usize {
  return heap.alloc((<usize>count) << 2);
}

function at(pointer: usize, index: i32): f32 {
  return load<f32>(pointer + ((<usize>index) << 2));
}

function put(pointer: usize, index: i32, value: f32): void {
  store<f32>(pointer + ((<usize>index) << 2), value);
}

/** Number of values of a map that differ from scale * (x - center) + shift, tail lanes included. */
function wrongInMap(batch: i32, channels: i32, plane: i32, bytes: bool): i32 {
  const stride = (channels + 3) & ~3;
  const count = batch * channels * plane;
  const src = floats(count);
  const dst = floats(batch * plane * stride);
  const center = floats(stride);
  const scale = floats(stride);
  const shift = floats(stride);
  memory.fill(dst, 0x41, (<usize>(batch * plane * stride)) << 2);
  for (let c = 0; c < stride; ++c) {
    put(center, c, c < channels ? <f32>c * 30.3 : 0);
    put(scale, c, c < channels ? <f32>(c + 1) / 3 : 0);
    put(shift, c, c < channels ? <f32>c - 1.1 : 0);
  }
  for (let i = 0; i < count; ++i) {
    if (bytes) store<u8>(src + i, <u8>((i * 37) & 255));
    else put(src, i, <f32>((i * 37) & 255));
  }
  if (bytes) nchwToMapU8(src, dst, batch, channels, plane, center, scale, shift, plane);
  else nchwToMapF32(src, dst, batch, channels, plane, center, scale, shift, plane);
  let wrong = 0;
  for (let i = 0; i < batch * plane * stride; ++i) {
    const c = i % stride;
    const pixel = i / stride;
    let expected: f32 = 0;
    if (c < channels) {
      const from = ((pixel / plane) * channels + c) * plane + (pixel % plane);
      expected = (<f32>((from * 37) & 255) - at(center, c)) * at(scale, c) + at(shift, c);
    }
    if (at(dst, i) != expected) ++wrong;
  }
  heap.free(src);
  heap.free(dst);
  heap.free(center);
  heap.free(scale);
  heap.free(shift);
  return wrong;
}

describe("planes and maps", () => {
  it("turns planes of floats into a map", () => {
    expect<i32>(wrongInMap(1, 3, 35, false)).toBe(0);
    expect<i32>(wrongInMap(2, 9, 4, false)).toBe(0);
  });
  it("turns planes of bytes into a map", () => {
    expect<i32>(wrongInMap(1, 3, 35, true)).toBe(0);
    expect<i32>(wrongInMap(2, 6, 1, true)).toBe(0);
  });
  it("turns a map back into planes", () => {
    const src = floats(2 * 11 * 8);
    const dst = floats(2 * 7 * 11);
    for (let i = 0; i < 2 * 11 * 8; ++i) put(src, i, <f32>i);
    mapToNchwF32(src, dst, 2, 7, 11, 11);
    let wrong = 0;
    for (let i = 0; i < 2 * 7 * 11; ++i) {
      const pixel = (i / 77) * 11 + (i % 11);
      if (at(dst, i) != <f32>(pixel * 8 + ((i / 11) % 7))) ++wrong;
    }
    expect<i32>(wrong).toBe(0);
    heap.free(src);
    heap.free(dst);
  });
});

describe("addChannelsF32", () => {
  it("adds seven channels from channel 2 on and leaves the others", () => {
    const dst = floats(3 * 12);
    const src = floats(3 * 8);
    for (let i = 0; i < 36; ++i) put(dst, i, <f32>i);
    for (let i = 0; i < 24; ++i) {
      const value = i % 8 < 7 ? 100 * i : 0;
      put(src, i, <f32>value);
    }
    addChannelsF32(dst, src, 3, 11, 7, 2);
    let wrong = 0;
    for (let i = 0; i < 36; ++i) {
      const c = (i % 12) - 2;
      const added = c >= 0 && c < 7 ? 100 * ((i / 12) * 8 + c) : 0;
      const expected = i + added;
      if (at(dst, i) != <f32>expected) ++wrong;
    }
    expect<i32>(wrong).toBe(0);
    heap.free(dst);
    heap.free(src);
  });
});

describe("copyBytes", () => {
  it("copies what it is asked to and no more", () => {
    const src = heap.alloc(16);
    const dst = heap.alloc(16);
    memory.fill(src, 7, 16);
    memory.fill(dst, 1, 16);
    copyBytes(dst, src, 13);
    expect<u8>(load<u8>(dst, 12)).toBe(7);
    expect<u8>(load<u8>(dst, 13)).toBe(1);
    heap.free(src);
    heap.free(dst);
  });
});
