/** A session in a worker. */
import { kindOf, objectArgument, optionsArgument, refuseArgument } from "../arguments.js";
import { type DisposedByScope, disposable } from "../disposable.js";
import type { Graph } from "../graph/types.js";
import type { Model } from "../model.js";
import type { SessionOptions, StepProfile } from "../runtime/session.js";
import type { Tensor } from "../tensor.js";
import type { Client } from "./client.js";

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

const INPUT = "{ shape, data }, with a Float32Array or a Uint8Array";

function sentInput({ shape, data }: Tensor, isTransferred: boolean): readonly [input: Tensor, transfer: object[]] {
  const kind = kindOf(data);
  if (kind !== "Float32Array" && kind !== "Uint8Array") {
    refuseArgument("run", "the data of the input", "a Float32Array or a Uint8Array", data);
  }
  const isShared = kindOf(data.buffer) === "SharedArrayBuffer";
  const sent =
    isTransferred && !isShared ? data : kind === "Uint8Array" ? Uint8Array.from(data) : Float32Array.from(data);
  return [{ shape, data: sent }, [sent.buffer]];
}

/** @throws XnorkitError as `createSession` of xnorkit. */
export async function openWorkerSession(model: Model, options: SessionOptions, client: Client): Promise<WorkerSession> {
  const { threads } = await client.call("openSession", { model, options });
  return disposable<WorkerSession>({
    graph: model.graph,
    threads,
    async run(input, run = {}) {
      const { transfer = false } = optionsArgument("run", ["transfer"], run);
      const [sent, buffers] = sentInput(objectArgument("run", "the input", INPUT, input), transfer === true);
      return client.call("run", sent, buffers);
    },
    tap: async (name) => client.call("tap", String(name)),
    profile: async (runs) => client.call("profile", runs),
    get memoryBytes() {
      return client.memoryBytes();
    },
    dispose: () => client.end(),
  });
}
