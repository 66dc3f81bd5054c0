/** The errors of this library. */
import { printable } from "./printable.js";

/** What went wrong, for programs; the message says it to people. */
export type ErrorCode =
  /** A file is cut short, too long, or not of the format it should be. */
  | "bad-file"
  /** A shape (of an input, a parameter, a layer) does not fit. */
  | "bad-shape"
  /** An option or argument has a value that is not allowed. */
  | "bad-option"
  /** A parameter that the network needs is not in the weights. */
  | "missing-weight"
  /** The weights hold a parameter that the network does not know. */
  | "surplus-weight"
  /** A value is not a number where one is needed. */
  | "bad-value"
  /** A graph is not well formed: a missing input, a cycle, an unknown node. */
  | "bad-graph"
  /** A model name or a layer name that does not exist. */
  | "unknown-name"
  /** Something valid that this version does not compute. */
  | "unsupported"
  /** More memory than WebAssembly gives. */
  | "out-of-memory"
  /** A worker thread of a session ended, or a kernel failed in it. */
  | "worker-failed"
  /** A connection or a worker ended before its work was done; another try may succeed. */
  | "interrupted"
  /** The command line was called wrongly. */
  | "bad-usage";

/** The longest message of an error, in UTF-16 units. */
export const MAX_MESSAGE = 500;

/**
 * Every error that xnorkit throws on purpose: one sentence that says what, where (parameter, layer, byte offset), what
 * was expected and found, and what to do. Messages quote names and texts of files, so that every message is made fit to
 * print: control characters are shown as escapes, and what is longer than `MAX_MESSAGE` loses its middle.
 */
export class XnorkitError extends Error {
  readonly code: ErrorCode;

  constructor(code: ErrorCode, message: string, options?: { readonly cause?: unknown }) {
    super(printable(message, MAX_MESSAGE), options);
    this.name = "XnorkitError";
    this.code = code;
  }
}
