/** From a graph and weights to fused operations, and from these and an input shape to a plan. */
import { XnorkitError } from "../errors.js";
import { findValue } from "../graph/lookup.js";
import { inferShapes } from "../graph/shapes.js";
import type { Graph } from "../graph/types.js";
import type { Shape } from "../tensor.js";
import type { Weights } from "../weights.js";
import { groupedSize } from "./binary/conv.js";
import { type BinaryKernel, checkKernelChoice, chooseBinaryKernel, type KernelChoice } from "./choose_kernel.js";
import { mapShape } from "./context.js";
import { fromGraph, unpackedName } from "./from_graph.js";
import { heldValues } from "./held_values.js";
import { outputOf } from "./ir.js";
import { lower } from "./lower.js";
import { type Op, recordOf } from "./ops/index.js";
import { runPasses } from "./passes.js";
import type { Plan } from "./plan.js";

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
function checkEnds({ name, nodes, output }: Graph): void {
  const inputs = nodes.filter(({ kind }) => kind === "input").length;
  if (inputs !== 1) {
    throw new XnorkitError("bad-graph", `${name} has ${inputs} nodes of kind input: it must have one`);
  }
  if (nodes.some((node) => node.name === output)) return;
  throw new XnorkitError("bad-graph", `${name} returns ${output}, but none of its nodes has this name`);
}

/** Graph and weights -> fused operations. */
export function compileGraph(graph: Graph, weights: Weights, options: CompileOptions = {}): Program {
  const { taps = [], byteStem = false } = options;
  const kernel = checkKernelChoice(options.kernel ?? "auto");
  const shapes = inferShapes(graph);
  checkEnds(graph);
  const values = heldValues(graph);
  const readable = (value: string) => (values.get(value)!.code === null ? value : unpackedName(value));
  const tapped = new Map(taps.map((name) => [name, readable(findValue(graph, name))]));
  const output = readable(graph.output);
  const unfused = fromGraph(graph, weights, (value) => shapes.get(value)!);
  const ops = runPasses(unfused, new Set([output, ...tapped.values()]), (value) => shapes.get(value)?.[1]);
  return { graph, ops, output, taps: tapped, kernel, byteStem };
}

export interface PlanOptions {
  /** Measured kernel choices, by layer: they go before the cost table. */
  readonly tuned?: ReadonlyMap<string, BinaryKernel>;
  /** How many workers run its tasks; 1 by default. Every plan gives the same bits. */
  readonly workers?: number;
}

/**
 * The shapes of all values: those of the graph's nodes, as bits and as floats, and of what operations have in between.
 */
function shapesOf({ graph, ops }: Program, inputShape: Shape): ReadonlyMap<string, Shape> {
  const inferred = inferShapes(graph, inputShape);
  const shapes = new Map(inferred);
  for (const [name, shape] of inferred) shapes.set(unpackedName(name), shape);
  for (const op of ops) {
    if (op.kind === "input" || "epilogue" in op) continue;
    const { shape } = recordOf(op);
    if (shape !== undefined) shapes.set(op.value, shape(op, shapes.get(op.inputs[0])!));
  }
  return shapes;
}

/** The kernel of every convolution on bits. */
function kernelsOf(
  ops: readonly Op[],
  shapes: ReadonlyMap<string, Shape>,
  choice: KernelChoice,
  tuned: ReadonlyMap<string, BinaryKernel> | undefined,
): ReadonlyMap<string, BinaryKernel> {
  const chosen = new Map<string, BinaryKernel>();
  for (const op of ops) {
    if (op.kind !== "binaryConv2d" && op.kind !== "planesConv2d") continue;
    const input = mapShape(shapes.get(op.input)!);
    const output = mapShape(shapes.get(outputOf(op))!);
    const size = groupedSize(op.kind === "binaryConv2d" ? op.weight : op.weights.planes[0], op.groups, input, output);
    const measured = choice === "auto" ? tuned?.get(op.name) : undefined;
    chosen.set(op.name, measured ?? chooseBinaryKernel(size, op.padValue === 0, choice));
  }
  return chosen;
}

/** Fused operations and an input shape -> the Plan. */
export function planProgram(
  program: Program,
  inputShape: Shape,
  inputType: "f32" | "u8",
  { tuned, workers = 1 }: PlanOptions = {},
): Plan {
  const { graph, ops, output, taps, byteStem, kernel } = program;
  const shapes = shapesOf(program, inputShape);
  const kernels = kernelsOf(ops, shapes, kernel, tuned);
  const { layout, preprocess } = graph;
  const input = { shape: inputShape, layout, dtype: inputType, preprocess };
  return lower(ops, { input, byteStem, workers, shapes, kernels, output, taps });
}
