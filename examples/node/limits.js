/** What the server takes: bodies, pictures, time, connections, and how much of it at once. */

/** Of a body: 8 MiB. */
export const MAX_BYTES = 2 ** 23;
/** Of all bodies that are being read or answered. */
export const MAX_BODY_BYTES = 2 ** 26;
/** A pixel takes about 12 bytes on its way. */
export const MAX_PIXELS = 16e6;
/** Bodies that are read or answered at once. */
export const MAX_IN_FLIGHT = 64;
/** Connections at once; those beyond are closed. */
export const MAX_CONNECTIONS = 256;
/** From a whole body to its answer, waiting included; who takes longer is told to come again. */
export const ANSWER_MS = Number(process.env.ANSWER_MS ?? 10_000);
/** A connection on which nothing moves is closed after so long, one that sends slowly after ten times as long. */
export const IDLE_MS = Number(process.env.IDLE_MS ?? 10_000);

/**
 * Pictures and files above these sizes wait for one thread of their own, so that small ones never stand behind them: a
 * picture costs what its pixels and its bytes cost.
 */
export const SMALL_PIXELS = 1e6;
export const SMALL_BYTES = 2 ** 17;
