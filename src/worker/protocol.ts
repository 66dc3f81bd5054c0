/** What the two sides of a worker tell each other. Everything in a message can be cloned; buffers are handed over. */

import type { PictureResize } from "../classify/prepare.js";
import type { Guess } from "../classify/probabilities.js";
import type { ErrorCode } from "../errors.js";
import type { Model } from "../model.js";
import type { SessionOptions, StepProfile } from "../runtime/session.js";
import type { Tensor } from "../tensor.js";

/** A picture on its way: a file's bytes, pixels, an address, or a bitmap that the worker closes. */
export type SentPicture =
  | { readonly form: "bytes"; readonly bytes: Uint8Array }
  | { readonly form: "pixels"; readonly width: number; readonly height: number; readonly data: Uint8Array }
  | { readonly form: "url"; readonly href: string }
  | { readonly form: "drawn"; readonly bitmap: object };

/** How a classifier works, without what cannot be cloned. */
export interface SentPipelineOptions {
  readonly topK: number;
  readonly maxPixels: number;
  readonly resize?: PictureResize;
  readonly session?: SessionOptions;
}

/** What a worker does, by name: what it takes and what it gives. */
export interface Calls {
  /** Answered as soon as the worker runs. */
  readonly hello: { readonly takes: null; readonly gives: null };
  readonly openSession: {
    readonly takes: { readonly model: Model; readonly options: SessionOptions };
    readonly gives: { readonly threads: number };
  };
  readonly run: { readonly takes: Tensor; readonly gives: Tensor };
  readonly tap: { readonly takes: string; readonly gives: Tensor };
  readonly profile: { readonly takes: number | undefined; readonly gives: readonly StepProfile[] };
  readonly openClassifier: {
    readonly takes: { readonly model: Model; readonly options: SentPipelineOptions };
    readonly gives: null;
  };
  readonly classify: {
    readonly takes: { readonly pictures: readonly SentPicture[]; readonly names: readonly string[] };
    readonly gives: readonly (readonly Guess[])[];
  };
}

export type CallName = keyof Calls;

/** One call. `id` comes back with its answer; calls are done one after the other. */
export interface Request<T extends CallName = CallName> {
  readonly id: number;
  readonly call: T;
  readonly takes: Calls[T]["takes"];
}

/** An error, as it can be cloned; `code` is that of a XnorkitError, null of others. */
export interface SentError {
  readonly code: ErrorCode | null;
  readonly message: string;
  readonly stack: string | undefined;
}

/** The answer to a call, with the bytes of memory that the worker's session holds by then. */
export type Reply =
  | { readonly id: number; readonly gives: Calls[CallName]["gives"]; readonly memoryBytes: number }
  | { readonly id: number; readonly error: SentError };
