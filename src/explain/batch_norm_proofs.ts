/** The numbers behind what `bn` says: parts of the network folded and not folded, run on the values that reach them. */

import type { BatchNormNode, Conv2dNode, Node, QuantizeNode } from "../graph/types.js";
import { paddingSides, windowExtent } from "../graph/window.js";
import { largestMagnitude } from "../tensor.js";
import type { Chain } from "./batch_norm_chains.js";
import type { Examined } from "./facts.js";
import { ancestorsWithin, isWeighted } from "./flow.js";
import { affineNode, affineOf, composed, foldBefore, foldBehind } from "./proofs/affine.js";
import { agreement, channelOf, disagreement, type Numbers, type Proof, runNodes } from "./proofs/numbers.js";

type Weighted = Extract<Node, { kind: "conv2d" | "dense" | "binaryConv2d" | "binaryDense" }>;

/** The layer and its batch norm, against the layer with the batch norm in it. */
export function proveBehind({ model, value, input }: Examined, norm: BatchNormNode, layer: Node): Proof {
  const { weights } = model;
  const x = value(layer.inputs[0]);
  const apart = runNodes([layer, norm], layer.inputs[0], x, weights);
  const folded = foldBehind(layer as Weighted, affineOf(norm, weights), weights);
  const joined = runNodes(folded.nodes, layer.inputs[0], x, folded.weights);
  return agreement(`${layer.name} and ${norm.name}, folded and not, on ${input}`, apart, joined);
}

/** A fold past a layer that is no affine gives other numbers. */
export function proveWrongFold(
  { model, value, outline, input }: Examined,
  norm: BatchNormNode,
  before: Node,
  beyond: Node,
): readonly Proof[] {
  const { weights } = model;
  const from = beyond.inputs[0];
  const { live } = outline.flow;
  const first = live.indexOf(beyond);
  const own = ancestorsWithin(live.slice(first, live.indexOf(norm) + 1), norm.name);
  const isChain = own.every(
    (node, index) => node.inputs.length === 1 && node.inputs[0] === (own[index - 1]?.name ?? from),
  );
  const sameChannels = outline.shapes.get(beyond.name)![1] === outline.shapes.get(norm.name)![1];
  if (!isChain || !sameChannels || own.slice(1).some(isWeighted)) return [];
  const x = value(from);
  const right = runNodes(own, from, x, weights);
  const folded = foldBehind(beyond as Weighted, affineOf(norm, weights), weights);
  const wrong = runNodes([...folded.nodes, ...own.slice(1, -1)], from, x, folded.weights);
  return [
    disagreement(
      `${norm.name} folded into ${beyond.name} across ${before.name} all the same, on ${input}`,
      right,
      wrong,
    ),
  ];
}

/** True for the places of a convolution whose window lies within the map. */
function withinMap(node: Conv2dNode, input: readonly number[], output: readonly number[]): (index: number) => boolean {
  const [, , height, width] = input;
  const [, , rows, columns] = output;
  const [top, left] = paddingSides(node, [height, width]);
  const fits = (place: number, axis: 0 | 1, before: number, size: number) => {
    const start = place * node.stride[axis] - before;
    return start >= 0 && start + windowExtent(node, axis) <= size;
  };
  return (index) => fits(Math.floor(index / columns) % rows, 0, top, height) && fits(index % columns, 1, left, width);
}

/** A batch norm folded into the convolution behind it: right within the map, and at a border of zeros not. */
export function proveBorder(
  { model, value, outline, input }: Examined,
  norm: BatchNormNode,
  conv: Conv2dNode,
): readonly Proof[] {
  const { weights } = model;
  const from = norm.inputs[0];
  const x = value(from);
  const right = runNodes([norm, conv], from, x, weights);
  const folded = foldBefore(conv, affineOf(norm, weights), weights);
  const joined = runNodes(
    folded.nodes.map((node) => ({ ...node, inputs: [from] })),
    from,
    x,
    folded.weights,
  );
  const isWithin = withinMap(conv, outline.shapes.get(norm.name)!, right.shape);
  const indices = right.data.length;
  let border = 0;
  for (let index = 0; index < indices; index++) if (!isWithin(index)) border++;
  const what = `${norm.name} folded into ${conv.name}, on ${input}`;
  const proofs = border < indices ? [agreement(`${what}: places within the map`, right, joined, isWithin)] : [];
  if (border === 0) return proofs;
  return [...proofs, disagreement(`${what}: places at the border`, right, joined, (index) => !isWithin(index))];
}

/** Every decision of a sign against the threshold on what the batch norm reads. */
export function proveThreshold({ model, value, input }: Examined, norm: BatchNormNode, sign: QuantizeNode): Proof {
  const { scale, shift } = affineOf(norm, model.weights);
  // A sign that reads a shifted map decides on fewer places: the batch norm is computed on what reaches the sign.
  const x = value(norm.inputs[0]);
  const decided = sign.inputs[0] === norm.name ? value(sign.name) : null;
  const channel = channelOf(x.shape);
  let wrong = 0;
  for (let index = 0; index < x.data.length; index++) {
    const c = channel(index);
    const y = x.data[index] * scale[c] + shift[c];
    const byThreshold = decide(sign, x.data[index], scale[c], shift[c]);
    const bySign = decided === null ? signOf(sign, y) : decided.data[index];
    // A value that rounding alone puts on the other side is no disagreement.
    if (byThreshold !== bySign && Math.abs(y) > 1e-6 * Math.max(1, Math.abs(shift[c]))) wrong++;
  }
  return {
    what:
      `signs of ${sign.name} against thresholds on ${norm.inputs[0]}, ${x.data.length} decisions on ` +
      `${input}: wrong ones`,
    value: wrong,
    limit: 0,
    mustAgree: true,
    holds: wrong === 0,
  };
}

function signOf({ method }: QuantizeNode, y: number): number {
  if (method === "sign") return Math.sign(y);
  if (method === "sign_greater") return y > 0 ? 1 : -1;
  return y < 0 ? -1 : 1;
}

/** The sign of scale x + shift by comparing x with -shift / scale. */
function decide(sign: QuantizeNode, x: number, scale: number, shift: number): number {
  if (scale === 0) return signOf(sign, shift);
  const threshold = -shift / scale;
  return signOf(sign, scale > 0 ? x - threshold : threshold - x);
}

/**
 * What two batch norms with positively homogeneous layers between become: the second one's factor in front, its shift
 * behind.
 */
export function proveMerged(
  { model, value, input }: Examined,
  norm: BatchNormNode,
  { between, next }: Chain,
): readonly Proof[] {
  const { weights } = model;
  const from = norm.inputs[0];
  const u = value(from);
  const right = runNodes([norm, ...between, next], from, u, weights);
  const [first, second] = [affineOf(norm, weights), affineOf(next, weights)];
  const zero = second.shift.map(() => 0);
  const front = affineNode(norm.name, from, composed(first, { scale: second.scale, shift: zero }));
  const behind = affineNode(next.name, next.inputs[0], { scale: zero.map(() => 1), shift: second.shift });
  const both = new Map([...weights, ...front.weights, ...behind.weights]);
  const moved = runNodes([front.node, ...between, behind.node], from, u, both);
  const channel = channelOf(right.shape);
  const passes = (index: number) => between.length === 0 || second.scale[channel(index)] >= 0;
  const what = `the factor of ${next.name} moved in front of ${
    [...between]
      .reverse()
      .map(({ name }) => name)
      .join(", ") || norm.name
  }, on ${input}`;
  const proofs = [
    agreement(between.length === 0 ? what : `${what}: channels with a factor >= 0`, right, moved, passes),
  ];
  if (between.length === 0 || second.scale.every((factor) => factor >= 0)) return proofs;
  return [...proofs, disagreement(`${what}: channels with a negative factor`, right, moved, (index) => !passes(index))];
}

/** With one result in place of both, what else reads the first batch norm gets other values. */
export function proveBothNeeded(
  { model, value, outline, input }: Examined,
  norm: BatchNormNode,
  { between, next, others }: Chain,
): readonly Proof[] {
  if (between.length > 0 || others.length === 0) return [];
  const { parts, flow } = outline;
  const unit = parts.flatMap(({ units }) => units).find(({ nodes }) => nodes.includes(next));
  const from = norm.inputs[0];
  if (unit === undefined || unit.from !== norm.name) return [];
  const u: Numbers = value(from);
  const right = runNodes([norm, ...unit.nodes], from, u, model.weights);
  const readers = new Set(others.map(({ reader }) => reader));
  const rewired = unit.nodes.map((node) =>
    readers.has(node) ? { ...node, inputs: node.inputs.map((name) => (name === norm.name ? next.name : name)) } : node,
  );
  const wrong = runNodes([norm, ...rewired], from, u, model.weights);
  const what = `${next.name} in place of both for ${others.map(({ reader }) => reader.name).join(", ")}, on ${input}`;
  return flow.byName.has(next.name) && largestMagnitude(right.data) > 0 ? [disagreement(what, right, wrong)] : [];
}
