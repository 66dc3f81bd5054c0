/** Opens a session in a worker. */
import { kindOf, objectArgument, optionsArgument, refuseArgument } from "../arguments.js";
import { disposable } from "../disposable.js";
import type { Model } from "../model.js";
import type { SessionOptions } from "../runtime/session.js";
import type { Tensor } from "../tensor.js";
import type { Client } from "./client.js";
import type { WorkerSession } from "./worker_session.js";

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
