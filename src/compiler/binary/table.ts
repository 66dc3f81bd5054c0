/** Binary convolutions by the table kernel: selectors of the padded maps, then counts, band by band of output rows. */
import { type Call, call, type Ref } from "../../abi/call.js";
import { TABLE_CONV_BLOCK } from "../../abi/constants.js";
import { type BinaryConvSize, mapCost, tableConvCost } from "../../abi/costs.js";
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
import { offsetRef, packedConstant, type TakeScratch } from "../plan_builder.js";
import { type Band, bandsOf, cut, pixelsOf, rowTasks, tasksOf } from "../tasks.js";
import { reachBeyond } from "../window.js";
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

/**
 * u16 counts. Zero padding counts odd channels in halves (assembly/table_conv_border.ts), so there they are doubled.
 */
export function tableFormat(conv: BinaryConv): CountsFormat {
  const [outputs, inputs] = kernelShape(conv.weights[0]);
  return { type: "U16", stride: tableConvCountStride(outputs), doubled: hasZeroBorder(conv) && inputs % 2 === 1 };
}

/** A plane of weights in the table builder's order, and the corrections for its zero border if it has one. */
interface TableConstants {
  readonly weights: Ref;
  readonly corrections: Ref | null;
}

function tableConstants({ builder }: LowerContext, conv: BinaryConv, plane: number): TableConstants {
  const weight = conv.weights[plane];
  const [outputs, inputs, kernelHeight, kernelWidth] = kernelShape(weight);
  const words = bitWords(inputs);
  const taps = kernelHeight * kernelWidth;
  const widen = widenWeights(weight);
  const packed = (name: string, bytes: number, pack: Call): Ref =>
    builder.constant(`${conv.name}/${plane}/${name}`, bytes, () => weight.data, {
      areaBytes: widen.areaBytes,
      calls: [widen.call, pack],
    });
  const source = { src: widen.words, dst: packedConstant };
  const weights = packed(
    "table",
    tableConvWeightBytes(outputs, inputs, taps),
    call("tableConvPack", {
      ...source,
      channels: outputs,
      kernelHeight,
      kernelWidth,
      words,
      dilationWidth: conv.sweep.dilationWidth,
    }),
  );
  if (!hasZeroBorder(conv)) return { weights, corrections: null };
  const corrections = packed(
    "table-border",
    tableConvCorrectionBytes(outputs, taps),
    call("tableConvCorrections", { ...source, outChannels: outputs, taps, words, inChannels: inputs }),
  );
  return { weights, corrections };
}

/** The selectors of an activation plane, and where the images and rows of the padded maps begin in them. */
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
  { ref, imageBytes, rowBytes }: Selectors,
): Phase {
  const { input, sweep } = conv;
  const { padTop, padLeft } = sweep;
  const { padBottom, padRight } = reachBeyond(sweep);
  const { bits, padValue } = conv.activations[i];
  const border = borderConstant(context, input.channels, padValue);
  return rowTasks(input, mapCost(input.batch * imageBytes)).map(({ image, images, row, rows }) => {
    const above = row === 0 ? 0 : padTop + row;
    return [
      call("tableConvSelectors", {
        bits: offsetRef(bits, bitBytes((image * input.height + row) * input.width, input.channels)),
        selectors: offsetRef(ref, image * imageBytes + above * rowBytes),
        batch: images,
        height: rows,
        width: input.width,
        pixelWords: bitWords(input.channels),
        words: bitWords(input.channels),
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
const leastBandPixels = 280;

/**
 * Bands that share their tables. Small maps of a batch share one band. A single worker takes bands whose counts and
 * selectors fit the second-level cache; for several they may be smaller, so that each has some.
 */
function tableBands({ output }: BinaryConv, workers: number): readonly Band[] {
  const { batch, height, width, pixels } = output;
  const share = workers === 1 ? undefined : Math.max(leastBandPixels, Math.ceil(pixels / (3 * workers)));
  const rows = tableConvRowBand(batch, height, width, share);
  return bandsOf(output, Math.min(rows, height), Math.max(1, Math.floor(rows / height)));
}

/**
 * Selectors of the whole maps; then, in bands, the counts of each pair of planes, which `sinkOf` takes while they are
 * in the cache. A map of few bands and many channels is cut by blocks of channels too: then all counts are written
 * before the sinks read them.
 */
export function tablePhases(context: LowerContext, conv: BinaryConv, sinkOf: SinkOf): Phase[] {
  const { builder, workers } = context;
  const { name, input, output, sweep } = conv;
  const [outputs, inputs, kernelHeight, kernelWidth] = kernelShape(conv.weights[0]);
  const taps = kernelHeight * kernelWidth;
  const words = bitWords(inputs);
  const stride = tableConvCountStride(outputs);
  const { padBottom, padRight } = reachBeyond(sweep);
  const paddedHeight = sweep.padTop + input.height + padBottom;
  const paddedWidth = sweep.padLeft + input.width + padRight;
  const imageBytes = tableConvSelectorBytes(1, paddedHeight, paddedWidth, inputs);
  const rowBytes = tableConvSelectorBytes(1, 1, paddedWidth, inputs);
  const constants = conv.weights.map((_, j) => tableConstants(context, conv, j));
  const selectors = conv.activations.map((): Selectors => {
    const ref = builder.buffer(`${name}/selectors`, output.batch * imageBytes);
    return { ref, imageBytes, rowBytes };
  });
  const phases: Phase[] = [selectors.flatMap((plane, i) => selectorTasks(context, conv, i, plane))];

  /**
   * Counts of `channels` output channels from `first` on, a multiple of the block, into those of the band at `counts`.
   */
  const count = (band: Band, counts: Ref, i: number, j: number, first: number, channels: number): Call => {
    const row = band.image * imageBytes + band.row * sweep.strideHeight * rowBytes;
    return call("tableConv", {
      selectors: offsetRef(selectors[i].ref, row),
      weights: offsetRef(constants[j].weights, tableConvWeightBytes(first, inputs, taps)),
      masks: 0,
      counts: offsetRef(counts, first * 2),
      countStride: stride,
      batch: band.images,
      paddedHeight,
      paddedWidth,
      words,
      outHeight: band.rows,
      outWidth: output.width,
      outChannels: channels,
      kernelHeight,
      kernelWidth,
      strideHeight: sweep.strideHeight,
      strideWidth: sweep.strideWidth,
      dilationHeight: sweep.dilationHeight,
      dilationWidth: sweep.dilationWidth,
      rowBand: band.images * band.rows,
    });
  };
  const zeroBorder = hasZeroBorder(conv);
  const borderScratch = (scratch: TakeScratch) => (zeroBorder ? scratch(tableConvCorrectionBytes(outputs, 1)) : null);
  /** As if the border were 0, if it is. */
  const complete = (band: Band, counts: Ref, j: number, scratch: Ref | null): readonly Call[] => {
    const { corrections } = constants[j];
    if (corrections === null || scratch === null) return [];
    return [
      call("tableConvZeroBorder", {
        counts,
        corrections,
        scratch,
        batch: band.images,
        inChannels: inputs,
        outChannels: outputs,
        ...borderOf(conv, band),
      }),
    ];
  };

  const bands = tableBands(conv, workers);
  const size: BinaryConvSize = { pixels: output.pixels, inChannels: inputs, outChannels: outputs, taps };
  const wanted = tasksOf(tableConvCost(size, bands.length));
  const blocks = stride / TABLE_CONV_BLOCK;
  const single = conv.activations.length === 1 && conv.weights.length === 1;
  if (single && blocks > 1 && bands.length < wanted) {
    const all = builder.buffer(`${name}/counts`, tableConvCountBytes(output.pixels, outputs));
    const countsAt = (band: Band) => offsetRef(all, pixelsOf(band, output).first * stride * 2);
    const parts = cut(blocks, Math.ceil(wanted / bands.length));
    const tasks = bands.flatMap((band) =>
      parts.map((part): Task => {
        const first = part.first * TABLE_CONV_BLOCK;
        const channels = Math.min(part.count * TABLE_CONV_BLOCK, outputs - first);
        return [count(band, countsAt(band), 0, 0, first, channels)];
      }),
    );
    const sinks = rowTasks(output, mapCost(tableConvCountBytes(output.pixels, outputs) * 2)).map((band): Task => {
      const scratch = builder.scratch();
      const counts = countsAt(band);
      const border = borderScratch(scratch);
      const sink = sinkOf(band, scratch);
      return [...complete(band, counts, 0, border), ...sink.take(counts, 0, 0), ...sink.finish()];
    });
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
        calls.push(count(band, counts, i, j, 0, outputs), ...complete(band, counts, j, border));
        calls.push(...sink.take(counts, i, j));
      }
    return [...calls, ...sink.finish()];
  });
  return [...phases, tasks];
}
