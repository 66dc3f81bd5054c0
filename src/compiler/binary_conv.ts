/** What both kernels of a binary convolution share: borders, weights as words, and what happens to their counts. */
import { compose, countThresholds } from "./affine.js";
import type { BinaryConv2dOp } from "./ir.js";
import { bitBytes, bitWords } from "./kernel_sizes.js";
import { bytesOf, type EpilogueRefs, epilogueArgs, epilogueRefs, type LowerContext } from "./lower_context.js";
import type { Call, Ref } from "./plan.js";
import { offsetRef, packingArea } from "./plan_builder.js";

/** The bits outside the map: zeros are -1, ones up to the last channel +1. */
export function borderBytes(channels: number, padValue: number): Uint8Array {
  const bytes = new Uint8Array(bitWords(channels) * 8);
  if (padValue === 1) {
    for (let c = 0; c < channels; c++) bytes[c >> 3] |= 1 << (c & 7);
  }
  return bytes;
}

/**
 * What happens to the counts of `pixelCount` output pixels from `firstPixel` on. A convolution, batch norm and sign in a row need
 * thresholds only; all else goes through the epilogue pipeline.
 */
export type CountsConsumer = (counts: Ref, countStride: number, firstPixel: number, pixelCount: number) => Call;

export function countsConsumer(
  context: LowerContext,
  op: BinaryConv2dOp,
  countType: "I32" | "U16",
  /** The largest count: K, or twice that where counts are doubled. */
  maxCount: number,
): { readonly refs: EpilogueRefs; readonly consume: CountsConsumer } {
  const { builder } = context;
  const { affine, first, relu, second } = op.epilogue;
  const [channels] = op.weight.shape;
  const refs = epilogueRefs(context, op, affine);
  if (op.value === null && op.sign !== null && first === null && second === null && !relu) {
    const whole = op.sign.affine === null ? affine! : compose(affine!, op.sign.affine);
    const thresholds = () => countThresholds(whole, channels, maxCount);
    const slots = Math.ceil(channels / 64) * 64;
    const threshold = builder.constant(`${op.name}/counts`, slots * 4, () => bytesOf(thresholds().threshold));
    const flip = builder.constant(`${op.name}/counts-flip`, slots / 8, () => thresholds().flip);
    const consume: CountsConsumer = (counts, countStride, firstPixel, pixelCount) => ({
      kernel: countType === "I32" ? "thresholdCountsI32" : "thresholdCountsU16",
      args: [
        counts,
        offsetRef(refs.bits!, firstPixel * bitWords(channels) * 8),
        pixelCount,
        channels,
        countStride,
        threshold,
        flip,
      ],
    });
    return { refs, consume };
  }
  const consume: CountsConsumer = (counts, countStride, firstPixel, pixelCount) => ({
    kernel: countType === "I32" ? "epilogueI32" : "epilogueU16",
    args: [counts, countStride, pixelCount, channels, ...epilogueArgs(refs, firstPixel)],
  });
  return { refs, consume };
}

/** The packed weights as u64 words, in the packing area behind the bytes they come from. */
export function widenWeights(op: BinaryConv2dOp): {
  readonly areaBytes: number;
  readonly words: Ref;
  readonly call: Call;
} {
  const [channels, inputs, kernelHeight, kernelWidth] = op.weight.shape;
  const rows = channels * kernelHeight * kernelWidth;
  const sourceBytes = Math.ceil(op.weight.data.byteLength / 16) * 16;
  const words = offsetRef(packingArea, sourceBytes);
  return {
    areaBytes: sourceBytes + bitBytes(rows, inputs),
    words,
    call: { kernel: "widenRows", args: [packingArea, words, rows, inputs] },
  };
}

export function binaryMacs(context: LowerContext, op: BinaryConv2dOp): number {
  const [channels, inputs, kernelHeight, kernelWidth] = op.weight.shape;
  return context.shapeOf(op.value ?? op.sign!.bits).pixels * channels * inputs * kernelHeight * kernelWidth;
}
