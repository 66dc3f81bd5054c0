/**
 * Whether the pictures that a network reads are NCHW or NHWC: by the first operator that treats one of their axes as
 * channels.
 */
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

/** The axis along which a constant differs that meets a picture: channels, as a rule. */
function axisOfConstant(node: OnnxNode, network: Network): number | null {
  for (const input of node.inputs) {
    const shape = network.constants.get(input)?.shape;
    const long = (shape ?? []).flatMap((size, axis) => (size > 1 ? [axis + 4 - shape!.length] : []));
    if (long.length === 1) return long[0];
  }
  return null;
}

/** What a reader of the picture tells of its axes; `open` if nothing, `same` if its value has the same axes. */
function toldBy(
  node: OnnxNode,
  shape: Shape,
  network: Network,
  shapes: ReadonlyMap<string, Shape>,
): TensorLayout | "open" | "same" {
  if (scalarFunction(node) !== null) {
    const axis = axisOfConstant(node, network);
    return axis === 1 ? "NCHW" : axis === 3 ? "NHWC" : "same";
  }
  if (node.domain === OWN_DOMAIN || node.op === "Pad") return "same";
  if (MAP_OPERATORS.has(node.op)) return "NCHW";
  if (node.op === "Transpose") return permutation(node, shape.length).join() === "0,3,1,2" ? "NHWC" : "NCHW";
  const [batch, height, width, colors] = shape;
  const after = shapes.get(node.outputs[0]) ?? [];
  // With one color tf2onnx writes its Transpose as a Reshape.
  const isTurn = colors === 1 && height > 1 && after.join() === [batch, colors, height, width].join();
  if (node.op === "Reshape" && isTurn) return "NHWC";
  return (node.op === "Reshape" || node.op === "Flatten") && after.length === 2 ? "open" : "NCHW";
}

/**
 * The layout of a network's input. A picture that is made one list of features at once is NHWC if it has few channels
 * at its end alone: that is the same network, but for those who give it pictures.
 * @param shape Of the input in the file.
 */
export function inputLayout(network: Network, shape: Shape, shapes: ReadonlyMap<string, Shape>): TensorLayout {
  if (shape.length !== 4) return "NCHW";
  const readersOf = readers(network.nodes);
  const seen = new Set<string>();
  const open = [network.input];
  let isFlattened = false;
  for (let value = open.shift(); value !== undefined; value = open.shift()) {
    for (const node of readersOf.get(value) ?? []) {
      const told = toldBy(node, shape, network, shapes);
      const [output] = node.outputs;
      if (told === "NCHW" || told === "NHWC") return told;
      isFlattened ||= told === "open";
      if (told === "open" || seen.has(output)) continue;
      seen.add(output);
      open.push(output);
    }
  }
  const [, height, width, colors] = shape;
  return isFlattened && colors <= MOST_COLORS && Math.min(height, width) > MOST_COLORS ? "NHWC" : "NCHW";
}
