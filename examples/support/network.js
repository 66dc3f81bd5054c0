/** A session in the form of a program, for classifiers that take either. */
import { createSession } from "xnorkit";

/**
 * @param {import("xnorkit").Model} model
 * @returns {Promise<import("./classifier.js").Network>}
 */
export async function openNetwork(model) {
  const session = await createSession(model);
  const { inputShape, labels = null } = model.graph;
  return { run: session.run, inputShape, labels };
}
