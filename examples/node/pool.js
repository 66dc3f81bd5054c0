/**
 * A pool of threads that answers pictures (piscina): small ones on several threads, large ones one after the other on a
 * thread of their own. A picture delays another by its own decoding at most, and a thread that does not come back in
 * time is ended and replaced.
 */
import { availableParallelism } from "node:os";
import { Piscina } from "piscina";
import { XnorkitError } from "xnorkit";
import { readImageHeader } from "xnorkit/image";
import { Busy } from "../support/service.js";
import { ANSWER_MS, SMALL_BYTES, SMALL_PIXELS } from "./limits.js";

const MAX_THREADS = 4;
/** Of a thread's JavaScript heap; pictures and wasm memory lie outside. */
const MAX_HEAP_MB = 64;

/** @param {number} threads @param {number} maxQueue pictures that wait */
function openPool(threads, maxQueue) {
  return new Piscina({
    filename: new URL("classify_worker.js", import.meta.url).href,
    name: "classify",
    minThreads: threads,
    maxThreads: threads,
    maxQueue,
    resourceLimits: { maxOldGenerationSizeMb: MAX_HEAP_MB },
  });
}

/** @param {Uint8Array} bytes */
function isSmall(bytes) {
  if (bytes.length > SMALL_BYTES) return false;
  const { width, height } = readImageHeader(bytes);
  return width * height <= SMALL_PIXELS;
}

/**
 * @param {{ threads?: number, maxQueue: number }} options
 * @returns {Promise<{ answer: (bytes: Uint8Array) => Promise<unknown>, close: () => Promise<void> }>} `answer` throws
 *   XnorkitError where a picture cannot be read, and `Busy` where there is no room or no time for it
 */
export async function openThreads({ threads = Math.min(availableParallelism(), MAX_THREADS), maxQueue }) {
  const [small, large] = [openPool(threads, maxQueue), openPool(1, maxQueue)];
  // Threads open the network before they take anything: no request pays for it.
  const opened = [small, large].flatMap((pool) => Array.from({ length: pool.threads.length }, () => pool.run(null)));
  await Promise.all(opened);
  return {
    async answer(bytes) {
      const pool = isSmall(bytes) ? small : large;
      const whole = bytes.byteLength === bytes.buffer.byteLength;
      const signal = AbortSignal.timeout(ANSWER_MS);
      const answered = await pool
        .run(bytes, { signal, transferList: whole ? [/** @type {ArrayBuffer} */ (bytes.buffer)] : [] })
        .catch((/** @type {Error} */ error) => {
          if (error.name === "AbortError" || error.message === "Task queue is at limit") throw new Busy();
          throw error;
        });
      if ("answer" in answered) return answered.answer;
      throw new XnorkitError(answered.code, answered.message);
    },
    async close() {
      await Promise.all([small.close(), large.close()]);
    },
  };
}
