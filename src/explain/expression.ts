/**
 * A part of a graph as an expression: layers in series, and places in which parallel branches meet. It shows what a
 * printed module tree hides: which tensor a shortcut reads, and after which layer it is added.
 */
import type { Node } from "../graph/types.js";
import { ancestorsWithin, isWeighted, type Segment, segmentsOf } from "./flow.js";
import { notation } from "./notation.js";

/** Layers and meeting places, one after the other. */
export type Expression = readonly Step[];

export type Step =
  /** A layer that reads the step before. */
  | { readonly kind: "layer"; readonly node: Node }
  /**
   * Branches that start at one value and meet in a node (add, concat, mul); one for each input of the node, in its
   * order.
   */
  | { readonly kind: "merge"; readonly node: Node; readonly from: string; readonly branches: readonly Expression[] }
  /** Layers whose branches share layers with each other, so that they are no branches: in the order of computation. */
  | { readonly kind: "tangle"; readonly nodes: readonly Node[] };

/** Nesting beyond this is printed flat; no network has as many shortcuts within shortcuts. */
const MAX_DEPTH = 32;

function segmentStep({ nodes, from }: Segment, depth: number): Step {
  const node = nodes[nodes.length - 1];
  if (nodes.length === 1 && node.inputs.length === 1) return { kind: "layer", node };
  const inner = nodes.slice(0, -1);
  const regions = node.inputs.map((input) => (input === from ? [] : ancestorsWithin(inner, input)));
  const own = new Set(inner.map(({ name }) => name));
  const distinct = new Map(node.inputs.map((input, index) => [input, regions[index]]));
  const counted = [...distinct.values()].reduce((sum, region) => sum + region.length, 0);
  // Branches share layers, or read values from elsewhere.
  const isTangled =
    counted !== inner.length || nodes.some(({ inputs }) => inputs.some((name) => name !== from && !own.has(name)));
  if (isTangled || depth >= MAX_DEPTH) return { kind: "tangle", nodes };
  return { kind: "merge", node, from, branches: regions.map((region) => series(region, from, depth + 1)) };
}

function series(nodes: readonly Node[], from: string, depth: number): Expression {
  return segmentsOf(nodes, from).map((segment) => segmentStep(segment, depth));
}

/** The expression of a region: nodes in topological order that all lead to the last one, read from the value `from`. */
export function expressionOf(nodes: readonly Node[], from: string): Expression {
  return series(nodes, from, 0);
}

/** All nodes of an expression. */
export function nodesOf(expression: Expression): readonly Node[] {
  return expression.flatMap((step) => {
    if (step.kind === "layer") return [step.node];
    if (step.kind === "tangle") return step.nodes;
    return [...step.branches.flatMap(nodesOf), step.node];
  });
}

function weightOf(expression: Expression): number {
  return nodesOf(expression).reduce((sum, node) => {
    if (!isWeighted(node)) return sum;
    return sum + 1 + ("kernel" in node ? node.kernel[0] * node.kernel[1] : 1);
  }, 0);
}

/**
 * The branch of a merge that does the work: that with the most and largest convolutions, the last of those if several
 * are alike. Null where no branch has any.
 */
export function mainBranch(branches: readonly Expression[]): number | null {
  const weights = branches.map(weightOf);
  const heaviest = Math.max(...weights);
  return heaviest === 0 ? null : weights.lastIndexOf(heaviest);
}

function joined(step: Extract<Step, { kind: "merge" }>, label: (value: string) => string, isWhole: boolean): string {
  const { node, branches } = step;
  // One value several times: AWNAS doubles channels so.
  if (branches.every((branch) => branch.length === 0)) return `${notation(node)} x${branches.length}`;
  const texts = branches.map((branch) => (branch.length === 0 ? label(step.from) : formatExpression(branch, label)));
  if (node.kind !== "add" && node.kind !== "mul") return `${notation(node)}(${texts.join(", ")})`;
  const main = mainBranch(branches);
  // The branch that does the work comes first, as people write it.
  const ordered = main === null ? texts : [texts[main], ...texts.filter((_, index) => index !== main)];
  const slice = node.kind === "add" && node.channelOffset > 0 ? ` (from channel ${node.channelOffset})` : "";
  const text = `${ordered.join(node.kind === "add" ? " + " : " * ")}${slice}`;
  return isWhole ? text : `(${text})`;
}

/**
 * `BN-(sign-BinConv3x3 + BN)-ReLU + x`: `-` between layers in series, `+` and `*` where branches are added and
 * multiplied, other meeting places as functions.
 * @param label the word for a value that a branch without layers passes on.
 */
export function formatExpression(expression: Expression, label: (value: string) => string): string {
  const names = new Map<string, string>();
  const known = (value: string): string => names.get(value) ?? label(value);
  const words = expression.map((step) => {
    if (step.kind === "tangle") return `{${step.nodes.map(notation).join(", ")}}`;
    names.set(step.node.name, notation(step.node));
    return step.kind === "merge" ? joined(step, known, expression.length === 1) : notation(step.node);
  });
  return words.join("-");
}
