/** The network that reads the pictures, and the keys of networks and pictures. */
import { createHash } from "node:crypto";
import { readFile } from "node:fs/promises";
import { XnorkitError } from "xnorkit";
import { createClassifier } from "xnorkit/classify";

/** A file of a network with its preprocessing and labels in it, as `xnorkit convert` writes it. */
const MODEL = process.env.MODEL ?? new URL("../../models/digits.xnorkit", import.meta.url);
const MAX_PIXELS = 16e6;

/**
 * @typedef {{ label: string, probability: number } | { error: string }} Answer of a picture that cannot be read: why
 * @typedef {(files: readonly Uint8Array[]) => Promise<readonly Answer[]>} Classify pictures of one batch
 */

/** The key of a picture or of a model file: its SHA-256. @param {Uint8Array} bytes */
export const keyOf = (bytes) => createHash("sha256").update(bytes).digest("hex");

/** The key of the network, by which queue and answers are named. */
export const networkKey = async () => keyOf(await readFile(MODEL)).slice(0, 16);

/** Opens the network; the function it gives answers PNG or JPEG files. @returns {Promise<Classify>} */
export async function openNetwork() {
  const classify = await createClassifier(await readFile(MODEL), { topK: 1, maxPixels: MAX_PIXELS });
  const answer = (/** @type {readonly import("xnorkit/classify").Guess[]} */ [{ label, probability }]) => {
    return { label, probability };
  };

  /** @param {Uint8Array} file */
  async function alone(file) {
    try {
      return answer(await classify(file));
    } catch (error) {
      // A damaged picture is an answer, too: to try it again would change nothing.
      if (error instanceof XnorkitError) return { error: error.message };
      throw error;
    }
  }

  return async (files) => {
    try {
      return (await classify(files)).map(answer);
    } catch (error) {
      if (error instanceof XnorkitError) return Promise.all(files.map(alone));
      throw error;
    }
  };
}
