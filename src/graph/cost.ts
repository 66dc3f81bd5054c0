/**
 * What a network costs, by BMXNet's counting rule: multiply-accumulates of binary and of float convolutions apart, a
 * binary one counting 1/64 of an operation; dense layers stand beside, in no other total.
 */
import { elementCount, type Shape } from "../tensor.js";
import { modulesOf } from "./modules.js";
import { recordOf } from "./nodes/index.js";
import type { MacCounts } from "./nodes/record.js";
import { type ParameterSpec, parameterSpecs } from "./parameters.js";
import { inferShapes } from "./shapes.js";
import type { Graph, Node } from "./types.js";

/** What a network or a part of it computes and holds. */
export interface Cost {
  /** Multiply-accumulates of convolutions with 1-bit weights, for the whole batch. */
  readonly binaryMacs: number;
  /** Multiply-accumulates of all other convolutions. */
  readonly floatMacs: number;
  /** Multiply-accumulates of dense layers, binary ones among them, in no other total. */
  readonly denseMacs: number;
  /** Weights, biases, gamma, beta, scales, shifts and slopes; no running statistics; a shared parameter once. */
  readonly parameters: number;
  /** 4 bytes a float parameter, 8 a batch norm channel, 1/8 a binary weight. */
  readonly packedBytes: number;
}

/** The costs of a whole network. */
export interface Totals extends Cost {
  /** floatMacs + binaryMacs / 64. */
  readonly operations: number;
}

/** One module of the tree; costs include its children's. */
export interface LayerSummary extends Cost {
  readonly path: string;
  readonly type: string;
  /** 0 for the network itself. */
  readonly depth: number;
  /** Of one run; NCHW whatever the layout at the ports. */
  readonly outputShape: Shape;
}

/** A network's costs, of the whole and of each module. */
export interface Summary {
  readonly name: string;
  readonly inputShape: Shape;
  readonly totals: Totals;
  /** The module tree, a parent before its children. */
  readonly layers: readonly LayerSummary[];
}

type MutableCost = { -readonly [K in keyof Cost]: Cost[K] };

function zeroCost(): MutableCost {
  return { binaryMacs: 0, floatMacs: 0, denseMacs: 0, parameters: 0, packedBytes: 0 };
}

function add(total: MutableCost, cost: Cost): void {
  for (const key of Object.keys(total) as (keyof Cost)[]) total[key] += cost[key];
}

/** Binary weights in eighths of a byte stay exact in a double; whole bytes are reported. */
function wholeBytes(cost: Cost): Cost {
  return { ...cost, packedBytes: Math.ceil(cost.packedBytes) };
}

function macs(node: Node, shapes: ReadonlyMap<string, Shape>): MacCounts {
  return recordOf(node).macs?.(node, shapes.get(node.inputs[0])!, shapes.get(node.name)!) ?? {};
}

/**
 * The operations of a run as one number, to compare with a limit: multiply-accumulates of every kind, and one for each
 * number of each value, whether the output needs them or not.
 * @throws XnorkitError `bad-shape` if the network cannot read the shape.
 */
export function countWork(graph: Graph, inputShape: Shape): number {
  const shapes = inferShapes(graph, inputShape);
  let work = 0;
  for (const node of graph.nodes) {
    const { binaryMacs = 0, floatMacs = 0, denseMacs = 0 } = macs(node, shapes);
    work += binaryMacs + floatMacs + denseMacs + elementCount(shapes.get(node.name)!);
  }
  return work;
}

function storage(spec: ParameterSpec): Partial<Cost> {
  const count = elementCount(spec.shape);
  switch (spec.role) {
    case "weight":
      return { parameters: count, packedBytes: spec.binary ? count / 8 : 4 * count };
    case "gamma":
    case "beta":
      return { parameters: count };
    case "mean":
      return { packedBytes: 8 * count }; // every batch norm has a mean, gamma and beta it may lack
    case "variance":
      return {};
    default:
      return { parameters: count, packedBytes: 4 * count };
  }
}

/**
 * Names of the values that the output depends on; a network may hold layers that it does not run (AWNAS's first
 * shortcut).
 */
export function liveValues(graph: Graph): ReadonlySet<string> {
  const live = new Set([graph.output]);
  for (const node of [...graph.nodes].reverse()) {
    if (live.has(node.name)) for (const input of node.inputs) live.add(input);
  }
  return live;
}

function parentPath(path: string, known: ReadonlyMap<string, unknown>): string | null {
  let end = path.length;
  while (end > 0) {
    end = path.lastIndexOf(".", end - 1);
    if (end < 0) break;
    if (known.has(path.slice(0, end))) return path.slice(0, end);
  }
  return path === "" ? null : "";
}

/**
 * Counts a network for its own input shape or another one with the same channels; the counts are of one run over that
 * shape, batch included. Layers that the output does not depend on have parameters, but no operations.
 * @throws XnorkitError `bad-shape` if the network cannot read the shape.
 */
export function summarize(graph: Graph, inputShape?: Shape): Summary {
  const shapes = inferShapes(graph, inputShape);
  const rows = new Map(modulesOf(graph).map((module) => [module.path, { module, cost: zeroCost(), depth: 0 }]));
  const parents = new Map<string, string | null>();
  for (const [path, row] of rows) {
    const parent = parentPath(path, rows);
    parents.set(path, parent);
    row.depth = parent === null ? 0 : (rows.get(parent)?.depth ?? -1) + 1;
  }
  const totals = zeroCost();
  const charge = (module: string, cost: Partial<Cost>) => {
    const whole = { ...zeroCost(), ...cost };
    add(totals, whole);
    for (let path: string | null | undefined = module; path != null; path = parents.get(path)) {
      const row = rows.get(path);
      if (row !== undefined) add(row.cost, whole);
    }
  };

  const modules = new Map(graph.nodes.map((node) => [node.name, node.module]));
  const live = liveValues(graph);
  for (const node of graph.nodes) if (live.has(node.name)) charge(node.module, macs(node, shapes));
  for (const spec of parameterSpecs(graph)) charge(modules.get(spec.node)!, storage(spec));

  return {
    name: graph.name,
    inputShape: inputShape ?? graph.inputShape,
    totals: { ...wholeBytes(totals), operations: totals.floatMacs + totals.binaryMacs / 64 },
    layers: [...rows.values()].map(({ module, cost, depth }) => ({
      path: module.path,
      type: module.type,
      depth,
      outputShape: shapes.get(module.output)!,
      ...wholeBytes(cost),
    })),
  };
}
