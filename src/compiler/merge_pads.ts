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

/** The nodes with as many pads merged as can be; the pads stay for whoever else reads them. */
export function mergePads({ nodes }: Graph): readonly Node[] {
  const pads = new Map<string, PadNode>();
  return nodes.map((node) => {
    if (node.kind === "pad") pads.set(node.name, node);
    if (node.kind !== "binaryConv2d") return node;
    let current = node;
    for (;;) {
      const pad = pads.get(current.inputs[0]);
      const next = pad === undefined ? null : merged(current, pad);
      if (next === null) return current;
      current = next;
    }
  });
}
