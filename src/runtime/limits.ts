/** What a session or a program may cost: known before anything is allocated for it. */
import { optionsArgument, refuseArgument } from "../arguments.js";

/**
 * Bounds of a session or a program, for who runs networks of others. A network or an input that would exceed one is
 * refused with `unsupported` or `out-of-memory` before memory is asked for or anything computed.
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

/** The limits with their defaults. @param callee The function that has the option. */
export function readLimits(callee: string, limits: SessionLimits = {}): Required<SessionLimits> {
  const { memoryBytes = MAX_MEMORY_BYTES, macs = MAX_MACS } = optionsArgument(
    "the option limits",
    ["memoryBytes", "macs"],
    limits,
  );
  for (const [name, value] of Object.entries({ memoryBytes, macs })) {
    if (typeof value !== "number" || !(value > 0)) {
      refuseArgument(callee, `limits.${name}`, "a number above 0", value);
    }
  }
  return { memoryBytes, macs };
}
