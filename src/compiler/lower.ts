/** Scheduled operations -> kernel calls on buffers and constants, every buffer placed in the arena. */
import type { Ref } from "../abi/call.js";
import { XnorkitError } from "../errors.js";
import type { Shape } from "../tensor.js";
import { findByteStem, lowerByteStem } from "./byte_stem.js";
import type { BinaryKernel } from "./choose_kernel.js";
import { type LowerContext, mapShape } from "./context.js";
import { readsOf } from "./ir.js";
import { type Op, recordOf } from "./ops/index.js";
import { type InputPort, lowerInput, lowerPort, stageInput } from "./ops/ports.js";
import type { Plan, Port } from "./plan.js";
import { planBuilder } from "./plan_builder.js";

export interface LowerOptions {
  readonly input: InputPort;
  /** Compute a first convolution on pixels with 16-bit weights. */
  readonly byteStem: boolean;
  /** How many workers the plan is for. */
  readonly workers: number;
  /** NCHW shape of every value. */
  readonly shapes: ReadonlyMap<string, Shape>;
  /** What computes each binary convolution, by layer. */
  readonly kernels: ReadonlyMap<string, BinaryKernel>;
  readonly output: string;
  /** Value to keep, by the name that was asked for. */
  readonly taps: ReadonlyMap<string, string>;
}

/**
 * Some layers are a few calls an image, each an object of some hundred bytes: a batch of millions would fill
 * JavaScript's memory before it asks for any of WebAssembly's.
 */
const maxImageLayers = 2 ** 19;

function checkBatch(batch: number, layers: number): void {
  if (batch * layers <= maxImageLayers) return;
  throw new XnorkitError(
    "out-of-memory",
    `a batch of ${batch} images through ${layers} layers is too large for one run: use batches of up to ` +
      `${Math.max(1, Math.floor(maxImageLayers / layers))}`,
  );
}

export function lower(ops: readonly Op[], options: LowerOptions): Plan {
  const { input, shapes, kernels, workers } = options;
  checkBatch(input.shape[0], ops.length);
  const builder = planBuilder();
  const refs = new Map<string, Ref>();
  // By buffer, the last reader of any value that it holds.
  const heldUntil = new Map<number, number>();
  const lastRead = new Map<string, number>();
  for (const [index, op] of ops.entries()) for (const name of readsOf(op)) lastRead.set(name, index);
  const kept = new Set([options.output, ...options.taps.values()]);
  for (const name of kept) lastRead.set(name, Number.POSITIVE_INFINITY);

  let current = 0;
  const context: LowerContext = {
    builder,
    workers,
    kernelOf: (layer) => kernels.get(layer) ?? "popcount",
    shapeOf: (value) => mapShape(shapes.get(value)!),
    refOf: (value) => refs.get(value)!,
    setRef(value, ref) {
      refs.set(value, ref);
      heldUntil.set(ref.id, Math.max(heldUntil.get(ref.id) ?? -1, lastRead.get(value) ?? -1));
    },
    // A buffer may hold several values (a flattening of one pixel is no copy): all of them must be dead.
    dies: (value) => heldUntil.get(refs.get(value)!.id)! <= current,
  };

  const staging = stageInput(context, input);
  const stem = options.byteStem && input.dtype === "u8" ? findByteStem(context, ops, kept, input) : null;
  for (const [index, op] of ops.entries()) {
    current = index;
    if (stem !== null && (op === stem.input || op === stem.conv)) {
      if (op === stem.conv) lowerByteStem(context, stem, staging, input);
    } else if (op.kind === "input") {
      lowerInput(context, op, input, staging);
    } else {
      recordOf(op).lower(context, op);
    }
  }
  const output = lowerPort(context, options.output, shapes.get(options.output)!, input.layout, "output");
  const taps = [...options.taps].map(([name, value]): readonly [string, Port] => [
    name,
    lowerPort(context, value, shapes.get(value)!, input.layout, `tap ${name}`),
  ]);
  return { input: { ref: staging, shape: input.shape, dtype: input.dtype }, output, taps, ...builder.finish() };
}
