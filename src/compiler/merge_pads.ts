/** Binary convolutions behind a pad take its constant as their own border, and read what the pad reads. */
import type { BinaryConv2dNode, BorderValue, Graph, Node, PadNode } from "../graph/types.js";
import { canonicalPadding, type Sides } from "../graph/window.js";

function borderValue(value: number): BorderValue | null {
  if (value === 0) return 0;
  return value === -1 || value === 1 ? value : null;
}

/**
 * The convolution of what the pad reads, or null if it has a border of another value, or one that depends on the size.
 */
function merged(node: BinaryConv2dNode, pad: PadNode): BinaryConv2dNode | null {
  const { padding } = node;
  const padValue = borderValue(pad.value);
  if (padding === "same" || padValue === null) return null;
  const [top, left, bottom = top, right = left]: readonly number[] = padding;
  if (node.padValue !== padValue && top + left + bottom + right > 0) return null;
  const sides: Sides = [top + pad.top, left + pad.left, bottom + pad.bottom, right + pad.right];
  return { ...node, inputs: pad.inputs, padValue, padding: canonicalPadding(sides) };
}

function addsNothing({ top, left, bottom, right }: PadNode): boolean {
  return top + left + bottom + right === 0;
}

/** Two pads as one, if they add the same or one of them adds nothing: a chain of any length is then one step. */
function joined(outer: PadNode, inner: PadNode | undefined): PadNode {
  if (inner === undefined) return outer;
  if (outer.value !== inner.value && !addsNothing(outer) && !addsNothing(inner)) return outer;
  return {
    ...outer,
    inputs: inner.inputs,
    value: addsNothing(outer) ? inner.value : outer.value,
    top: outer.top + inner.top,
    left: outer.left + inner.left,
    bottom: outer.bottom + inner.bottom,
    right: outer.right + inner.right,
  };
}

/** The nodes with as many pads merged as can be; the pads stay for whoever else reads them. */
export function mergePads({ nodes }: Graph): readonly Node[] {
  const pads = new Map<string, PadNode>();
  return nodes.map((node) => {
    if (node.kind === "pad") pads.set(node.name, joined(node, pads.get(node.inputs[0])));
    if (node.kind !== "binaryConv2d") return node;
    const pad = pads.get(node.inputs[0]);
    return (pad === undefined ? null : merged(node, pad)) ?? node;
  });
}
