import { convBlock8, convBlock16 } from "./conv_tile_u8";
import { SCRATCH_BASE } from "./layout";
import { padImageU8 } from "./pad_u8";

/** Output pixels a band; a pixel's table entry takes 8 bytes of the kernels' scratch. */
const BAND_PIXELS: i32 = 128;
const ENTRIES: usize = SCRATCH_BASE;

export function convU8T<T>(
  src: usize,
  dst: usize,
  weights: usize,
  scale: usize,
  bias: usize,
  rowClass: usize,
  colClass: usize,
  colClasses: i32,
  scratch: usize,
  batch: i32,
  height: i32,
  width: i32,
  inChannels: i32,
  outHeight: i32,
  outWidth: i32,
  outChannels: i32,
  kernelHeight: i32,
  kernelWidth: i32,
  strideHeight: i32,
  strideWidth: i32,
  dilationHeight: i32,
  dilationWidth: i32,
  padTop: i32,
  padLeft: i32,
  rectify: i32,
): void {
  const TILE_CHANNELS: i32 = sizeof<T>() == 1 ? 8 : 16;
  const TILE_PIXELS: i32 = sizeof<T>() == 1 ? 4 : 2;
  const reachHeight = (outHeight - 1) * strideHeight + (kernelHeight - 1) * dilationHeight + 1;
  const reachWidth = (outWidth - 1) * strideWidth + (kernelWidth - 1) * dilationWidth + 1;
  const pixelStep = (<usize>inChannels) << 1;
  const rowStep = <usize>reachWidth * pixelStep;
  const imageBytes = <usize>inChannels * <usize>height * <usize>width;
  const outStep = (<usize>((outChannels + 3) & ~3)) << 2;
  const blocks = (outChannels + TILE_CHANNELS - 1) / TILE_CHANNELS;
  const biasStep = (<u32>(blocks * TILE_CHANNELS)) << 2;

  // Runs of consecutive values in an output pixel's inputs, each an even number of them.
  const touching = dilationWidth == 1 || kernelWidth == 1;
  const runs = touching ? 1 : kernelWidth;
  const runBytes = (<usize>((touching ? kernelWidth * inChannels : inChannels) + 1) >> 1) << 2;
  const tapRowStep = <usize>dilationHeight * rowStep;
  const tapStep = <usize>dilationWidth * pixelStep;
  const blockBytes = <usize>(kernelHeight * runs) * runBytes * TILE_CHANNELS;

  const plane = outHeight * outWidth;
  for (let image = 0; image < batch; ++image) {
    padImageU8(src, scratch, height, width, inChannels, reachHeight, reachWidth, padTop, padLeft);
    src += imageBytes;
    let y = 0;
    let x = 0;
    for (let first = 0; first < plane; first += BAND_PIXELS) {
      const pixels = min(BAND_PIXELS, plane - first);
      let entry = ENTRIES;
      for (let pixel = 0; pixel < pixels; ++pixel) {
        const border = <u32>load<u16>(rowClass + ((<usize>y) << 1)) * <u32>colClasses + load<u16>(colClass + ((<usize>x) << 1));
        store<u32>(entry, <u32>(y * strideHeight) * <u32>rowStep + <u32>(x * strideWidth) * <u32>pixelStep);
        store<u32>(entry, border * biasStep, 4);
        entry += 8;
        if (++x == outWidth) {
          x = 0;
          ++y;
        }
      }
      for (let pixel = pixels; pixel & (TILE_PIXELS - 1); ++pixel) {
        store<u64>(entry, load<u64>(ENTRIES + ((<usize>(pixels - 1)) << 3)));
        entry += 8;
      }
      const out = dst + <usize>(image * plane + first) * outStep;
      let w = weights;
      for (let n: usize = 0; n < outStep; n += TILE_CHANNELS << 2) {
        const vectors = min<i32>(TILE_CHANNELS >> 2, <i32>((outStep - n) >> 4));
        if (sizeof<T>() == 1) {
          convBlock8(scratch, ENTRIES, pixels, w, scale + n, bias + n, out + n, outStep, vectors, kernelHeight, tapRowStep, runs, tapStep, runBytes, rectify != 0);
        } else {
          convBlock16(scratch, ENTRIES, pixels, w, scale + n, bias + n, out + n, outStep, vectors, kernelHeight, tapRowStep, runs, tapStep, runBytes, rectify != 0);
        }
        w += blockBytes;
      }
    }
  }
}

export function convU8x8(src: usize, dst: usize, weights: usize, scale: usize, bias: usize, rowClass: usize, colClass: usize, colClasses: i32, scratch: usize, batch: i32, height: i32, width: i32, inChannels: i32, outHeight: i32, outWidth: i32, outChannels: i32, kernelHeight: i32, kernelWidth: i32, strideHeight: i32, strideWidth: i32, dilationHeight: i32, dilationWidth: i32, padTop: i32, padLeft: i32, rectify: i32): void {
  convU8T<u8>(src, dst, weights, scale, bias, rowClass, colClass, colClasses, scratch, batch, height, width, inChannels, outHeight, outWidth, outChannels, kernelHeight, kernelWidth, strideHeight, strideWidth, dilationHeight, dilationWidth, padTop, padLeft, rectify);
}
export function convU8x16(src: usize, dst: usize, weights: usize, scale: usize, bias: usize, rowClass: usize, colClass: usize, colClasses: i32, scratch: usize, batch: i32, height: i32, width: i32, inChannels: i32, outHeight: i32, outWidth: i32, outChannels: i32, kernelHeight: i32, kernelWidth: i32, strideHeight: i32, strideWidth: i32, dilationHeight: i32, dilationWidth: i32, padTop: i32, padLeft: i32, rectify: i32): void {
  convU8T<u16>(src, dst, weights, scale, bias, rowClass, colClass, colClasses, scratch, batch, height, width, inChannels, outHeight, outWidth, outChannels, kernelHeight, kernelWidth, strideHeight, strideWidth, dilationHeight, dilationWidth, padTop, padLeft, rectify);
}
