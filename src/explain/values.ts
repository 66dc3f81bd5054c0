/**
 * What can be said of values without running the network: how many bits they have, and whether they can be negative.
 */
import { recordOf } from "../graph/nodes/index.js";
import type { Node } from "../graph/types.js";
import type { Flow } from "./flow.js";

/** What a layer that moves values adds to them; null for layers that compute. */
function addedConstants(node: Node): readonly number[] | null {
  return recordOf(node).moves?.(node) ?? null;
}

function fixedPoint<T>(flow: Flow, start: T, of: (node: Node, inputs: readonly T[]) => T): ReadonlyMap<string, T> {
  const found = new Map<string, T>();
  for (const node of flow.graph.nodes) {
    const inputs = node.inputs.map((input) => found.get(input) ?? start);
    found.set(node.name, node.kind === "input" ? start : of(node, inputs));
  }
  return found;
}

/**
 * Bits of each value: 1 after a sign, few after a quantiser, 32 for floats. Moving values keeps them; a border of +-1
 * keeps signs.
 */
export function bitsOfValues(flow: Flow): ReadonlyMap<string, number> {
  return fixedPoint(flow, 32, (node, inputs) => {
    if (node.kind === "quantize") return node.bits;
    const added = addedConstants(node);
    // A border of zeros among signs is a third value, of which the layer that reads it takes care.
    return added?.every((value) => [-1, 0, 1].includes(value)) ? Math.max(...inputs) : 32;
  });
}

/**
 * Values that no weights can make negative: what follows a ReLU without a layer that subtracts, XNOR counts,
 * magnitudes.
 */
export function nonNegativeValues(flow: Flow): ReadonlySet<string> {
  const bits = bitsOfValues(flow);
  const found = fixedPoint(flow, false, (node, inputs) => {
    const all = inputs.every((isNonNegative) => isNonNegative);
    switch (node.kind) {
      case "relu":
      case "absMean":
      case "softmax":
        return true;
      case "activation":
        return node.function === "sigmoid" || node.function === "softrelu" || all;
      case "quantize":
        return node.method === "round" || node.method === "relu";
      case "binaryConv2d":
        return node.offset && bits.get(node.inputs[0]) === 1;
      case "scale":
        return node.factor === 0 || (node.factor > 0 && all);
      case "clip":
        return (node.min ?? -1) >= 0 || all;
      case "fakeQuantize":
        return node.low >= node.zeroPoint;
      case "add":
      case "mul":
      case "avgPool":
      case "globalAvgPool":
        return all;
      default:
        return all && (addedConstants(node)?.every((value) => value >= 0) ?? false);
    }
  });
  return new Set([...found].flatMap(([name, isNonNegative]) => (isNonNegative ? [name] : [])));
}
