/** Binary convolutions by the table kernel: selectors of the padded maps, then counts, band by band of output rows. */
import { type Call, call, type Ref } from "../../abi/call.js";
import { TABLE_CONV_BLOCK } from "../../abi/constants.js";
import { mapCost } from "../../abi/costs.js";
import {
  bitBytes,
  bitWords,
  tableConvCorrectionBytes,
  tableConvCountBytes,
  tableConvCountStride,
  tableConvRowBand,
  tableConvSelectorBytes,
  tableConvWeightBytes,
} from "../../abi/sizes.js";
import type { LowerContext } from "../context.js";
import type { Phase, Task } from "../plan.js";
import { offsetRef, packedConstant, packingArea, type TakeScratch } from "../plan_builder.js";
import { type Band, bandsOf, cut, partsOf, pixelsOf, rowTasks, type Stretch, tasksOf } from "../tasks.js";
import { reachBeyond } from "../window.js";
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
import { type GroupedSize, spreadMasks, spreadWeights, type TablePass, tableCost, tablePasses } from "./groups.js";

/**
 * u16 counts. Zero padding counts odd channels in halves (assembly/table_conv_border.ts), so there they are doubled.
 */
export function tableFormat(conv: BinaryConv): CountsFormat {
  const [outputs, inputs] = kernelShape(conv.weights[0]);
  return { type: "U16", stride: tableConvCountStride(outputs), doubled: hasZeroBorder(conv) && inputs % 2 === 1 };
}

/** A plane of weights of a pass in the table builder's order, and which products count, null for all. */
interface PassTables {
  readonly weights: Ref;
  readonly masks: Ref | null;
}

function passTables({ builder }: LowerContext, conv: BinaryConv, plane: number, pass: TablePass): PassTables {
  const { name, groups, sweep } = conv;
  const weight = conv.weights[plane];
  const [, , kernelHeight, kernelWidth] = kernelShape(weight);
  const taps = kernelHeight * kernelWidth;
  const { firstOutput, outputs: channels, words } = pass;
  const bytes = tableConvWeightBytes(channels, words * 64, taps);
  const pack = (src: Ref) =>
    call("tableConvPack", {
      src,
      dst: packedConstant,
      channels,
      kernelHeight,
      kernelWidth,
      words,
      dilationWidth: sweep.dilationWidth,
    });
  if (groups === 1) {
    const { areaBytes, calls: widen, words: rows } = widenWeights(weight);
    const packing = { areaBytes, calls: [...widen, pack(rows)] };
    return { weights: builder.constant(`${name}/${plane}/table`, bytes, () => weight.data, packing), masks: null };
  }
  const packed = (key: string, rows: () => Uint8Array) =>
    builder.constant(`${name}/${key}/${firstOutput}`, bytes, rows, {
      areaBytes: channels * taps * words * 8,
      calls: [pack(packingArea)],
    });
  return {
    weights: packed(`${plane}/table`, () => spreadWeights(weight, groups, pass)),
    masks: pass.masked ? packed("table-masks", () => spreadMasks(weight, groups, pass)) : null,
  };
}

/** What a zero border takes off the counts, for each plane of weights; null if there is none. */
function borderCorrections({ builder }: LowerContext, conv: BinaryConv, plane: number): Ref | null {
  if (!hasZeroBorder(conv)) return null;
  const weight = conv.weights[plane];
  const [outputs, inputs, kernelHeight, kernelWidth] = kernelShape(weight);
  const taps = kernelHeight * kernelWidth;
  const { areaBytes, calls: widen, words: src } = widenWeights(weight);
  const size = { outChannels: outputs, taps, words: bitWords(inputs), inChannels: inputs };
  return builder.constant(
    `${conv.name}/${plane}/table-border`,
    tableConvCorrectionBytes(outputs, taps),
    () => weight.data,
    { areaBytes, calls: [...widen, call("tableConvCorrections", { src, dst: packedConstant, ...size })] },
  );
}

/** The selectors of a pass's words of an activation plane, and where images and rows of the padded maps begin there. */
interface Selectors {
  readonly ref: Ref;
  readonly imageBytes: number;
  readonly rowBytes: number;
}

/** One image or more with a border around; bands of rows of one image write their rows and the border beside them. */
function selectorTasks(
  context: LowerContext,
  conv: BinaryConv,
  i: number,
  { firstWord, words }: TablePass,
  { ref, imageBytes, rowBytes }: Selectors,
): Phase {
  const { input, sweep } = conv;
  const { padTop, padLeft } = sweep;
  const { padBottom, padRight } = reachBeyond(sweep);
  const { padValue } = conv.activations[i];
  const bits = offsetRef(conv.activations[i].bits, firstWord * 8);
  const border = offsetRef(borderConstant(context, input.channels, padValue), firstWord * 8);
  return rowTasks(input, mapCost(input.batch * imageBytes), context.workers).map(({ image, images, row, rows }) => {
    const above = row === 0 ? 0 : padTop + row;
    return [
      call("tableConvSelectors", {
        bits: offsetRef(bits, bitBytes((image * input.height + row) * input.width, input.channels)),
        selectors: offsetRef(ref, image * imageBytes + above * rowBytes),
        batch: images,
        height: rows,
        width: input.width,
        pixelWords: bitWords(input.channels),
        words,
        padTop: row === 0 ? padTop : 0,
        padLeft,
        padBottom: row + rows === input.height ? padBottom : 0,
        padRight,
        border,
      }),
    ];
  });
}

/** Pixels of a band that is worth its tables: what they take to build is a twelfth of the band's time. */
const bandPixels = 280;

/** The same where a map has no more for each worker: a fifth, which is less than one of two workers that wait. */
const leastBandPixels = 100;

/** Bands that each of several workers gets of a large map. */
const mostBands = 3;

/**
 * Bands that share their tables, the same number for each worker. Small maps of a batch share one band. A single worker
 * takes bands whose counts and selectors fit the second-level cache; for several they may be smaller, so that each has
 * some. A map too small for that is cut by blocks of channels if it has enough of them.
 */
function tableBands(
  { output, activations, weights }: BinaryConv,
  size: GroupedSize,
  blocks: number,
  workers: number,
): readonly Band[] {
  const { batch, height, width, pixels } = output;
  const rows = tableConvRowBand(batch, height, width);
  if (workers === 1) return bandsOf(output, Math.min(rows, height), Math.max(1, Math.floor(rows / height)));
  const wanted = tasksOf(activations.length * weights.length * tableCost(size, 1), workers);
  const fitting = Math.ceil((batch * height) / rows / workers);
  const each = Math.max(fitting, Math.min(mostBands, Math.floor(pixels / (workers * bandPixels))));
  const worthwhile = pixels >= workers * leastBandPixels || blocks < workers;
  return partsOf(output, worthwhile ? Math.min(wanted, each * workers) : 1);
}

/**
 * Selectors of the whole maps; then, in bands, the counts of each pair of planes, which `sinkOf` takes while they are
 * in the cache. A map of few bands and many channels is cut by blocks of channels too: then all counts are written
 * before the sinks read them.
 */
export function tablePhases(context: LowerContext, conv: BinaryConv, sinkOf: SinkOf): Phase[] {
  const { builder, workers } = context;
  const { name, groups, input, output, sweep } = conv;
  const [outputs, inputs, kernelHeight, kernelWidth] = kernelShape(conv.weights[0]);
  const taps = kernelHeight * kernelWidth;
  const stride = tableConvCountStride(outputs);
  const { padBottom, padRight } = reachBeyond(sweep);
  const paddedHeight = sweep.padTop + input.height + padBottom;
  const paddedWidth = sweep.padLeft + input.width + padRight;
  const size = groupedSize(conv.weights[0], groups, input, output);
  const passes = tablePasses(size);
  const tables = conv.weights.map((_, j) => passes.map((pass) => passTables(context, conv, j, pass)));
  const corrections = conv.weights.map((_, j) => borderCorrections(context, conv, j));
  const selectors = conv.activations.map(() =>
    passes.map(({ words }): Selectors => {
      const imageBytes = tableConvSelectorBytes(1, paddedHeight, paddedWidth, words * 64);
      const rowBytes = tableConvSelectorBytes(1, 1, paddedWidth, words * 64);
      return { ref: builder.buffer(`${name}/selectors`, output.batch * imageBytes), imageBytes, rowBytes };
    }),
  );
  const phases: Phase[] = [
    selectors.flatMap((planes, i) => passes.flatMap((pass, p) => selectorTasks(context, conv, i, pass, planes[p]))),
  ];

  /** Counts of some blocks of output channels into those of the band at `counts`. */
  const count = (band: Band, counts: Ref, i: number, j: number, blocks: Stretch): readonly Call[] =>
    passes.flatMap(({ firstOutput, outputs: passOutputs, words }, p) => {
      const first = Math.max(firstOutput, blocks.first * TABLE_CONV_BLOCK);
      const end = Math.min(firstOutput + passOutputs, (blocks.first + blocks.count) * TABLE_CONV_BLOCK);
      if (first >= end) return [];
      const { ref, imageBytes, rowBytes } = selectors[i][p];
      const { weights, masks } = tables[j][p];
      const block = tableConvWeightBytes(first - firstOutput, words * 64, taps);
      return [
        call("tableConv", {
          selectors: offsetRef(ref, band.image * imageBytes + band.row * sweep.strideHeight * rowBytes),
          weights: offsetRef(weights, block),
          masks: masks === null ? 0 : offsetRef(masks, block),
          counts: offsetRef(counts, first * 2),
          countStride: stride,
          batch: band.images,
          paddedHeight,
          paddedWidth,
          words,
          outHeight: band.rows,
          outWidth: output.width,
          outChannels: end - first,
          kernelHeight,
          kernelWidth,
          strideHeight: sweep.strideHeight,
          strideWidth: sweep.strideWidth,
          dilationHeight: sweep.dilationHeight,
          dilationWidth: sweep.dilationWidth,
          rowBand: band.images * band.rows,
        }),
      ];
    });
  const zeroBorder = hasZeroBorder(conv);
  const borderScratch = (scratch: TakeScratch) => (zeroBorder ? scratch(tableConvCorrectionBytes(outputs, 1)) : null);
  /** As if the border were 0, if it is. */
  const complete = (band: Band, counts: Ref, j: number, scratch: Ref | null): readonly Call[] => {
    const taken = corrections[j];
    if (taken === null || scratch === null) return [];
    return [
      call("tableConvZeroBorder", {
        counts,
        corrections: taken,
        scratch,
        batch: band.images,
        inChannels: inputs,
        outChannels: outputs,
        ...borderOf(conv, band),
      }),
    ];
  };

  const single = conv.activations.length === 1 && conv.weights.length === 1;
  const blocks = stride / TABLE_CONV_BLOCK;
  const bands = tableBands(conv, size, single ? blocks : 1, workers);
  const wanted = tasksOf(tableCost(size, bands.length), workers);
  const enough = workers === 1 ? wanted : Math.min(workers, wanted);
  if (single && blocks > 1 && bands.length < enough) {
    const all = builder.buffer(`${name}/counts`, tableConvCountBytes(output.pixels, outputs));
    const countsAt = (band: Band) => offsetRef(all, pixelsOf(band, output).first * stride * 2);
    const parts = cut(blocks, Math.ceil(wanted / bands.length));
    const tasks = bands.flatMap((band) => parts.map((part): Task => count(band, countsAt(band), 0, 0, part)));
    const sinks = rowTasks(output, mapCost(tableConvCountBytes(output.pixels, outputs) * 2), workers).map(
      (band): Task => {
        const scratch = builder.scratch();
        const counts = countsAt(band);
        const border = borderScratch(scratch);
        const sink = sinkOf(band, scratch);
        return [...complete(band, counts, 0, border), ...sink.take(counts, 0, 0), ...sink.finish()];
      },
    );
    return [...phases, tasks, sinks];
  }
  const tasks = bands.map((band): Task => {
    const scratch = builder.scratch();
    const counts = scratch(tableConvCountBytes(pixelsOf(band, output).count, outputs));
    const border = borderScratch(scratch);
    const sink = sinkOf(band, scratch);
    const calls: Call[] = [];
    for (const i of conv.activations.keys())
      for (const j of conv.weights.keys()) {
        calls.push(...count(band, counts, i, j, { first: 0, count: blocks }), ...complete(band, counts, j, border));
        calls.push(...sink.take(counts, i, j));
      }
    return [...calls, ...sink.finish()];
  });
  return [...phases, tasks];
}
