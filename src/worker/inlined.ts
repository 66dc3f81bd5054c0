/** The text of worker_main.js, for pages whose bundler has left the file behind. */
import { workerMain } from "../generated/worker_main.js";
import { unpack } from "../runtime/unpack.js";

/** A module that imports nothing. */
export async function workerText(): Promise<string> {
  return new TextDecoder().decode(await unpack(workerMain));
}
