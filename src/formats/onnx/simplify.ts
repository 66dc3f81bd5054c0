/**
 * Makes equal things one thing: values under two names (Identity, Dropout, casts to float), small constants written
 * down many times, and nodes that compute the same of the same. Straight-through estimators can be seen only after
 * that: torch exports the clip of `(sign(x) - clip(x)).detach() + clip(x)` twice.
 */
import { intAttribute } from "./attributes.js";
import { type Network, type OnnxNode, prune, renameInputsOf, resolveName } from "./network.js";
import { elementType, isFloat, type OnnxTensor } from "./tensors.js";

/** Larger constants are not compared. */
const SMALL = 16;

/** True for a node that gives its first input. Numbers are kept as they are in any float type; truths are 0 and 1. */
function isCopy(node: OnnxNode): boolean {
  if (node.domain !== "") return false;
  if (node.op === "Identity" || node.op === "Dropout") return true;
  if (node.op !== "Cast") return false;
  const type = elementType(intAttribute(node, "to", 0, 0, 64));
  return type !== null && isFloat(type);
}

function constantKey({ type, shape, data }: OnnxTensor): string {
  return `${type} ${shape.join("x")} ${Array.from(data, (value) => (Object.is(value, -0) ? "-0" : value)).join(" ")}`;
}

/** What two nodes have in common that compute the same; null for those that hold a large tensor. */
function nodeKey(node: OnnxNode): string | null {
  const attributes: unknown[] = [];
  for (const [name, attribute] of [...node.attributes].sort(([a], [b]) => (a < b ? -1 : 1))) {
    if (attribute.kind === "other") return null;
    if (attribute.kind !== "tensor") attributes.push([name, attribute.kind, attribute.value]);
    else if (attribute.value.data.length <= SMALL) attributes.push([name, constantKey(attribute.value)]);
    else return null;
  }
  return JSON.stringify([node.domain, node.op, node.version, node.inputs, node.outputs.length, attributes]);
}

/** The network with each value under one name, each small constant and each computation once. */
export function mergeEqual(network: Network): Network {
  const names = new Map<string, string>();
  const constants = new Map<string, string>();
  for (const [name, tensor] of network.constants) {
    if (tensor.data.length > SMALL) continue;
    const key = constantKey(tensor);
    const earlier = constants.get(key);
    if (earlier === undefined) constants.set(key, name);
    else names.set(name, earlier);
  }
  const computed = new Map<string, OnnxNode>();
  const nodes: OnnxNode[] = [];
  for (const original of network.nodes) {
    const node = renameInputsOf(original, names);
    if (isCopy(node)) {
      names.set(node.outputs[0], node.inputs[0] ?? "");
      if (node.outputs.length === 1) continue;
    }
    const key = nodeKey(node);
    const earlier = key === null ? undefined : computed.get(key);
    if (key !== null && earlier === undefined) computed.set(key, node);
    if (earlier === undefined) {
      nodes.push(node);
      continue;
    }
    for (const [index, output] of node.outputs.entries()) {
      if (output !== "") names.set(output, earlier.outputs[index]);
    }
  }
  return prune({ ...network, nodes, output: resolveName(network.output, names) });
}
