import { XnorkitError } from "../errors.js";
import { findValue } from "../graph/lookup.js";
import { inferShapes } from "../graph/shapes.js";
import type { Graph } from "../graph/types.js";
import type { Shape } from "../tensor.js";
import type { Weights } from "../weights.js";
import { type BinaryKernel, checkKernelChoice, chooseKernels, type KernelChoice } from "./choose_kernel.js";
import { foldBatchNorm } from "./fold_batch_norm.js";
import { fuseEpilogue } from "./fuse_epilogue.js";
import { fuseSign } from "./fuse_sign.js";
import type { Op } from "./ir.js";
import { lower } from "./lower.js";
import type { Plan } from "./plan.js";
import { prune, schedule } from "./schedule.js";
import { shareSigns } from "./share_signs.js";
import { quantizedValues, toOps, unpackedName } from "./to_ops.js";

export interface CompileOptions {
  /** Module paths or node names whose tensors are kept. */
  readonly taps?: readonly string[];
  /** What computes binary convolutions; `auto` by default. */
  readonly kernel?: KernelChoice;
  /** Compute a first convolution on pixels with 16-bit weights; false by default. */
  readonly byteStem?: boolean;
}

/** A graph with everything fused that its taps allow; shapes do not matter yet. */
export interface Program {
  readonly graph: Graph;
  readonly ops: readonly Op[];
  readonly output: string;
  readonly taps: ReadonlyMap<string, string>;
  readonly kernel: KernelChoice;
  readonly byteStem: boolean;
}

/** What a graph from a file is known to have, and one made by hand may lack. */
function checkEnds({ name, nodes, output, layout }: Graph): void {
  if (layout === "NHWC") throw new XnorkitError("unsupported", `${name} reads NHWC, which is not computed here`);
  const inputs = nodes.filter(({ kind }) => kind === "input").length;
  if (inputs !== 1) {
    throw new XnorkitError("bad-graph", `${name} has ${inputs} nodes of kind input: it must have one`);
  }
  if (nodes.some((node) => node.name === output)) return;
  throw new XnorkitError("bad-graph", `${name} returns ${output}, but none of its nodes has this name`);
}

/** Graph and weights -> fused operations. Each pass is a function from operations to operations in a file of its own. */
export function compileGraph(graph: Graph, weights: Weights, options: CompileOptions = {}): Program {
  const { taps = [], byteStem = false } = options;
  const kernel = checkKernelChoice(options.kernel ?? "auto");
  const shapes = inferShapes(graph);
  checkEnds(graph);
  const quantized = quantizedValues(graph);
  const readable = (value: string) => (quantized.has(value) ? unpackedName(value) : value);
  const tapped = new Map(taps.map((name) => [name, readable(findValue(graph, name))]));
  const output = readable(graph.output);
  const kept = new Set([output, ...tapped.values()]);

  let ops: readonly Op[] = toOps(graph, weights, (value) => shapes.get(value)!);
  ops = prune(ops, kept);
  ops = shareSigns(ops);
  ops = foldBatchNorm(ops, kept);
  ops = fuseEpilogue(ops, kept);
  ops = fuseSign(ops, kept);
  ops = schedule(prune(ops, kept));
  return { graph, ops, output, taps: tapped, kernel, byteStem };
}

/** Fused operations and an input shape -> the Plan. `tuned` are measured kernel choices, by layer. */
export function planProgram(
  program: Program,
  inputShape: Shape,
  inputType: "f32" | "u8",
  tuned?: ReadonlyMap<string, BinaryKernel>,
): Plan {
  const { graph, ops, output, taps, byteStem } = program;
  const inferred = inferShapes(graph, inputShape);
  const shapes = new Map(inferred);
  for (const [name, shape] of inferred) shapes.set(unpackedName(name), shape);
  for (const op of ops) {
    // A border that the compiler writes out has no node of its own: as much on each side of the map.
    if (op.kind !== "unary" || op.function.kind !== "window" || shapes.has(op.value)) continue;
    const [batch, channels, height, width] = shapes.get(op.input)!;
    const { top, left } = op.function;
    shapes.set(op.value, [batch, channels, height + 2 * top, width + 2 * left]);
  }
  const kernels = chooseKernels(ops, shapes, program.kernel, tuned);
  return lower(ops, {
    inputShape,
    inputType,
    preprocess: graph.preprocess,
    byteStem,
    shapes,
    kernels,
    output,
    taps,
  });
}
