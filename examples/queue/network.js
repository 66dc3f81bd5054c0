/** The network that reads the pictures, and the keys of networks and pictures. */
import { createHash } from "node:crypto";
import { createSession, saveModel, XnorkitError } from "xnorkit";
import { pictureDecoder } from "xnorkit/decode";
import { digitInput, toTensor } from "xnorkit/image";
import { digitsModel } from "xnorkit/models/digits";
import { jpegModule } from "../support/jpeg_module.js";

const MAX_PIXELS = 16e6;

/**
 * @typedef {{ label: string, probability: number } | { error: string }} Answer of a picture that cannot be read: why
 */

/** The key of a picture or of a model file: its SHA-256. @param {Uint8Array} bytes */
export const keyOf = (bytes) => createHash("sha256").update(bytes).digest("hex");

/** The key of the network, as the queue and the answers are named by it. */
export const networkKey = () => keyOf(saveModel(digitsModel())).slice(0, 16);

/**
 * Opens the network; the function it gives answers PNG or JPEG files, which run as one batch.
 * @returns {Promise<(files: readonly Uint8Array[]) => Promise<readonly Answer[]>>}
 */
export async function openNetwork() {
  const { graph, weights } = digitsModel();
  const session = await createSession({ graph, weights });
  const decode = pictureDecoder(jpegModule);

  /** @param {Uint8Array} file */
  async function read(file) {
    try {
      return digitInput(await decode(file, { maxPixels: MAX_PIXELS }));
    } catch (error) {
      // A damaged picture is an answer, too: to try it again would change nothing.
      if (error instanceof XnorkitError) return { error: error.message };
      throw error;
    }
  }

  return async (files) => {
    const pictures = await Promise.all(files.map(read));
    const readable = pictures.flatMap((picture) => ("error" in picture ? [] : [picture]));
    const { data } = readable.length === 0 ? { data: [] } : session.run(toTensor(readable, 1));
    const classes = data.length / readable.length;
    let row = 0;
    return pictures.map((picture) => {
      if ("error" in picture) return picture;
      return likeliest(Array.from(data.slice(row++ * classes, row * classes)), graph.labels);
    });
  };
}

/** @param {readonly number[]} logits @param {readonly string[] | undefined} labels @returns {Answer} */
function likeliest(logits, labels) {
  const largest = Math.max(...logits);
  const best = logits.indexOf(largest);
  const sum = logits.reduce((total, logit) => total + Math.exp(logit - largest), 0);
  return { label: labels?.[best] ?? String(best), probability: 1 / sum };
}
