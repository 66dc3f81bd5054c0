/** Dense layers: with float weights, and with quantised ones. */
import { elementCount, formatShape, type Shape } from "../../tensor.js";
import { readBoolean, readName, readNullable } from "../json_readers.js";
import { packingOf } from "../packing.js";
import { type WeightQuantizer, weightQuantizerFields } from "./quantizers.js";
import { failShape, type MacCounts, type NodeBase, type NodeRecords } from "./record.js";
import { readChannels } from "./sliding.js";

/** y = x W^T + bias; weight `[units, inputs]`. */
export interface DenseNode extends NodeBase {
  readonly kind: "dense";
  readonly weight: string;
  readonly bias: string | null;
  readonly units: number;
}

/**
 * A dense layer with quantised weights; h = x Q(W)^T, then the offset (h + inputs) / 2. It does not quantise its input.
 */
export interface BinaryDenseNode extends NodeBase {
  readonly kind: "binaryDense";
  /** Shape `[units, inputs]`. */
  readonly weight: string;
  readonly bias: string | null;
  readonly units: number;
  readonly quantizer: WeightQuantizer;
  readonly bits: number;
  readonly offset: boolean;
}

/** Dense layers. */
export type DenseLayerNode = DenseNode | BinaryDenseNode;

function multiply(node: DenseLayerNode, [input]: readonly Shape[]): Shape {
  if (input.length !== 2) {
    failShape(node, `needs [batch, features], but ${node.inputs[0]} is ${formatShape(input)}: flatten it first`);
  }
  return [input[0], node.units];
}

function products(_: DenseLayerNode, input: Shape, output: Shape): MacCounts {
  return { denseMacs: elementCount(output) * input[1] };
}

const fields = { weight: readName, bias: readNullable(readName), units: readChannels };

/** Their records. */
export const denseNodes: NodeRecords<DenseLayerNode> = {
  dense: {
    fields,
    shape: multiply,
    parameters: (node, input) => [
      { role: "weight", name: node.weight, shape: [node.units, input[1]] },
      { role: "bias", name: node.bias, shape: [node.units] },
    ],
    macs: products,
  },
  binaryDense: {
    fields: { ...fields, ...weightQuantizerFields, offset: readBoolean },
    shape: multiply,
    parameters: (node, input) => [
      { role: "weight", name: node.weight, shape: [node.units, input[1]], packing: packingOf(node) },
      { role: "bias", name: node.bias, shape: [node.units] },
    ],
    macs: products,
  },
};
