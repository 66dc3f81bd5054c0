/**
 * Networks that end in the number of a class: the answer is cut off, so that the graph gives the scores that it is
 * chosen by.
 */
import { describe } from "./messages.js";
import { type Network, producers, prune } from "./network.js";
import type { OnnxNote } from "./notes.js";

const CHOOSING = new Set(["TopK", "ArgMax"]);
/** What may stand between the choice and the output. */
const BETWEEN = new Set(["Cast", "Identity", "Squeeze", "Unsqueeze", "Reshape", "Flatten"]);

/** The network without a choice at its end, and a note that says so. */
export function cutAnswer(network: Network): { readonly network: Network; readonly notes: readonly OnnxNote[] } {
  const makers = producers(network.nodes);
  let maker = makers.get(network.output);
  while (maker?.domain === "" && BETWEEN.has(maker.op)) maker = makers.get(maker.inputs[0] ?? "");
  const isChoice = maker?.domain === "" && CHOOSING.has(maker.op);
  if (maker === undefined || !isChoice || makers.get(maker.inputs[0] ?? "") === undefined)
    return { network, notes: [] };
  const end = describe(maker);
  const text = `the file ends in ${end}, which gives the number of a class: the graph gives the scores before it`;
  return { network: prune({ ...network, output: maker.inputs[0] }), notes: [{ kind: "scores", text }] };
}
