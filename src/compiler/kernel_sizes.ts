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

/** Bytes of a popcount GEMM's weights: panels of four channels, the last one filled up (assembly/xnor_gemm.ts). */
export function xnorGemmWeightBytes(channels: number, words: number): number {
  return Math.ceil(channels / 4) * 4 * words * 8;
}
