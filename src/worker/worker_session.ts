/** What a session in a worker offers. */
import type { DisposedByScope } from "../disposable.js";
import type { Graph } from "../graph/types.js";
import type { StepProfile } from "../runtime/session.js";
import type { Tensor } from "../tensor.js";

/** How a tensor goes to a worker. */
export interface RunOptions {
  /**
   * Hands the buffer of the input's data over in place of a copy of it: nothing of it can be used here any more.
   * Default false.
   */
  readonly transfer?: boolean;
}

/**
 * A session in a worker: as `Session`, but its answers come later. Calls are done one after the other. `using` disposes
 * of it at the end of its scope.
 */
export interface WorkerSession extends DisposedByScope {
  readonly graph: Graph;
  /** Computes the network; see `Session.run`. */
  run(input: Tensor, options?: RunOptions): Promise<Tensor>;
  /** The tensor of a module that was named in `taps`, as the last run computed it. */
  tap(name: string): Promise<Tensor>;
  /** Times each step of the plan that ran last. */
  profile(runs?: number): Promise<readonly StepProfile[]>;
  /** How many threads compute in the worker, its own included (option `threads`). */
  readonly threads: number;
  /** Bytes of the session's wasm memory, as of the last answer. */
  readonly memoryBytes: number;
  /** Ends the worker; what waits is rejected. */
  dispose(): void;
}
