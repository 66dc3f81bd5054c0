/** A network that names what it sees: logits to a label and probabilities. */
/**
 * @typedef {{ label: string, probabilities: number[], ms: number }} Answer label, one probability a class, time of the
 * network
 */

/**
 * A program, or what `openNetwork` makes of a model.
 * @typedef {Pick<import("xnorkit/program").Program, "run" | "inputShape" | "labels">} Network
 */

/**
 * Runs the network once on black, so that no request pays for what a first run does.
 * @param {Network} network of pixels
 * @returns {(input: import("xnorkit/program").Tensor) => Answer}
 */
export function classifier({ run, inputShape, labels }) {
  run({ shape: inputShape, data: new Uint8Array(inputShape.reduce((product, size) => product * size, 1)) });
  return (input) => {
    const start = performance.now();
    const { data } = run(input);
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
