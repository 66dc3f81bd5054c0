/** Nodes that convolve: with float weights, and with quantised ones. */
import { elementCount, type Shape } from "../../tensor.js";
import { readBoolean, readName, readNullable, readOneOf, readPair } from "../json_readers.js";
import { MAX_EXTENT } from "../limits.js";
import { packingOf } from "../packing.js";
import type { Padding, Pair } from "../window.js";
import { type WeightQuantizer, weightQuantizerFields } from "./quantizers.js";
import { failShape, type NodeBase, type NodeRecords } from "./record.js";
import { readChannels, slide, windowFields } from "./sliding.js";

/**
 * The value that a binary convolution reads outside the map: BMXNet v2 pads with -1, AWNAS with 0, BMXNet v1 and LCE
 * with +1.
 */
export type BorderValue = -1 | 0 | 1;

interface ConvolutionBase extends NodeBase {
  /** Parameter name; shape `[channels, inputs / groups, kernel height, kernel width]`. */
  readonly weight: string;
  readonly channels: number;
  readonly kernel: Pair;
  readonly stride: Pair;
  /** Rows and columns added around the map: one number for both sides of each axis, four numbers, or `"same"`. */
  readonly padding: Padding;
  readonly dilation: Pair;
  readonly groups: number;
}

/** A float convolution, zero padded. */
export interface Conv2dNode extends ConvolutionBase {
  readonly kind: "conv2d";
  readonly bias: string | null;
}

/**
 * A convolution whose weights are quantised; it reads what its input holds (a `quantize` node's values as a rule) and
 * does not quantise it. h = conv(pad(x, padValue), Q(W)), then times the scale, then the offset (h + K) / 2.
 */
export interface BinaryConv2dNode extends ConvolutionBase {
  readonly kind: "binaryConv2d";
  readonly padValue: BorderValue;
  readonly quantizer: WeightQuantizer;
  readonly bits: number;
  /** `channel`: times mean |W[o]|; `tensor`: times mean |W|; both of the unquantised weights. */
  readonly scaling: "none" | "channel" | "tensor";
  /**
   * (h + K) / 2 with K = inputs / groups * kernel area: the XNOR popcount of +-1 inputs, which BMXNet's layers give.
   */
  readonly offset: boolean;
}

/** Nodes that convolve. */
export type ConvolutionNode = Conv2dNode | BinaryConv2dNode;

function convolve(node: ConvolutionNode, [input]: readonly Shape[]): Shape {
  const places = slide(node, input);
  const [batch, channels] = input;
  if (channels % node.groups !== 0 || node.channels % node.groups !== 0) {
    failShape(
      node,
      `has ${node.groups} groups, which must divide its ${channels} input channels and its ${node.channels} output ` +
        "channels",
    );
  }
  return [batch, node.channels, ...places];
}

function weightShape({ channels, groups, kernel }: ConvolutionNode, input: Shape): Shape {
  return [channels, input[1] / groups, ...kernel];
}

function products(node: ConvolutionNode, input: Shape, output: Shape): number {
  return elementCount(output) * (input[1] / node.groups) * elementCount(node.kernel);
}

const fields = {
  weight: readName,
  channels: readChannels,
  ...windowFields,
  dilation: readPair(1, MAX_EXTENT),
  groups: readChannels,
};

/** Their records. */
export const convolutionNodes: NodeRecords<ConvolutionNode> = {
  conv2d: {
    fields: { ...fields, bias: readNullable(readName) },
    shape: convolve,
    parameters: (node, input) => [
      { role: "weight", name: node.weight, shape: weightShape(node, input) },
      { role: "bias", name: node.bias, shape: [node.channels] },
    ],
    macs: (node, input, output) => ({ floatMacs: products(node, input, output) }),
  },
  binaryConv2d: {
    fields: {
      ...fields,
      padValue: readOneOf<BorderValue>(-1, 0, 1),
      ...weightQuantizerFields,
      scaling: readOneOf("none", "channel", "tensor"),
      offset: readBoolean,
    },
    shape: convolve,
    parameters: (node, input) => [
      { role: "weight", name: node.weight, shape: weightShape(node, input), packing: packingOf(node) },
    ],
    macs(node, input, output) {
      const count = products(node, input, output);
      return node.bits === 1 ? { binaryMacs: count } : { floatMacs: count };
    },
  },
};
