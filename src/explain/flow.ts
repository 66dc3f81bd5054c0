/**
 * Data flow of a graph: what reads each value, what the output depends on, and the values that every path passes
 * through.
 */
import type { Graph, Node } from "../graph/types.js";

/** A graph with its edges in both directions. */
export interface Flow {
  readonly graph: Graph;
  readonly byName: ReadonlyMap<string, Node>;
  /** The nodes that the output depends on, in the order of computation, without the input. */
  readonly live: readonly Node[];
  /** Nodes that the network holds but does not run (the shortcut of AWNAS's first cell). */
  readonly unused: readonly Node[];
  /** The live nodes that read a value; each once. */
  readonly readers: ReadonlyMap<string, readonly Node[]>;
  /** Name of the input's value. */
  readonly input: string;
}

function neededValues(graph: Graph): ReadonlySet<string> {
  const needed = new Set([graph.output]);
  for (let index = graph.nodes.length - 1; index >= 0; index--) {
    const node = graph.nodes[index];
    if (needed.has(node.name)) for (const input of node.inputs) needed.add(input);
  }
  return needed;
}

export function flowOf(graph: Graph): Flow {
  const needed = neededValues(graph);
  const layers = graph.nodes.filter(({ kind }) => kind !== "input");
  const live = layers.filter(({ name }) => needed.has(name));
  const readers = new Map<string, Node[]>();
  for (const node of live) {
    for (const input of new Set(node.inputs)) {
      const others = readers.get(input);
      if (others === undefined) readers.set(input, [node]);
      else others.push(node);
    }
  }
  return {
    graph,
    byName: new Map(graph.nodes.map((node) => [node.name, node])),
    live,
    unused: layers.filter(({ name }) => !needed.has(name)),
    readers,
    input: graph.nodes.find(({ kind }) => kind === "input")?.name ?? "",
  };
}

/**
 * Positions of the nodes whose value every path to the last node passes through, the last one included. `nodes` is a
 * region: in topological order, with one value that enters it, every node leading to the last.
 *
 * A node is such a point if, after it, its value is the only one that later nodes still read.
 */
export function cutPositions(nodes: readonly Node[]): readonly number[] {
  const lastReader = new Map<string, number>();
  nodes.forEach((node, index) => {
    for (const input of node.inputs) lastReader.set(input, index);
  });
  const own = new Set(nodes.map(({ name }) => name));
  const last = nodes.length - 1;
  const cuts: number[] = [];
  // Values from outside the region are open from its start.
  let open = [...lastReader.keys()].filter((name) => !own.has(name)).length;
  nodes.forEach((node, index) => {
    const closed = [...new Set(node.inputs)].filter((input) => lastReader.get(input) === index).length;
    open += 1 - closed;
    if (index === last || (open === 1 && lastReader.has(node.name))) cuts.push(index);
  });
  return cuts;
}

/**
 * Part of a region between two values that every path passes: one node, or parallel paths that meet in the last one.
 */
export interface Segment {
  readonly nodes: readonly Node[];
  /** Name of the value that enters it. */
  readonly from: string;
}

/** A region as the sequence of its segments. */
export function segmentsOf(nodes: readonly Node[], from: string): readonly Segment[] {
  const segments: Segment[] = [];
  let start = 0;
  let entry = from;
  for (const cut of cutPositions(nodes)) {
    segments.push({ nodes: nodes.slice(start, cut + 1), from: entry });
    start = cut + 1;
    entry = nodes[cut].name;
  }
  return segments;
}

/** The nodes of `nodes` that `value` depends on, itself included, in their order. */
export function ancestorsWithin(nodes: readonly Node[], value: string): readonly Node[] {
  const needed = new Set([value]);
  const found: Node[] = [];
  for (let index = nodes.length - 1; index >= 0; index--) {
    const node = nodes[index];
    if (!needed.has(node.name)) continue;
    for (const input of node.inputs) needed.add(input);
    found.push(node);
  }
  return found.reverse();
}

/** True for layers that hold a weight: convolutions and dense layers. */
export function isWeighted(node: Node): boolean {
  return isConvolution(node) || node.kind === "dense" || node.kind === "binaryDense";
}

export function isConvolution(node: Node): node is Extract<Node, { kind: "conv2d" | "binaryConv2d" }> {
  return node.kind === "conv2d" || node.kind === "binaryConv2d";
}

/** True for layers whose weights are used as 1 bit each. */
export function hasBinaryWeights(node: Node): boolean {
  return (node.kind === "binaryConv2d" || node.kind === "binaryDense") && node.bits === 1;
}
