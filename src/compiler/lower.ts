import { XnorkitError } from "../errors.js";
import { type InputOp, type Op, readsOf } from "./ir.js";
import { lowerBinaryConv2d } from "./lower_binary.js";
import { findByteStem, lowerByteStem } from "./lower_byte_stem.js";
import { type LowerContext, mapShape } from "./lower_context.js";
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
import { type LowerOptions, lowerInput, lowerPort, pixelAffine, stageInput } from "./lower_ports.js";
import { lowerConcat, lowerMul, lowerUnary } from "./lower_unary.js";
import type { Plan, Port, Ref } from "./plan.js";
import { planBuilder } from "./plan_builder.js";

type Lowered = Exclude<Op, InputOp>;

/** What lowers each kind of operation; the input and a byte stem are lowered by themselves. */
const lowerings: {
  readonly [K in Lowered["kind"]]: (context: LowerContext, op: Extract<Lowered, { kind: K }>) => void;
} = {
  pointwise: lowerPointwise,
  conv2d: lowerConv2d,
  binaryConv2d: lowerBinaryConv2d,
  maxPool: lowerPool,
  avgPool: lowerPool,
  addChannels: lowerAddChannels,
  globalAvgPool: lowerGlobalAvgPool,
  flatten: lowerFlatten,
  dense: lowerDense,
  pack: lowerPack,
  unpack: lowerUnpack,
  planesConv2d: lowerPlanesConv2d,
  concat: lowerConcat,
  mul: lowerMul,
  unary: lowerUnary,
};

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
  const kept = new Set([options.output, ...options.taps.values()]);
  for (const name of kept) lastRead.set(name, Number.POSITIVE_INFINITY);

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

  const staging = stageInput(context, options);
  const stem =
    options.byteStem && options.inputType === "u8"
      ? findByteStem(ops, kept, options.inputShape, pixelAffine(options), options.shapes)
      : null;
  ops.forEach((op, index) => {
    current = index;
    if (stem !== null && (op === stem.input || op === stem.conv)) {
      if (op === stem.conv) lowerByteStem(context, stem, staging, options.inputShape);
    } else if (op.kind === "input") {
      lowerInput(context, op, options, staging);
    } else {
      (lowerings[op.kind] as (context: LowerContext, op: Lowered) => void)(context, op);
    }
  });
  const output = lowerPort(context, options.output, options.shapes.get(options.output)!, "output");
  const taps = new Map<string, Port>();
  for (const [name, value] of options.taps) {
    taps.set(name, lowerPort(context, value, options.shapes.get(value)!, `tap ${name}`));
  }
  return {
    input: { ref: staging, shape: options.inputShape, dtype: options.inputType },
    output,
    taps,
    ...builder.finish(),
  };
}
