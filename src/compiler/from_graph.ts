/** A graph's nodes one by one as operations, parameters resolved and binary weights packed; nothing is fused yet. */
import { XnorkitError } from "../errors.js";
import type { Graph } from "../graph/types.js";
import type { Shape } from "../tensor.js";
import type { Weights } from "../weights.js";
import { heldValues } from "./held_values.js";
import { renameReads } from "./ir.js";
import { mergePads } from "./merge_pads.js";
import { type Op, operationsOf, readsKind } from "./ops/index.js";

/** The name of a quantised value read as floats. */
export function unpackedName(value: string): string {
  return `${value}#f32`;
}

/**
 * Batch norms become affines, residual additions and activations pointwise epilogues, quantisers signs or bit planes,
 * which whoever reads maps reads through an `unpack` operation; what moves bits moves them.
 * @throws XnorkitError `unsupported` naming the layer that no kernel computes.
 */
export function fromGraph(graph: Graph, weights: Weights, shapeOf: (value: string) => Shape): readonly Op[] {
  const values = heldValues(graph);
  const context = {
    shapeOf,
    heldAs: (value: string) => values.get(value)!,
    // Values between the operations of a node are maps.
    codeOf: (value: string) => values.get(value)?.code ?? null,
    weight(name: string) {
      const weight = weights.get(name);
      if (weight === undefined) throw new XnorkitError("missing-weight", `the weights have no parameter ${name}`);
      return weight;
    },
  };
  const read = (value: string) => (context.codeOf(value) === null ? value : unpackedName(value));
  const ops: Op[] = [];
  for (const node of mergePads(graph)) {
    for (const op of operationsOf(node, context)) {
      ops.push(readsKind(op) === "bits" ? renameReads(op, (value) => value, read) : renameReads(op, read, read));
    }
    const { name } = node;
    const code = context.codeOf(name);
    if (code !== null) ops.push({ kind: "unpack", name, inputs: [name], code, value: unpackedName(name) });
  }
  return ops;
}
