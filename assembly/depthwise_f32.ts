/**
 * Depthwise convolution: an output channel reads one input channel, and an input channel feeds `multiplier`
 * neighbouring output channels (usually one). Vectors run along the output channels.
 *
 *   out[y][x][n] = bias[n] + sum over ky, kx of in[row][column][n / multiplier] * weight[ky][kx][n]
 *
 *   row = y * strideHeight + ky * dilationHeight - padTop       column = x * strideWidth + kx * dilationWidth - padLeft
 *
 * with zeros outside the map: a window is cut to the map, so that no copy with a border is needed. Windows that are cut
 * alike lie in lines of the output, which are walked four pixels at a time, the last ones and the corners one by one:
 *
 *   +---+-----------+---+
 *   | 1 | line      | 1 |     top rows: fewer kernel rows
 *   +---+-----------+---+
 *   | l | line      | l |     no tap outside
 *   | i | line      | i |
 *   | n | line      | n |     l i n e: fewer kernel columns
 *   | e | line      | e |
 *   +---+-----------+---+
 *   | 1 | line      | 1 |
 *   +---+-----------+---+
 *
 *   weights  [tap][stride], stride = ceil(N / 4) * 4, zeros in the tail lanes
 *
 * Cost: depthwise_tile_f32.ts.
 */
import { depthwiseLine } from "./depthwise_tile_f32";
import { mapStride } from "./sign_bits";

// @ts-ignore: decorator
@inline
export function isDepthwise(inputsPerGroup: i32, groups: i32): bool {
  return groups > 1 && inputsPerGroup == 1;
}

/** First tap of a window that begins at `at` which lies inside an axis of `size`. */
// @ts-ignore: decorator
@inline
function firstTap(at: i32, dilation: i32): i32 {
  return at < 0 ? (dilation - 1 - at) / dilation : 0;
}

/** Taps of it that lie inside, from the first one on. */
// @ts-ignore: decorator
@inline
function tapsInside(at: i32, dilation: i32, taps: i32, size: i32): i32 {
  const end = at < size ? min(taps, (size - 1 - at) / dilation + 1) : 0;
  return max(0, end - firstTap(at, dilation));
}

/** One image; the arguments are convF32's. */
export function depthwiseImage(
  src: usize,
  dst: usize,
  weights: usize,
  bias: usize,
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
  rectify: bool,
): void {
  const multiplier = outChannels / inChannels;
  const pixelBytes = mapStride(inChannels) << 2;
  const rowBytes = <usize>width * pixelBytes;
  const step = mapStride(outChannels) << 2;
  const outRow = <usize>outWidth * step;
  const weightRow = <usize>kernelWidth * step;
  const tapStep = <usize>dilationWidth * pixelBytes;
  const rowStep = <usize>dilationHeight * rowBytes;
  // Output rows [top, bottom) and columns [left, right) have all of their taps inside.
  const slackY = height + padTop - (kernelHeight - 1) * dilationHeight - 1;
  const slackX = width + padLeft - (kernelWidth - 1) * dilationWidth - 1;
  const top = min(outHeight, (padTop + strideHeight - 1) / strideHeight);
  const left = min(outWidth, (padLeft + strideWidth - 1) / strideWidth);
  const bottom = slackY < 0 ? top : max(top, min(outHeight, slackY / strideHeight + 1));
  const right = slackX < 0 ? left : max(left, min(outWidth, slackX / strideWidth + 1));

  for (let y = 0; y < outHeight; ++y) {
    const inner = y >= top && y < bottom;
    const first = y * strideHeight - padTop;
    const ky = firstTap(first, dilationHeight);
    const rows = tapsInside(first, dilationHeight, kernelHeight, height);
    const row = src + <usize>(first + ky * dilationHeight) * rowBytes;
    const w = weights + <usize>ky * weightRow;
    for (let x = 0; x < outWidth; ++x) {
      const middle = x >= left && x < right;
      if (inner && !middle) continue;
      const column = x * strideWidth - padLeft;
      const kx = firstTap(column, dilationWidth);
      depthwiseLine(
        row + <usize>(column + kx * dilationWidth) * pixelBytes,
        <usize>strideWidth * pixelBytes,
        dst + <usize>y * outRow + <usize>x * step,
        step,
        middle ? right - left : 1,
        w + <usize>kx * step,
        weightRow,
        bias,
        multiplier,
        pixelBytes,
        step,
        rows,
        rowStep,
        tapsInside(column, dilationWidth, kernelWidth, width),
        tapStep,
        rectify,
      );
      if (middle) x = right - 1;
    }
  }
  for (let x = 0; x < outWidth; ++x) {
    if (x >= left && x < right) continue;
    const column = x * strideWidth - padLeft;
    const kx = firstTap(column, dilationWidth);
    depthwiseLine(
      src + <usize>(top * strideHeight - padTop) * rowBytes + <usize>(column + kx * dilationWidth) * pixelBytes,
      <usize>strideHeight * rowBytes,
      dst + <usize>top * outRow + <usize>x * step,
      outRow,
      bottom - top,
      weights + <usize>kx * step,
      weightRow,
      bias,
      multiplier,
      pixelBytes,
      step,
      kernelHeight,
      rowStep,
      tapsInside(column, dilationWidth, kernelWidth, width),
      tapStep,
      rectify,
    );
  }
}
