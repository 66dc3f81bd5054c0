/**
 * Between the tensors of a host that keeps channels last (TensorFlow) and maps.
 *
 *   tensor  [pixel][channels], no padding
 *   map     [pixel][stride], stride = ceil(channels / 4) * 4, tail lanes zero
 *
 *   in      map[p][c] = scale[c] * (tensor[p][c] - center[c]) + shift[c]     each step rounded, never fused
 *   out     tensor[p][c] = map[p][c]
 *
 * Vectors of four channels; a pixel's last 1 to 3 channels are read and written one by one, so that nothing beyond the
 * tensor is.
 *
 * Cost: a load, a subtraction, a product, a sum and a store for four channels; 3 channels, an image, 13 instructions a
 * pixel.
 */
import { storeLanes } from "./conv_tile_f32";
import { loadFour } from "./elementwise";
import { centeredAffine } from "./epilogue_values";
import { mapStride } from "./sign_bits";

/**
 * NHWC f32 -> map of scale[c] * (x - center[c]) + shift[c]; all three padded with zeros to the map's stride. `src`
 * 4-byte aligned. Pixels count the batch.
 */
export function nhwcToMapF32(
  src: usize,
  dst: usize,
  pixels: i32,
  channels: i32,
  center: usize,
  scale: usize,
  shift: usize,
): void {
  toMap<f32>(src, dst, pixels, channels, center, scale, shift);
}

/**
 * NHWC u8 -> map of scale[c] * (x - center[c]) + shift[c]; all three padded with zeros to the map's stride. `src`
 * need not be aligned.
 */
export function nhwcToMapU8(
  src: usize,
  dst: usize,
  pixels: i32,
  channels: i32,
  center: usize,
  scale: usize,
  shift: usize,
): void {
  toMap<u8>(src, dst, pixels, channels, center, scale, shift);
}

// @ts-ignore: decorator
@inline
function toMap<T>(src: usize, dst: usize, pixels: i32, channels: i32, center: usize, scale: usize, shift: usize): void {
  for (let pixel = 0; pixel < pixels; ++pixel) {
    let at: usize = 0;
    let left = channels;
    for (; left >= 4; left -= 4) {
      v128.store(
        dst + at,
        centeredAffine(loadFour<T>(src), v128.load(center + at), v128.load(scale + at), v128.load(shift + at)),
      );
      src += 4 * sizeof<T>();
      at += 16;
    }
    if (left > 0) {
      let x = f32x4.replace_lane(f32x4.splat(0), 0, <f32>load<T>(src));
      if (left > 1) x = f32x4.replace_lane(x, 1, <f32>load<T>(src, sizeof<T>()));
      if (left > 2) x = f32x4.replace_lane(x, 2, <f32>load<T>(src, 2 * sizeof<T>()));
      v128.store(dst + at, centeredAffine(x, v128.load(center + at), v128.load(scale + at), v128.load(shift + at)));
      src += <usize>left * sizeof<T>();
      at += 16;
    }
    dst += at;
  }
}

/** map -> NHWC f32 without padding. Pixels count the batch; `dst` 4-byte aligned. */
export function mapToNhwcF32(src: usize, dst: usize, pixels: i32, channels: i32): void {
  for (let pixel = 0; pixel < pixels; ++pixel) {
    for (let left = channels; left > 0; left -= 4) {
      storeLanes(dst, v128.load(src), left);
      src += 16;
      dst += (<usize>min(left, 4)) << 2;
    }
  }
}
