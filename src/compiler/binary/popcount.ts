/** Binary convolutions by im2col on bits and XNOR-popcount GEMM, band by band of output rows, group by group. */
import { type Call, call, type Ref } from "../../abi/call.js";
import { bitsCost } from "../../abi/costs.js";
import { bitBytes, bitWords, im2colWords, mapStride, xnorGemmWeightBytes } from "../../abi/sizes.js";
import { bitsPixel, bytesOf, type LowerContext } from "../context.js";
import type { Phase, Task } from "../plan.js";
import { offsetRef, packedConstant } from "../plan_builder.js";
import { type Band, partsOf, pixelsOf, pixelTasks, tasksOf } from "../tasks.js";
import { crossesBorder } from "../window.js";
import {
  type BinaryConv,
  borderConstant,
  borderOf,
  type CountsFormat,
  groupedSize,
  hasZeroBorder,
  kernelShape,
  type SinkOf,
  widenWeights,
} from "./conv.js";
import { popcountCost } from "./groups.js";
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

/** Panels of weights, those of each group in a row. */
function packedWeights({ builder }: LowerContext, conv: BinaryConv, plane: number): Ref {
  const { groups } = conv;
  const weight = conv.weights[plane];
  const [outputs, inputs, kernelHeight, kernelWidth] = kernelShape(weight);
  const words = im2colWords(inputs, kernelHeight * kernelWidth);
  const widen = widenWeights(weight);
  const channels = outputs / groups;
  const bytes = xnorGemmWeightBytes(channels, words);
  return builder.constant(`${conv.name}/${plane}/popcount`, groups * bytes, () => weight.data, {
    areaBytes: widen.areaBytes,
    calls: [
      ...widen.calls,
      ...join(conv, widen.words, outputs),
      ...Array.from({ length: groups }, (_, group) =>
        call("xnorGemmPack", {
          src: offsetRef(widen.words, group * channels * words * 8),
          dst: offsetRef(packedConstant, group * bytes),
          channels,
          words,
        }),
      ),
    ],
  });
}

/**
 * The channels of each group as bits of their own, a plane of activations after the other; of one group as they are.
 */
function groupBits(context: LowerContext, conv: BinaryConv): { readonly phases: Phase[]; readonly refs: Ref[] } {
  const { name, groups, activations, input } = conv;
  if (groups === 1) return { phases: [], refs: activations.map(({ bits }) => bits) };
  const { pixels, channels } = input;
  const read = channels / groups;
  const groupBytes = bitBytes(pixels, read);
  const refs = activations.map(() => context.builder.buffer(`${name}/groups`, groups * groupBytes));
  const tasks = activations.flatMap(({ bits }, i) =>
    pixelTasks(pixels, groups * bitsCost(pixels, read), context.workers).map(({ first, count }) =>
      Array.from({ length: groups }, (_, group) =>
        call("copyBits", {
          dst: bitsPixel(offsetRef(refs[i], group * groupBytes), first, read),
          src: bitsPixel(bits, first, channels),
          pixels: count,
          dstChannels: read,
          dstOffset: 0,
          srcChannels: channels,
          srcOffset: group * read,
          count: read,
        }),
      ),
    ),
  );
  return { phases: [tasks], refs };
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
  const { builder, workers } = context;
  const { groups, input, output, sweep } = conv;
  const [outputs, inputs, kernelHeight, kernelWidth] = kernelShape(conv.weights[0]);
  const words = bitWords(inputs);
  const taps = kernelHeight * kernelWidth;
  const rowWords = im2colWords(inputs, taps);
  const channels = outputs / groups;
  const weights = conv.weights.map((_, j) => packedWeights(context, conv, j));
  const { stride, doubled } = popcountFormat(conv);
  const direct = taps === 1 && sweep.strideHeight === 1 && sweep.strideWidth === 1 && !crossesBorder(sweep);
  const pairs = conv.activations.length * conv.weights.length;
  const cost = popcountCost(groupedSize(conv.weights[0], groups, input, output));
  const wanted = Math.ceil(tasksOf(pairs * cost, workers) / output.batch);
  const rowBytes = output.width * groups * taps * words * 8;
  const atMost = Math.floor(bandBytes / rowBytes);
  const atLeast = Math.ceil(gemmBytes / rowBytes);
  const rows = Math.max(1, Math.min(atMost, Math.max(atLeast, Math.ceil(output.height / wanted))));
  // A worker that has nothing to do loses more than the product of a few rows does: no fewer bands than workers, and as
  // many for each.
  let each = Math.max(Math.ceil(output.height / rows), Math.min(wanted, Math.ceil(workers / output.batch)));
  while (each * output.batch > workers && (each * output.batch) % workers !== 0) each++;
  const { phases, refs } = groupBits(context, conv);
  const everyGroup = Array.from({ length: groups }, (_, group) => group);

  const tasks = partsOf(output, output.batch * each).map((band): Task => {
    const scratch = builder.scratch();
    const { count } = pixelsOf(band, output);
    const columnBytes = count * taps * words * 8;
    const counts = scratch(count * stride * 4);
    const columns = direct ? null : scratch(groups * columnBytes);
    const border = doubled ? scratch(stride * 4) : null;
    const sink = sinkOf(band, scratch);
    const firstPixel = band.row * output.width;
    const calls: Call[] = [];
    conv.activations.forEach(({ padValue }, i) => {
      const images = everyGroup.map((group) =>
        bitsPixel(refs[i], group * input.pixels + band.image * input.height * input.width, inputs),
      );
      const groupRows = images.map((image, group) =>
        columns === null ? bitsPixel(image, firstPixel, inputs) : offsetRef(columns, group * columnBytes),
      );
      if (columns !== null) {
        const { height, width, outHeight: _, ...window } = sweep;
        const place = { height, width, words, ...window, firstPixel, pixelCount: count };
        const outside = borderConstant(context, inputs, padValue);
        for (const group of everyGroup) {
          const dst = groupRows[group];
          calls.push(call("im2colBits", { src: images[group], dst, ...place, border: outside }));
          calls.push(...join(conv, dst, count));
        }
      }
      weights.forEach((packed, j) => {
        for (const group of everyGroup) {
          calls.push(
            call("xnorGemm", {
              rows: groupRows[group],
              weights: offsetRef(packed, group * xnorGemmWeightBytes(channels, rowWords)),
              counts: offsetRef(counts, group * channels * 4),
              rowCount: count,
              channels,
              words: rowWords,
              countStride: stride,
            }),
          );
        }
        if (border !== null) calls.push(...zeroBorder(context, conv, j, band, counts, border));
        calls.push(...sink.take(counts, i, j));
      });
    });
    return [...calls, ...sink.finish()];
  });
  return [...phases, tasks];
}
