import { bitBytes, bitWords, im2colWords, mapStride, xnorGemmWeightBytes } from "../abi/sizes.js";
import {
  type BinaryConv,
  borderConstant,
  type CountsFormat,
  type CountsSink,
  hasZeroBorder,
  kernelShape,
  widenWeights,
} from "./binary_conv.js";
import { tapSums } from "./binary_weights.js";
import { bytesOf } from "./lower_context.js";
import type { Arg, Call } from "./plan.js";
import { offsetRef, type PlanBuilder, packedConstant } from "./plan_builder.js";

/** im2col rows of one band: they stay in the second-level cache with their counts. */
const bandBytes = 128 * 1024;

/** i32 counts. A tap on a zero border is worth half a mismatch, so there all counts are doubled. */
export function popcountFormat(conv: BinaryConv): CountsFormat {
  const [outputs] = kernelShape(conv.weights[0]);
  return { type: "I32", stride: mapStride(outputs), doubled: hasZeroBorder(conv) };
}

/** im2col on bits and XNOR-popcount GEMM with each plane of weights, band by band of output pixels. */
export function popcountCalls(builder: PlanBuilder, conv: BinaryConv, sink: CountsSink): Call[] {
  const { name, input, output, window, dilation, padValue } = conv;
  const [outputs, inputs, kernelHeight, kernelWidth] = kernelShape(conv.weights[0]);
  const words = bitWords(inputs);
  const taps = kernelHeight * kernelWidth;
  const rowWords = im2colWords(inputs, taps);
  const joined = rowWords < taps * words;
  const join = (rows: Arg, count: number): Call[] =>
    joined ? [{ kernel: "joinTaps", args: [rows, rows, count, taps, inputs] }] : [];
  const weights = conv.weights.map((weight, j) => {
    const widen = widenWeights(weight);
    const pack: Call = { kernel: "xnorGemmPack", args: [widen.words, packedConstant, outputs, rowWords] };
    return builder.constant(`${name}/${j}/popcount`, xnorGemmWeightBytes(outputs, rowWords), () => weight.data, {
      areaBytes: widen.areaBytes,
      calls: [widen.call, ...join(widen.words, outputs), pack],
    });
  });
  const plane = output.height * output.width;
  const { stride: countStride, doubled } = popcountFormat(conv);
  const { stride, padding } = window;
  const direct = taps === 1 && stride[0] === 1 && stride[1] === 1 && padding[0] === 0 && padding[1] === 0;
  // The border of a zero-padded image is completed image by image.
  const band = doubled ? plane : Math.min(plane, Math.max(16, Math.floor(bandBytes / (taps * words * 8) / 16) * 16));
  const counts = builder.buffer(`${name}/counts`, band * countStride * 4);
  const columns = direct ? null : builder.buffer(`${name}/im2col`, band * taps * words * 8);
  const border = borderConstant(builder, inputs, padValue);
  const calls: Call[] = [];
  const gemm = (rows: Arg, pixel: number, pixelCount: number): void => {
    weights.forEach((packed, j) => {
      calls.push({ kernel: "xnorGemm", args: [rows, packed, counts, pixelCount, outputs, rowWords, countStride] });
      if (doubled) calls.push(...zeroBorder(builder, conv, j, counts));
      calls.push(...sink(counts, pixel, pixelCount, j));
    });
  };
  for (let n = 0; n < output.batch; n++) {
    const image = offsetRef(conv.bits, n * bitBytes(input.height * input.width, inputs));
    for (let first = 0; first < plane; first += band) {
      const pixelCount = Math.min(band, plane - first);
      const pixel = n * plane + first;
      if (columns === null) {
        gemm(offsetRef(image, first * rowWords * 8), pixel, pixelCount);
        continue;
      }
      const place = [input.height, input.width, words, kernelHeight, kernelWidth, ...stride, ...dilation, ...padding];
      calls.push({
        kernel: "im2colBits",
        args: [image, columns, ...place, output.width, first, pixelCount, border],
      });
      calls.push(...join(columns, pixelCount));
      gemm(columns, pixel, pixelCount);
    }
  }
  return calls;
}

/** Counts of one image over a border of -1, doubled, and 2 * popcount(w_tap) - C off for each tap outside: there it adds 0. */
function zeroBorder(
  builder: PlanBuilder,
  { name, input, output, weights, window, dilation }: BinaryConv,
  plane: number,
  counts: Arg,
): Call[] {
  const weight = weights[plane];
  const [outputs, , kernelHeight, kernelWidth] = kernelShape(weight);
  const stride = mapStride(outputs);
  const taps = kernelHeight * kernelWidth;
  const corrections = builder.constant(`${name}/${plane}/popcount-border`, taps * stride * 4, () => {
    const sums = tapSums(weight);
    const padded = new Int32Array(taps * stride);
    for (let tap = 0; tap < taps; tap++) padded.set(sums.subarray(tap * outputs, (tap + 1) * outputs), tap * stride);
    return bytesOf(padded);
  });
  const elements = output.height * output.width * stride;
  const size = [input.height, input.width, stride, output.height, output.width, kernelHeight, kernelWidth];
  return [
    { kernel: "addCountsI32", args: [counts, counts, elements, 0] },
    {
      kernel: "zeroBorderI32",
      args: [
        counts,
        corrections,
        builder.buffer(`${name}/border`, stride * 4),
        1,
        ...size,
        ...window.stride,
        ...dilation,
        ...window.padding,
      ],
    },
  ];
}
