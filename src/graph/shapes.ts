/**
 * Shape inference: the shape of every value of a graph for one input shape.
 */
import { XnorkitError } from "../errors.js";
import { elementCount, formatShape, type Shape } from "../tensor.js";
import { failShape, inferNodeShape } from "./node_shapes.js";
import type { Graph } from "./types.js";

/** Checks what a caller gives as an input shape: `[batch, channels, height, width]` of positive integers. */
export function checkInputShape(shape: Shape, owner: string): void {
  const wellFormed = Array.isArray(shape) && shape.every((size) => Number.isSafeInteger(size) && size > 0);
  if (wellFormed && (shape.length === 4 || shape.length === 2) && Number.isSafeInteger(elementCount(shape))) return;
  const found = Array.isArray(shape) ? formatShape(shape) : String(shape);
  throw new XnorkitError(
    "bad-shape",
    `the input shape of ${owner} is ${found}: it must be [batch, channels, height, width] of positive integers`,
  );
}

function inferAll(graph: Graph, inputShape: Shape): ReadonlyMap<string, Shape> {
  const shapes = new Map<string, Shape>();
  for (const node of graph.nodes) {
    if (node.kind === "input") {
      shapes.set(node.name, inputShape);
      continue;
    }
    const inputs = node.inputs.map((name) => {
      const shape = shapes.get(name);
      if (shape === undefined) {
        throw new XnorkitError("bad-graph", `layer ${node.name} reads ${name}, which no layer before it computes`);
      }
      return shape;
    });
    const shape = inferNodeShape(node, inputs);
    if (!Number.isSafeInteger(elementCount(shape)))
      failShape(node, `would give a value of ${formatShape(shape)}: too large`);
    shapes.set(node.name, shape);
  }
  return shapes;
}

/** A different image size must not ask for other weights: the channels of the input and the features of dense layers stay. */
function checkSameParameters(graph: Graph, inputShape: Shape, shapes: ReadonlyMap<string, Shape>): void {
  if (inputShape.length !== graph.inputShape.length || inputShape[1] !== graph.inputShape[1]) {
    throw new XnorkitError(
      "bad-shape",
      `${graph.name} was built for an input of ${formatShape(graph.inputShape)} and cannot read ${formatShape(inputShape)}:` +
        ` the number of axes and of channels must stay, only batch, height and width may change`,
    );
  }
  const built = inferAll(graph, graph.inputShape);
  for (const node of graph.nodes) {
    if (node.kind !== "dense" && node.kind !== "binaryDense") continue;
    const expected = built.get(node.inputs[0])![1];
    const found = shapes.get(node.inputs[0])![1];
    if (expected !== found) {
      failShape(
        node,
        `has weights for ${expected} features, but an input of ${formatShape(inputShape)} gives it ${found}`,
      );
    }
  }
}

/**
 * The shape of every value by its name, for the graph's own input shape or another one with the same channels.
 * @throws XnorkitError `bad-shape` that names the layer, what it needs and what it found; `bad-graph` where a layer reads a
 * value that no layer before it computes.
 */
export function inferShapes(graph: Graph, inputShape?: Shape): ReadonlyMap<string, Shape> {
  const shape = inputShape ?? graph.inputShape;
  checkInputShape(shape, graph.name);
  const shapes = inferAll(graph, shape);
  if (inputShape !== undefined) checkSameParameters(graph, inputShape, shapes);
  return shapes;
}
