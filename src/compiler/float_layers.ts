/**
 * The layers with quantised weights that are computed in float, and why: what a network's description can say of it.
 */
import { liveValues } from "../graph/cost.js";
import { inferShapes } from "../graph/shapes.js";
import type { Graph } from "../graph/types.js";
import { whyFloat } from "./binary/why_float.js";
import { heldValues } from "./held_values.js";
import { mergePads } from "./merge_pads.js";

/** A layer that has quantised weights and does not run on bits. */
export interface FloatLayer {
  /** The node's name. */
  readonly name: string;
  /** A clause: what it reads, or what it weighs, that is no value of few bits. */
  readonly reason: string;
}

/**
 * The `binaryConv2d` and `binaryDense` nodes that a session computes in float, in the graph's order; those that the
 * output does not depend on are not computed at all. A step's `float` in `session.profile()` is the same reason.
 */
export function floatLayers(graph: Graph): readonly FloatLayer[] {
  const shapes = inferShapes(graph);
  const values = heldValues(graph);
  const live = liveValues(graph);
  return mergePads(graph).flatMap((node) => {
    if ((node.kind !== "binaryConv2d" && node.kind !== "binaryDense") || !live.has(node.name)) return [];
    const [input] = node.inputs;
    const inputs = shapes.get(input)![1];
    const fanIn = node.kind === "binaryDense" ? inputs : (inputs / node.groups) * node.kernel[0] * node.kernel[1];
    const reason = whyFloat(node, values.get(input)!, fanIn);
    return reason === null ? [] : [{ name: node.name, reason }];
  });
}
