/**
 * Convolution of a byte image into a float map: a network's first layer on pixels, normalisation and batch norms folded
 * in.
 *
 *   out[y][x][n] = outScale[n] * sum over taps inside the image of W[n][c][ky][kx] * (a[c] * p + b[c]) + outShift[n]
 *                = scale[n] * sum of q[n][c][ky][kx] * p + bias[class of y and x][n]
 *
 * p is a pixel's byte, q = round(W * a / s[n]) in i16, scale = outScale * s. The sum of W * b depends on which taps lie
 * inside the image, so it is kept once for each class of output rows and columns that have the same ones: exact at the
 * border. src/compiler/quantize_stem.ts computes q, scale and bias and bounds the error, which is that of rounding the
 * weights alone.
 *
 * Exact sums: |q| <= qmax = min(32767, (2^31 - 1) / (255 * K)), K = inputs * kernel area, so
 * |sum| <= 255 * K * qmax < 2^31.
 *
 *   src      [image][channel][row][column] u8, or [image][row][column][channel], not aligned
 *   scratch  the image, padded: [row][column][channel] i16; then a strip of it: [column][kernel row][channel] i16
 *   weights  [block of 16 channels][run][pair of values][16][2] i16
 *   scale    [lanes] f32, lanes = ceil(channels / 16) * 16       bias  [row class][column class][lanes] f32
 *
 * The strip holds the rows that one output row reads, so that a pixel's K inputs are one run in the order kx, ky, c and
 * a 7x7 kernel of 3 channels takes 74 pairs; rows of 21 values padded to 22 would take 77. A kernel dilated in x has a
 * run a column.
 *
 * Cost: a dot product, an add and 0.75 loads for 8 MACs; the copies 2 % of the 7x7 stem, 3 -> 64 channels with stride
 * 2.
 */
import { convRowU8, TILE_CHANNELS } from "./conv_tile_u8";
import { buildStrip, padImageU8 } from "./pad_u8";

/**
 * Byte image, NCHW u8 planes or, if `interleaved` is not 0, NHWC, not aligned -> map of
 * scale[n] * dot + bias[class][n], max(v, 0) if `relu` is not 0; dot is the exact integer convolution with the i16
 * `weights`, zeros outside the image. What quantizeStem returns goes in as it is: weights in its order, scale and each
 * class of bias `convU8Lanes` floats, class `rowClass[y] * colClasses + colClass[x]`, u16 an output row and column.
 * `scratch` is `convU8ScratchBytes` bytes. A channel's rows begin `planeHeight` rows after the last one's: `height`, or
 * more where the rows that are meant are the last of one image.
 */
export function convU8(
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
  relu: i32,
  interleaved: i32,
  planeHeight: i32,
): void {
  const reachHeight = (outHeight - 1) * strideHeight + (kernelHeight - 1) * dilationHeight + 1;
  const reachWidth = (outWidth - 1) * strideWidth + (kernelWidth - 1) * dilationWidth + 1;
  const rowBytes = (<usize>(reachWidth * inChannels)) << 1;
  const planeBytes = <usize>planeHeight * <usize>width;
  const imageBytes = <usize>inChannels * planeBytes;
  const outStep = (<usize>((outChannels + 3) & ~3)) << 2;
  const classStep = (<usize>((outChannels + TILE_CHANNELS - 1) & -TILE_CHANNELS)) << 2;
  const lowest: f32 = relu ? 0 : -Infinity;

  // A column of the strip: the taps of one kernel column. Columns of neighbouring taps touch unless the kernel is
  // dilated.
  const columnBytes = (<usize>(kernelHeight * inChannels)) << 1;
  const touching = dilationWidth == 1 || kernelWidth == 1;
  const runs = touching ? 1 : kernelWidth;
  const runValues = touching ? kernelWidth * kernelHeight * inChannels : kernelHeight * inChannels;
  const runBytes = ((<usize>(runValues + 1)) >> 1) << 2;
  const runStep = <usize>dilationWidth * columnBytes;
  const pixelStep = <usize>strideWidth * columnBytes;
  const blockBytes = <usize>runs * runBytes * TILE_CHANNELS;
  const strip = scratch + ((<usize>reachHeight * rowBytes + 15) & ~15);

  for (let image = 0; image < batch; ++image) {
    padImageU8(
      src,
      planeBytes,
      scratch,
      height,
      width,
      inChannels,
      reachHeight,
      reachWidth,
      padTop,
      padLeft,
      interleaved != 0,
    );
    src += imageBytes;
    for (let y = 0; y < outHeight; ++y) {
      const view = scratch + <usize>(y * strideHeight) * rowBytes;
      buildStrip(view, strip, reachWidth, inChannels, kernelHeight, <usize>dilationHeight * rowBytes);
      const rowBias = bias + <usize>load<u16>(rowClass + ((<usize>y) << 1)) * <usize>colClasses * classStep;
      let w = weights;
      for (let n: usize = 0; n < outStep; n += TILE_CHANNELS << 2) {
        const vectors = min<i32>(TILE_CHANNELS >> 2, <i32>((outStep - n) >> 4));
        convRowU8(
          strip,
          pixelStep,
          outWidth,
          runs,
          runStep,
          runBytes,
          w,
          scale + n,
          rowBias + n,
          colClass,
          classStep,
          dst + n,
          outStep,
          vectors,
          lowest,
        );
        w += blockBytes;
      }
      dst += <usize>outWidth * outStep;
    }
  }
}
