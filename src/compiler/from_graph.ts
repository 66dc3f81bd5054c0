/** A graph's nodes one by one as operations, parameters resolved and binary weights packed; nothing is fused yet. */
import { XnorkitError } from "../errors.js";
import type { Graph } from "../graph/types.js";
import type { Shape } from "../tensor.js";
import type { Weights } from "../weights.js";
import { type ActivationCode, activationCode } from "./binary/codes.js";
import { renameReads } from "./ir.js";
import { type Op, operationsOf, readsKind } from "./ops/index.js";

/** The name of a quantised value read as floats. */
export function unpackedName(value: string): string {
  return `${value}#f32`;
}

/** The codes of the values that quantise nodes give as bits. */
export function quantizedValues(graph: Graph): ReadonlyMap<string, ActivationCode> {
  const codes = new Map<string, ActivationCode>();
  for (const node of graph.nodes) {
    const code = node.kind === "quantize" ? activationCode(node.method, node.bits) : null;
    if (code !== null) codes.set(node.name, code);
  }
  return codes;
}

/**
 * Batch norms become affines, residual additions and activations pointwise epilogues, quantisers signs or bit planes,
 * which whoever reads maps reads through an `unpack` operation.
 * @throws XnorkitError `unsupported` naming the layer that no kernel computes.
 */
export function fromGraph(graph: Graph, weights: Weights, shapeOf: (value: string) => Shape): readonly Op[] {
  const codes = quantizedValues(graph);
  const context = {
    shapeOf,
    codeOf: (value: string) => codes.get(value) ?? null,
    weight(name: string) {
      const weight = weights.get(name);
      if (weight === undefined) throw new XnorkitError("missing-weight", `the weights have no parameter ${name}`);
      return weight;
    },
  };
  const read = (value: string) => (codes.has(value) ? unpackedName(value) : value);
  const ops: Op[] = [];
  for (const node of graph.nodes) {
    for (const op of operationsOf(node, context)) {
      ops.push(readsKind(op) === "bits" ? renameReads(op, (value) => value, read) : renameReads(op, read, read));
    }
    const { name } = node;
    const code = codes.get(name);
    if (code !== undefined) ops.push({ kind: "unpack", name, inputs: [name], code, value: unpackedName(name) });
  }
  return ops;
}
