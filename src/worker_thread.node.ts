/** The script of workers on Node, Deno and Bun: it shares its modules with the library, decoders on demand. */
import { parentPort } from "node:worker_threads";
import { connectScope } from "./worker/connect.js";
import type { Request } from "./worker/protocol.js";
import { serve } from "./worker/serve.js";

if (parentPort === null) {
  connectScope();
} else {
  const port = parentPort;
  const handle = serve((message, transfer) => port.postMessage(message, transfer as ArrayBuffer[]));
  port.on("message", (message: unknown) => handle(message as Request));
}
