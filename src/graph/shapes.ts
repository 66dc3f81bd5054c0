/**
 * Shape inference: the shape of every value of a graph for one input shape.
 */
import { describeArgument } from "../arguments.js";
import { XnorkitError } from "../errors.js";
import { elementCount, formatShape, type Shape, sameShape } from "../tensor.js";
import { shapeInside, type TensorLayout } from "./layout.js";
import { type ComputedNode, recordOf } from "./nodes/index.js";
import { failShape } from "./nodes/record.js";
import { checkGraph } from "./read_graph.js";
import type { Graph } from "./types.js";

/**
 * Checks what a caller gives as an input shape: four axes in the layout at the ports, or [batch, features], of positive
 * integers.
 */
export function checkInputShape(shape: Shape, owner: string, layout: TensorLayout = "NCHW"): void {
  const wellFormed = Array.isArray(shape) && shape.every((size) => Number.isSafeInteger(size) && size > 0);
  if (wellFormed && (shape.length === 4 || shape.length === 2) && Number.isSafeInteger(elementCount(shape))) return;
  const found = Array.isArray(shape) ? formatShape(shape) : describeArgument(shape);
  const axes = layout === "NCHW" ? "channels, height, width" : "height, width, channels";
  throw new XnorkitError(
    "bad-shape",
    `the input shape of ${owner} is ${found}: it must be [batch, ${axes}] of positive integers`,
  );
}

/**
 * The shape of one node's value from the shapes of its inputs.
 * @throws XnorkitError `bad-shape` that names the layer, what it needs and what it found; `bad-graph` for a kind that
 *   does not exist and for fields that contradict each other.
 */
export function inferNodeShape(node: ComputedNode, inputs: readonly Shape[]): Shape {
  const { inputs: [least, most] = [1, 1], shape } = recordOf(node);
  if (inputs.length < least || inputs.length > most) {
    const needed = least === most ? String(least) : `${least} to ${most}`;
    failShape(node, `reads ${inputs.length} values, but needs ${needed}`);
  }
  return shape(node, inputs);
}

function inferAll(graph: Graph, inputShape: Shape): ReadonlyMap<string, Shape> {
  const shapes = new Map<string, Shape>();
  for (const node of graph.nodes) {
    if (node.kind === "input") {
      shapes.set(node.name, shapeInside(inputShape, graph.layout));
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

/** Graphs are read-only data, and a session asks for the shapes that its graph was built for at each of its stages. */
const known = new WeakMap<Graph, ReadonlyMap<string, Shape>>();

/** The shapes for the graph's own input. */
function ownShapes(graph: Graph): ReadonlyMap<string, Shape> {
  let shapes = known.get(graph);
  if (shapes === undefined) {
    shapes = inferAll(graph, graph.inputShape);
    known.set(graph, shapes);
  }
  return shapes;
}

/**
 * A different image size must not ask for other weights: the channels of the input and the features of layers with
 * parameters stay.
 */
function checkSameParameters(graph: Graph, inputShape: Shape, shapes: ReadonlyMap<string, Shape>): void {
  const { layout } = graph;
  if (
    inputShape.length !== graph.inputShape.length ||
    shapeInside(inputShape, layout)[1] !== shapeInside(graph.inputShape, layout)[1]
  ) {
    throw new XnorkitError(
      "bad-shape",
      `${graph.name} was built for an input of ${formatShape(graph.inputShape)} and cannot read ` +
        `${formatShape(inputShape)}:` +
        ` the number of axes and of channels must stay, only batch, height and width may change`,
    );
  }
  const built = ownShapes(graph);
  for (const node of graph.nodes) {
    if (recordOf(node).parameters === undefined) continue;
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
 * The shape of every value by its name, for the graph's own input shape or another one with the same channels. The
 * input shape is in the layout at the ports; the shapes of values, the input's among them, are NCHW (\`shapeAtPort\`
 * turns them).
 * @throws XnorkitError `bad-shape` that names the layer, what it needs and what it found; `bad-graph` if a layer reads
 *   a value that no layer before it computes.
 */
export function inferShapes(graph: Graph, inputShape?: Shape): ReadonlyMap<string, Shape> {
  checkGraph(graph);
  const shape = inputShape === undefined ? graph.inputShape : inputShape;
  checkInputShape(shape, graph.name, graph.layout);
  if (sameShape(shape, graph.inputShape)) return ownShapes(graph);
  const shapes = inferAll(graph, shape);
  checkSameParameters(graph, shape, shapes);
  return shapes;
}
