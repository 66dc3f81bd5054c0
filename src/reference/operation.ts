/**
 * The form of what computes a kind of node: the reference has a table of its own, apart from the records of the graph.
 */
import type { Weights } from "../weights.js";
import type { Value } from "./value.js";

/** Computes a node's value from the values that it reads. */
export type Operation<N> = (node: N, inputs: readonly Value[], weights: Weights) => Value;

/** An operation for each kind of a union of nodes: a kind that is missing is a type error. */
export type Operations<N extends { readonly kind: string }> = {
  readonly [K in N["kind"]]: Operation<Extract<N, { readonly kind: K }>>;
};
