/** What a session may cost: known from the network and its input's shape, before anything is allocated for it. */
import { optionsArgument, refuseArgument } from "../arguments.js";
import { XnorkitError } from "../errors.js";
import { countWork } from "../graph/cost.js";
import type { Graph } from "../graph/types.js";
import { formatShape, type Shape } from "../tensor.js";

/**
 * Bounds of a session, for programs that run networks of others. A network or an input that would exceed one is refused
 * with `unsupported` or `out-of-memory` before memory is asked for or anything computed.
 */
export interface SessionLimits {
  /** Bytes of WebAssembly memory: weights, maps, scratch. Default 4 GiB, which is all that WebAssembly addresses. */
  readonly memoryBytes?: number;
  /**
   * Multiply-accumulates of a run, of whatever kind, each number of each map counting as one more. Default 10^15, half
   * an hour of binary layers: a server that answers strangers sets what it has time for, 10^11 say.
   */
  readonly macs?: number;
}

export const MAX_MEMORY_BYTES = 2 ** 32;
export const MAX_MACS = 1e15;

/** The limits with their defaults. */
export function readLimits(limits: SessionLimits = {}): Required<SessionLimits> {
  const { memoryBytes = MAX_MEMORY_BYTES, macs = MAX_MACS } = optionsArgument(
    "the option limits",
    ["memoryBytes", "macs"],
    limits,
  );
  for (const [name, value] of Object.entries({ memoryBytes, macs })) {
    if (typeof value !== "number" || !(value > 0)) {
      refuseArgument("createSession", `limits.${name}`, "a number above 0", value);
    }
  }
  return { memoryBytes, macs };
}

/** @throws XnorkitError `unsupported` if a run on this input costs more than it may, with both counts. */
export function checkWork(graph: Graph, shape: Shape, macs: number): void {
  const work = countWork(graph, shape);
  if (work <= macs) return;
  throw new XnorkitError(
    "unsupported",
    `${graph.name} on an input of ${formatShape(shape)} takes ${work.toPrecision(3)} ` +
      "multiply-accumulates, more than the " +
      `${macs.toPrecision(3)} of limits.macs: use a smaller batch or picture, or raise the limit`,
  );
}
