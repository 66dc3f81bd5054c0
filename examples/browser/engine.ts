/** A worker of the page, and the functions of one of its modules as promises: the page itself computes nothing. */
import type { Answer, Request } from "./calls.js";
import type { Modules } from "./worker/main.js";

type AnyFunction = (...args: never[]) => unknown;

/** The functions of a module. */
type FunctionNames<M extends keyof Modules> = {
  [F in keyof Modules[M]]: Modules[M][F] extends AnyFunction ? F : never;
}[keyof Modules[M]] &
  string;

type Function<M extends keyof Modules, F extends keyof Modules[M]> = Extract<Modules[M][F], AnyFunction>;

export interface Engine<M extends keyof Modules> {
  /** @throws Error with the worker's sentence. */
  readonly call: <F extends FunctionNames<M>>(
    name: F,
    ...args: Parameters<Function<M, F>>
  ) => Promise<Awaited<ReturnType<Function<M, F>>>>;
  /** Ends the worker, whatever it does; calls that wait are refused. */
  readonly stop: () => void;
}

interface Waiting {
  readonly resolve: (value: never) => void;
  readonly reject: (error: Error) => void;
}

/** Starts a worker for a module. */
export function startEngine<M extends keyof Modules & string>(module: M): Engine<M> {
  const worker = new Worker(new URL("./worker/main.ts", import.meta.url), { type: "module" });
  const waiting = new Map<number, Waiting>();
  let calls = 0;
  let ended: Error | null = null;
  const end = (reason: Error) => {
    ended = reason;
    for (const { reject } of waiting.values()) reject(reason);
    waiting.clear();
    worker.terminate();
  };
  worker.addEventListener("message", ({ data }: MessageEvent<Answer>) => {
    const call = waiting.get(data.id);
    waiting.delete(data.id);
    if ("error" in data) call?.reject(new Error(data.error));
    else call?.resolve(data.value as never);
  });
  // A file of the worker could not be loaded, or it ran out of memory: no call will be answered.
  worker.addEventListener("error", ({ message }) => {
    end(new Error(`the page's worker has stopped${message ? ` (${message})` : ""}: reload the page`));
  });
  return {
    call: (name, ...args) =>
      new Promise((resolve, reject) => {
        if (ended !== null) {
          reject(ended);
          return;
        }
        const id = calls++;
        waiting.set(id, { resolve, reject });
        const request: Request = { id, module, name, args };
        worker.postMessage(request);
      }),
    stop: () => end(new Error("it was stopped")),
  };
}
