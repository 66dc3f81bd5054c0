/** Workers as callers hand them over. The type names none of the web's own. */

/** A worker that the caller made: of the web, or of `node:worker_threads`. */
export interface WorkerLike {
  postMessage(message: unknown, transfer: never): void;
  terminate(): unknown;
}
