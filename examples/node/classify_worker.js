/** What a thread of the server's pool does: decodes a picture and runs the network on it. */
import { XnorkitError } from "xnorkit";
import { digitsModel } from "xnorkit/models/digits";
import { digitReader } from "../support/digits.js";
import { jpegModule } from "../support/jpeg_module.js";
import { openNetwork } from "../support/network.js";
import { MAX_PIXELS } from "./limits.js";

const answer = digitReader(await openNetwork(digitsModel()), jpegModule, MAX_PIXELS);

/**
 * The answer, or why there is none: errors lose their kind on the way between threads.
 * @param {Uint8Array | null} bytes null asks only whether the thread is there
 * @returns {Promise<{ answer: unknown } | { code: import("xnorkit").ErrorCode, message: string }>}
 */
export async function classify(bytes) {
  try {
    return { answer: bytes === null ? null : await answer(bytes) };
  } catch (error) {
    if (error instanceof XnorkitError) return { code: error.code, message: error.message };
    throw error;
  }
}
