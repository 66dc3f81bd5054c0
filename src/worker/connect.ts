/** Connects the messages of a worker's scope with what they ask for. */
import type { Request } from "./protocol.js";
import { serve } from "./serve.js";

/** The global scope of a worker of the web. */
interface WorkerScope {
  postMessage(message: unknown, transfer: readonly object[]): void;
  onmessage: ((event: { readonly data: unknown }) => void) | null;
}

/** Called once by the script of a worker, before it waits for anything: messages that come earlier are lost. */
export function connectScope(): void {
  const scope = globalThis as unknown as WorkerScope;
  const handle = serve((message, transfer) => scope.postMessage(message, transfer));
  scope.onmessage = ({ data }) => handle(data as Request);
}
