/**
 * Straight-through estimators: training code gives a sign the gradient of a smoother function C by
 * `(sign(x) - C).detach() + C`, whose value is the sign. Exported, both terms stay, and so does the whole of C:
 * Bi-Real's polynomial is 20 operators for every activation.
 *
 *   what it looks like     what it means     where it comes from
 *   Add(Sub(S, C), C)      S                 out.detach() - c.detach() + c (Bi-Real Net, ReActNet, IR-Net, most since)
 *   Add(C, Sub(S, C))      S                 c + (out - c).detach()
 *   Sub(Add(S, C), C)      S                 (out + c) - c.detach()
 *
 * S is a value computed from the input, C too: constants that are subtracted and added again were meant.
 */
import { type Shape, sameShape } from "../../tensor.js";
import { type Network, type OnnxNode, producers, prune, renameInputsOf, resolveName } from "./network.js";

/** The value that a node gives if it is the outer operator of an estimator; null if it is not. */
function passedThrough(node: OnnxNode, makers: ReadonlyMap<string, OnnxNode>): string | null {
  if (node.domain !== "" || node.inputs.length !== 2) return null;
  const [a, b] = node.inputs;
  const isMade = (value: string, op: string) => {
    const maker = makers.get(value);
    return maker?.domain === "" && maker.op === op && maker.inputs.length === 2 ? maker.inputs : null;
  };
  if (node.op === "Add") {
    const [left, right] = [isMade(a, "Sub"), isMade(b, "Sub")];
    if (left !== null && left[1] === b) return left[0];
    if (right !== null && right[1] === a) return right[0];
  }
  if (node.op === "Sub") {
    const sum = isMade(a, "Add");
    if (sum !== null && sum[1] === b) return sum[0];
    if (sum !== null && sum[0] === b) return sum[1];
  }
  return null;
}

/** The network without straight-through estimators. */
export function removeStraightThrough(network: Network, shapes: ReadonlyMap<string, Shape>): Network {
  const names = new Map<string, string>();
  const makers = producers(network.nodes);
  const nodes: OnnxNode[] = [];
  for (const original of network.nodes) {
    const node = renameInputsOf(original, names);
    const passed = passedThrough(node, makers);
    const [from, to] = [passed === null ? undefined : shapes.get(passed), shapes.get(node.outputs[0])];
    const isConstant = node.inputs.some((input) => network.constants.has(input));
    if (passed !== null && !isConstant && from !== undefined && to !== undefined && sameShape(from, to)) {
      names.set(node.outputs[0], passed);
    } else {
      nodes.push(node);
    }
  }
  return prune({ ...network, nodes, output: resolveName(network.output, names) });
}
