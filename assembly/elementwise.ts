/**
 * Between the tensors of the host (NCHW, planes) and maps (NHWC, `stride` floats a pixel), and additions into a map.
 *
 *   planes  [image][channel][pixel]            map  [image][pixel][stride], stride = ceil(channels / 4) * 4
 *
 * Four pixels of four channels are a 4x4 block: 4 loads, a transpose of 8 shuffles, 4 stores. Missing channels are zero
 * vectors, which keeps the tail lanes zero. The last plane % 4 pixels go one by one. Subtraction, product and sum round
 * separately, never fused.
 */
import { centeredAffine } from "./epilogue_values";

/** Low halves interleaved: a0 b0 a1 b1. */
// @ts-ignore: decorator
@inline
function interleaveLow(a: v128, b: v128): v128 {
  return i32x4.shuffle(a, b, 0, 4, 1, 5);
}

/** High halves interleaved: a2 b2 a3 b3. */
// @ts-ignore: decorator
@inline
function interleaveHigh(a: v128, b: v128): v128 {
  return i32x4.shuffle(a, b, 2, 6, 3, 7);
}

/** Low 64 bits of both: a0 a1 b0 b1. */
// @ts-ignore: decorator
@inline
function lowPairs(a: v128, b: v128): v128 {
  return i64x2.shuffle(a, b, 0, 2);
}

/** High 64 bits of both: a2 a3 b2 b3. */
// @ts-ignore: decorator
@inline
function highPairs(a: v128, b: v128): v128 {
  return i64x2.shuffle(a, b, 1, 3);
}

/** Stores the columns of the 4x4 matrix with rows a, b, c, d, `step` bytes apart. */
// @ts-ignore: decorator
@inline
function storeTransposed(dst: usize, step: usize, a: v128, b: v128, c: v128, d: v128): void {
  const ab01 = interleaveLow(a, b);
  const cd01 = interleaveLow(c, d);
  const ab23 = interleaveHigh(a, b);
  const cd23 = interleaveHigh(c, d);
  v128.store(dst, lowPairs(ab01, cd01));
  v128.store(dst + step, highPairs(ab01, cd01));
  v128.store(dst + 2 * step, lowPairs(ab23, cd23));
  v128.store(dst + 3 * step, highPairs(ab23, cd23));
}

/** Four floats, or four bytes as floats. */
// @ts-ignore: decorator
@inline
export function loadFour<T>(src: usize): v128 {
  if (sizeof<T>() == 4) return v128.load(src);
  const wide = i16x8.extend_low_i8x16_u(v128.load32_zero(src));
  return f32x4.convert_i32x4_u(i32x4.extend_low_i16x8_u(wide));
}

/** nchwToMap of f32 or u8 values, four channels at a time. */
// @ts-ignore: decorator
@inline
function planesToMap<T>(
  src: usize,
  dst: usize,
  batch: i32,
  channels: i32,
  plane: i32,
  center: usize,
  scale: usize,
  shift: usize,
  srcPlane: i32,
): void {
  const planeBytes = <usize>srcPlane * sizeof<T>();
  const step = (<usize>((channels + 3) & ~3)) << 2;
  for (let image = 0; image < batch; ++image) {
    for (let c = 0; c < channels; c += 4) {
      const offset = (<usize>c) << 2;
      const center0 = v128.load32_splat(center + offset);
      const center1 = v128.load32_splat(center + offset, 4);
      const center2 = v128.load32_splat(center + offset, 8);
      const center3 = v128.load32_splat(center + offset, 12);
      const scale0 = v128.load32_splat(scale + offset);
      const scale1 = v128.load32_splat(scale + offset, 4);
      const scale2 = v128.load32_splat(scale + offset, 8);
      const scale3 = v128.load32_splat(scale + offset, 12);
      const shift0 = v128.load32_splat(shift + offset);
      const shift1 = v128.load32_splat(shift + offset, 4);
      const shift2 = v128.load32_splat(shift + offset, 8);
      const shift3 = v128.load32_splat(shift + offset, 12);
      const left = channels - c;
      const zero = f32x4.splat(0);
      let a = src + <usize>c * planeBytes;
      let to = dst + offset;
      let pixel = plane;
      for (; pixel >= 4; pixel -= 4) {
        const v0 = centeredAffine(loadFour<T>(a), center0, scale0, shift0);
        const v1 = left > 1 ? centeredAffine(loadFour<T>(a + planeBytes), center1, scale1, shift1) : zero;
        const v2 = left > 2 ? centeredAffine(loadFour<T>(a + 2 * planeBytes), center2, scale2, shift2) : zero;
        const v3 = left > 3 ? centeredAffine(loadFour<T>(a + 3 * planeBytes), center3, scale3, shift3) : zero;
        storeTransposed(to, step, v0, v1, v2, v3);
        a += 4 * sizeof<T>();
        to += 4 * step;
      }
      for (; pixel > 0; --pixel) {
        let x = f32x4.replace_lane(zero, 0, <f32>load<T>(a));
        if (left > 1) x = f32x4.replace_lane(x, 1, <f32>load<T>(a + planeBytes));
        if (left > 2) x = f32x4.replace_lane(x, 2, <f32>load<T>(a + 2 * planeBytes));
        if (left > 3) x = f32x4.replace_lane(x, 3, <f32>load<T>(a + 3 * planeBytes));
        v128.store(
          to,
          centeredAffine(x, v128.load(center + offset), v128.load(scale + offset), v128.load(shift + offset)),
        );
        a += sizeof<T>();
        to += step;
      }
    }
    src += <usize>channels * planeBytes;
    dst += <usize>plane * step;
  }
}

/**
 * NCHW f32 -> map of scale[c] * (x - center[c]) + shift[c]; all three padded with zeros to the map's stride. `src` is
 * 4-byte aligned. A channel's pixels begin `srcPlane` after the last one's: `plane`, or more if some pixels of
 * one image are meant.
 */
export function nchwToMapF32(
  src: usize,
  dst: usize,
  batch: i32,
  channels: i32,
  plane: i32,
  center: usize,
  scale: usize,
  shift: usize,
  srcPlane: i32,
): void {
  planesToMap<f32>(src, dst, batch, channels, plane, center, scale, shift, srcPlane);
}

/**
 * NCHW u8 -> map of scale[c] * (x - center[c]) + shift[c]; all three padded with zeros to the map's stride. `src` need
 * not be aligned. A channel's pixels begin `srcPlane` after the last one's: `plane`, or more if some pixels of
 * one image are meant.
 */
export function nchwToMapU8(
  src: usize,
  dst: usize,
  batch: i32,
  channels: i32,
  plane: i32,
  center: usize,
  scale: usize,
  shift: usize,
  srcPlane: i32,
): void {
  planesToMap<u8>(src, dst, batch, channels, plane, center, scale, shift, srcPlane);
}

/**
 * map -> NCHW f32 without padding, which is also the flattening of a map. A channel's pixels begin `dstPlane` after the
 * last one's: `plane`, or more where some pixels of one image are meant.
 */
export function mapToNchwF32(src: usize, dst: usize, batch: i32, channels: i32, plane: i32, dstPlane: i32): void {
  const planeBytes = (<usize>dstPlane) << 2;
  const step = (<usize>((channels + 3) & ~3)) << 2;
  for (let image = 0; image < batch; ++image) {
    for (let c = 0; c < channels; c += 4) {
      const left = channels - c;
      let a = src + ((<usize>c) << 2);
      let to = dst + <usize>c * planeBytes;
      let pixel = plane;
      for (; pixel >= 4 && left >= 4; pixel -= 4) {
        const v0 = v128.load(a);
        const v1 = v128.load(a + step);
        const v2 = v128.load(a + 2 * step);
        const v3 = v128.load(a + 3 * step);
        storeTransposed(to, planeBytes, v0, v1, v2, v3);
        a += 4 * step;
        to += 16;
      }
      for (; pixel > 0; --pixel) {
        const v = v128.load(a);
        v128.store32_lane(to, v, 0);
        if (left > 1) v128.store32_lane(to + planeBytes, v, 1);
        if (left > 2) v128.store32_lane(to + 2 * planeBytes, v, 2);
        if (left > 3) v128.store32_lane(to + 3 * planeBytes, v, 3);
        a += step;
        to += 4;
      }
    }
    src += <usize>plane * step;
    dst += <usize>channels * planeBytes;
  }
}

/** dst map (dstChannels) channels [offset, offset + srcChannels) += src map; any offset. */
export function addChannelsF32(
  dst: usize,
  src: usize,
  pixels: i32,
  dstChannels: i32,
  srcChannels: i32,
  offset: i32,
): void {
  const dstStep = (<usize>((dstChannels + 3) & ~3)) << 2;
  const srcStep = (<usize>((srcChannels + 3) & ~3)) << 2;
  let to = dst + ((<usize>offset) << 2);
  for (let pixel = 0; pixel < pixels; ++pixel) {
    let at: usize = 0;
    for (let left = srcChannels; left >= 4; left -= 4) {
      v128.store(to + at, f32x4.add(v128.load(to + at), v128.load(src + at)));
      at += 16;
    }
    for (let left = srcChannels & 3; left > 0; --left) {
      store<f32>(to + at, load<f32>(to + at) + load<f32>(src + at));
      at += 4;
    }
    src += srcStep;
    to += dstStep;
  }
}

/** Copies bytes that do not overlap. */
export function copyBytes(dst: usize, src: usize, bytes: i32): void {
  memory.copy(dst, src, <usize>bytes);
}
