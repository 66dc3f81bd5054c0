/**
 * What the shared build exports beside the kernels of index.ts: its instances run on one memory, each a worker's, and
 * layout.ts says how they keep apart.
 */

/** Called once for each instance but the first, before any kernel: INSTANCE_BYTES at `region` are its own. */
export { moveInstance } from "./layout";
