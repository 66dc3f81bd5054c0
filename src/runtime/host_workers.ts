/**
 * Starts a worker from a text of code, on every host that has workers.
 *
 * The code is a text, and no file of its own beside the library: a text is there wherever the library is, from source,
 * from the package and in any bundler's output, and needs neither a permission to read nor a plugin. What it costs is a
 * content security policy that names `worker-src blob:`; under a stricter one there are no workers, and one thread
 * runs.
 */

import { webWorkers } from "../host/web_workers.js";

/** A worker, of the web's kind or Node's. */
export interface HostWorker {
  post(message: unknown): void;
  /** While it is held, a process does not end for want of other things to do. */
  hold(held: boolean): void;
  end(): void;
}

export interface WorkerEvents {
  message(data: unknown): void;
  /** It has ended, or failed outside a kernel. */
  lost(reason: string): void;
}

interface NodeWorker {
  on(event: string, listener: (value: unknown) => void): void;
  postMessage(message: unknown): void;
  ref(): void;
  unref(): void;
  terminate(): unknown;
}

interface NodeWorkers {
  readonly Worker: new (code: string, options: object) => NodeWorker;
}

const text = (error: unknown) => (error instanceof Error ? error.message : String(error));

function startNodeWorker({ Worker }: NodeWorkers, code: string, events: WorkerEvents): HostWorker {
  // No options of the process: what it preloads is not for a worker that runs kernels.
  const worker = new Worker(code, { eval: true, execArgv: [], name: "xnorkit" });
  worker.on("message", events.message);
  worker.on("error", (error) => events.lost(text(error)));
  worker.on("exit", (status) => events.lost(`it exited with status ${status}`));
  return {
    post: (message) => worker.postMessage(message),
    hold: (held) => (held ? worker.ref() : worker.unref()),
    end: () => void worker.terminate(),
  };
}

/** Bun's workers have `unref`; pages need none. */
type WebWorker = Worker & { ref?(): void; unref?(): void };

function startWebWorker(code: string, events: WorkerEvents): HostWorker {
  const url = URL.createObjectURL(new Blob([code], { type: "text/javascript" }));
  const worker: WebWorker = new Worker(url, { type: "module", name: "xnorkit" });
  const release = () => URL.revokeObjectURL(url);
  worker.onmessage = ({ data }) => {
    release();
    events.message(data);
  };
  worker.onerror = (event) => {
    release();
    events.lost(event.message || "this host did not start it");
  };
  worker.onmessageerror = () => events.lost("it could not read a message");
  worker.addEventListener("close", () => events.lost("it closed"));
  return {
    post: (message) => worker.postMessage(message),
    hold: (held) => (held ? worker.ref?.() : worker.unref?.()),
    end: () => worker.terminate(),
  };
}

/** A module of Node by its name in a variable, so that bundlers for the web leave it alone. */
const nodeWorkers = "node:worker_threads";

/**
 * Node has workers in a module alone. Deno has the web's too, but a process with one never ends by itself; what a
 * process needs is `unref`, which Bun's have.
 */
async function findNodeWorkers(): Promise<NodeWorkers | null> {
  const WebWorker = webWorkers();
  if (WebWorker !== null && ("unref" in WebWorker.prototype || !("process" in globalThis))) return null;
  try {
    return await import(/* webpackIgnore: true */ /* @vite-ignore */ nodeWorkers);
  } catch {
    return null;
  }
}

/** Starts workers; null where this host has none. */
export async function workerStarter(): Promise<((code: string, events: WorkerEvents) => HostWorker) | null> {
  const node = await findNodeWorkers();
  if (node !== null) return (code, events) => startNodeWorker(node, code, events);
  return webWorkers() === null ? null : startWebWorker;
}
