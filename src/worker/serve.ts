/** The worker's side: one session or one classifier, which does what messages ask for. */
import type { Picture } from "../classify/picture.js";
import { openPipeline, type Pipeline } from "../classify/pipeline.js";
import { XnorkitError } from "../errors.js";
import { createSession, type Session } from "../runtime/session.js";
import type { CallName, Calls, Reply, Request, SentError, SentPicture } from "./protocol.js";

/** Sends a message, handing over the buffers that are named. */
export type Post = (message: Reply, transfer: readonly object[]) => void;

interface Open {
  session: Session | null;
  pipeline: Pipeline | null;
}

type Handlers = { readonly [T in CallName]: (takes: Calls[T]["takes"]) => Promise<Calls[T]["gives"]> };

function received(picture: SentPicture): Picture {
  switch (picture.form) {
    case "bytes":
      return picture.bytes;
    case "pixels":
      return picture;
    case "url":
      return new URL(picture.href);
    case "drawn":
      return picture.bitmap as Picture;
  }
}

function close(picture: SentPicture): void {
  if (picture.form === "drawn") (picture.bitmap as { close?: () => void }).close?.();
}

function opened<T>(value: T | null): T {
  if (value === null) throw new XnorkitError("bad-option", "this worker was not told to open what is asked of it");
  return value;
}

function handlersOf(open: Open): Handlers {
  return {
    hello: async () => null,
    async openSession({ model, options }) {
      open.session = await createSession(model, options);
      return { threads: open.session.threads };
    },
    run: async (input) => opened(open.session).runAsync(input),
    tap: async (name) => opened(open.session).tap(name),
    profile: async (runs) => opened(open.session).profile(runs),
    async openClassifier({ model, options }) {
      open.pipeline = await openPipeline(model, options);
      return null;
    },
    async classify({ pictures, names }) {
      try {
        return await opened(open.pipeline).answer(pictures.map(received), names);
      } finally {
        pictures.forEach(close);
      }
    },
  };
}

function sentError(error: unknown): SentError {
  const { message = String(error), stack } = error as Partial<Error>;
  return { code: error instanceof XnorkitError ? error.code : null, message, stack };
}

/** The buffers of an answer, which nobody needs here any more: a tensor's array is its own. */
function transferOf(gives: Calls[CallName]["gives"]): readonly object[] {
  return gives !== null && "data" in gives ? [gives.data.buffer] : [];
}

/** What a worker does with the messages that come. Calls wait for each other. */
export function serve(post: Post): (request: Request) => void {
  const open: Open = { session: null, pipeline: null };
  const handlers = handlersOf(open);
  let previous: Promise<unknown> = Promise.resolve();

  async function answer({ id, call, takes }: Request): Promise<void> {
    try {
      const gives = await (handlers[call] as (takes: unknown) => Promise<Calls[CallName]["gives"]>)(takes);
      post({ id, gives, memoryBytes: open.session?.memoryBytes ?? 0 }, transferOf(gives));
    } catch (error) {
      post({ id, error: sentError(error) }, []);
    }
  }

  return (request) => {
    previous = previous.then(() => answer(request));
  };
}
