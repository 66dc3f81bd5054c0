/** A network that names what it sees: logits to a label and probabilities. */
import { createSession } from "xnorkit";

/**
 * @typedef {{ label: string, probabilities: number[], ms: number }} Answer label, one probability a class, time of the
 * network
 */

/**
 * Opens a session and runs it once on black, so that no request pays for planning the input.
 * @param {import("xnorkit").Model} model
 * @returns {Promise<(input: import("xnorkit").Tensor) => Answer>}
 */
export async function openClassifier(model) {
  const session = await createSession(model);
  const { inputShape, labels } = model.graph;
  session.run({ shape: inputShape, data: new Uint8Array(inputShape.reduce((product, size) => product * size, 1)) });
  return (input) => {
    const start = performance.now();
    const { data } = session.run(input);
    const ms = performance.now() - start;
    const probabilities = softmax(Array.from(data));
    const best = probabilities.indexOf(Math.max(...probabilities));
    return { label: labels?.[best] ?? String(best), probabilities: probabilities.map(sixDecimals), ms };
  };
}

/** @param {readonly number[]} logits */
function softmax(logits) {
  const largest = Math.max(...logits);
  const powers = logits.map((logit) => Math.exp(logit - largest));
  const sum = powers.reduce((a, b) => a + b, 0);
  return powers.map((power) => power / sum);
}

/** Enough for an answer in JSON, and short. @param {number} probability */
function sixDecimals(probability) {
  return Math.round(1e6 * probability) / 1e6;
}
