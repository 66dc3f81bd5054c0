/** When a float convolution runs on Winograd's F(3x3, 4x4), and the bytes that it takes (assembly/winograd_f32.ts). */
import { type ConvF32Shape, mapStride } from "./kernel_sizes.js";

/** Tiles of a band of tile rows, and the values of their transformed inputs. */
const bandTiles = 80;
const bandValues = 32768;

/** Bytes of one tile's products, for a block of 8 channels. */
const tileBytes = 36 * 32;

/** Pairs of a point and a phase that has it: 5 points for each phase of the stride, a sixth where it has four taps. */
function pointPhases({ kernelHeight, kernelWidth, strideHeight, strideWidth }: ConvF32Shape): number {
  const along = (kernel: number, stride: number) => 5 * stride + Math.max(0, kernel - 3 * stride);
  return along(kernelHeight, strideHeight) * along(kernelWidth, strideWidth);
}

/** Bytes of the weights in the order that winogradF32Pack writes. */
export function winogradF32WeightBytes(shape: ConvF32Shape): number {
  return Math.ceil(shape.outChannels / 8) * 8 * shape.inChannels * pointPhases(shape) * 4;
}

/** Bytes of the rows, values and products that winogradF32 keeps in `scratch`. */
export function winogradF32ScratchBytes(shape: ConvF32Shape): number {
  const { width, inChannels, strideHeight, strideWidth } = shape;
  const stride = mapStride(inChannels);
  const tilesX = Math.ceil(shape.outWidth / 3);
  const phases = pointPhases(shape);
  const most = Math.min(bandTiles, Math.floor(bandValues / (phases * inChannels)));
  const tiles = Math.ceil((Math.max(1, Math.floor(most / tilesX)) * tilesX) / 4) * 4;
  const rows = 6 * strideHeight * strideWidth * (3 * tilesX + 3) * stride;
  const values = (phases * inChannels + 36 * (stride - inChannels)) * tiles;
  return (width * stride + rows + values) * 4 + tiles * tileBytes;
}

/**
 * What a tile of nine outputs costs in vector instructions for four output channels, as the kernels are written: 2.75 a multiply-add,
 * the stores of 36 products and their transform, and a share of the inputs' transform.
 */
const cost = { multiplyAdd: 2.75, products: 400, inputVector: 55 } as const;

/** Below this share of the direct convolution's instructions Winograd is taken; 0.78 measured as 0.8 of its time. */
const worthwhile = 0.7;

/**
 * Whether a convolution runs on Winograd tiles: one group, no dilation, at most four taps a phase of the stride along each axis, and
 * enough multiply-adds saved to pay for the transforms at this size.
 */
export function usesWinograd(shape: ConvF32Shape): boolean {
  const { kernelHeight, kernelWidth, strideHeight, strideWidth, inChannels, outHeight, outWidth } = shape;
  if (shape.groups !== 1 || shape.dilationHeight !== 1 || shape.dilationWidth !== 1) return false;
  if (kernelHeight > 4 * strideHeight || kernelWidth > 4 * strideWidth) return false;
  const tiles = Math.ceil(outHeight / 3) * Math.ceil(outWidth / 3);
  const direct = outHeight * outWidth * kernelHeight * kernelWidth * inChannels * cost.multiplyAdd;
  const inputs = 6 * strideHeight * strideWidth * mapStride(inChannels) * cost.inputVector;
  const products = pointPhases(shape) * inChannels * cost.multiplyAdd;
  const winograd = tiles * (products + cost.products + inputs / shape.outChannels);
  return winograd < worthwhile * direct;
}
