/** Whether the pictures that a network reads are NCHW or NHWC: by the first operator that treats one of their axes as channels. */
import type { TensorLayout } from "../../graph/layout.js";
import type { Shape } from "../../tensor.js";
import { type Network, type OnnxNode, OWN_DOMAIN, readers } from "./network.js";
import { scalarFunction } from "./ops/elementwise.js";
import { permutation } from "./ops/views.js";

/** Read maps as NCHW. */
const MAP_OPERATORS = new Set([
  "Conv",
  "MaxPool",
  "AveragePool",
  "GlobalAveragePool",
  "GlobalMaxPool",
  "BatchNormalization",
]);
const MOST_COLORS = 4;

/** What one reader of the picture tells; null if nothing. */
function toldBy(node: OnnxNode, rank: number): TensorLayout | null {
  if (node.domain !== "") return null;
  if (MAP_OPERATORS.has(node.op)) return "NCHW";
  if (node.op === "Transpose") return permutation(node, rank).join() === "0,3,1,2" ? "NHWC" : "NCHW";
  return null;
}

/** True for operators after which the picture's axes are what they were. */
function keepsAxes(node: OnnxNode): boolean {
  return node.domain === OWN_DOMAIN || node.op === "Pad" || scalarFunction(node) !== null;
}

/**
 * The layout of a network's input.
 * @param shape Of the input in the file. Where nothing tells, few channels at the end and not at the start mean NHWC.
 */
export function inputLayout(network: Network, shape: Shape): TensorLayout {
  if (shape.length !== 4) return "NCHW";
  const readersOf = readers(network.nodes);
  const seen = new Set<string>();
  const open = [network.input];
  for (let value = open.shift(); value !== undefined; value = open.shift()) {
    for (const node of readersOf.get(value) ?? []) {
      const told = toldBy(node, shape.length);
      if (told !== null) return told;
      const [output] = node.outputs;
      if (!keepsAxes(node) || seen.has(output)) continue;
      seen.add(output);
      open.push(output);
    }
  }
  return shape[3] <= MOST_COLORS && shape[1] > MOST_COLORS ? "NHWC" : "NCHW";
}
