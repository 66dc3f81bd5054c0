/** Where tensors enter and leave a plan: NCHW outside, maps inside. */

import { mapBytes } from "../abi/sizes.js";
import { XnorkitError } from "../errors.js";
import type { Preprocess } from "../graph/types.js";
import { elementCount, type Shape } from "../tensor.js";
import { type Affine, compose, makeAffine } from "./affine.js";
import type { BinaryKernel } from "./choose_kernel.js";
import type { InputOp } from "./ir.js";
import { affineConstants, type LowerContext, mapShape } from "./lower_context.js";
import type { Port, Ref } from "./plan.js";

export interface LowerOptions {
  readonly inputShape: Shape;
  readonly inputType: "f32" | "u8";
  readonly preprocess: Preprocess | undefined;
  /** Compute a first convolution on pixels with 16-bit weights. */
  readonly byteStem: boolean;
  /** NCHW shape of every value. */
  readonly shapes: ReadonlyMap<string, Shape>;
  /** What computes each binary convolution, by layer. */
  readonly kernels: ReadonlyMap<string, BinaryKernel>;
  readonly output: string;
  /** Value to keep, by the name that was asked for. */
  readonly taps: ReadonlyMap<string, string>;
}

/** (pixel - mean) / std, one number for each channel or one for all. */
function preprocessAffine({ mean, std }: Preprocess, channels: number): Affine {
  for (const [name, values] of [
    ["mean", mean],
    ["std", std],
  ] as const) {
    if (values.length !== 1 && values.length !== channels) {
      throw new XnorkitError(
        "bad-option",
        `preprocess.${name} has ${values.length} numbers, but the input has ${channels} channels: give one for each or one for all`,
      );
    }
  }
  return makeAffine(channels, (c) => {
    const m = mean[mean.length === 1 ? 0 : c];
    const s = std[std.length === 1 ? 0 : c];
    return { scale: 1 / s, shift: -m / s, root: m };
  });
}

/** What preprocessing makes of the session's input: null for floats, which go in as they are, and for pixels 0..255. */
export function pixelAffine({ inputType, preprocess, inputShape }: LowerOptions): Affine | null {
  if (inputType === "f32" || preprocess === undefined) return null;
  return preprocessAffine(preprocess, mapShape(inputShape).channels);
}

/** The buffer that a run copies its input to. */
export function stageInput({ builder }: LowerContext, { inputShape, inputType }: LowerOptions): Ref {
  const staging = builder.buffer("input", elementCount(inputShape) * (inputType === "f32" ? 4 : 1));
  // Kept although it is read once: profile() runs the steps again on the same input.
  builder.keep(staging);
  return staging;
}

/** The staged NCHW input as a map, normalised. */
export function lowerInput(context: LowerContext, op: InputOp, options: LowerOptions, staging: Ref): void {
  const { builder } = context;
  const shape = mapShape(options.inputShape);
  const pixels = pixelAffine(options);
  const affine = pixels === null || op.affine === null ? (pixels ?? op.affine) : compose(pixels, op.affine);
  const { scale, shift } = affineConstants(context, `input/${options.inputType}`, affine, shape.channels);
  const ref = builder.buffer(op.value, mapBytes(shape.pixels, shape.channels));
  builder.step({
    name: op.name,
    kind: "input",
    calls: [
      {
        kernel: options.inputType === "f32" ? "nchwToMapF32" : "nchwToMapU8",
        args: [staging, ref, shape.batch, shape.channels, shape.height * shape.width, scale, shift],
      },
    ],
  });
  context.setRef(op.value, ref);
}

/** Writes a value as an NCHW tensor that stays to the end of the run. */
export function lowerPort(context: LowerContext, value: string, shape: Shape, name: string): Port {
  const { builder } = context;
  const { batch, channels, height, width } = mapShape(shape);
  const ref = builder.buffer(name, elementCount(shape) * 4);
  builder.step({
    name,
    kind: "output",
    calls: [{ kernel: "mapToNchwF32", args: [context.refOf(value), ref, batch, channels, height * width] }],
  });
  builder.keep(ref);
  return { ref, shape };
}
