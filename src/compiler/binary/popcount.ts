/** Binary convolutions by im2col on bits and XNOR-popcount GEMM, band by band of output rows. */
import { type Call, call, type Ref } from "../../abi/call.js";
import { xnorGemmCost } from "../../abi/costs.js";
import { bitBytes, bitWords, im2colWords, mapStride, xnorGemmWeightBytes } from "../../abi/sizes.js";
import { bytesOf, type LowerContext } from "../context.js";
import type { Phase, Task } from "../plan.js";
import { offsetRef, packedConstant } from "../plan_builder.js";
import { type Band, bandsOf, pixelsOf, tasksOf } from "../tasks.js";
import { crossesBorder } from "../window.js";
import {
  type BinaryConv,
  borderConstant,
  borderOf,
  type CountsFormat,
  hasZeroBorder,
  kernelShape,
  type SinkOf,
  widenWeights,
} from "./conv.js";
import { tapSums } from "./weight_sums.js";

/** im2col rows of one band: they stay in the second-level cache with their counts. */
const bandBytes = 128 * 1024;

/** Rows that GEMM takes at a time, for which it reads all weights once. */
const gemmBytes = 16 * 1024;

/** i32 counts. A tap on a zero border is worth half a mismatch, so there all counts are doubled. */
export function popcountFormat(conv: BinaryConv): CountsFormat {
  const [outputs] = kernelShape(conv.weights[0]);
  return { type: "I32", stride: mapStride(outputs), doubled: hasZeroBorder(conv) };
}

/** Taps of few channels as they share words, in place. */
function join(conv: BinaryConv, rows: Ref, count: number): readonly Call[] {
  const [, inputs, kernelHeight, kernelWidth] = kernelShape(conv.weights[0]);
  const taps = kernelHeight * kernelWidth;
  if (im2colWords(inputs, taps) === taps * bitWords(inputs)) return [];
  return [call("joinTaps", { src: rows, dst: rows, rows: count, taps, channels: inputs })];
}

function packedWeights({ builder }: LowerContext, conv: BinaryConv, plane: number): Ref {
  const weight = conv.weights[plane];
  const [outputs, inputs, kernelHeight, kernelWidth] = kernelShape(weight);
  const words = im2colWords(inputs, kernelHeight * kernelWidth);
  const widen = widenWeights(weight);
  const bytes = xnorGemmWeightBytes(outputs, words);
  return builder.constant(`${conv.name}/${plane}/popcount`, bytes, () => weight.data, {
    areaBytes: widen.areaBytes,
    calls: [
      widen.call,
      ...join(conv, widen.words, outputs),
      call("xnorGemmPack", { src: widen.words, dst: packedConstant, channels: outputs, words }),
    ],
  });
}

/** 2 * popcount(w_tap) - C for each tap: what doubled counts over a border of -1 are too many where it adds 0. */
function borderCorrections({ builder }: LowerContext, { name, weights }: BinaryConv, plane: number): Ref {
  const [outputs, , kernelHeight, kernelWidth] = kernelShape(weights[plane]);
  const taps = kernelHeight * kernelWidth;
  const stride = mapStride(outputs);
  return builder.constant(`${name}/${plane}/popcount-border`, taps * stride * 4, () => {
    const sums = tapSums(weights[plane]);
    const padded = new Int32Array(taps * stride);
    for (let tap = 0; tap < taps; tap++) padded.set(sums.subarray(tap * outputs, (tap + 1) * outputs), tap * stride);
    return bytesOf(padded);
  });
}

/** Counts of a band over a border of -1 -> doubled, and as if the border were 0. */
function zeroBorder(
  context: LowerContext,
  conv: BinaryConv,
  plane: number,
  band: Band,
  counts: Ref,
  scratch: Ref,
): readonly Call[] {
  const { stride } = popcountFormat(conv);
  return [
    call("addCountsI32", {
      dst: counts,
      src: counts,
      elements: pixelsOf(band, conv.output).count * stride,
      shift: 0,
    }),
    call("zeroBorderI32", {
      counts,
      corrections: borderCorrections(context, conv, plane),
      scratch,
      batch: 1,
      countStride: stride,
      ...borderOf(conv, band),
    }),
  ];
}

/**
 * In bands of one image: the im2col rows of each activation plane, then the counts with each plane of weights, for
 * `sinkOf`.
 */
export function popcountPhases(context: LowerContext, conv: BinaryConv, sinkOf: SinkOf): Phase[] {
  const { builder } = context;
  const { input, output, sweep } = conv;
  const [outputs, inputs, kernelHeight, kernelWidth] = kernelShape(conv.weights[0]);
  const words = bitWords(inputs);
  const taps = kernelHeight * kernelWidth;
  const rowWords = im2colWords(inputs, taps);
  const weights = conv.weights.map((_, j) => packedWeights(context, conv, j));
  const { stride, doubled } = popcountFormat(conv);
  const direct = taps === 1 && sweep.strideHeight === 1 && sweep.strideWidth === 1 && !crossesBorder(sweep);
  const size = { pixels: output.pixels, inChannels: inputs, outChannels: outputs, taps };
  const pairs = conv.activations.length * conv.weights.length;
  const wanted = Math.ceil(tasksOf(pairs * xnorGemmCost(size)) / output.batch);
  const rowBytes = output.width * taps * words * 8;
  const atMost = Math.floor(bandBytes / rowBytes);
  const atLeast = Math.ceil(gemmBytes / rowBytes);
  const rows = Math.max(1, Math.min(atMost, Math.max(atLeast, Math.ceil(output.height / wanted))));

  const tasks = bandsOf(output, Math.min(rows, output.height), 1).map((band): Task => {
    const scratch = builder.scratch();
    const { count } = pixelsOf(band, output);
    const counts = scratch(count * stride * 4);
    const columns = direct ? null : scratch(count * taps * words * 8);
    const border = doubled ? scratch(stride * 4) : null;
    const sink = sinkOf(band, scratch);
    const calls: Call[] = [];
    conv.activations.forEach(({ bits, padValue }, i) => {
      const image = offsetRef(bits, band.image * bitBytes(input.height * input.width, inputs));
      const firstPixel = band.row * output.width;
      if (columns !== null) {
        const { height, width, outHeight: _, ...window } = sweep;
        calls.push(
          call("im2colBits", {
            src: image,
            dst: columns,
            height,
            width,
            words,
            ...window,
            firstPixel,
            pixelCount: count,
            border: borderConstant(context, inputs, padValue),
          }),
          ...join(conv, columns, count),
        );
      }
      weights.forEach((packed, j) => {
        calls.push(
          call("xnorGemm", {
            rows: columns ?? offsetRef(image, firstPixel * rowWords * 8),
            weights: packed,
            counts,
            rowCount: count,
            channels: outputs,
            words: rowWords,
            countStride: stride,
          }),
        );
        if (border !== null) calls.push(...zeroBorder(context, conv, j, band, counts, border));
        calls.push(...sink.take(counts, i, j));
      });
    });
    return [...calls, ...sink.finish()];
  });
  return [tasks];
}
