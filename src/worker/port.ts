/** Workers of every kind behind one interface: a page's, Deno's, Bun's, and threads of Node. */
import { refuseArgument } from "../arguments.js";
import type { HostWorker } from "../host/builtin.js";
import type { Reply, Request } from "./protocol.js";
import type { WorkerLike } from "./worker_like.js";

/** A worker as its maker sees it. */
export interface Port {
  readonly post: (request: Request, transfer: readonly object[]) => void;
  readonly end: () => void;
  /** Says whether the process shall wait for the worker, where the runtime asks. */
  readonly hold: (isNeeded: boolean) => void;
}

/** What a worker tells. */
export interface PortEvents {
  readonly reply: (reply: Reply) => void;
  /** It ended, or it can do nothing more; the reason is a clause. */
  readonly failure: (reason: string) => void;
}

type WebWorker = Worker & Pick<HostWorker, "ref" | "unref">;

/** Some runtimes put the error in `error` and no text in `message`. */
function reasonOf({ message, error }: Partial<ErrorEvent>): string {
  const text = message || (error instanceof Error ? error.message : "");
  return text === "" ? "its script could not be loaded" : text;
}

function webPort(worker: WebWorker, { reply, failure }: PortEvents): Port {
  worker.onmessage = ({ data }) => reply(data as Reply);
  worker.onmessageerror = () => failure("a message could not be read");
  worker.onerror = (event) => {
    event.preventDefault?.();
    failure(reasonOf(event));
  };
  // Of Bun, whose workers say when they end.
  worker.addEventListener?.("close", () => failure("it ended"));
  return {
    post: (request, transfer) => worker.postMessage(request, transfer as Transferable[]),
    end: () => worker.terminate(),
    hold: (isNeeded) => (isNeeded ? worker.ref?.() : worker.unref?.()),
  };
}

function threadPort(worker: HostWorker, { reply, failure }: PortEvents): Port {
  worker.on("message", (message) => reply(message as Reply));
  worker.on("messageerror", () => failure("a message could not be read"));
  worker.on("error", (error) => failure(error instanceof Error ? error.message : String(error)));
  worker.on("exit", (code) => failure(`it ended with code ${code}`));
  return {
    post: (request, transfer) => worker.postMessage(request, transfer),
    end: () => void worker.terminate(),
    hold: (isNeeded) => (isNeeded ? worker.ref?.() : worker.unref?.()),
  };
}

/** Makes a port of a worker. Bun's are of both kinds: those of the web are asked first. */
export type OpenPort = (events: PortEvents) => Port;

/** The port of a worker that a caller gives. @throws XnorkitError `bad-option` if it is none. */
export function portOf(callee: string, worker: WorkerLike): OpenPort {
  const { postMessage, terminate, addEventListener, on } = (worker ?? {}) as Partial<Worker & HostWorker>;
  const isWorker = typeof postMessage === "function" && typeof terminate === "function";
  if (isWorker && typeof addEventListener === "function") return webPortOf(worker as Worker);
  if (isWorker && typeof on === "function") return threadPortOf(worker as HostWorker);
  return refuseArgument(callee, "the option worker", "a Worker", worker);
}

/** The port of a worker of the web. */
export const webPortOf =
  (worker: Worker): OpenPort =>
  (events) =>
    webPort(worker, events);

/** The port of a thread. */
export const threadPortOf =
  (worker: HostWorker): OpenPort =>
  (events) =>
    threadPort(worker, events);
