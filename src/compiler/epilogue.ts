/** Where an operation's epilogue reads and writes, and the constants that it needs. */
import type { Arg, Ref } from "../abi/call.js";
import { bitBytes, mapBytes, mapStride } from "../abi/sizes.js";
import { XnorkitError } from "../errors.js";
import { type Affine, affineFor, floatThresholds } from "./affine.js";
import { affineRefs, type CountAffineRefs, countAffineRefs } from "./affine_constants.js";
import { type Bounds, boundsFor } from "./bounds.js";
import type { CountRange } from "./centers.js";
import { bitsPixel, bytesOf, floatBytes, type LowerContext, mapPixel, zeros } from "./context.js";
import { type EpilogueOp, outputOf } from "./ir.js";

/** Places at pixel 0; the middle is 0 of floats. */
export interface EpilogueRefs extends CountAffineRefs {
  readonly channels: number;
  readonly bounds: { readonly low: Ref; readonly high: Ref } | null;
  readonly first: Ref | null;
  readonly relu: boolean;
  readonly second: Ref | null;
  readonly value: Ref | null;
  readonly bits: Ref | null;
  readonly threshold: Ref | null;
  readonly flip: Ref | null;
}

/**
 * A buffer for the operation's value: that of a residual which dies here if the sizes agree, else a new one. Epilogues
 * treat each pixel by itself, so what they overwrite nobody else reads any more.
 */
function valueBuffer(context: LowerContext, op: EpilogueOp, value: string): Ref {
  const bytes = mapBytes(context.shapeOf(value).pixels, context.shapeOf(value).channels);
  const { first, second } = op.epilogue;
  const reusable = op.kind === "pointwise" ? [first, second, op.input] : [first, second];
  for (const candidate of reusable) {
    if (candidate === null || !context.dies(candidate)) continue;
    // A convolution or pool reads its input while it writes: only a residual that is not also the input can be
    // overwritten.
    if (op.kind !== "pointwise" && context.refOf(candidate).id === context.refOf(op.input).id) continue;
    const shape = context.shapeOf(candidate);
    if (mapBytes(shape.pixels, shape.channels) === bytes) return context.refOf(candidate);
  }
  return context.builder.buffer(value, bytes);
}

/**
 * Residuals are of the same channels. Behind flattenings of maps of other sizes they may be for one input and not for
 * another.
 */
function residual(context: LowerContext, op: EpilogueOp, value: string | null): Ref | null {
  if (value === null) return null;
  const { channels } = context.shapeOf(outputOf(op));
  const found = context.shapeOf(value).channels;
  if (found === channels) return context.refOf(value);
  throw new XnorkitError(
    "bad-shape",
    `layer ${op.name} adds ${found} features to ${channels} for an input of this size, ` +
      "but as many for the input that " +
      "the graph states: build the graph for this size",
  );
}

/**
 * Allocates the outputs of an operation and the constants of its epilogue. `affine` is what the epilogue itself has to
 * apply: null if the operation has it in its weights. `key` names its constants; all plans of a session share what has
 * the same key. `counts` is where the numbers lie that it reads, if they are counts.
 */
export function epilogueRefs(
  context: LowerContext,
  op: EpilogueOp,
  affine: Affine | null,
  key: string = op.name,
  counts: CountRange | null = null,
): EpilogueRefs {
  const { builder } = context;
  const { channels, pixels } = context.shapeOf(outputOf(op));
  const bounds = op.epilogue.bounds && boundsFor(channels, op.epilogue.bounds);
  const built = [affine?.scale, op.epilogue.bounds?.low, op.sign?.affine?.scale];
  // Constants of another length than those of the graph's own input have names of their own.
  const length = built.every((values) => values === undefined || values.length === channels) ? "" : `/${channels}`;
  const place = `${key}${length}`;
  const value = op.value === null ? null : valueBuffer(context, op, op.value);
  let bits: Ref | null = null;
  let threshold: Ref | null = null;
  let flip: Ref | null = null;
  if (op.sign !== null) {
    bits = builder.buffer(op.sign.bits, bitBytes(pixels, channels));
    const { bits: name, affine: after, greater } = op.sign;
    // Without an affine the kernels decide on the sign of the value itself, which is faster than thresholds of 0.
    if (after !== null) {
      const stride = mapStride(channels);
      const thresholds = () => floatThresholds(affineFor(channels, after), channels, stride, greater);
      threshold = builder.constant(`${name}/threshold${length}`, stride * 4, () => bytesOf(thresholds().threshold));
      flip = builder.constant(`${name}/flip${length}`, stride * 4, () => bytesOf(thresholds().flip));
    } else if (greater) {
      threshold = zeros(context, channels);
      flip = threshold;
    }
  }
  return {
    channels,
    ...(counts === null || affine === null
      ? { middle: 0, ...affineRefs(context, place, affine, channels) }
      : countAffineRefs(context, place, affine, channels, counts)),
    bounds: bounds && boundsConstants(context, place, bounds),
    first: residual(context, op, op.epilogue.first),
    relu: op.epilogue.relu,
    second: residual(context, op, op.epilogue.second),
    value,
    bits,
    threshold,
    flip,
  };
}

function boundsConstants({ builder }: LowerContext, key: string, { low, high }: Bounds) {
  const stride = mapStride(low.length);
  const constant = (name: string, limits: Float32Array) =>
    builder.constant(`${key}/${name}`, stride * 4, () => floatBytes(limits, stride));
  return { low: constant("low", low), high: constant("high", high) };
}

/** Of the epilogue kernels, for values that no bounds cut. */
export const noBounds = { low: 0, high: 0 } as const;

/** The arguments that the epilogue kernels share, for pixels from `pixel` on; 0 is what a kernel leaves out. */
export function epilogueArguments(refs: EpilogueRefs, pixel: number) {
  const { channels } = refs;
  const map = (ref: Ref | null): Arg => (ref === null ? 0 : mapPixel(ref, pixel, channels));
  return {
    channels,
    center: refs.center ?? 0,
    scale: refs.scale,
    shift: refs.shift,
    ...(refs.bounds ?? noBounds),
    first: map(refs.first),
    relu: refs.relu ? 1 : 0,
    second: map(refs.second),
    dst: map(refs.value),
    bits: refs.bits === null ? 0 : bitsPixel(refs.bits, pixel, channels),
    signThreshold: refs.threshold ?? 0,
    signFlip: refs.flip ?? 0,
  };
}

/** Bytes of the maps and bits that the epilogue passes over. */
export function epilogueBytes(refs: EpilogueRefs, pixels: number): number {
  const maps = [refs.first, refs.second, refs.value].filter((ref) => ref !== null).length;
  return maps * mapBytes(pixels, refs.channels) + (refs.bits === null ? 0 : bitBytes(pixels, refs.channels));
}

/** Makes the operation's outputs known under their names. */
export function defineOutputs(context: LowerContext, op: EpilogueOp, refs: EpilogueRefs): void {
  if (op.value !== null) context.setRef(op.value, refs.value!);
  if (op.sign !== null) context.setRef(op.sign.bits, refs.bits!);
}
