/**
 * Removes what changes no sign. Training code limits values before it takes their sign (hard tanh in BinaryNet): the
 * limits lie on both sides of zero, so the sign is that of the value before. Looked for through operators that move
 * values or take a maximum.
 */
import { type Network, type OnnxNode, OWN_DOMAIN, prune, readers, renameInputs } from "./network.js";
import { uniformValue } from "./network_edit.js";
import { scalarFunction } from "./ops/elementwise.js";

/**
 * Give values that they read, and take the largest of some: all the same to a function that grows and keeps the sign.
 */
const PASSING = new Set([
  "Reshape",
  "Flatten",
  "Transpose",
  "Squeeze",
  "Unsqueeze",
  "MaxPool",
  "Slice",
  "Concat",
  "Split",
]);

/** True for a node whose value grows with its first input and has its sign. */
function keepsSign(node: OnnxNode, network: Network): boolean {
  if (node.domain !== "") return false;
  if (node.op === "Tanh" || node.op === "Softsign") return true;
  if (node.op !== "Clip") return false;
  const limits = node.inputs.slice(1).map((input) => {
    const tensor = network.constants.get(input);
    return input === "" ? null : tensor === undefined ? Number.NaN : (uniformValue(tensor) ?? Number.NaN);
  });
  if (node.version >= 11) {
    const [low, high] = [limits[0] ?? Number.NEGATIVE_INFINITY, limits[1] ?? Number.POSITIVE_INFINITY];
    return low < 0 && high > 0;
  }
  const { compute } = scalarFunction(node)!;
  return compute(Number.NEGATIVE_INFINITY, 0, 0) < 0 && compute(Number.POSITIVE_INFINITY, 0, 0) > 0;
}

/** The network without limits that only signs read. Signs are in their one form by then. */
export function removeBeforeSigns(network: Network): Network {
  const readersOf = readers(network.nodes);
  const onlySigns = new Set<string>();
  const names = new Map<string, string>();
  for (const node of [...network.nodes].reverse()) {
    for (const output of node.outputs) {
      const found = readersOf.get(output) ?? [];
      const isOnlySigns =
        output !== network.output &&
        found.length > 0 &&
        found.every((reader) => {
          if (reader.domain === OWN_DOMAIN) return reader.op === "Sign";
          const passes = reader.domain === "" && (PASSING.has(reader.op) || keepsSign(reader, network));
          return passes && reader.outputs.every((name) => onlySigns.has(name));
        });
      if (isOnlySigns) onlySigns.add(output);
    }
    // What this node reads may be limited in turn, and is read by signs once this node is gone.
    if (onlySigns.has(node.outputs[0]) && keepsSign(node, network)) names.set(node.outputs[0], node.inputs[0]);
  }
  const kept = network.nodes.filter((node) => !names.has(node.outputs[0]));
  return prune({ ...network, nodes: renameInputs(kept, names) });
}
