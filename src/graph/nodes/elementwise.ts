/**
 * Nodes that compute each number from the number at the same place, of one value or of two, and the parameters of its
 * channel.
 */
import { formatShape, type Shape, sameShape } from "../../tensor.js";
import {
  readBoolean,
  readFloat,
  readInteger,
  readName,
  readNullable,
  readOneOf,
  readPositive,
} from "../json_readers.js";
import { MAX_CHANNELS } from "../limits.js";
import {
  besideChannels,
  channelShape,
  failFields,
  failShape,
  isGate,
  type NodeBase,
  type NodeRecords,
  withChannels,
} from "./record.js";

/** Inference batch norm: ((x - mean) / sqrt(variance + epsilon)) * gamma + beta. */
export interface BatchNormNode extends NodeBase {
  readonly kind: "batchNorm";
  /** Null if the layer has none (affine false). With `fixGamma` the stored gamma is read past and taken as 1. */
  readonly gamma: string | null;
  readonly beta: string | null;
  readonly mean: string;
  readonly variance: string;
  readonly epsilon: number;
  readonly fixGamma: boolean;
}

/** x * scale[c] + shift[c] for each channel (axis 1) of a map or of `[N, C]`. */
export interface ScaleShiftNode extends NodeBase {
  readonly kind: "scaleShift";
  /** Parameter name; shape `[C]`. Null is 1. */
  readonly scale: string | null;
  /** Parameter name; shape `[C]`. Null is 0. */
  readonly shift: string | null;
}

/** max(x, 0). */
export interface ReluNode extends NodeBase {
  readonly kind: "relu";
}

/** x >= 0 ? x : slope[c] * x for each channel (axis 1); a leaky ReLU is one whose slopes are equal. */
export interface PreluNode extends NodeBase {
  readonly kind: "prelu";
  /** Parameter name; shape `[C]`. */
  readonly slope: string;
}

/** min(max(x, min), max); a limit that is null is none. ReLU6 is 0 to 6. */
export interface ClipNode extends NodeBase {
  readonly kind: "clip";
  readonly min: number | null;
  readonly max: number | null;
}

/** Elementwise functions other than ReLU. */
export interface ActivationNode extends NodeBase {
  readonly kind: "activation";
  readonly function: "tanh" | "sigmoid" | "softrelu" | "softsign";
}

/** factor * x: AWNAS's `none` and the zero half of its padded downsample multiply by 0. */
export interface ScaleNode extends NodeBase {
  readonly kind: "scale";
  readonly factor: number;
}

/**
 * inputs[0] + inputs[1]. If the second has fewer channels it is added to channels
 * [channelOffset, channelOffset + its channels) of the first and the others pass (ResNetE's slices).
 */
export interface AddNode extends NodeBase {
  readonly kind: "add";
  readonly channelOffset: number;
}

/**
 * inputs[0] * inputs[1]. The second has the same shape; or one channel, which multiplies all of them; or it is a gate,
 * one number a channel: `[N, C, 1, 1]` or `[N, C]` on a map `[N, C, H, W]` (squeeze-and-excitation).
 */
export interface MulNode extends NodeBase {
  readonly kind: "mul";
}

/** Nodes that compute number by number. */
export type ElementwiseNode =
  | BatchNormNode
  | ScaleShiftNode
  | ReluNode
  | PreluNode
  | ClipNode
  | ActivationNode
  | ScaleNode
  | AddNode
  | MulNode;

function addShapes(node: AddNode, [first, second]: readonly Shape[]): Shape {
  if (first.length !== second.length || first.length < 2 || besideChannels(first) !== besideChannels(second)) {
    const sizesDiffer = first.length === 4 && second.length === 4 && first[0] === second[0];
    failShape(
      node,
      `cannot add ${node.inputs[1]} of shape ${formatShape(second)} to ${node.inputs[0]} of shape ` +
        `${formatShape(first)}` +
        (sizesDiffer
          ? ": the branches differ in size (pooling rounds an odd size down, a strided convolution rounds it up), " +
            "use an input" +
            " whose size stays even or a shortcut without pooling"
          : ": all axes but the channels must be equal"),
    );
  }
  if (node.channelOffset + second[1] > first[1]) {
    failShape(
      node,
      `adds the ${second[1]} channels of ${node.inputs[1]} from channel ${node.channelOffset} on, but ` +
        `${node.inputs[0]} has only` +
        ` ${first[1]} channels`,
    );
  }
  return first;
}

function mulShapes(node: MulNode, [first, second]: readonly Shape[]): Shape {
  if (sameShape(first, second) || isGate(first, second)) return first;
  if (first.length >= 2 && sameShape(second, withChannels(first, 1))) return first;
  return failShape(
    node,
    `cannot multiply ${node.inputs[0]} of shape ${formatShape(first)} by ${node.inputs[1]} of shape ` +
      `${formatShape(second)}:` +
      " the second must have the same shape, or one channel and the same other axes, or one number for each channel",
  );
}

const sameAsInput = (_: NodeBase, [input]: readonly Shape[]) => input;
const readParameterName = readNullable(readName);

/** Their records. */
export const elementwiseNodes: NodeRecords<ElementwiseNode> = {
  batchNorm: {
    fields: {
      gamma: readParameterName,
      beta: readParameterName,
      mean: readName,
      variance: readName,
      epsilon: readPositive,
      fixGamma: readBoolean,
    },
    shape: sameAsInput,
    parameters: (node, input) => [
      { role: "gamma", name: node.gamma, shape: [input[1]], ignored: node.fixGamma },
      { role: "beta", name: node.beta, shape: [input[1]] },
      { role: "mean", name: node.mean, shape: [input[1]] },
      { role: "variance", name: node.variance, shape: [input[1]] },
    ],
  },
  scaleShift: {
    fields: { scale: readParameterName, shift: readParameterName },
    shape: (node, [input]) => channelShape(node, input),
    parameters: (node, input) => [
      { role: "scale", name: node.scale, shape: [input[1]] },
      { role: "shift", name: node.shift, shape: [input[1]] },
    ],
  },
  relu: { fields: {}, shape: sameAsInput },
  prelu: {
    fields: { slope: readName },
    shape: (node, [input]) => channelShape(node, input),
    parameters: (node, input) => [{ role: "slope", name: node.slope, shape: [input[1]] }],
  },
  clip: {
    fields: { min: readNullable(readFloat), max: readNullable(readFloat) },
    shape(node, [input]) {
      const { min, max } = node;
      if (min !== null && max !== null && min > max) failFields(node, `has min ${min} above max ${max}`);
      return input;
    },
  },
  activation: {
    fields: { function: readOneOf("tanh", "sigmoid", "softrelu", "softsign") },
    shape: sameAsInput,
  },
  scale: { fields: { factor: readFloat }, shape: sameAsInput },
  add: { fields: { channelOffset: readInteger(0, MAX_CHANNELS) }, inputs: [2, 2], shape: addShapes },
  mul: { fields: {}, inputs: [2, 2], shape: mulShapes },
};
