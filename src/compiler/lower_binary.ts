import { compose, countThresholds } from "./affine.js";
import type { BinaryConv2dOp } from "./ir.js";
import { bitBytes, bitWords, mapStride, xnorGemmWeightBytes } from "./kernel_sizes.js";
import {
  bytesOf,
  defineOutputs,
  type EpilogueRefs,
  epilogueArgs,
  epilogueRefs,
  type LowerContext,
} from "./lower_context.js";
import type { Arg, Call, Ref } from "./plan.js";
import { offsetRef, packedConstant, packingArea } from "./plan_builder.js";

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
): { readonly refs: EpilogueRefs; readonly consume: CountsConsumer } {
  const { builder } = context;
  const { affine, first, relu, second } = op.epilogue;
  const [channels, inputs, kernelHeight, kernelWidth] = op.weight.shape;
  const refs = epilogueRefs(context, op, affine);
  if (op.value === null && op.sign !== null && first === null && second === null && !relu) {
    const whole = op.sign.affine === null ? affine! : compose(affine!, op.sign.affine);
    const thresholds = () => countThresholds(whole, channels, inputs * kernelHeight * kernelWidth);
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

/** im2col rows of one band: they stay in the second-level cache with their counts. */
const bandBytes = 128 * 1024;

/** im2col on bits, XNOR-popcount GEMM, epilogue: band by band of output pixels. */
export function lowerPopcount(context: LowerContext, op: BinaryConv2dOp): void {
  const { builder } = context;
  const input = context.shapeOf(op.input);
  const output = context.shapeOf(op.value ?? op.sign!.bits);
  const [channels, inputs, kernelHeight, kernelWidth] = op.weight.shape;
  const words = bitWords(inputs);
  const rowWords = kernelHeight * kernelWidth * words;
  const widen = widenWeights(op);
  const weights = builder.constant(
    `${op.name}/popcount`,
    xnorGemmWeightBytes(channels, rowWords),
    () => op.weight.data,
    {
      areaBytes: widen.areaBytes,
      calls: [widen.call, { kernel: "xnorGemmPack", args: [widen.words, packedConstant, channels, rowWords] }],
    },
  );
  const { refs, consume } = countsConsumer(context, op, "I32");
  const src = context.refOf(op.input);
  const plane = output.height * output.width;
  const countStride = mapStride(channels);
  const { stride, padding } = op.window;
  const direct = rowWords === words && stride[0] === 1 && stride[1] === 1 && padding[0] === 0 && padding[1] === 0;
  const band = Math.min(plane, Math.max(16, Math.floor(bandBytes / (rowWords * 8) / 16) * 16));
  const counts = builder.buffer(`${op.name}/counts`, band * countStride * 4);
  const calls: Call[] = [];
  const gemm = (rows: Arg, pixel: number, pixelCount: number): void => {
    calls.push({ kernel: "xnorGemm", args: [rows, weights, counts, pixelCount, channels, rowWords, countStride] });
    calls.push(consume(counts, countStride, pixel, pixelCount));
  };
  const columns = direct ? null : builder.buffer(`${op.name}/im2col`, band * rowWords * 8);
  const border = builder.constant(`border/${inputs}/${op.padValue}`, words * 8, () => borderBytes(inputs, op.padValue));
  for (let n = 0; n < output.batch; n++) {
    const image = offsetRef(src, n * bitBytes(input.height * input.width, inputs));
    for (let first = 0; first < plane; first += band) {
      const pixelCount = Math.min(band, plane - first);
      const pixel = n * plane + first;
      if (columns === null) {
        gemm(offsetRef(image, first * rowWords * 8), pixel, pixelCount);
        continue;
      }
      calls.push({
        kernel: "im2colBits",
        args: [
          image,
          columns,
          input.height,
          input.width,
          words,
          kernelHeight,
          kernelWidth,
          ...stride,
          ...op.dilation,
          ...padding,
          output.width,
          first,
          pixelCount,
          border,
        ],
      });
      gemm(columns, pixel, pixelCount);
    }
  }
  builder.step({
    name: op.name,
    kind: "binaryConv2d (popcount)",
    calls,
    binaryMacs: binaryMacs(context, op),
    floatMacs: 0,
  });
  defineOutputs(context, op, refs);
}
