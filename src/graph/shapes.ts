/**
 * Shape inference: the shape of every value of a graph for one input shape. Sizes follow both frameworks:
 * floor((size + 2 padding - dilation (kernel - 1) - 1) / stride) + 1 on each spatial axis.
 */
import { XnorkitError } from "../errors.js";
import { elementCount, formatShape, type Shape } from "../tensor.js";
import type { AddNode, BinaryConv2dNode, Conv2dNode, Graph, Node, Pair } from "./types.js";

function fail(node: Node, problem: string): never {
  throw new XnorkitError("bad-shape", `layer ${node.name} (${node.kind}) ${problem}`);
}

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

interface Window {
  readonly kernel: Pair;
  readonly stride: Pair;
  readonly padding: Pair;
  readonly dilation: Pair;
}

function imageShape(node: Node, shape: Shape): Shape {
  if (shape.length !== 4) {
    fail(node, `needs an image map [batch, channels, height, width], but ${node.inputs[0]} is ${formatShape(shape)}`);
  }
  return shape;
}

function slide(node: Node, input: Shape, { kernel, stride, padding, dilation }: Window): readonly number[] {
  return [0, 1].map((axis) => {
    const reach = dilation[axis] * (kernel[axis] - 1) + 1;
    const padded = input[2 + axis] + 2 * padding[axis];
    if (reach > padded) {
      fail(
        node,
        `has a kernel that spans ${reach} pixels along axis ${2 + axis}, but ${node.inputs[0]} is ${formatShape(input)}` +
          `${padding[axis] > 0 ? ` with padding ${padding[axis]}` : ""}: use a larger input`,
      );
    }
    return Math.floor((padded - reach) / stride[axis]) + 1;
  });
}

function convolve(node: Conv2dNode | BinaryConv2dNode, input: Shape): Shape {
  const [batch, channels] = imageShape(node, input);
  if (channels % node.groups !== 0 || node.channels % node.groups !== 0) {
    fail(
      node,
      `has ${node.groups} groups, which must divide its ${channels} input channels and its ${node.channels} output channels`,
    );
  }
  return [batch, node.channels, ...slide(node, input, node)];
}

function addShapes(node: AddNode, first: Shape, second: Shape): Shape {
  const rest = (shape: Shape) => formatShape(shape.filter((_, axis) => axis !== 1));
  if (first.length !== second.length || first.length < 2 || rest(first) !== rest(second)) {
    const sizesDiffer = first.length === 4 && second.length === 4 && first[0] === second[0];
    fail(
      node,
      `cannot add ${node.inputs[1]} of shape ${formatShape(second)} to ${node.inputs[0]} of shape ${formatShape(first)}` +
        (sizesDiffer
          ? ": the branches differ in size (pooling rounds an odd size down, a strided convolution rounds it up), use an input" +
            " whose size stays even or a shortcut without pooling"
          : ": all axes but the channels must be equal"),
    );
  }
  if (node.channelOffset + second[1] > first[1]) {
    fail(
      node,
      `adds the ${second[1]} channels of ${node.inputs[1]} from channel ${node.channelOffset} on, but ${node.inputs[0]} has only` +
        ` ${first[1]} channels`,
    );
  }
  return first;
}

/**
 * The shape of one node's value from the shapes of its inputs.
 * @throws XnorkitError `bad-shape` that names the layer, what it needs and what it found.
 */
export function inferNodeShape(node: Exclude<Node, { kind: "input" }>, inputs: readonly Shape[]): Shape {
  const [input] = inputs;
  switch (node.kind) {
    case "conv2d":
    case "binaryConv2d":
      return convolve(node, input);
    case "maxPool":
    case "avgPool": {
      const [batch, channels] = imageShape(node, input);
      if (node.padding.some((padding, axis) => padding >= node.kernel[axis])) {
        fail(
          node,
          `has padding ${node.padding.join("x")}, which must be smaller than its kernel ${node.kernel.join("x")}`,
        );
      }
      return [batch, channels, ...slide(node, input, { ...node, dilation: [1, 1] })];
    }
    case "globalAvgPool": {
      const [batch, channels] = imageShape(node, input);
      return [batch, channels, 1, 1];
    }
    case "flatten":
      return [input[0], elementCount(input.slice(1))];
    case "dense":
      if (input.length !== 2) {
        fail(node, `needs [batch, features], but ${node.inputs[0]} is ${formatShape(input)}: flatten it first`);
      }
      return [input[0], node.units];
    case "add":
      return addShapes(node, inputs[0], inputs[1]);
    case "batchNorm":
    case "relu":
    case "quantize":
      return input;
  }
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
      fail(node, `would give a value of ${formatShape(shape)}: too large`);
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
    if (node.kind !== "dense") continue;
    const expected = built.get(node.inputs[0])![1];
    const found = shapes.get(node.inputs[0])![1];
    if (expected !== found) {
      fail(node, `has weights for ${expected} features, but an input of ${formatShape(inputShape)} gives it ${found}`);
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
