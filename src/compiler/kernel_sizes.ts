/**
 * Bytes that the kernels' layouts take, as assembly/ defines them. The host owns all memory, so the plan must know every size
 * before a kernel runs.
 */

/** Floats from one pixel of a map to the next. */
export function mapStride(channels: number): number {
  return Math.ceil(channels / 4) * 4;
}

/** Bytes of a float map. */
export function mapBytes(pixels: number, channels: number): number {
  return pixels * mapStride(channels) * 4;
}

/** u64 words that hold the bits of one pixel. */
export function bitWords(channels: number): number {
  return Math.ceil(channels / 64);
}

/** Bytes of a map of sign bits. */
export function bitBytes(pixels: number, channels: number): number {
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
  const depthwise = groups > 1 && inputsPerGroup === 1 && channels === groups;
  const lanes = depthwise ? mapStride(channels) : groups * Math.ceil(channels / groups / 8) * 8;
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

/** Bytes of the padded copy of one image that convF32 makes in `scratch`; 0 where it reads the map in place (assembly/pad_f32.ts). */
export function convF32ScratchBytes(shape: ConvF32Shape): number {
  const { inChannels, outChannels, groups } = shape;
  const reachHeight = (shape.outHeight - 1) * shape.strideHeight + (shape.kernelHeight - 1) * shape.dilationHeight + 1;
  const reachWidth = (shape.outWidth - 1) * shape.strideWidth + (shape.kernelWidth - 1) * shape.dilationWidth + 1;
  const padded = shape.padTop > 0 || shape.padLeft > 0 || reachHeight > shape.height || reachWidth > shape.width;
  const depthwise = groups > 1 && inChannels === groups && outChannels === groups;
  const broken = !depthwise && (groups > 1 || inChannels % 4 !== 0);
  if (!padded && !(broken && shape.kernelHeight * shape.kernelWidth > 1)) return 0;
  const floats = reachHeight * reachWidth * (depthwise ? mapStride(inChannels) : inChannels);
  return floats * 4 + 16;
}

/** Bytes of a dense layer's weights in the order that denseF32Pack writes (assembly/dense_f32.ts). */
export function denseF32WeightBytes(units: number, inputs: number): number {
  return Math.ceil(units / 8) * 8 * inputs * 4;
}

/** u64 words of one im2col row: taps of at most 32 channels share words (joinTaps in assembly/im2col.ts), others have their own. */
export function im2colWords(channels: number, taps: number): number {
  return channels <= 32 ? Math.ceil(taps / Math.floor(64 / channels)) : taps * bitWords(channels);
}

/** Bytes of a popcount GEMM's weights: panels of four channels, the last one filled up (assembly/xnor_gemm.ts). */
export function xnorGemmWeightBytes(channels: number, words: number): number {
  return Math.ceil(channels / 4) * 4 * words * 8;
}

/** Bytes of a table convolution's selectors: one byte for four channels of the padded images (assembly/table_conv.ts). */
export function tableConvSelectorBytes(
  batch: number,
  paddedHeight: number,
  paddedWidth: number,
  channels: number,
): number {
  return batch * paddedHeight * paddedWidth * bitWords(channels) * 16;
}

/** Bytes of a table convolution's weights: 1 bit each, output channels filled up to blocks of 64, input channels to words of 64. */
export function tableConvWeightBytes(outChannels: number, inChannels: number, taps: number): number {
  return Math.ceil(outChannels / 64) * 64 * taps * bitWords(inChannels) * 8;
}

/** u16 counts from one pixel of a table convolution to the next. */
export function tableConvCountStride(outChannels: number): number {
  return Math.ceil(outChannels / 64) * 64;
}

/** Bytes of a table convolution's counts. */
export function tableConvCountBytes(pixels: number, outChannels: number): number {
  return pixels * tableConvCountStride(outChannels) * 2;
}

/** Bytes of the corrections for zero padding: one row of i16 for each tap and one of scratch (assembly/table_conv_border.ts). */
export function tableConvCorrectionBytes(outChannels: number, taps: number): number {
  return (taps + 1) * tableConvCountStride(outChannels) * 2;
}

/** Bytes of zeroBorderI32's corrections: one row of i32 for each tap and one of scratch (assembly/zero_border.ts). */
export function zeroBorderCorrectionBytes(countStride: number, taps: number): number {
  return (taps + 1) * countStride * 4;
}

/** Whether u16 counts are exact: K = taps * channels up to 65535, half of it where zero padding doubles the counts of odd channels. */
export function tableConvIsExact(inChannels: number, taps: number, zeroPadding: boolean): boolean {
  return inChannels * taps <= (zeroPadding && inChannels % 2 === 1 ? 32767 : 65535);
}

/**
 * Output rows, of all images together, that share a table: bands of about 1568 pixels, whose counts and selectors fit an L2 cache of
 * 512 KiB, of equal height. At 56x56x64: 518 GMAC/s at 560 pixels, 525 at 784, 531 at 1568, 535 at 3136 with an L2 of 1 MiB.
 */
export function tableConvRowBand(batch: number, outHeight: number, outWidth: number): number {
  const rows = batch * outHeight;
  const bands = Math.max(1, Math.min(rows, Math.round((rows * outWidth) / 1568)));
  return Math.ceil(rows / bands);
}

/** Floats of a byte-image convolution's scale, and of each class of its bias: whole blocks of 16 channels (assembly/conv_u8.ts). */
export function convU8Lanes(channels: number): number {
  return Math.ceil(channels / 16) * 16;
}

/** How a byte-image convolution walks an output pixel's inputs: runs of consecutive values, each filled up to an even number. */
export function convU8Runs(inChannels: number, kernelHeight: number, kernelWidth: number, dilationWidth: number) {
  const touching = dilationWidth === 1 || kernelWidth === 1;
  const values = inChannels * kernelHeight * (touching ? kernelWidth : 1);
  return { count: touching ? 1 : kernelWidth, values, padded: Math.ceil(values / 2) * 2 };
}

/** Bytes of a byte-image convolution's weights in the order that quantizeStem writes. */
export function convU8WeightBytes(
  channels: number,
  inChannels: number,
  kernelHeight: number,
  kernelWidth: number,
  dilationWidth: number,
): number {
  const runs = convU8Runs(inChannels, kernelHeight, kernelWidth, dilationWidth);
  return convU8Lanes(channels) * runs.count * runs.padded * 2;
}

/** Bytes of the padded copy and the strip that convU8 makes in `scratch` (assembly/pad_u8.ts). */
export function convU8ScratchBytes(shape: Omit<ConvF32Shape, "groups" | "outChannels">): number {
  const reachHeight = (shape.outHeight - 1) * shape.strideHeight + (shape.kernelHeight - 1) * shape.dilationHeight + 1;
  const reachWidth = (shape.outWidth - 1) * shape.strideWidth + (shape.kernelWidth - 1) * shape.dilationWidth + 1;
  const rowBytes = reachWidth * shape.inChannels * 2;
  // The last run may read one value past the strip, for which its weights are zero.
  return Math.ceil((reachHeight * rowBytes) / 16) * 16 + shape.kernelHeight * rowBytes + 16;
}
