/**
 * Bytes that the kernels' layouts take, as assembly/ defines them. The host owns all memory, so the plan must know
 * every size before a kernel runs.
 */
import { objectArgument, refuseArgument } from "../arguments.js";
import {
  CONV_F32_BLOCK,
  CONV_U8_BLOCK,
  TABLE_CONV_BLOCK,
  TABLE_CONV_WORD_BYTES,
  WINOGRAD_BAND_TILES,
  WINOGRAD_BAND_VALUES,
  WINOGRAD_TILE_BYTES,
  XNOR_GEMM_PANEL,
} from "./constants.js";

/** @throws XnorkitError `bad-option` if one of the sizes that a function was given is no number. */
function needNumbers(callee: string, ...sizes: readonly number[]): void {
  for (const size of sizes) if (typeof size !== "number") refuseArgument(callee, "a size", "a number", size);
}

/** The sizes that every shape of a convolution has; more may stand beside them. */
const SHAPE_SIZES = [
  ...(["height", "width", "inChannels", "outHeight", "outWidth", "kernelHeight", "kernelWidth"] as const),
  ...(["strideHeight", "strideWidth", "dilationHeight", "dilationWidth", "padTop", "padLeft"] as const),
] satisfies readonly (keyof ConvF32Shape)[];

/** @throws XnorkitError `bad-option` if the value is no object, or one of its sizes no number. */
function needShape(callee: string, shape: Omit<ConvF32Shape, "groups" | "outChannels">): void {
  objectArgument(callee, "shape", "an object of sizes", shape);
  for (const size of SHAPE_SIZES) {
    if (typeof shape[size] !== "number") refuseArgument(callee, `the size ${size}`, "a number", shape[size]);
  }
}

/** The next multiple of `step`. */
function roundUp(value: number, step: number): number {
  return Math.ceil(value / step) * step;
}

/** Floats from one pixel of a map to the next. */
export function mapStride(channels: number): number {
  needNumbers("mapStride", channels);
  return roundUp(channels, 4);
}

/** Bytes of a float map. */
export function mapBytes(pixels: number, channels: number): number {
  needNumbers("mapBytes", pixels, channels);
  return pixels * mapStride(channels) * 4;
}

/** u64 words that hold the bits of one pixel. */
export function bitWords(channels: number): number {
  needNumbers("bitWords", channels);
  return Math.ceil(channels / 64);
}

/** Bytes of a map of sign bits. */
export function bitBytes(pixels: number, channels: number): number {
  needNumbers("bitBytes", pixels, channels);
  return pixels * bitWords(channels) * 8;
}

/** Bytes of a float convolution's weights in the order that convF32Pack writes (assembly/conv_f32.ts). */
export function convF32WeightBytes(
  channels: number,
  inputsPerGroup: number,
  kernelHeight: number,
  kernelWidth: number,
  groups: number,
): number {
  needNumbers("convF32WeightBytes", channels, inputsPerGroup, kernelHeight, kernelWidth, groups);
  const depthwise = groups > 1 && inputsPerGroup === 1;
  const lanes = depthwise ? mapStride(channels) : groups * roundUp(channels / groups, CONV_F32_BLOCK);
  return lanes * inputsPerGroup * kernelHeight * kernelWidth * 4;
}

/** What convF32ScratchBytes must know of a float convolution, in the words of convF32's parameters. */
export interface ConvF32Shape {
  readonly height: number;
  readonly width: number;
  readonly inChannels: number;
  readonly outHeight: number;
  readonly outWidth: number;
  readonly outChannels: number;
  readonly kernelHeight: number;
  readonly kernelWidth: number;
  readonly strideHeight: number;
  readonly strideWidth: number;
  readonly dilationHeight: number;
  readonly dilationWidth: number;
  readonly padTop: number;
  readonly padLeft: number;
  readonly groups: number;
}

/**
 * Bytes of the padded copy of one image that convF32 makes in `scratch`; 0 if it reads the map in place
 * (assembly/pad_f32.ts).
 */
export function convF32ScratchBytes(shape: ConvF32Shape): number {
  needShape("convF32ScratchBytes", shape);
  const { inChannels, groups } = shape;
  // Depthwise convolutions cut their windows to the map.
  if (groups > 1 && inChannels === groups) return 0;
  const reachHeight = (shape.outHeight - 1) * shape.strideHeight + (shape.kernelHeight - 1) * shape.dilationHeight + 1;
  const reachWidth = (shape.outWidth - 1) * shape.strideWidth + (shape.kernelWidth - 1) * shape.dilationWidth + 1;
  const padded = shape.padTop > 0 || shape.padLeft > 0 || reachHeight > shape.height || reachWidth > shape.width;
  const broken = groups > 1 || inChannels % 4 !== 0;
  if (!padded && !(broken && shape.kernelHeight * shape.kernelWidth > 1)) return 0;
  return reachHeight * reachWidth * inChannels * 4 + 16;
}

/**
 * Points along an axis, and pairs of a point and a phase that has it: for kernels of up to four taps a phase of the
 * stride 5 points, and a sixth if a phase has four; for kernels of up to two taps a phase 3, and a fourth if it
 * has two.
 */
export function winogradAxis(kernel: number, stride: number): { readonly points: number; readonly pairs: number } {
  needNumbers("winogradAxis", kernel, stride);
  const near = kernel > 2 * stride ? 5 : 3;
  const far = Math.max(0, kernel - (near === 5 ? 3 : 1) * stride);
  return { points: near + (far > 0 ? 1 : 0), pairs: near * stride + far };
}

/** Pairs of a point and a phase, of both axes. */
export function winogradPointPhases(shape: ConvF32Shape): number {
  needShape("winogradPointPhases", shape);
  const { kernelHeight, kernelWidth, strideHeight, strideWidth } = shape;
  return winogradAxis(kernelHeight, strideHeight).pairs * winogradAxis(kernelWidth, strideWidth).pairs;
}

/** Rows of tiles that are computed together, and their tiles, filled up to fours. */
export function winogradBand(shape: ConvF32Shape): { readonly rows: number; readonly tiles: number } {
  needShape("winogradBand", shape);
  const tilesX = Math.ceil(shape.outWidth / 3);
  const most = Math.min(
    WINOGRAD_BAND_TILES,
    Math.floor(WINOGRAD_BAND_VALUES / (winogradPointPhases(shape) * shape.inChannels)),
  );
  const rows = Math.max(1, Math.floor(most / tilesX));
  return { rows, tiles: roundUp(rows * tilesX, 4) };
}

/** Bytes of the weights in the order that winogradF32Pack writes. */
export function winogradF32WeightBytes(shape: ConvF32Shape): number {
  needShape("winogradF32WeightBytes", shape);
  const { inChannels, outChannels, groups } = shape;
  return roundUp(outChannels / groups, CONV_F32_BLOCK) * inChannels * winogradPointPhases(shape) * 4;
}

/** Bytes of the rows, values and products that winogradF32 keeps in `scratch`. */
export function winogradF32ScratchBytes(shape: ConvF32Shape): number {
  needShape("winogradF32ScratchBytes", shape);
  const { width, inChannels, strideHeight, strideWidth } = shape;
  const stride = mapStride(inChannels);
  const tilesX = Math.ceil(shape.outWidth / 3);
  const { tiles } = winogradBand(shape);
  const rows = 6 * strideHeight * strideWidth * (3 * tilesX + 3) * stride;
  const values = (winogradPointPhases(shape) * inChannels + 36 * (stride - inChannels)) * tiles;
  return (width * stride + rows + values) * 4 + tiles * WINOGRAD_TILE_BYTES;
}

/** Bytes of a dense layer's weights in the order that denseF32Pack writes (assembly/dense_f32.ts). */
export function denseF32WeightBytes(units: number, inputs: number): number {
  needNumbers("denseF32WeightBytes", units, inputs);
  return roundUp(units, CONV_F32_BLOCK) * inputs * 4;
}

/**
 * u64 words of one im2col row: taps of at most 32 channels share words (joinTaps in assembly/im2col.ts), others have
 * their own.
 */
export function im2colWords(channels: number, taps: number): number {
  needNumbers("im2colWords", channels, taps);
  return channels <= 32 ? Math.ceil(taps / Math.floor(64 / channels)) : taps * bitWords(channels);
}

/** Bytes of the rows that im2colBits writes for so many output pixels: every tap has words of its own. */
export function im2colBytes(pixels: number, channels: number, taps: number): number {
  needNumbers("im2colBytes", pixels, channels, taps);
  return pixels * taps * bitWords(channels) * 8;
}

/** Bytes of the planes of values of so many bits; one plane is `bitBytes`. */
export function planesBytes(pixels: number, channels: number, bits: number): number {
  needNumbers("planesBytes", pixels, channels, bits);
  return bits * bitBytes(pixels, channels);
}

/** i32 counts from one row of a popcount GEMM to the next, as epilogues read them. */
export function xnorGemmCountStride(channels: number): number {
  needNumbers("xnorGemmCountStride", channels);
  return mapStride(channels);
}

/** Bytes of a popcount GEMM's counts. */
export function xnorGemmCountBytes(rows: number, channels: number): number {
  needNumbers("xnorGemmCountBytes", rows, channels);
  return rows * xnorGemmCountStride(channels) * 4;
}

/** Bytes of zeroBorderI32's corrections, one row of i32 for each tap; its scratch is that of one tap. */
export function zeroBorderCorrectionBytes(countStride: number, taps: number): number {
  needNumbers("zeroBorderCorrectionBytes", countStride, taps);
  return taps * countStride * 4;
}

/** Bytes of a popcount GEMM's weights: panels of four channels, the last one filled up (assembly/xnor_gemm.ts). */
export function xnorGemmWeightBytes(channels: number, words: number): number {
  needNumbers("xnorGemmWeightBytes", channels, words);
  return roundUp(channels, XNOR_GEMM_PANEL) * words * 8;
}

/**
 * Bytes of a table convolution's selectors: one byte for four channels of the padded images (assembly/table_conv.ts).
 */
export function tableConvSelectorBytes(
  batch: number,
  paddedHeight: number,
  paddedWidth: number,
  channels: number,
): number {
  needNumbers("tableConvSelectorBytes", batch, paddedHeight, paddedWidth, channels);
  return batch * paddedHeight * paddedWidth * bitWords(channels) * TABLE_CONV_WORD_BYTES;
}

/**
 * Bytes of a table convolution's weights: 1 bit each, output channels filled up to blocks of 64, input channels to
 * words of 64.
 */
export function tableConvWeightBytes(outChannels: number, inChannels: number, taps: number): number {
  needNumbers("tableConvWeightBytes", outChannels, inChannels, taps);
  return roundUp(outChannels, TABLE_CONV_BLOCK) * taps * bitWords(inChannels) * 8;
}

/** u16 counts from one pixel of a table convolution to the next. */
export function tableConvCountStride(outChannels: number): number {
  needNumbers("tableConvCountStride", outChannels);
  return roundUp(outChannels, TABLE_CONV_BLOCK);
}

/** Bytes of a table convolution's counts. */
export function tableConvCountBytes(pixels: number, outChannels: number): number {
  needNumbers("tableConvCountBytes", pixels, outChannels);
  return pixels * tableConvCountStride(outChannels) * 2;
}

/** Bytes of the corrections for zero padding: one row of i16 for each tap (assembly/table_conv_border.ts). */
export function tableConvCorrectionBytes(outChannels: number, taps: number): number {
  needNumbers("tableConvCorrectionBytes", outChannels, taps);
  return taps * tableConvCountStride(outChannels) * 2;
}

/**
 * Whether u16 counts are exact: K = taps * channels up to 65535, half of it if zero padding doubles the counts of
 * odd channels.
 */
export function tableConvIsExact(inChannels: number, taps: number, zeroPadding: boolean): boolean {
  needNumbers("tableConvIsExact", inChannels, taps);
  return inChannels * taps <= (zeroPadding && inChannels % 2 === 1 ? 32767 : 65535);
}

/**
 * Output rows, of all images together, that share a table: bands of about 1568 pixels, whose counts and selectors fit
 * an L2 cache of 512 KiB, of equal height. `bandPixels` may ask for fewer, which costs a percent or two
 * (docs/measurements.md).
 */
export function tableConvRowBand(batch: number, outHeight: number, outWidth: number, bandPixels = 1568): number {
  needNumbers("tableConvRowBand", batch, outHeight, outWidth, bandPixels);
  const rows = batch * outHeight;
  const bands = Math.max(1, Math.min(rows, Math.round((rows * outWidth) / Math.min(bandPixels, 1568))));
  return Math.ceil(rows / bands);
}

/**
 * Floats of a byte-image convolution's scale, and of each class of its bias: whole blocks of 16 channels
 * (assembly/conv_u8.ts).
 */
export function convU8Lanes(channels: number): number {
  needNumbers("convU8Lanes", channels);
  return roundUp(channels, CONV_U8_BLOCK);
}

/**
 * How a byte-image convolution walks an output pixel's inputs: runs of consecutive values, each filled up to an even
 * number.
 */
export function convU8Runs(inChannels: number, kernelHeight: number, kernelWidth: number, dilationWidth: number) {
  needNumbers("convU8Runs", inChannels, kernelHeight, kernelWidth, dilationWidth);
  const touching = dilationWidth === 1 || kernelWidth === 1;
  const values = inChannels * kernelHeight * (touching ? kernelWidth : 1);
  return { count: touching ? 1 : kernelWidth, values, padded: roundUp(values, 2) };
}

/** Bytes of a byte-image convolution's weights in the order that quantizeStem writes. */
export function convU8WeightBytes(
  channels: number,
  inChannels: number,
  kernelHeight: number,
  kernelWidth: number,
  dilationWidth: number,
): number {
  needNumbers("convU8WeightBytes", channels, inChannels, kernelHeight, kernelWidth, dilationWidth);
  const runs = convU8Runs(inChannels, kernelHeight, kernelWidth, dilationWidth);
  return convU8Lanes(channels) * runs.count * runs.padded * 2;
}

/** Bytes of the padded copy and the strip that convU8 makes in `scratch` (assembly/pad_u8.ts). */
export function convU8ScratchBytes(shape: Omit<ConvF32Shape, "groups" | "outChannels">): number {
  needShape("convU8ScratchBytes", shape);
  const reachHeight = (shape.outHeight - 1) * shape.strideHeight + (shape.kernelHeight - 1) * shape.dilationHeight + 1;
  const reachWidth = (shape.outWidth - 1) * shape.strideWidth + (shape.kernelWidth - 1) * shape.dilationWidth + 1;
  const rowBytes = reachWidth * shape.inChannels * 2;
  // The last run may read one value past the strip, for which its weights are zero.
  return roundUp(reachHeight * rowBytes, 16) + shape.kernelHeight * rowBytes + 16;
}
