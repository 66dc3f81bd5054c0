import { XnorkitError } from "../errors.js";
import type { Preprocess } from "../graph/types.js";
import { elementCount, type Shape } from "../tensor.js";
import { type Affine, compose, makeAffine } from "./affine.js";
import type { BinaryKernel } from "./choose_kernel.js";
import { type InputOp, type Op, readsOf } from "./ir.js";
import { mapBytes } from "./kernel_sizes.js";
import { lowerBinaryConv2d } from "./lower_binary.js";
import { affineConstants, type LowerContext, mapShape } from "./lower_context.js";
import {
  lowerAddChannels,
  lowerConv2d,
  lowerDense,
  lowerFlatten,
  lowerGlobalAvgPool,
  lowerPointwise,
  lowerPool,
} from "./lower_float.js";
import { lowerPack, lowerPlanesConv2d, lowerUnpack } from "./lower_planes.js";
import { lowerConcat, lowerMul, lowerUnary } from "./lower_unary.js";
import type { Plan, Port, Ref } from "./plan.js";
import { planBuilder } from "./plan_builder.js";

export interface LowerOptions {
  readonly inputShape: Shape;
  readonly inputType: "f32" | "u8";
  readonly preprocess: Preprocess | undefined;
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

function lowerInput(context: LowerContext, op: InputOp, options: LowerOptions): Ref {
  const { builder } = context;
  const shape = mapShape(options.inputShape);
  const bytes = elementCount(options.inputShape) * (options.inputType === "f32" ? 4 : 1);
  const staging = builder.buffer("input", bytes);
  // Kept although it is read once: profile() runs the steps again on the same input.
  builder.keep(staging);
  let affine = op.affine;
  if (options.inputType === "u8" && options.preprocess !== undefined) {
    const pixels = preprocessAffine(options.preprocess, shape.channels);
    affine = affine === null ? pixels : compose(pixels, affine);
  }
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
    binaryMacs: 0,
    floatMacs: 0,
  });
  context.setRef(op.value, ref);
  return staging;
}

/** Writes a value as an NCHW tensor that stays to the end of the run. */
function lowerPort(context: LowerContext, value: string, shape: Shape, name: string): Port {
  const { builder } = context;
  const { batch, channels, height, width } = mapShape(shape);
  const ref = builder.buffer(name, elementCount(shape) * 4);
  builder.step({
    name,
    kind: "output",
    calls: [{ kernel: "mapToNchwF32", args: [context.refOf(value), ref, batch, channels, height * width] }],
    binaryMacs: 0,
    floatMacs: 0,
  });
  builder.keep(ref);
  return { ref, shape };
}

type Lowered = Exclude<Op, InputOp>;

/** What lowers each kind of operation. */
const lowerings: {
  readonly [K in Lowered["kind"]]: (context: LowerContext, op: Extract<Lowered, { kind: K }>) => void;
} = {
  pointwise: lowerPointwise,
  conv2d: lowerConv2d,
  binaryConv2d: lowerBinaryConv2d,
  planesConv2d: lowerPlanesConv2d,
  maxPool: lowerPool,
  avgPool: lowerPool,
  addChannels: lowerAddChannels,
  globalAvgPool: lowerGlobalAvgPool,
  flatten: lowerFlatten,
  dense: lowerDense,
  pack: lowerPack,
  unpack: lowerUnpack,
  concat: lowerConcat,
  mul: lowerMul,
  unary: lowerUnary,
};

function lowerOp(context: LowerContext, op: Lowered): void {
  const lowering = lowerings[op.kind] as (context: LowerContext, op: Lowered) => void;
  lowering(context, op);
}

/**
 * Some layers are a few calls an image, each an object of some hundred bytes: a batch of millions would fill JavaScript's memory
 * before it asks for any of WebAssembly's.
 */
const maxImageLayers = 2 ** 19;

function checkBatch(batch: number, layers: number): void {
  if (batch * layers <= maxImageLayers) return;
  throw new XnorkitError(
    "out-of-memory",
    `a batch of ${batch} images through ${layers} layers is too large for one run: use batches of up to ${Math.max(1, Math.floor(maxImageLayers / layers))}`,
  );
}

/** Scheduled operations -> kernel calls on buffers and constants, every buffer placed in the arena. */
export function lower(ops: readonly Op[], options: LowerOptions): Plan {
  checkBatch(options.inputShape[0], ops.length);
  const builder = planBuilder();
  const refs = new Map<string, Ref>();
  const holders = new Map<number, Set<string>>();
  const lastRead = new Map<string, number>();
  ops.forEach((op, index) => {
    for (const name of readsOf(op)) lastRead.set(name, index);
  });
  for (const name of [options.output, ...options.taps.values()]) lastRead.set(name, Number.POSITIVE_INFINITY);

  let current = 0;
  const context: LowerContext = {
    builder,
    kernelOf: (layer) => options.kernels.get(layer) ?? "popcount",
    shapeOf: (value) => mapShape(options.shapes.get(value)!),
    refOf: (value) => refs.get(value)!,
    setRef(value, ref) {
      refs.set(value, ref);
      holders.set(ref.id, (holders.get(ref.id) ?? new Set()).add(value));
    },
    // A buffer may hold several values (a flattening of one pixel is no copy): all of them must be dead.
    dies: (value) => [...holders.get(refs.get(value)!.id)!].every((name) => (lastRead.get(name) ?? -1) <= current),
  };

  let staging: Ref | null = null;
  ops.forEach((op, index) => {
    current = index;
    if (op.kind === "input") staging = lowerInput(context, op, options);
    else lowerOp(context, op);
  });
  const output = lowerPort(context, options.output, options.shapes.get(options.output)!, "output");
  const taps = new Map<string, Port>();
  for (const [name, value] of options.taps) {
    taps.set(name, lowerPort(context, value, options.shapes.get(value)!, `tap ${name}`));
  }
  return {
    input: { ref: staging!, shape: options.inputShape, dtype: options.inputType },
    output,
    taps,
    ...builder.finish(),
  };
}
