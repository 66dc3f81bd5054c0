import { bitBytes, bitWords, mapBytes, mapStride } from "../abi/sizes.js";
import type { Shape } from "../tensor.js";
import { type Affine, floatShifts, floatThresholds } from "./affine.js";
import type { BinaryKernel } from "./choose_kernel.js";
import type { EpilogueOp } from "./ir.js";
import type { Ref } from "./plan.js";
import { offsetRef, type PlanBuilder } from "./plan_builder.js";

/** A value's sizes; what has no height and width (dense layers) is a map of one pixel an image. */
export interface MapShape {
  readonly batch: number;
  readonly channels: number;
  readonly height: number;
  readonly width: number;
  /** batch * height * width. */
  readonly pixels: number;
}

export function mapShape(shape: Shape): MapShape {
  const [batch, channels, height = 1, width = 1] = shape;
  return { batch, channels, height, width, pixels: batch * height * width };
}

/** What lowering one operation needs to know of the others. */
export interface LowerContext {
  readonly builder: PlanBuilder;
  /** What computes the binary convolutions of a layer. */
  kernelOf(layer: string): BinaryKernel;
  shapeOf(value: string): MapShape;
  /** Where an already computed value lies. */
  refOf(value: string): Ref;
  setRef(value: string, ref: Ref): void;
  /** True where the operation being lowered is the last to read the value and nobody keeps it. */
  dies(value: string): boolean;
}

/** Float constants as bytes, padded with zeros to `length` floats. */
export function floatBytes(values: ArrayLike<number>, length: number): Uint8Array {
  const floats = new Float32Array(length);
  floats.set(values);
  return new Uint8Array(floats.buffer);
}

export function bytesOf(view: ArrayBufferView): Uint8Array {
  return new Uint8Array(view.buffer, view.byteOffset, view.byteLength);
}

/** scale and shift of an affine as two constants; null is the identity. */
export function affineConstants(
  { builder }: LowerContext,
  key: string,
  affine: Affine | null,
  channels: number,
): { scale: Ref; shift: Ref } {
  const stride = mapStride(channels);
  if (affine === null) {
    const one = () => floatBytes(new Float32Array(channels).fill(1), stride);
    return {
      scale: builder.constant(`ones/${channels}`, stride * 4, one),
      shift: builder.constant(`zeros/${stride}`, stride * 4, () => new Uint8Array(stride * 4)),
    };
  }
  return {
    scale: builder.constant(`${key}/scale`, stride * 4, () => floatBytes(affine.scale, stride)),
    shift: builder.constant(`${key}/shift`, stride * 4, () => floatBytes(floatShifts(affine), stride)),
  };
}

/** Where an epilogue reads and writes, at pixel 0. */
export interface EpilogueRefs {
  readonly channels: number;
  readonly scale: Ref;
  readonly shift: Ref;
  readonly first: Ref | null;
  readonly relu: boolean;
  readonly second: Ref | null;
  readonly value: Ref | null;
  readonly bits: Ref | null;
  readonly threshold: Ref | null;
  readonly flip: Ref | null;
}

/** A buffer for the operation's value: that of a residual which dies here where the sizes agree, else a new one. */
function valueBuffer(context: LowerContext, op: EpilogueOp, value: string): Ref {
  const bytes = mapBytes(context.shapeOf(value).pixels, context.shapeOf(value).channels);
  const { first, second } = op.epilogue;
  const reusable = op.kind === "pointwise" ? [first, second, op.input] : [first, second];
  for (const candidate of reusable) {
    if (candidate === null || !context.dies(candidate)) continue;
    // A convolution or pool reads its input while it writes: only a residual that is not also the input can be overwritten.
    if (op.kind !== "pointwise" && context.refOf(candidate).id === context.refOf(op.input).id) continue;
    const shape = context.shapeOf(candidate);
    if (mapBytes(shape.pixels, shape.channels) === bytes) return context.refOf(candidate);
  }
  return context.builder.buffer(value, bytes);
}

/**
 * Allocates the outputs of an operation and the constants of its epilogue. `affine` is what the epilogue itself has to apply: null
 * where the operation has it in its weights. `key` names its constants; all plans of a session share what has the same key.
 */
export function epilogueRefs(
  context: LowerContext,
  op: EpilogueOp,
  affine: Affine | null,
  key: string = op.name,
): EpilogueRefs {
  const { builder } = context;
  const shape = context.shapeOf(op.value ?? op.sign!.bits);
  const { channels, pixels } = shape;
  const { scale, shift } = affineConstants(context, key, affine, channels);
  const value = op.value === null ? null : valueBuffer(context, op, op.value);
  let bits: Ref | null = null;
  let threshold: Ref | null = null;
  let flip: Ref | null = null;
  if (op.sign !== null) {
    bits = builder.buffer(op.sign.bits, bitBytes(pixels, channels));
    // Without an affine the kernels decide on the sign of the value itself, which is faster than thresholds of 0.
    if (op.sign.affine !== null) {
      const stride = mapStride(channels);
      const thresholds = () => floatThresholds(op.sign!.affine, channels, stride);
      threshold = builder.constant(`${op.sign.bits}/threshold`, stride * 4, () => bytesOf(thresholds().threshold));
      flip = builder.constant(`${op.sign.bits}/flip`, stride * 4, () => bytesOf(thresholds().flip));
    }
  }
  return {
    channels,
    scale,
    shift,
    first: op.epilogue.first === null ? null : context.refOf(op.epilogue.first),
    relu: op.epilogue.relu,
    second: op.epilogue.second === null ? null : context.refOf(op.epilogue.second),
    value,
    bits,
    threshold,
    flip,
  };
}

/** The arguments of an epilogue kernel from `scale` on, for pixels from `pixel` on. */
export function epilogueArgs(refs: EpilogueRefs, pixel: number): (Ref | number)[] {
  const map = (ref: Ref | null) => (ref === null ? 0 : offsetRef(ref, pixel * mapStride(refs.channels) * 4));
  const bits = refs.bits === null ? 0 : offsetRef(refs.bits, pixel * bitWords(refs.channels) * 8);
  return [
    refs.scale,
    refs.shift,
    // No center, no bounds.
    ...[0, 0, 0],
    map(refs.first),
    refs.relu ? 1 : 0,
    map(refs.second),
    map(refs.value),
    bits,
    refs.threshold ?? 0,
    refs.flip ?? 0,
  ];
}

/** Makes the operation's outputs known under their names. */
export function defineOutputs(context: LowerContext, op: EpilogueOp, refs: EpilogueRefs): void {
  if (op.value !== null) context.setRef(op.value, refs.value!);
  if (op.sign !== null) context.setRef(op.sign.bits, refs.bits!);
}
