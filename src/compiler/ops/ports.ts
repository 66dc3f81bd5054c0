/** Where tensors enter and leave a plan: NCHW or NHWC outside, maps inside. */
import { call, type Ref } from "../../abi/call.js";
import { mapCost } from "../../abi/costs.js";
import { mapBytes } from "../../abi/sizes.js";
import { XnorkitError } from "../../errors.js";
import { shapeAtPort, shapeInside, type TensorLayout } from "../../graph/layout.js";
import type { Preprocess } from "../../graph/types.js";
import { elementCount, type Shape } from "../../tensor.js";
import { type Affine, compose, makeAffine } from "../affine.js";
import { affineRefs } from "../affine_constants.js";
import { type LowerContext, mapPixel, mapShape, zeros } from "../context.js";
import type { ValueOp } from "../ir.js";
import type { Port } from "../plan.js";
import { offsetRef } from "../plan_builder.js";
import { partsOf, type Stretch, tasksOf } from "../tasks.js";
import { newMap } from "./maps.js";
import type { FromNodes } from "./record.js";

/** The network's input, after an affine of each channel if there is one. */
export interface InputOp extends ValueOp {
  readonly kind: "input";
  readonly inputs: readonly [];
  readonly affine: Affine | null;
}

export const portsNodes = {
  input: ({ name }): readonly InputOp[] => [{ kind: "input", name, inputs: [], affine: null, value: name }],
} satisfies FromNodes<"input">;

/** The session's input. */
export interface InputPort {
  /** In the layout of the port. */
  readonly shape: Shape;
  readonly layout: TensorLayout | undefined;
  readonly dtype: "f32" | "u8";
  readonly preprocess: Preprocess | undefined;
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
        `preprocess.${name} has ${values.length} numbers, but the input has ${channels} channels: ` +
          "give one for each or one for all",
      );
    }
  }
  return makeAffine(channels, (c) => {
    const m = mean[mean.length === 1 ? 0 : c];
    const s = std[std.length === 1 ? 0 : c];
    return { scale: 1 / s, shift: -m / s, root: m, center: m };
  });
}

/** What preprocessing makes of the session's input: null for floats, which go in as they are, and for pixels 0..255. */
export function pixelAffine({ shape, layout, dtype, preprocess }: InputPort): Affine | null {
  if (dtype === "f32" || preprocess === undefined) return null;
  return preprocessAffine(preprocess, mapShape(shapeInside(shape, layout)).channels);
}

/** The buffer that a run copies its input to. */
export function stageInput({ builder }: LowerContext, { shape, dtype }: InputPort): Ref {
  const staging = builder.buffer("input", elementCount(shape) * (dtype === "f32" ? 4 : 1));
  // Kept although it is read once: profile() runs the steps again on the same input.
  builder.keep(staging);
  return staging;
}

/** The images of a tensor, or stretches of each one's pixels: as many parts as copying them is worth tasks. */
function portTasks(shape: Shape, workers: number): readonly ImagePixels[] {
  const { batch, channels, height, width, pixels } = mapShape(shape);
  const parts = tasksOf(mapCost(2 * mapBytes(pixels, channels)), workers);
  return partsOf({ batch, height: height * width }, parts, 16).map(({ image, images, row, rows }) => {
    return { image, images, first: row, count: rows };
  });
}

/** Pixels [first, first + count) of some images: all of them if it is more than one image. */
interface ImagePixels extends Stretch {
  readonly image: number;
  readonly images: number;
}

/** True for a tensor whose channels are last: the order of a map, rows of pixels apart. */
function isInterleaved(shape: Shape, layout: TensorLayout | undefined): boolean {
  return layout === "NHWC" && shape.length === 4;
}

/** The staged input as a map, normalised. */
export function lowerInput(context: LowerContext, op: InputOp, port: InputPort, staging: Ref): void {
  const inside = shapeInside(port.shape, port.layout);
  const { channels, height, width } = mapShape(inside);
  const plane = height * width;
  const pixels = pixelAffine(port);
  const affine = pixels === null || op.affine === null ? (pixels ?? op.affine) : compose(pixels, op.affine);
  const { center, ...normalise } = affineRefs(context, `input/${port.dtype}`, affine, channels);
  const { dst } = newMap(context, op.value);
  const isFloat = port.dtype === "f32";
  const interleaved = isInterleaved(port.shape, port.layout);
  const tasks = portTasks(inside, context.workers).map(({ image, images, first, count }) => {
    const values = image * channels * plane + (interleaved ? first * channels : first);
    const place = {
      src: offsetRef(staging, values * (isFloat ? 4 : 1)),
      dst: mapPixel(dst, image * plane + first, channels),
      channels,
      center: center ?? zeros(context, channels),
      ...normalise,
    };
    if (interleaved) return [call(isFloat ? "nhwcToMapF32" : "nhwcToMapU8", { ...place, pixels: images * count })];
    const size = { batch: images, plane: count, srcPlane: plane };
    return [call(isFloat ? "nchwToMapF32" : "nchwToMapU8", { ...place, ...size })];
  });
  context.builder.step({ name: op.name, kind: op.kind, phases: [tasks] });
}

/** Writes a value, NCHW `shape`, as a tensor in the graph's layout that stays to the end of the run. */
export function lowerPort(
  context: LowerContext,
  value: string,
  shape: Shape,
  layout: TensorLayout | undefined,
  name: string,
): Port {
  const { builder } = context;
  const { channels, height, width } = mapShape(shape);
  const plane = height * width;
  const ref = builder.buffer(name, elementCount(shape) * 4);
  const src = context.refOf(value);
  const interleaved = isInterleaved(shape, layout);
  const tasks = portTasks(shape, context.workers).map(({ image, images, first, count }) => {
    const place = {
      src: mapPixel(src, image * plane + first, channels),
      dst: offsetRef(ref, (image * channels * plane + (interleaved ? first * channels : first)) * 4),
      channels,
    };
    if (interleaved) return [call("mapToNhwcF32", { ...place, pixels: images * count })];
    return [call("mapToNchwF32", { ...place, batch: images, plane: count, dstPlane: plane })];
  });
  builder.step({ name, kind: "output", phases: [tasks] });
  builder.keep(ref);
  return { ref, shape: shapeAtPort(shape, layout) };
}
