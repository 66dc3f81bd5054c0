/**
 * A network in its large parts, found from the graph alone: the stem, stages of one resolution each, the head. A part
 * consists of units, the pieces of the network between two values that every path passes: a residual unit runs from one
 * sum to the next.
 *
 * Units are what two frameworks have in common. What they print as one block is a choice of each: BMXNet's blocks have
 * one unit, AWNAS's cells have two.
 */
import { checkGraph } from "../graph/read_graph.js";
import { inferShapes } from "../graph/shapes.js";
import type { Graph, Node } from "../graph/types.js";
import { type Shape, sameShape } from "../tensor.js";
import { isAffine } from "./affines.js";
import { type Flow, flowOf, isConvolution, isWeighted, type Segment, segmentsOf } from "./flow.js";
import { blockPaths } from "./modules.js";

/** What a part of a network is for. */
export type Role = "stem" | "stage" | "head";

/** A piece of the network that one value enters and one value leaves. */
export interface Unit {
  /** In the order of computation; the last one computes what the unit returns. */
  readonly nodes: readonly Node[];
  /** Name of the value that enters it. */
  readonly from: string;
  /** Path of the block that the framework prints around it; null if there is none. */
  readonly block: string | null;
}

export interface Part {
  readonly role: Role;
  /** `stem`, `stage 1`, `stage 2`, ..., `head`. */
  readonly label: string;
  readonly units: readonly Unit[];
}

export interface Outline {
  readonly flow: Flow;
  /** At the port, in the graph's layout. */
  readonly inputShape: Shape;
  readonly shapes: ReadonlyMap<string, Shape>;
  readonly parts: readonly Part[];
}

interface Piece extends Segment {
  readonly block: string | null;
  /** Several paths run beside each other. */
  readonly isParallel: boolean;
}

/**
 * The network as a row of pieces. Where no value is passed by all paths for several blocks (cells that read the two
 * cells before them), the blocks are the pieces.
 */
function piecesOf(flow: Flow, blocks: ReadonlyMap<string, string>): readonly Piece[] {
  const blockOf = (node: Node) => blocks.get(node.name) ?? null;
  return segmentsOf(flow.live, flow.input).flatMap((segment): readonly Piece[] => {
    const { nodes, from } = segment;
    const own = new Set(nodes.map(blockOf).filter((path) => path !== null));
    if (own.size < 2) {
      const isParallel = nodes.length > 1 || nodes[0].inputs.length > 1;
      return [{ nodes, from, block: [...own][0] ?? null, isParallel }];
    }
    const pieces: (Piece & { readonly nodes: Node[] })[] = [];
    let entry = from;
    for (const node of nodes) {
      const block = blockOf(node);
      const last = pieces[pieces.length - 1];
      if (last !== undefined && (block === null || block === last.block)) {
        last.nodes.push(node);
      } else {
        pieces.push({ nodes: [node], from: entry, block, isParallel: true });
      }
      entry = node.name;
    }
    return pieces;
  });
}

/** Position of the first piece of the first stage; the length of `pieces` where there is none. */
function trunkStart(pieces: readonly Piece[]): number {
  const hasBinary = ({ nodes }: Piece) => nodes.some(({ kind }) => kind === "binaryConv2d");
  const parallel = pieces.findIndex(({ isParallel, nodes }) => isParallel && nodes.some(isWeighted));
  if (parallel >= 0) {
    const binaryBlock = pieces.findIndex((piece) => piece.block !== null && hasBinary(piece));
    const first = binaryBlock < 0 ? parallel : Math.min(parallel, binaryBlock);
    return startOfBlock(pieces, preambleStart(pieces, first));
  }
  const weighted = pieces.flatMap((piece, index) => (piece.nodes.some(isWeighted) ? [index] : []));
  if (weighted.length < 2) return pieces.length;
  const binary = pieces.findIndex(hasBinary);
  return startOfBlock(pieces, preambleStart(pieces, binary > weighted[0] ? binary : weighted[1]));
}

/**
 * Quantisation and borders before a convolution belong to it, and so does a batch norm, or what stands for one, between
 * a sum and a quantisation.
 */
function preambleStart(pieces: readonly Piece[], position: number): number {
  let start = position;
  while (start > 0) {
    const { nodes, isParallel } = pieces[start - 1];
    if (isParallel || !["quantize", "pad", "crop"].includes(nodes[0].kind)) break;
    start--;
  }
  const isNorm = start > 1 && pieces[start].nodes[0].kind === "quantize" && isAffine(pieces[start - 1].nodes[0]);
  return isNorm && !pieces[start - 1].isParallel && pieces[start - 2].isParallel ? start - 1 : start;
}

function startOfBlock(pieces: readonly Piece[], position: number): number {
  const block = pieces[position]?.block ?? null;
  let start = position;
  while (block !== null && start > 0 && pieces[start - 1].block === block) start--;
  return start;
}

/**
 * Position of the first piece of the head: after the last convolution and the last parallel piece, and what follows a
 * convolution.
 */
function headStart(pieces: readonly Piece[], start: number, isMap: (node: Node) => boolean): number {
  let last = pieces.length - 1;
  while (last >= start && !(pieces[last].isParallel || pieces[last].nodes.some(isConvolution))) last--;
  if (last < start) return pieces.findIndex((piece, index) => index >= start && piece.nodes.some(isWeighted));
  if (pieces[last].isParallel) {
    while (last + 1 < pieces.length && pieces[last].block !== null && pieces[last + 1].block === pieces[last].block)
      last++;
    return last + 1;
  }
  let end = last + 1;
  while (end < pieces.length && pieces[end].nodes[0].kind !== "globalAvgPool" && isMap(pieces[end].nodes[0])) end++;
  return end;
}

function unitOf(pieces: readonly Piece[]): Unit {
  const block = pieces.find((piece) => piece.block !== null)?.block ?? null;
  return { nodes: pieces.flatMap(({ nodes }) => nodes), from: pieces[0].from, block };
}

/**
 * Pieces of the trunk as units: each parallel piece is one; layers in a row are cut before each convolution, and those
 * that lead to none belong to the unit before. Layers of one block stay together.
 */
function unitsOf(pieces: readonly Piece[]): readonly Unit[] {
  const units: Piece[][] = [];
  let isOpen = false; // the last unit waits for its convolution
  for (const [index, piece] of pieces.entries()) {
    const last = units[units.length - 1];
    if (piece.isParallel) {
      // Layers before it that started a unit, a batch norm or a sign that both branches read, are a part of it.
      if (isOpen) last.push(piece);
      else units.push([piece]);
      isOpen = false;
    } else if (isOpen || (last !== undefined && !startsUnit(pieces, index))) {
      last.push(piece);
      if (piece.nodes.some(isWeighted)) isOpen = false;
    } else {
      units.push([piece]);
      isOpen = !piece.nodes.some(isWeighted);
    }
  }
  return units.map(unitOf);
}

/**
 * True for a layer in a row from which on the layers lead to the next convolution or to branches, and belong to them.
 */
function startsUnit(pieces: readonly Piece[], index: number): boolean {
  const { block } = pieces[index];
  const before = pieces[index - 1];
  for (let next = index; next < pieces.length; next++) {
    const piece = pieces[next];
    if (piece.isParallel) {
      if (block !== null && piece.block === block) return before?.block !== block;
      return preambleStart(pieces, next) === index;
    }
    if (!piece.nodes.some(isWeighted)) continue;
    if (block !== null && piece.block === block)
      return before?.block !== block || preambleStart(pieces, next) === index;
    // After branches the layers in a row belong together; after a convolution only what prepares the next one does.
    return before === undefined || before.isParallel || preambleStart(pieces, next) === index;
  }
  return false;
}

/** Height and width of the map on which a unit works: of its last convolution's output, else of its own. */
function resolutionOf({ nodes }: Unit, shapes: ReadonlyMap<string, Shape>): Shape {
  const node = [...nodes].reverse().find(isWeighted) ?? nodes[nodes.length - 1];
  return shapes.get(node.name)!.slice(2);
}

function stagesOf(units: readonly Unit[], shapes: ReadonlyMap<string, Shape>): readonly (readonly Unit[])[] {
  const stages: Unit[][] = [];
  let current: Shape | null = null;
  for (const unit of units) {
    const resolution = resolutionOf(unit, shapes);
    if (current !== null && sameShape(current, resolution)) stages[stages.length - 1].push(unit);
    else stages.push([unit]);
    current = resolution;
  }
  return stages;
}

/**
 * Finds the parts of a network.
 * @param inputShape another input than the graph's own, with as many channels.
 * @throws XnorkitError `bad-shape` if the network cannot read the shape.
 */
export function outlineOf(graph: Graph, shape?: Shape): Outline {
  checkGraph(graph);
  const inputShape = shape ?? graph.inputShape;
  const shapes = inferShapes(graph, inputShape);
  const flow = flowOf(graph);
  if (flow.live.length === 0) return { flow, inputShape, shapes, parts: [] };
  const pieces = piecesOf(flow, blockPaths(graph, flow.live));
  const isMap = (node: Node) => shapes.get(node.name)!.length === 4;
  const start = trunkStart(pieces);
  const end = start === pieces.length ? headOnly(pieces, isMap) : headStart(pieces, start, isMap);
  const stem = pieces.slice(0, Math.min(start, end));
  const trunk = unitsOf(pieces.slice(Math.min(start, end), end));
  const parts: Part[] = [];
  if (stem.length > 0) parts.push({ role: "stem", label: "stem", units: [unitOf(stem)] });
  stagesOf(trunk, shapes).forEach((units, index) => {
    parts.push({ role: "stage", label: `stage ${index + 1}`, units });
  });
  if (end < pieces.length) parts.push({ role: "head", label: "head", units: [unitOf(pieces.slice(end))] });
  return { flow, inputShape, shapes, parts };
}

/** Where the head starts in a network without stages. */
function headOnly(pieces: readonly Piece[], isMap: (node: Node) => boolean): number {
  const found = pieces.findIndex(({ nodes }) => nodes.some((node) => node.kind === "globalAvgPool" || !isMap(node)));
  return found < 0 ? pieces.length : found;
}
