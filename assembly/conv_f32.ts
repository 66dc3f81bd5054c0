/**
 * Full-precision convolution of maps, bias and ReLU included.
 *
 *   out[y][x][n] = bias[n] + sum over ky, kx, c of in[row][column][c] * weight[n][c][ky][kx]
 *
 *   row = y * strideHeight + ky * dilationHeight - padTop       column = x * strideWidth + kx * dilationWidth - padLeft
 *
 * with zeros outside the map, and c over the channels of n's group. Three steps, none of which checks a bound in an
 * inner loop:
 *
 * 1. If taps may fall outside, or if the taps of a kernel row would not touch, the image is copied once to
 *    `scratch [group][row][column][channels of the group]`, zeros around, without the map's tail lanes: the 7 taps of a
 *    row of a 3-channel image are 21 consecutive floats. Otherwise the map is read in place.
 * 2. Output pixels are cut into bands of BAND_PIXELS, so that a band's inputs stay in the cache while all blocks of
 *    output channels pass over it. A table holds where each pixel's inputs begin.
 * 3. conv_tile_f32.ts computes a band of pixels times a block of 8 channels; depthwise convolutions, with nothing to
 *    share between input channels, go to depthwise_f32.ts, which reads the map in place.
 *
 *   weights  [group][block of 8 channels][k = ky, kx, c][8], zeros past the group's last channel
 *
 * Cost: a multiply, an add and 0.75 loads a vector of 4 MACs; the copy adds 2 moves a float of the image.
 */
import { convBlock, TILE_CHANNELS, tileBias, tileOffsets } from "./conv_tile_f32";
import { depthwiseImage, isDepthwise } from "./depthwise_f32";
import { needsCopy, padImage, zeroTails } from "./pad_f32";
import { mapStride } from "./sign_bits";

/**
 * Output pixels a band; the table of their offsets takes 4 bytes each, and three more, in the kernels' scratch. 16 to
 * 256: within 2 %.
 */
const BAND_PIXELS: i32 = 128;

/** OIHW f32 -> the convolution's tiled order; sizes by `convF32WeightBytes`. */
export function convF32Pack(
  src: usize,
  dst: usize,
  channels: i32,
  inputsPerGroup: i32,
  kernelHeight: i32,
  kernelWidth: i32,
  groups: i32,
): void {
  const area = kernelHeight * kernelWidth;
  // A depthwise layer's weights are one filter of as many channels, side by side.
  const depthwise = isDepthwise(inputsPerGroup, groups);
  const filters = depthwise ? 1 : channels;
  const inputs = depthwise ? channels : inputsPerGroup;
  const outputs = depthwise ? 1 : channels / groups;
  const blocks = (outputs + TILE_CHANNELS - 1) / TILE_CHANNELS;
  const step: usize = depthwise ? 4 : TILE_CHANNELS << 2;
  const tapBytes = depthwise ? mapStride(channels) << 2 : <usize>inputs * step;
  const blockBytes = <usize>area * tapBytes;
  if (depthwise || (outputs & (TILE_CHANNELS - 1)) != 0) {
    memory.fill(dst, 0, <usize>((filters / outputs) * blocks) * blockBytes);
  }
  for (let n = 0; n < filters; ++n) {
    const output = n % outputs;
    const block = dst + <usize>((n / outputs) * blocks + output / TILE_CHANNELS) * blockBytes;
    let row = block + ((<usize>(output % TILE_CHANNELS)) << 2);
    for (let tap = 0; tap < area; ++tap) {
      let from = src + ((<usize>tap) << 2);
      let to = row;
      for (let c = 0; c < inputs; ++c) {
        store<f32>(to, load<f32>(from));
        from += (<usize>area) << 2;
        to += step;
      }
      row += tapBytes;
    }
    src += (<usize>(inputs * area)) << 2;
  }
}

/**
 * Zero-padded float convolution of maps, bias added (f32, padded with zeros to the output map's stride), max(v, 0) if
 * `relu` is not 0. `scratch` is `convF32ScratchBytes` bytes.
 */
export function convF32(
  src: usize,
  dst: usize,
  weights: usize,
  bias: usize,
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
  groups: i32,
  relu: i32,
): void {
  const inputs = inChannels / groups;
  const outputs = outChannels / groups;
  const inStride = (inChannels + 3) & ~3;
  const outStep = (<usize>((outChannels + 3) & ~3)) << 2;
  const imageBytes = (<usize>(height * width * inStride)) << 2;
  const plane = outHeight * outWidth;
  if (isDepthwise(inputs, groups)) {
    for (let image = 0; image < batch; ++image) {
      depthwiseImage(
        src + <usize>image * imageBytes,
        dst + <usize>(image * plane) * outStep,
        weights,
        bias,
        height,
        width,
        inChannels,
        outHeight,
        outWidth,
        outChannels,
        kernelHeight,
        kernelWidth,
        strideHeight,
        strideWidth,
        dilationHeight,
        dilationWidth,
        padTop,
        padLeft,
        relu != 0,
      );
    }
    return;
  }

  // Rows and columns that the taps reach, the padding included: the size of the copy.
  const reachHeight = (outHeight - 1) * strideHeight + (kernelHeight - 1) * dilationHeight + 1;
  const reachWidth = (outWidth - 1) * strideWidth + (kernelWidth - 1) * dilationWidth + 1;
  const padded = padTop > 0 || padLeft > 0 || reachHeight > height || reachWidth > width;
  const copied = needsCopy(padded, kernelHeight * kernelWidth, inChannels, groups);

  let pixelStep = (<usize>inStride) << 2;
  let rowStep = <usize>width * pixelStep;
  let groupStep = (<usize>inputs) << 2;
  if (copied) {
    pixelStep = (<usize>inputs) << 2;
    rowStep = <usize>reachWidth * pixelStep;
    groupStep = <usize>reachHeight * rowStep;
  }

  // Runs of consecutive floats in an output pixel's inputs.
  const touching = kernelWidth == 1 || (dilationWidth == 1 && pixelStep == (<usize>inputs) << 2);
  const runs = touching ? 1 : kernelWidth;
  const runBytes = (<usize>(touching ? kernelWidth * inputs : inputs)) << 2;
  const tapRowStep = <usize>dilationHeight * rowStep;
  const tapStep = <usize>dilationWidth * pixelStep;
  const blockBytes = (<usize>(kernelHeight * kernelWidth * inputs * TILE_CHANNELS)) << 2;

  for (let image = 0; image < batch; ++image) {
    let view = src + <usize>image * imageBytes;
    if (copied) {
      padImage(view, scratch, height, width, inChannels, reachHeight, reachWidth, padTop, padLeft, groups);
      view = scratch;
    }
    let y = 0;
    let x = 0;
    for (let first = 0; first < plane; first += BAND_PIXELS) {
      const pixels = min(BAND_PIXELS, plane - first);
      let entry = tileOffsets();
      for (let pixel = 0; pixel < pixels; ++pixel) {
        store<u32>(entry, <u32>(y * strideHeight) * <u32>rowStep + <u32>(x * strideWidth) * <u32>pixelStep);
        entry += 4;
        if (++x == outWidth) {
          x = 0;
          ++y;
        }
      }
      // A short tile reads its last pixel again.
      v128.store(entry, v128.load32_splat(entry - 4));
      const out = dst + <usize>(image * plane + first) * outStep;
      let w = weights;
      for (let group = 0; group < groups; ++group) {
        const input = view + <usize>group * groupStep;
        for (let n = 0; n < outputs; n += TILE_CHANNELS) {
          const count = min(TILE_CHANNELS, outputs - n);
          const channel = (<usize>(group * outputs + n)) << 2;
          memory.copy(tileBias(), bias + channel, (<usize>count) << 2);
          convBlock(
            input,
            tileOffsets(),
            pixels,
            w,
            tileBias(),
            out + channel,
            outStep,
            count,
            kernelHeight,
            tapRowStep,
            runs,
            tapStep,
            runBytes,
            relu != 0,
          );
          w += blockBytes;
        }
      }
    }
  }
  zeroTails(dst, batch * plane, outChannels);
}
