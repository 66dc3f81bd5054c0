/**
 * A map of sign bits as one row of bits an image, in either order:
 *
 *   Nhwc   row[image] bit (p * C + c) = src[image][p] bit c           a row for [H, W, C]
 *   Nchw   row[image] bit (c * P + p) = src[image][p] bit c           a row for [C, H, W]
 *
 *   bits  [pixel][ceil(C/64)] u64         row  [ceil(P * C / 64)] u64, zero past the last bit
 *
 * for P pixels an image and C channels.
 *
 * Nhwc appends words of up to 64 bits to the row, one for each word of a pixel: of 64 channels the bits are a row as
 * they are. Nchw turns 8 channels of 16 pixels at a time: the pixels' bytes make a vector, whose sixteen top bits are
 * sixteen pixels of one channel, and a shift brings up the next.
 *
 * COST of 64 bits: Nhwc about 10 instructions, Nchw 60. A binary dense layer that reads all of a map needs neither: it
 * is a convolution whose kernel is as large as the map.
 */
import { ownScratch } from "./layout";
import { bitRowBytes } from "./sign_bits";

/** ORs `bits` into a row of words at bit `at`; the bits there are 0. Touches the second word only if it gets a bit. */
// @ts-ignore: decorator
@inline
function place(row: usize, at: usize, bits: u64): void {
  const word = row + ((at >> 6) << 3);
  const shift = <u64>(at & 63);
  store<u64>(word, load<u64>(word) | (bits << shift));
  if (shift != 0) {
    const rest = bits >> (64 - shift);
    if (rest != 0) store<u64>(word, load<u64>(word, 8) | rest, 8);
  }
}

/** bits of `batch` images of `plane` pixels -> a row of plane * channels bits an image, pixel by pixel. No overlap. */
export function flattenBitsNhwc(src: usize, dst: usize, batch: i32, plane: i32, channels: i32): void {
  const rowBytes = bitRowBytes(plane * channels);
  memory.fill(dst, 0, <usize>batch * rowBytes);
  for (let image = 0; image < batch; ++image) {
    let at: usize = 0;
    for (let pixel = 0; pixel < plane; ++pixel) {
      for (let left = channels; left > 0; left -= 64) {
        place(dst, at, load<u64>(src));
        at += <usize>min(left, 64);
        src += 8;
      }
    }
    dst += rowBytes;
  }
}

/**
 * bits of `batch` images of `plane` pixels -> a row of plane * channels bits an image, channel by channel. No overlap.
 */
export function flattenBitsNchw(src: usize, dst: usize, batch: i32, plane: i32, channels: i32): void {
  const step = bitRowBytes(channels);
  const rowBytes = bitRowBytes(plane * channels);
  memory.fill(dst, 0, <usize>batch * rowBytes);
  for (let image = 0; image < batch; ++image) {
    for (let first = 0; first < channels; first += 8) {
      for (let pixel = 0; pixel < plane; pixel += 16) {
        const count = min(16, plane - pixel);
        let at = src + <usize>pixel * step + ((<usize>first) >> 3);
        for (let i: usize = 0; i < <usize>count; ++i) {
          store<u8>(ownScratch() + i, load<u8>(at));
          at += step;
        }
        const present = (1 << count) - 1;
        let bytes = v128.load(ownScratch());
        for (let c = first + 7; c >= first; --c) {
          if (c < channels) place(dst, <usize>(c * plane + pixel), <u64>(i8x16.bitmask(bytes) & present));
          bytes = i8x16.add(bytes, bytes);
        }
      }
    }
    src += <usize>plane * step;
    dst += rowBytes;
  }
}
