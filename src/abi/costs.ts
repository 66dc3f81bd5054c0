/**
 * What kernels cost, in nanoseconds on one core of 2022 (`xnorkit bench kernels` prints what the numbers are made
 * from). They choose between kernels that compute the same numbers, and say into how many tasks a step is worth
 * cutting.
 */
import { TABLE_CONV_BLOCK } from "./constants.js";
import {
  bitWords,
  type ConvF32Shape,
  im2colWords,
  mapStride,
  winogradAxis,
  winogradBand,
  winogradPointPhases,
} from "./sizes.js";

/**
 * A word of 64 input channels at one pixel for a block of output channels, and the table that such a word and block
 * take.
 */
const tableWord = 7.3;
const tableBuild = 160;

/** A word of an im2col row for one output channel, the same word copied into its row, and joined with others. */
const gemmWord = 0.42;
const im2colWord = 1.2;
const joinWord = 0.9;

/** An instruction on vectors in the float kernels. */
const vector = 0.07;

/** A multiply-add of four floats: its two instructions and three quarters of a load. */
const multiplyAdd = 2.75 * vector;

/** A Winograd point of four output channels: storing its product and transforming it back. */
const winogradProduct = 12 * vector;

/** The transform of four channels of a row of a tile of inputs. */
const winogradInput = 55 * vector;

/** A byte of a map that is read or written in passing. */
const mapByte = 0.05;

/** A word of 64 bits that is moved to another place. */
const movedWord = 4;

/** A value of a function with exponentials in it. */
const functionValue = 3.5;

/** What a binary convolution's cost depends on; `pixels` counts output pixels of all images. */
export interface BinaryConvSize {
  readonly pixels: number;
  readonly inChannels: number;
  readonly outChannels: number;
  /** Of the kernel's area. */
  readonly taps: number;
}

/** The table convolution, whose tables are built once for each of `bands`. */
export function tableConvCost({ pixels, inChannels, outChannels, taps }: BinaryConvSize, bands = 1): number {
  const words = bitWords(inChannels) * taps;
  return words * Math.ceil(outChannels / TABLE_CONV_BLOCK) * (pixels * tableWord + bands * tableBuild);
}

/** im2col, joined taps if there are any, and popcount GEMM. */
export function xnorGemmCost({ pixels, inChannels, outChannels, taps }: BinaryConvSize): number {
  const words = bitWords(inChannels) * taps;
  const joined = im2colWords(inChannels, taps);
  const rows = words * (im2colWord + (joined < words ? joinWord : 0));
  return pixels * (joined * outChannels * gemmWord + rows);
}

/** One image through convF32. */
export function convF32Cost(shape: ConvF32Shape): number {
  const { outHeight, outWidth, outChannels, kernelHeight, kernelWidth, inChannels, groups } = shape;
  const depth = kernelHeight * kernelWidth * (inChannels / groups);
  return ((outHeight * outWidth * outChannels) / 4) * depth * multiplyAdd;
}

/** One image through winogradF32. */
export function winogradF32Cost(shape: ConvF32Shape): number {
  const { kernelHeight, kernelWidth, strideHeight, strideWidth, inChannels, outChannels, groups } = shape;
  const { rows, tiles } = winogradBand(shape);
  const points = winogradAxis(kernelHeight, strideHeight).points * winogradAxis(kernelWidth, strideWidth).points;
  const products = winogradPointPhases(shape) * (inChannels / groups) * multiplyAdd + points * winogradProduct;
  const inputs = 6 * strideHeight * strideWidth * mapStride(inChannels) * winogradInput;
  const bands = Math.ceil(shape.outHeight / 3) / rows;
  return (bands * tiles * (outChannels * products + inputs)) / 4;
}

/** One image through convU8: a dot product for eight multiply-adds. */
export function convU8Cost(shape: Omit<ConvF32Shape, "groups">): number {
  return convF32Cost({ ...shape, groups: 1 }) / 2;
}

/** Bytes of maps or weights that pass by with little to compute. */
export function mapCost(bytes: number): number {
  return bytes * mapByte;
}

/** Pixels of sign bits that are moved: copied at any offset, permuted or pooled. */
export function bitsCost(pixels: number, channels: number): number {
  return pixels * bitWords(channels) * movedWord;
}

/** Values of tanh, sigmoid, softmax and the like. */
export function functionCost(values: number): number {
  return values * functionValue;
}
