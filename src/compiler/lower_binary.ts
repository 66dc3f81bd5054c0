import { bitWords } from "../abi/sizes.js";
import { type Affine, compose, countThresholds } from "./affine.js";
import { type BinaryConv, type CountsFormat, fanIn, kernelShape } from "./binary_conv.js";
import { countsCalls, countsFormat } from "./counts.js";
import type { BinaryConv2dOp, EpilogueOp, PlanesConv2dOp } from "./ir.js";
import {
  bytesOf,
  defineOutputs,
  type EpilogueRefs,
  epilogueArgs,
  epilogueRefs,
  type LowerContext,
} from "./lower_context.js";
import type { Call, Ref } from "./plan.js";
import { offsetRef } from "./plan_builder.js";

/** What the epilogue does with counts of pixels from `firstPixel` on. */
export type CountsEpilogue = (counts: Ref, firstPixel: number, pixelCount: number) => readonly Call[];

/**
 * The prefix of constants that read counts. Plans of other shapes may have chosen the other kernel, whose counts have another type,
 * another stride and may be doubled: they must not share them.
 */
export function countsKey({ kernelOf }: LowerContext, { name }: BinaryConv2dOp | PlanesConv2dOp): string {
  return `${name}/${kernelOf(name)}-counts`;
}

/** The affine of counts that are twice the mismatches. */
export function halved({ scale, shift, root }: Affine): Affine {
  return { scale: scale.map((s) => s / 2), shift, root: root.map((r) => r * 2) };
}

/**
 * The epilogue on counts: a convolution, batch norm and sign in a row need thresholds only, all else goes through the epilogue
 * pipeline. `key` names its constants, `refs` are the outputs, `affine` turns these counts, from `least` to `most`, into the layer's numbers.
 */
export function countsEpilogue(
  { builder }: LowerContext,
  op: EpilogueOp,
  key: string,
  refs: EpilogueRefs,
  affine: Affine,
  format: Omit<CountsFormat, "doubled">,
  most: number,
  least = 0,
): CountsEpilogue {
  const { channels } = refs;
  const { first, relu, second } = op.epilogue;
  if (op.value === null && op.sign !== null && first === null && second === null && !relu) {
    const whole = op.sign.affine === null ? affine : compose(affine, op.sign.affine);
    const thresholds = () => countThresholds(whole, channels, most, least);
    const slots = Math.ceil(channels / 64) * 64;
    const limits = `${key}/limits`;
    const threshold =
      format.type === "I32"
        ? builder.constant(limits, slots * 4, () => bytesOf(thresholds().threshold))
        : builder.constant(limits, slots * 2, () => bytesOf(Uint16Array.from(thresholds().threshold)));
    const flip = builder.constant(`${key}/flip`, slots / 8, () => thresholds().flip);
    return (counts, firstPixel, pixelCount) => {
      const bits = offsetRef(refs.bits!, firstPixel * bitWords(channels) * 8);
      const args = [counts, bits, pixelCount, channels, format.stride, threshold, flip];
      return [{ kernel: format.type === "I32" ? "thresholdCountsI32" : "thresholdCountsU16", args }];
    };
  }
  return (counts, firstPixel, pixelCount) => {
    const args = [counts, format.stride, pixelCount, channels, ...epilogueArgs(refs, firstPixel)];
    return [{ kernel: format.type === "I32" ? "epilogueI32" : "epilogueU16", args }];
  };
}

/** The convolution of one plane of an operation's activations with its planes of weights. */
export function binaryConv(
  context: LowerContext,
  op: BinaryConv2dOp | PlanesConv2dOp,
  plane: Pick<BinaryConv, "bits" | "weights" | "padValue">,
): BinaryConv {
  const input = context.shapeOf(op.input);
  const output = context.shapeOf(op.value ?? op.sign!.bits);
  return { ...plane, name: op.name, input, output, window: op.window, dilation: op.dilation };
}

/** One plane of activations, one of weights: counts go from the kernel to the epilogue while they are in the cache. */
export function lowerBinaryConv2d(context: LowerContext, op: BinaryConv2dOp): void {
  const kernel = context.kernelOf(op.name);
  const { weight, padValue } = op;
  const conv = binaryConv(context, op, { bits: context.refOf(op.input), weights: [weight], padValue });
  const format = countsFormat(kernel, conv);
  const affine = format.doubled ? halved(op.epilogue.affine!) : op.epilogue.affine!;
  const key = countsKey(context, op);
  const refs = epilogueRefs(context, op, affine, key);
  const epilogue = countsEpilogue(context, op, key, refs, affine, format, fanIn(weight) * (format.doubled ? 2 : 1));
  const calls = countsCalls(context.builder, kernel, conv, epilogue);
  const [outputs] = kernelShape(weight);
  context.builder.step({
    name: op.name,
    kind: `binaryConv2d (${kernel})`,
    calls,
    binaryMacs: conv.output.pixels * outputs * fanIn(weight),
  });
  defineOutputs(context, op, refs);
}
