/**
 * Several operators that are one thing:
 *
 *   what it looks like                                       what it means       where it comes from
 *   ReduceMean(Abs(x), axes = [a], keepdims = 1)             AbsMean             XNOR-Net: the size of the input,
 *                                                                                for its K map
 *   Reshape [N, g, C / g, H, W], Transpose(0, 2, 1, 3, 4),   ChannelShuffle(g)   ShuffleNet, in torch's words
 *     Reshape [N, C, H, W]
 */
import { type Shape, sameShape } from "../../tensor.js";
import { type Network, type OnnxNode, producers } from "./network.js";
import { type Rewritten, startEdit } from "./network_edit.js";
import { reducedAxes } from "./ops/reduce.js";
import { permutation } from "./ops/views.js";

type Makers = ReadonlyMap<string, OnnxNode>;

function madeBy(value: string, op: string, makers: Makers): OnnxNode | null {
  const maker = makers.get(value);
  return maker?.domain === "" && maker.op === op ? maker : null;
}

/** The axis of a mean of |x|; null if the node is none. */
function absMeanAxis(node: OnnxNode, network: Network, shapes: ReadonlyMap<string, Shape>): number | null {
  const shape = shapes.get(node.inputs[0]);
  if (shape === undefined) return null;
  const reduced = reducedAxes(node, shape.length, network.constants.get(node.inputs[1] ?? "") ?? null);
  return reduced?.keep && reduced.axes.length === 1 ? reduced.axes[0] : null;
}

/** The groups of a shuffle and the value that is shuffled, if the node is the last of its three operators. */
function shuffle(
  node: OnnxNode,
  makers: Makers,
  shapes: ReadonlyMap<string, Shape>,
): { readonly value: string; readonly groups: number } | null {
  const turned = madeBy(node.inputs[0], "Transpose", makers);
  const grouped = turned === null ? null : madeBy(turned.inputs[0], "Reshape", makers);
  if (turned === null || grouped === null) return null;
  const [before, inner, after] = [grouped.inputs[0], grouped.outputs[0], node.outputs[0]].map((name) =>
    shapes.get(name),
  );
  if (before === undefined || inner === undefined || after === undefined) return null;
  const isSplit = before.length === 4 && inner.length === 5 && inner[1] * inner[2] === before[1];
  const isKept = sameShape(before, after) && sameShape(before, [before[0], before[1], inner[3], inner[4]]);
  const isTurn = inner[0] === before[0] && permutation(turned, 5).join() === "0,2,1,3,4";
  return isSplit && isKept && isTurn ? { value: grouped.inputs[0], groups: inner[1] } : null;
}

/** The network with these written as own operators. */
export function recognizeCompositions(network: Network, shapes: ReadonlyMap<string, Shape>): Rewritten {
  const edit = startEdit(network, shapes);
  const makers = producers(network.nodes);
  for (const node of network.nodes) {
    const [output] = node.outputs;
    const magnitude = node.domain === "" && node.op === "ReduceMean" ? madeBy(node.inputs[0], "Abs", makers) : null;
    const axis = magnitude === null ? null : absMeanAxis(node, network, shapes);
    if (magnitude !== null && axis !== null) {
      edit.addOwn(node, "AbsMean", [magnitude.inputs[0]], { axis }, output, output);
      continue;
    }
    const shuffled = node.domain === "" && node.op === "Reshape" ? shuffle(node, makers, shapes) : null;
    if (shuffled !== null) {
      edit.addOwn(node, "ChannelShuffle", [shuffled.value], { groups: shuffled.groups }, output, output);
      continue;
    }
    edit.nodes.push(node);
  }
  return edit.finish();
}
