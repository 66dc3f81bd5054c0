/** First layers on pixels as 16-bit integers: the weights, scales and border classes that convU8 reads. */

import { convU8Lanes, convU8Runs } from "../abi/sizes.js";
import type { Pair } from "../graph/types.js";
import { largestMagnitude } from "../tensor.js";

/** y = scale * x + shift, a value a channel. */
export interface ChannelAffine {
  readonly scale: Float64Array;
  readonly shift: Float64Array;
}

/** A convolution's window on its input: what the graph says of it, with the padding of the top and left side. */
export interface StemWindow {
  readonly kernel: Pair;
  readonly stride: Pair;
  readonly dilation: Pair;
  /** Top and left; what lies below and to the right follows from the output's size. */
  readonly padding: Pair;
}

/** A first layer on pixels: affine(conv(zero-padded inputAffine(pixels), weight)). */
export interface Stem {
  /** OIHW. */
  readonly weight: Float32Array;
  readonly shape: readonly [outChannels: number, inChannels: number, kernelHeight: number, kernelWidth: number];
  /**
   * From a pixel's byte to what the convolution reads: normalisation and batch norm of the data, a value an input
   * channel.
   */
  readonly inputAffine: ChannelAffine;
  /** What follows the convolution (bias, batch norm), a value an output channel; null for nothing. */
  readonly outputAffine: ChannelAffine | null;
  readonly height: number;
  readonly width: number;
  readonly outHeight: number;
  readonly outWidth: number;
  readonly window: StemWindow;
}

/** A stem as convU8 reads it (src/abi/signatures.ts). */
export interface QuantizedStem {
  readonly weights: Int16Array;
  readonly scale: Float32Array;
  /** `[row class][column class][convU8Lanes]`. */
  readonly bias: Float32Array;
  readonly rowClass: Uint16Array;
  readonly colClass: Uint16Array;
  readonly colClasses: number;
  /**
   * Largest possible |error| of an output channel, in the output's units: rounding of the weights and of float32
   * arithmetic.
   */
  readonly error: Float64Array;
  /** The largest of `error`, relative to the widest range that an output channel can span over all images. */
  readonly errorBound: number;
}

/**
 * Quantises a first layer on pixels to 16-bit weights, a scale an output channel, so that its sums are exact in i32:
 *
 *   out[n] = outScale[n] * (sum over taps inside the image of W * (a * p + b)) + outShift[n]
 *          = scale[n] * sum q * p + bias[class][n]
 *   q = round(W * a / s),  s[n] = max |W * a| / qmax,  qmax = min(32767, floor((2^31 - 1) / (255 * K)))
 *   scale = outScale * s,  bias = outScale * (sum over taps inside of W * b) + outShift
 *
 * Zero padding comes after the affine, so a tap outside the image adds neither W * a * p nor W * b. Output rows (and
 * columns) fall into classes by the taps that lie inside, and each pair of classes has its own bias: nothing is
 * approximated at the border. For 7x7 kernels of 3 channels s / 2 is 1.5e-5 of the largest weight.
 *
 * Returns null if the layer cannot be quantised (a weight or affine that is not finite, or more than 2^31 / 255
 * taps): the float convolution then shows what the framework would.
 */
export function quantizeStem(stem: Stem): QuantizedStem | null {
  const [outChannels, inChannels, kernelHeight, kernelWidth] = stem.shape;
  const area = kernelHeight * kernelWidth;
  const taps = inChannels * area;
  const qmax = Math.min(32767, Math.floor((2 ** 31 - 1) / (255 * taps)));
  const [rowClass, rowRanges] = classes(stem.outHeight, stem.height, 0, stem);
  const [colClass, colRanges] = classes(stem.outWidth, stem.width, 1, stem);
  if (qmax < 1 || rowRanges.length > 65535 || colRanges.length > 65535) return null;

  const lanes = convU8Lanes(outChannels);
  const runs = convU8Runs(inChannels, kernelHeight, kernelWidth, stem.window.dilation[1]);
  const weights = new Int16Array(lanes * runs.count * runs.padded);
  const scale = new Float32Array(lanes);
  const bias = new Float32Array(rowRanges.length * colRanges.length * lanes);
  const error = new Float64Array(outChannels);
  let range = 0;

  for (let n = 0; n < outChannels; n++) {
    const outScale = stem.outputAffine === null ? 1 : stem.outputAffine.scale[n];
    const outShift = stem.outputAffine === null ? 0 : stem.outputAffine.shift[n];
    const folded = new Float64Array(taps);
    for (let i = 0; i < taps; i++) folded[i] = stem.weight[n * taps + i] * stem.inputAffine.scale[Math.floor(i / area)];
    const step = largestMagnitude(folded) / qmax;
    scale[n] = outScale * step;

    let sumOfWeights = 0;
    let sumOfRoundings = 0;
    let sumOfExact = 0;
    for (let i = 0; i < taps; i++) {
      const q = step === 0 ? 0 : Math.round(folded[i] / step);
      const [c, ky, kx] = [Math.floor(i / area), Math.floor((i % area) / kernelWidth), i % kernelWidth];
      weights[packedIndex(n, (kx * kernelHeight + ky) * inChannels + c, runs)] = q;
      sumOfWeights += Math.abs(q);
      sumOfRoundings += Math.abs(q * step - folded[i]);
      sumOfExact += Math.abs(folded[i]);
    }

    const sums = tapSums(stem, n);
    let largestBias = 0;
    let biasRounding = 0;
    let at = n;
    for (const [top, bottom] of rowRanges)
      for (const [left, right] of colRanges) {
        const inside = sums(bottom, right) - sums(top, right) - sums(bottom, left) + sums(top, left);
        const exact = outScale * inside + outShift;
        bias[at] = exact;
        largestBias = Math.max(largestBias, Math.abs(bias[at]));
        biasRounding = Math.max(biasRounding, Math.abs(bias[at] - exact));
        at += lanes;
      }

    // float32 rounds scale and bias, then the integer, the product and the sum.
    const product = 255 * sumOfWeights * Math.abs(scale[n]);
    const parameters = 255 * sumOfWeights * Math.abs(scale[n] - outScale * step) + biasRounding;
    const arithmetic = 1.001 * (3 * product + largestBias) * 2 ** -24 + 2 ** -149;
    error[n] = 255 * Math.abs(outScale) * sumOfRoundings + parameters + arithmetic;
    if (!Number.isFinite(error[n])) return null;
    range = Math.max(range, 255 * Math.abs(outScale) * sumOfExact);
  }
  const errorBound = range === 0 ? 0 : largestMagnitude(error) / range;
  return { weights, scale, bias, rowClass, colClass, colClasses: colRanges.length, error, errorBound };
}

/** Where weight `k` of output channel `n` lies: [block of 16 channels][run][pair][16][2]. */
function packedIndex(n: number, k: number, runs: ReturnType<typeof convU8Runs>): number {
  const run = Math.floor(k / runs.values);
  const position = run * runs.padded + (k % runs.values);
  const block = Math.floor(n / 16) * runs.count * runs.padded * 16;
  return block + Math.floor(position / 2) * 32 + (n % 16) * 2 + (position % 2);
}

type Range = readonly [first: number, end: number];

/**
 * The class of each output row (axis 0) or column (1), and the kernel taps [first, end) inside the image of each class.
 */
function classes(outSize: number, size: number, axis: 0 | 1, stem: Stem): [Uint16Array, readonly Range[]] {
  const { kernel, stride, dilation, padding } = stem.window;
  const ranges: Range[] = [];
  const known = new Map<string, number>();
  // Without a shift a tap inside adds nothing to the bias, and one class serves all.
  const shifted = stem.inputAffine.shift.some((b) => b !== 0);
  const classOf = Uint16Array.from({ length: outSize }, (_, at) => {
    const before = padding[axis] - at * stride[axis];
    const first = Math.min(kernel[axis], Math.max(0, Math.ceil(before / dilation[axis])));
    const end = Math.max(first, Math.min(kernel[axis], Math.ceil((size + before) / dilation[axis])));
    const range: Range = shifted && end > first ? [first, end] : [0, 0];
    const name = range.join();
    const index = known.get(name) ?? ranges.push(range) - 1;
    known.set(name, index);
    return index;
  });
  return [classOf, ranges];
}

/** (ky, kx) -> sum of W * b over the taps above row ky and left of column kx of the kernel, all input channels. */
function tapSums(stem: Stem, n: number): (ky: number, kx: number) => number {
  const [, inChannels, kernelHeight, kernelWidth] = stem.shape;
  const row = kernelWidth + 1;
  const sums = new Float64Array((kernelHeight + 1) * row);
  for (let ky = 0; ky < kernelHeight; ky++)
    for (let kx = 0; kx < kernelWidth; kx++) {
      let tap = 0;
      for (let c = 0; c < inChannels; c++)
        tap += stem.weight[((n * inChannels + c) * kernelHeight + ky) * kernelWidth + kx] * stem.inputAffine.shift[c];
      const at = (ky + 1) * row + kx + 1;
      sums[at] = tap + sums[at - 1] + sums[at - row] - sums[at - row - 1];
    }
  return (ky, kx) => sums[ky * row + kx];
}
