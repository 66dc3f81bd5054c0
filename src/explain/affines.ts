/**
 * Layers that multiply and add one number for each channel. An inference batch norm is such a layer, and files that
 * hold no batch norms hold a factor and a summand in its place: x * scale + shift. What a convolution before it does to
 * all numbers of a channel (a mean's scale, the popcount's offset) lies in those numbers too.
 */
import type { Node } from "../graph/types.js";
import type { Flow } from "./flow.js";

/** True for a layer with a factor and a summand for each channel. */
export function isAffine(node: Node): boolean {
  return node.kind === "batchNorm" || (node.kind === "scaleShift" && node.scale !== null && node.shift !== null);
}

/** True for a batch norm and the factor and summand that a file has in its place. */
export function isOneAffineInTwoForms(a: Node, b: Node): boolean {
  return a.kind !== b.kind && isAffine(a) && isAffine(b);
}

/** The layer that alone reads a value; undefined if there are several, or none. */
export function onlyReader({ readers, graph }: Flow, value: string): Node | undefined {
  const found = readers.get(value) ?? [];
  return found.length === 1 && value !== graph.output ? found[0] : undefined;
}
