/** When a float convolution runs on Winograd's tiles of three by three outputs, and the bytes that it takes (assembly/winograd_f32.ts). */
import { type ConvF32Shape, mapStride } from "./kernel_sizes.js";

/** Tiles of a band of tile rows, and the values of their transformed inputs. */
const bandTiles = 80;
const bandValues = 65536;

/** Bytes of one tile's products, for a block of 8 channels. */
const tileBytes = 36 * 32;

/**
 * Points along an axis, and pairs of a point and a phase that has it: for kernels of up to four taps a phase of the stride 5 points, and
 * a sixth where a phase has four; for kernels of up to two taps a phase 3, and a fourth where it has two.
 */
function axis(kernel: number, stride: number): { readonly points: number; readonly pairs: number } {
  const near = kernel > 2 * stride ? 5 : 3;
  const far = Math.max(0, kernel - (near === 5 ? 3 : 1) * stride);
  return { points: near + (far > 0 ? 1 : 0), pairs: near * stride + far };
}

function pointPhases({ kernelHeight, kernelWidth, strideHeight, strideWidth }: ConvF32Shape): number {
  return axis(kernelHeight, strideHeight).pairs * axis(kernelWidth, strideWidth).pairs;
}

/** Rows of tiles that are computed together, and their tiles, filled up to fours. */
function band(shape: ConvF32Shape): { readonly rows: number; readonly tiles: number } {
  const tilesX = Math.ceil(shape.outWidth / 3);
  const most = Math.min(bandTiles, Math.floor(bandValues / (pointPhases(shape) * shape.inChannels)));
  const rows = Math.max(1, Math.floor(most / tilesX));
  return { rows, tiles: Math.ceil((rows * tilesX) / 4) * 4 };
}

/** Bytes of the weights in the order that winogradF32Pack writes. */
export function winogradF32WeightBytes(shape: ConvF32Shape): number {
  const { inChannels, outChannels, groups } = shape;
  return Math.ceil(outChannels / groups / 8) * 8 * inChannels * pointPhases(shape) * 4;
}

/** Bytes of the rows, values and products that winogradF32 keeps in `scratch`. */
export function winogradF32ScratchBytes(shape: ConvF32Shape): number {
  const { width, inChannels, strideHeight, strideWidth } = shape;
  const stride = mapStride(inChannels);
  const tilesX = Math.ceil(shape.outWidth / 3);
  const { tiles } = band(shape);
  const rows = 6 * strideHeight * strideWidth * (3 * tilesX + 3) * stride;
  const values = (pointPhases(shape) * inChannels + 36 * (stride - inChannels)) * tiles;
  return (width * stride + rows + values) * 4 + tiles * tileBytes;
}

/**
 * What a tile of nine outputs costs in vector instructions for four output channels, as the kernels are written: 2.75 a multiply-add,
 * the store and the transform of each point's product, and a share of the inputs' transform.
 */
const cost = { multiplyAdd: 2.75, product: 12, inputVector: 55 } as const;

/** Below this share of the direct convolution's instructions Winograd is taken; measured shares of its time are within 0.06 of these. */
const worthwhile = 0.8;

/**
 * Whether a convolution runs on Winograd tiles: no dilation, at most four taps a phase of the stride along each axis, groups at stride 1
 * only, and enough multiply-adds saved to pay for the transforms at this size.
 */
export function usesWinograd(shape: ConvF32Shape): boolean {
  const { kernelHeight, kernelWidth, strideHeight, strideWidth, outHeight, outWidth, groups } = shape;
  const phases = strideHeight * strideWidth;
  if (shape.dilationHeight !== 1 || shape.dilationWidth !== 1 || (groups > 1 && phases > 1)) return false;
  if (kernelHeight > 4 * strideHeight || kernelWidth > 4 * strideWidth) return false;
  const depth = shape.inChannels / groups;
  const outputs = shape.outChannels / groups;
  const { rows, tiles } = band(shape);
  const direct = outHeight * outWidth * kernelHeight * kernelWidth * depth * cost.multiplyAdd;
  const inputs = 6 * phases * (mapStride(shape.inChannels) / groups) * cost.inputVector;
  const points = axis(kernelHeight, strideHeight).points * axis(kernelWidth, strideWidth).points;
  const tile = pointPhases(shape) * depth * cost.multiplyAdd + points * cost.product + inputs / outputs;
  const winograd = (Math.ceil(outHeight / 3) / rows) * tiles * tile;
  return winograd < worthwhile * direct;
}
