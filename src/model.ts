/** A graph and its weights, together. */
import type { Graph } from "./graph/types.js";
import type { Weights } from "./weights.js";

/** A network and its parameters: all that a session needs. */
export interface Model {
  readonly graph: Graph;
  readonly weights: Weights;
}
