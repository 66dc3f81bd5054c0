/** What the frameworks' layers have in common as blocks. */
import type { Block } from "../graph/builder.js";
import type { Operation, Pair } from "../graph/types.js";

/** One number for both axes, or height and width. */
export type Size = number | Pair;

export function pair(size: Size): Pair {
  return typeof size === "number" ? [size, size] : size;
}

/** A block that is one node. */
export function layer(type: string, operation: Operation): Block {
  return { type, forward: (scope, input) => scope.add(operation, [input]) };
}
