/**
 * Products of maps, and the magnitude that XNOR-Net's K map starts from (arXiv 1603.05279, section 3.2).
 *
 *   mul       dst[p][c] = a[p][c] * b[p][c]
 *   mulPlane  dst[p][c] = a[p][c] * plane[p]
 *   mulGate   dst[b][p][c] = a[b][p][c] * gate[b][c]
 *   absMean   dst[p]    = sum over c of |src[p][c]| / channels
 *
 *   map    [pixel][stride] f32, stride = ceil(channels / 4) * 4, tail lanes zero
 *   plane  a map of one channel: [pixel][4]
 *
 * Cost: one product for four floats, so the time is that of the loads and stores. The sum of absMean runs in four
 * lanes, channel c in lane c % 4, its error at most channels / 4 + 2 roundings.
 */
import { mapStride } from "./sign_bits";
import { zeroTails } from "./pad_f32";

/** dst = a * b, maps of the same shape; `dst` may be either. */
export function mulF32(a: usize, b: usize, dst: usize, pixels: i32, channels: i32): void {
  const bytes = (<usize>pixels * mapStride(channels)) << 2;
  for (let at: usize = 0; at < bytes; at += 16) {
    v128.store(dst + at, f32x4.mul(v128.load(a + at), v128.load(b + at)));
  }
}

/** dst[p][c] = a[p][c] * plane[p]; `plane` is a map of one channel, `dst` may be `a`. */
export function mulPlaneF32(a: usize, plane: usize, dst: usize, pixels: i32, channels: i32): void {
  const step = mapStride(channels) << 2;
  let to = dst;
  for (let pixel = 0; pixel < pixels; ++pixel) {
    const factor = v128.load32_splat(plane);
    for (let at: usize = 0; at < step; at += 16) v128.store(to + at, f32x4.mul(v128.load(a + at), factor));
    a += step;
    to += step;
    plane += 16;
  }
  // An infinite or NaN factor makes NaN of the zeros in the tail lanes.
  zeroTails(dst, pixels, channels);
}

/**
 * Every pixel of an image times the image's gate, a map of `batch` pixels (squeeze-and-excitation); `plane` pixels an
 * image, `dst` may be a.
 */
export function mulGateF32(a: usize, gate: usize, dst: usize, batch: i32, plane: i32, channels: i32): void {
  const step = mapStride(channels) << 2;
  for (let image = 0; image < batch; ++image) {
    for (let pixel = 0; pixel < plane; ++pixel) {
      for (let at: usize = 0; at < step; at += 16) {
        v128.store(dst + at, f32x4.mul(v128.load(a + at), v128.load(gate + at)));
      }
      a += step;
      dst += step;
    }
    gate += step;
  }
}

/** Mean of |x| over the channels of each pixel: a map of one channel. */
export function absMeanF32(src: usize, dst: usize, pixels: i32, channels: i32): void {
  const step = mapStride(channels) << 2;
  const divisor = <f32>channels;
  for (let pixel = 0; pixel < pixels; ++pixel) {
    let sum = f32x4.splat(0);
    for (let at: usize = 0; at < step; at += 16) sum = f32x4.add(sum, f32x4.abs(v128.load(src + at)));
    // Lanes 0 + 2 and 1 + 3, then both.
    const pairs = f32x4.add(sum, i64x2.shuffle(sum, sum, 1, 0));
    const total = f32x4.extract_lane(pairs, 0) + f32x4.extract_lane(pairs, 1);
    v128.store(dst, f32x4.replace_lane(f32x4.splat(0), 0, total / divisor));
    src += step;
    dst += 16;
  }
}
