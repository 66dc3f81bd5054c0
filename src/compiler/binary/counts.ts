/** The counts of binary convolutions, by either kernel, and the epilogues that read them. */
import { type Call, call, type Ref } from "../../abi/call.js";
import { type Affine, compose, countThresholds, isPositive, makeAffine } from "../affine.js";
import { type Bounds, boundsBehind } from "../bounds.js";
import type { CountRange } from "../centers.js";
import type { BinaryKernel } from "../choose_kernel.js";
import { bitsPixel, bytesOf, type LowerContext } from "../context.js";
import { type EpilogueRefs, epilogueArguments } from "../epilogue.js";
import type { EpilogueOp, Sign } from "../ir.js";
import type { Phase } from "../plan.js";
import type { Stretch } from "../tasks.js";
import type { BinaryConv, CountsFormat, SinkOf } from "./conv.js";
import { popcountFormat, popcountPhases } from "./popcount.js";
import { tableFormat, tablePhases } from "./table.js";

/** How the chosen kernel writes the counts of a convolution. */
export function countsFormat(kernel: BinaryKernel, conv: BinaryConv): CountsFormat {
  return kernel === "table" ? tableFormat(conv) : popcountFormat(conv);
}

/** What computes the counts with each pair of planes, band by band, each band with what its sink does. */
export function countsPhases(context: LowerContext, kernel: BinaryKernel, conv: BinaryConv, sinkOf: SinkOf): Phase[] {
  return kernel === "table" ? tablePhases(context, conv, sinkOf) : popcountPhases(context, conv, sinkOf);
}

/**
 * The prefix of constants that read counts. Plans of other shapes may have chosen the other kernel, whose counts have
 * another type, another stride and may be doubled: they must not share them.
 */
export function countsKey({ kernelOf }: LowerContext, { name }: EpilogueOp): string {
  return `${name}/${kernelOf(name)}-counts`;
}

/** The affine of counts that are twice the mismatches. */
export function halved({ scale, shift, root, center }: Affine): Affine {
  const twice = (count: number) => 2 * count;
  return { scale: scale.map((s) => s / 2), shift, root: root.map(twice), center: center.map(twice) };
}

/**
 * An affine of the same sign as `after` of clamped values: where the clamp leaves values of one sign alone, a constant;
 * else a clamp changes no sign.
 */
function signAffine(affine: Affine, bounds: Bounds | null, { affine: after, greater }: Sign): Affine {
  const whole = after === null ? affine : compose(affine, after);
  if (bounds === null) return whole;
  const { low, high } = after === null ? bounds : boundsBehind(after, bounds);
  return makeAffine(low.length, (c) => {
    if (isPositive(low[c], greater)) return { scale: 0, shift: 1, root: Number.NaN };
    if (!isPositive(high[c], greater)) return { scale: 0, shift: -1, root: Number.NaN };
    return { scale: whole.scale[c], shift: whole.shift[c], root: whole.root[c] };
  });
}

/** What turns the counts of some pixels into the operation's outputs. */
export type CountsEpilogue = (counts: Ref, pixels: Stretch) => Call;

/**
 * Which counts an epilogue reads: `affine` turns them, all in the range, into the layer's numbers; `key` names
 * its constants.
 */
export interface CountsSource extends Omit<CountsFormat, "doubled">, CountRange {
  readonly key: string;
  readonly affine: Affine;
}

/**
 * The epilogue on counts: a convolution, batch norm and sign in a row need thresholds only, all else goes through the
 * epilogue pipeline. `refs` are the operation's outputs.
 */
export function countsEpilogue(
  { builder }: LowerContext,
  op: EpilogueOp,
  refs: EpilogueRefs,
  { key, affine, type, stride: countStride, most, least = 0 }: CountsSource,
): CountsEpilogue {
  const { channels } = refs;
  const { bounds, first, relu, second } = op.epilogue;
  if (op.value === null && op.sign !== null && first === null && second === null && !relu) {
    const { greater } = op.sign;
    const whole = signAffine(affine, bounds, op.sign);
    const thresholds = () => countThresholds(whole, channels, most, least, greater);
    const slots = Math.ceil(channels / 64) * 64;
    const limits = `${key}/limits`;
    const threshold =
      type === "I32"
        ? builder.constant(limits, slots * 4, () => bytesOf(thresholds().threshold))
        : builder.constant(limits, slots * 2, () => bytesOf(Uint16Array.from(thresholds().threshold)));
    const flip = builder.constant(`${key}/flip`, slots / 8, () => thresholds().flip);
    return (counts, { first: pixel, count }) => {
      const dst = bitsPixel(refs.bits!, pixel, channels);
      return call(`thresholdCounts${type}`, { counts, dst, pixels: count, channels, countStride, threshold, flip });
    };
  }
  return (counts, { first: pixel, count }) =>
    call(`epilogue${type}`, {
      counts,
      countStride,
      pixels: count,
      middle: refs.middle,
      ...epilogueArguments(refs, pixel),
    });
}
