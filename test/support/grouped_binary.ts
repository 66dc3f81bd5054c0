/** How a binary convolution in groups is put on the kernels: what a lowering plans, on plain arrays. */
import {
  bitBytes,
  bitWords,
  im2colWords,
  mapStride,
  tableConvCorrectionBytes,
  tableConvCountBytes,
  tableConvCountStride,
  tableConvRowBand,
  tableConvSelectorBytes,
  tableConvWeightBytes,
  xnorGemmWeightBytes,
} from "../../src/abi/sizes.js";
import { type BitMap, putBits } from "./bits.js";
import type { KernelBench } from "./kernels.js";
import { allocGuarded } from "./maps.js";

export interface GroupedConv {
  readonly batch: number;
  readonly inputs: number;
  readonly outputs: number;
  readonly groups: number;
  readonly height: number;
  readonly width: number;
  readonly kernel: readonly [number, number];
  readonly stride: readonly [number, number];
  readonly dilation: readonly [number, number];
  /** Top, left, bottom, right. */
  readonly pads: readonly [number, number, number, number];
  /** What a tap outside the image reads: -1, +1, or nothing. */
  readonly border: -1 | 0 | 1;
}

export function outputSize({ height, width, kernel, stride, dilation, pads }: GroupedConv) {
  const out = (size: number, axis: 0 | 1) =>
    Math.floor((size + pads[axis] + pads[axis + 2] - (kernel[axis] - 1) * dilation[axis] - 1) / stride[axis]) + 1;
  return { outHeight: out(height, 0), outWidth: out(width, 1) };
}

/** Output channels that are counted in one go, whole blocks of 64, and the words of the input that they read. */
export interface GroupPass {
  readonly firstOutput: number;
  readonly outputs: number;
  readonly firstWord: number;
  readonly words: number;
  /** Whether the words hold channels that some of the outputs do not read. */
  readonly masked: boolean;
}

/**
 * The passes of the table convolution: a block of 64 outputs reads the words of its groups; blocks that read the same
 * ones are joined.
 */
export function groupPasses({ inputs, outputs, groups }: Pick<GroupedConv, "inputs" | "outputs" | "groups">) {
  const [read, written] = [inputs / groups, outputs / groups];
  const passes: GroupPass[] = [];
  for (let firstOutput = 0; firstOutput < outputs; firstOutput += 64) {
    const end = Math.min(firstOutput + 64, outputs);
    const first = Math.floor(firstOutput / written);
    const last = Math.floor((end - 1) / written);
    const [from, to] = [first * read, (last + 1) * read];
    const firstWord = Math.floor(from / 64);
    const words = Math.ceil(to / 64) - firstWord;
    const masked = first !== last || from % 64 !== 0 || (to % 64 !== 0 && to !== inputs);
    const previous = passes.at(-1);
    if (previous !== undefined && previous.firstWord === firstWord && previous.words === words) {
      const joined = { ...previous, outputs: end - previous.firstOutput, masked: previous.masked || masked };
      passes.splice(-1, 1, joined);
    } else {
      passes.push({ firstOutput, outputs: end - firstOutput, firstWord, words, masked });
    }
  }
  return passes;
}

/** `bits` of each output of a pass, `[output][tap][channel of its group]`, at their channels among the pass's words. */
export function spreadRows(c: GroupedConv, pass: GroupPass, bits: BitMap): BitMap {
  const [read, written] = [c.inputs / c.groups, c.outputs / c.groups];
  const taps = c.kernel[0] * c.kernel[1];
  const spread = new Uint8Array(pass.outputs * taps * pass.words * 64);
  for (let n = 0; n < pass.outputs; n++) {
    const group = Math.floor((pass.firstOutput + n) / written);
    for (let tap = 0; tap < taps; tap++) {
      const row = (pass.firstOutput + n) * taps + tap;
      const at = (n * taps + tap) * pass.words * 64 + group * read - pass.firstWord * 64;
      spread.set(bits.subarray(row * read, (row + 1) * read), at);
    }
  }
  return spread;
}

/**
 * u16 counts of the whole convolution by tables, `tableConvCountStride(outputs)` a pixel; doubled if a group is odd
 * and the border 0.
 */
export function tableCounts(bench: KernelBench, c: GroupedConv, activations: BitMap, weights: BitMap) {
  const { k } = bench;
  const { batch, inputs, outputs, groups, height, width, kernel, stride, dilation, pads } = c;
  const { outHeight, outWidth } = outputSize(c);
  const taps = kernel[0] * kernel[1];
  const sizes = [height + pads[0] + pads[2], width + pads[1] + pads[3]] as const;
  const pixels = batch * outHeight * outWidth;
  const bits = putBits(bench, activations, batch * height * width, inputs);
  const border = putBits(bench, new Uint8Array(inputs).fill(c.border === 1 ? 1 : 0), 1, inputs);
  const counts = allocGuarded(bench, tableConvCountBytes(pixels, outputs));
  const everywhere = new Uint8Array(weights.length).fill(1);
  const sweep = [...kernel, ...stride, ...dilation] as const;
  for (const pass of groupPasses(c)) {
    const channels = pass.words * 64;
    const pack = (values: BitMap): number => {
      const rows = putBits(bench, spreadRows(c, pass, values), pass.outputs * taps, channels);
      const packed = bench.alloc(tableConvWeightBytes(pass.outputs, channels, taps));
      k.tableConvPack(rows, packed, pass.outputs, kernel[0], kernel[1], pass.words, dilation[1]);
      return packed;
    };
    const packed = pack(weights);
    const masks = pass.masked ? pack(everywhere) : 0;
    const selectors = allocGuarded(bench, tableConvSelectorBytes(batch, sizes[0], sizes[1], channels));
    k.tableConvSelectors(
      ...([bits + pass.firstWord * 8, bitWords(inputs), selectors.pointer, batch, height, width, pass.words] as const),
      ...([...pads, border + pass.firstWord * 8] as const),
    );
    selectors.assertIntact();
    k.tableConv(
      ...([selectors.pointer, packed, masks, counts.pointer + pass.firstOutput * 2] as const),
      ...([tableConvCountStride(outputs), batch, ...sizes, pass.words, outHeight, outWidth, pass.outputs] as const),
      ...([...sweep, tableConvRowBand(batch, outHeight, outWidth)] as const),
    );
  }
  if (c.border === 0) {
    const read = inputs / groups;
    const rows = putBits(bench, weights, outputs * taps, read);
    const corrections = bench.alloc(tableConvCorrectionBytes(outputs, taps));
    const scratch = bench.alloc(tableConvCorrectionBytes(outputs, 1));
    k.tableConvCorrections(rows, corrections, outputs, taps, bitWords(read), read);
    k.tableConvZeroBorder(
      ...([counts.pointer, corrections, scratch, batch, height, width, read, outHeight, outWidth, outputs] as const),
      ...([...sweep, pads[0], pads[1]] as const),
    );
  }
  counts.assertIntact();
  return bench.u16(counts.pointer, pixels * tableConvCountStride(outputs));
}

/**
 * i32 counts by GEMM, `mapStride(outputs)` a pixel: each group's channels are sliced out. Doubled where the border is
 * 0.
 */
export function popcountCounts(bench: KernelBench, c: GroupedConv, activations: BitMap, weights: BitMap) {
  const { k } = bench;
  const { batch, inputs, outputs, groups, height, width, kernel, stride, dilation, pads } = c;
  const { outHeight, outWidth } = outputSize(c);
  const [read, written] = [inputs / groups, outputs / groups];
  const taps = kernel[0] * kernel[1];
  const [words, rowWords] = [bitWords(read), im2colWords(read, taps)];
  const joined = rowWords < taps * words;
  const plane = outHeight * outWidth;
  const countStride = mapStride(outputs);
  const bits = putBits(bench, activations, batch * height * width, inputs);
  const border = putBits(bench, new Uint8Array(read).fill(c.border === 1 ? 1 : 0), 1, read);
  const counts = allocGuarded(bench, batch * plane * countStride * 4);
  const slice = bench.alloc(bitBytes(batch * height * width, read));
  const columns = bench.alloc(plane * taps * words * 8);
  for (let group = 0; group < groups; group++) {
    const rows = putBits(bench, weights.subarray(group * written * taps * read), written * taps, read);
    if (joined) k.joinTaps(rows, rows, written, taps, read);
    const packed = bench.alloc(xnorGemmWeightBytes(written, rowWords));
    k.xnorGemmPack(rows, packed, written, rowWords);
    k.copyBits(slice, bits, batch * height * width, read, 0, inputs, group * read, read);
    for (let image = 0; image < batch; image++) {
      k.im2colBits(
        ...([slice + image * bitBytes(height * width, read), columns, height, width, words, ...kernel] as const),
        ...([...stride, ...dilation, pads[0], pads[1], outWidth, 0, plane, border] as const),
      );
      if (joined) k.joinTaps(columns, columns, plane, taps, read);
      const to = counts.pointer + (image * plane * countStride + group * written) * 4;
      k.xnorGemm(columns, packed, to, plane, written, rowWords, countStride);
    }
  }
  if (c.border === 0) {
    const corrections = bench.alloc(taps * countStride * 4);
    const scratch = bench.alloc(countStride * 4);
    const sums = bench.i32(corrections, taps * countStride);
    for (let n = 0; n < outputs; n++)
      for (let tap = 0; tap < taps; tap++)
        sums[tap * countStride + n] = weights
          .subarray((n * taps + tap) * read, (n * taps + tap + 1) * read)
          .reduce((sum, bit) => sum + 2 * bit - 1, 0);
    k.addCountsI32(counts.pointer, counts.pointer, batch * plane * countStride, 0);
    k.zeroBorderI32(
      ...([counts.pointer, corrections, scratch, batch, height, width, countStride, outHeight, outWidth] as const),
      ...([...kernel, ...stride, ...dilation, pads[0], pads[1]] as const),
    );
  }
  counts.assertIntact();
  return bench.i32(counts.pointer, batch * plane * countStride);
}
