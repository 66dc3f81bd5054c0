/**
 * The shape that each kind of node computes from the shapes it reads. Sizes follow both frameworks:
 * floor((size + 2 padding - dilation (kernel - 1) - 1) / stride) + 1 on each spatial axis.
 */
import { XnorkitError } from "../errors.js";
import { elementCount, formatShape, type Shape, sameShape } from "../tensor.js";
import type {
  AddNode,
  BinaryConv2dNode,
  ChannelShuffleNode,
  ConcatNode,
  Conv2dNode,
  CropNode,
  MulNode,
  Node,
  PadNode,
  Pair,
  SliceChannelsNode,
} from "./types.js";

/** @throws XnorkitError `bad-shape` that names the layer. */
export function failShape(node: Node, problem: string): never {
  throw new XnorkitError("bad-shape", `layer ${node.name} (${node.kind}) ${problem}`);
}

interface Window {
  readonly kernel: Pair;
  readonly stride: Pair;
  readonly padding: Pair;
  readonly dilation: Pair;
}

function imageShape(node: Node, shape: Shape): Shape {
  if (shape.length !== 4) {
    failShape(
      node,
      `needs an image map [batch, channels, height, width], but ${node.inputs[0]} is ${formatShape(shape)}`,
    );
  }
  return shape;
}

function slide(node: Node, input: Shape, { kernel, stride, padding, dilation }: Window): readonly number[] {
  return [0, 1].map((axis) => {
    const reach = dilation[axis] * (kernel[axis] - 1) + 1;
    const padded = input[2 + axis] + 2 * padding[axis];
    if (reach > padded) {
      failShape(
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
    failShape(
      node,
      `has ${node.groups} groups, which must divide its ${channels} input channels and its ${node.channels} output channels`,
    );
  }
  return [batch, node.channels, ...slide(node, input, node)];
}

/** The shape with another number of channels (axis 1). */
function withChannels(shape: Shape, channels: number): Shape {
  return [shape[0], channels, ...shape.slice(2)];
}

/** All axes but the channels, for comparing two maps. */
function besideChannels(shape: Shape): string {
  return formatShape(shape.filter((_, axis) => axis !== 1));
}

function addShapes(node: AddNode, first: Shape, second: Shape): Shape {
  if (first.length !== second.length || first.length < 2 || besideChannels(first) !== besideChannels(second)) {
    const sizesDiffer = first.length === 4 && second.length === 4 && first[0] === second[0];
    failShape(
      node,
      `cannot add ${node.inputs[1]} of shape ${formatShape(second)} to ${node.inputs[0]} of shape ${formatShape(first)}` +
        (sizesDiffer
          ? ": the branches differ in size (pooling rounds an odd size down, a strided convolution rounds it up), use an input" +
            " whose size stays even or a shortcut without pooling"
          : ": all axes but the channels must be equal"),
    );
  }
  if (node.channelOffset + second[1] > first[1]) {
    failShape(
      node,
      `adds the ${second[1]} channels of ${node.inputs[1]} from channel ${node.channelOffset} on, but ${node.inputs[0]} has only` +
        ` ${first[1]} channels`,
    );
  }
  return first;
}

function concatShapes(node: ConcatNode, inputs: readonly Shape[]): Shape {
  const [first] = inputs;
  if (first === undefined) failShape(node, "joins no inputs");
  inputs.forEach((shape, index) => {
    if (shape.length >= 2 && shape.length === first.length && besideChannels(shape) === besideChannels(first)) return;
    failShape(
      node,
      `cannot join ${node.inputs[index]} of shape ${formatShape(shape)} to ${node.inputs[0]} of shape ${formatShape(first)}:` +
        " all axes but the channels must be equal",
    );
  });
  return withChannels(
    first,
    inputs.reduce((sum, shape) => sum + shape[1], 0),
  );
}

function mulShapes(node: MulNode, first: Shape, second: Shape): Shape {
  if (sameShape(first, second)) return first;
  if (first.length === second.length && first.length >= 2 && sameShape(second, withChannels(first, 1))) return first;
  return failShape(
    node,
    `cannot multiply ${node.inputs[0]} of shape ${formatShape(first)} by ${node.inputs[1]} of shape ${formatShape(second)}:` +
      " the second must have the same shape, or one channel and the same other axes",
  );
}

function shuffleShape(node: ChannelShuffleNode, input: Shape): Shape {
  const channels = imageShape(node, input)[1];
  if (channels % node.groups !== 0) {
    failShape(node, `has ${node.groups} groups, which must divide the ${channels} channels of ${node.inputs[0]}`);
  }
  return input;
}

function sliceShape(node: SliceChannelsNode, input: Shape): Shape {
  if (input.length < 2 || node.begin < 0 || node.begin >= node.end || node.end > input[1]) {
    failShape(node, `takes channels ${node.begin} to ${node.end} of ${node.inputs[0]}, which is ${formatShape(input)}`);
  }
  return withChannels(input, node.end - node.begin);
}

function padShape(node: PadNode, input: Shape): Shape {
  const [batch, channels, height, width] = imageShape(node, input);
  return [batch, channels, node.top + height + node.bottom, node.left + width + node.right];
}

function cropShape(node: CropNode, input: Shape): Shape {
  const [batch, channels, height, width] = imageShape(node, input);
  if (node.top >= height || node.left >= width) {
    failShape(
      node,
      `drops ${node.top} rows and ${node.left} columns of ${node.inputs[0]}, which is ${formatShape(input)}: nothing is left`,
    );
  }
  return [batch, channels, height - node.top, width - node.left];
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
        failShape(
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
    case "binaryDense":
      if (input.length !== 2) {
        failShape(node, `needs [batch, features], but ${node.inputs[0]} is ${formatShape(input)}: flatten it first`);
      }
      return [input[0], node.units];
    case "add":
      return addShapes(node, inputs[0], inputs[1]);
    case "mul":
      return mulShapes(node, inputs[0], inputs[1]);
    case "concat":
      return concatShapes(node, inputs);
    case "absMean": {
      const [batch, , height, width] = imageShape(node, input);
      return [batch, 1, height, width];
    }
    case "channelShuffle":
      return shuffleShape(node, input);
    case "sliceChannels":
      return sliceShape(node, input);
    case "pad":
      return padShape(node, input);
    case "crop":
      return cropShape(node, input);
    case "softmax":
      if (input.length < 2) failShape(node, `needs channels, but ${node.inputs[0]} is ${formatShape(input)}`);
      return input;
    case "batchNorm":
    case "relu":
    case "quantize":
    case "scale":
    case "activation":
      return input;
  }
}
