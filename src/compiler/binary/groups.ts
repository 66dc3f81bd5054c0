/**
 * How binary convolutions in groups are put on kernels that know none: tables count in passes over whole words of the
 * input, popcount group by group. What both cost decides between them.
 *
 *   group g: outputs [g * written, (g + 1) * written) read channels [g * read, (g + 1) * read)
 */
import { TABLE_CONV_BLOCK, XNOR_GEMM_PANEL } from "../../abi/constants.js";
import { type BinaryConvSize, bitsCost, tableConvCost, xnorGemmCost } from "../../abi/costs.js";
import { bitWords } from "../../abi/sizes.js";
import type { BitWeight } from "../../weights.js";

/** The sizes of a convolution; its channels are those of all groups. */
export interface GroupedSize extends BinaryConvSize {
  readonly groups: number;
  /** Of all images of the input. */
  readonly inputPixels: number;
}

/** Outputs that the tables count in one go, whole blocks of them but for the last, and the words that they read. */
export interface TablePass {
  readonly firstOutput: number;
  readonly outputs: number;
  readonly firstWord: number;
  readonly words: number;
  /** Whether the words hold channels that some of the outputs do not read. */
  readonly masked: boolean;
}

/** A block of outputs reads the words of its groups; blocks that read the same ones are one pass. */
export function tablePasses({
  inChannels,
  outChannels,
  groups,
}: Pick<GroupedSize, "inChannels" | "outChannels" | "groups">): readonly TablePass[] {
  const [read, written] = [inChannels / groups, outChannels / groups];
  const passes: TablePass[] = [];
  for (let firstOutput = 0; firstOutput < outChannels; firstOutput += TABLE_CONV_BLOCK) {
    const end = Math.min(firstOutput + TABLE_CONV_BLOCK, outChannels);
    const first = Math.floor(firstOutput / written);
    const last = Math.floor((end - 1) / written);
    const [from, to] = [first * read, (last + 1) * read];
    const firstWord = Math.floor(from / 64);
    const words = bitWords(to) - firstWord;
    // Bits past the input's last channel are 0 in weights and activations, and count nothing.
    const masked = first !== last || from % 64 !== 0 || (to % 64 !== 0 && to !== inChannels);
    const previous = passes.at(-1);
    if (previous !== undefined && previous.firstWord === firstWord && previous.words === words) {
      const outputs = end - previous.firstOutput;
      passes[passes.length - 1] = { ...previous, outputs, masked: previous.masked || masked };
    } else {
      passes.push({ firstOutput, outputs: end - firstOutput, firstWord, words, masked });
    }
  }
  return passes;
}

/** All passes of the tables, each built once for each of `bands`. */
export function tableCost(size: GroupedSize, bands = 1): number {
  const { pixels, taps } = size;
  return tablePasses(size).reduce(
    (sum, { outputs, words }) =>
      sum + tableConvCost({ pixels, inChannels: words * 64, outChannels: outputs, taps }, bands),
    0,
  );
}

/** All groups one after the other, their channels copied out of the input before. */
export function popcountCost({ groups, inputPixels, inChannels, outChannels, ...size }: GroupedSize): number {
  if (groups === 1) return xnorGemmCost({ ...size, inChannels, outChannels });
  const [read, written] = [inChannels / groups, outChannels / groups];
  // A panel that is not full takes as long as a full one.
  const panels = Math.ceil(written / XNOR_GEMM_PANEL) * XNOR_GEMM_PANEL;
  return groups * (xnorGemmCost({ ...size, inChannels: read, outChannels: panels }) + bitsCost(inputPixels, read));
}

/** Bits [0, count) of `src` into `dst` from bit `at` on, where `dst` is 0. */
function placeBits(dst: Uint8Array, at: number, src: Uint8Array, count: number): void {
  const shift = at & 7;
  const byte = at >> 3;
  for (let i = 0; i * 8 < count; i++) {
    const left = count - i * 8;
    const bits = (left < 8 ? src[i] & ((1 << left) - 1) : src[i]) << shift;
    dst[byte + i] |= bits;
    if (bits > 255) dst[byte + i + 1] |= bits >> 8;
  }
}

/** A row for each output of a pass and tap, the words of the pass long: `bits` of it at the channels of its group. */
function spread({ shape }: BitWeight, groups: number, pass: TablePass, bits: (row: number) => Uint8Array): Uint8Array {
  const [outputs, read, height = 1, width = 1] = shape;
  const taps = height * width;
  const written = outputs / groups;
  const rows = new Uint8Array(pass.outputs * taps * pass.words * 8);
  for (let n = 0; n < pass.outputs; n++) {
    const output = pass.firstOutput + n;
    const channel = Math.floor(output / written) * read - pass.firstWord * 64;
    for (let tap = 0; tap < taps; tap++) {
      placeBits(rows, (n * taps + tap) * pass.words * 64 + channel, bits(output * taps + tap), read);
    }
  }
  return rows;
}

/** The weights of a pass as u64 words `[output][tap][words]`, 0 at channels that an output does not read. */
export function spreadWeights(weight: BitWeight, groups: number, pass: TablePass): Uint8Array {
  const bytes = Math.ceil(weight.shape[1] / 8);
  return spread(weight, groups, pass, (row) => weight.data.subarray(row * bytes, (row + 1) * bytes));
}

/** As many words, 1 at the channels that an output reads. */
export function spreadMasks(weight: BitWeight, groups: number, pass: TablePass): Uint8Array {
  const [, read] = weight.shape;
  const ones = new Uint8Array(Math.ceil(read / 8)).fill(0xff);
  return spread(weight, groups, pass, () => ones);
}
