/** Calls to a worker and their answers; what waits when a worker ends is told so. */
import { XnorkitError } from "../errors.js";
import type { OpenPort, Port } from "./port.js";
import type { CallName, Calls, Reply, Request, SentError } from "./protocol.js";

/** A worker that answers calls. */
export interface Client {
  /** @throws XnorkitError what the worker threw, with its code; `interrupted` if it ends before it answers. */
  readonly call: <T extends CallName>(
    call: T,
    takes: Calls[T]["takes"],
    transfer?: readonly object[],
  ) => Promise<Calls[T]["gives"]>;
  /** Of the session in the worker, as of the last answer. */
  readonly memoryBytes: () => number;
  /** Ends the worker; what waits is rejected. */
  readonly end: () => void;
}

interface Waiting {
  readonly resolve: (gives: never) => void;
  readonly reject: (error: unknown) => void;
}

/** The error as it was thrown in the worker, with the stack from there. */
function thrown({ code, message, stack }: SentError): Error {
  const error = code === null ? new Error(message) : new XnorkitError(code, message);
  if (stack !== undefined) error.stack = stack;
  return error;
}

/** @param name What messages call the worker. */
export function openClient(open: OpenPort, name: string): Client {
  const waiting = new Map<number, Waiting>();
  let ended: XnorkitError | null = null;
  let memoryBytes = 0;
  let next = 0;
  const port: Port = open({ reply, failure });

  function settle(id: number): Waiting | undefined {
    const found = waiting.get(id);
    waiting.delete(id);
    if (waiting.size === 0) port.hold(false);
    return found;
  }

  function reply(answer: Reply): void {
    const call = settle(answer.id);
    if ("error" in answer) {
      call?.reject(thrown(answer.error));
    } else {
      memoryBytes = answer.memoryBytes;
      call?.resolve(answer.gives as never);
    }
  }

  function finish(error: XnorkitError): void {
    if (ended !== null) return;
    ended = error;
    memoryBytes = 0;
    for (const id of [...waiting.keys()]) settle(id)?.reject(error);
    port.end();
  }

  function failure(reason: string): void {
    finish(new XnorkitError("interrupted", `the worker of ${name} ended: ${reason}; create another`));
  }

  return {
    call: (call, takes, transfer = []) =>
      new Promise((resolve, reject) => {
        if (ended !== null) throw ended;
        const request: Request = { id: next++, call, takes };
        port.hold(true);
        waiting.set(request.id, { resolve: resolve as Waiting["resolve"], reject });
        try {
          port.post(request, transfer);
        } catch (cause) {
          settle(request.id);
          const reason = cause instanceof Error ? cause.message : String(cause);
          throw new XnorkitError("bad-option", `what is given to the worker of ${name} cannot be sent: ${reason}`, {
            cause,
          });
        }
      }),
    memoryBytes: () => memoryBytes,
    end: () => finish(new XnorkitError("bad-option", `the worker of ${name} was disposed: create another`)),
  };
}
