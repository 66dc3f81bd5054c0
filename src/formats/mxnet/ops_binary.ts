/**
 * The binary operators of BMXNet v1 (QConvolution, QFullyConnected, QActivation) and v2 (BinaryInferenceConvolution,
 * BinaryInferenceFullyConnected, det_sign).
 *
 * The layers quantise their own input, so each becomes a quantize node and a layer; where the input is quantised
 * already, a second time changes nothing and the node is shared. With 1-bit activations and weights they return the
 * XNOR popcount (dot + K) / 2. Sources: BMXNet `smd_hpi/src/q_convolution-inl.h`, `q_fully_connected-inl.h`,
 * `q_activation-inl.h`, `q_helper.h`; BMXNet v2 `src/operator/contrib/binary_inference/`.
 */
import { XnorkitError } from "../../errors.js";
import type { WeightQuantizer } from "../../graph/types.js";
import type { Shape } from "../../tensor.js";
import { booleanAttribute, describeNode, integerAttribute, MAX_CHANNELS, textAttribute } from "./attributes.js";
import { type Importer, type Operand, result } from "./importer.js";
import type { Operator, OperatorTable } from "./operator.js";
import {
  type ConvolutionAttributes,
  constantFrame,
  convolutionAttributes,
  convolutionWeightShape,
  flattened,
  hasBias,
} from "./ops_layers.js";
import type { SymbolNode } from "./symbol.js";

/** What a v1 layer does to its input and weights. */
interface Quantization {
  readonly activationBits: number;
  readonly weightBits: number;
  /** 1-bit activations and weights: the output is the popcount. */
  readonly isBinary: boolean;
  readonly isPacked: boolean;
}

function quantizationOf(node: SymbolNode): Quantization {
  const activationBits = integerAttribute(node, "act_bit", [1, 32], 1);
  const weightBits = integerAttribute(node, "weight_bit", [1, 32], 1);
  const isBinary = activationBits === 1 && weightBits === 1;
  const isPacked = booleanAttribute(node, "binarized_weights_only", false);
  if (isPacked && !isBinary) {
    throw new XnorkitError(
      "bad-graph",
      `${describeNode(node)} has packed weights (binarized_weights_only), but act_bit ${activationBits} and ` +
        `weight_bit ${weightBits}: only 1 and 1 can be packed`,
    );
  }
  return { activationBits, weightBits, isBinary, isPacked };
}

function weightQuantizer(bits: number): WeightQuantizer {
  if (bits === 1) return "det_sign";
  return bits === 32 ? "identity" : "dorefa";
}

function quantizedInput(importer: Importer, input: string, bits: number, name: string): string {
  if (bits === 32) return input;
  return bits === 1 ? importer.quantize(input, "det_sign", 1, name) : importer.quantize(input, "round", bits, name);
}

function weightOf(node: SymbolNode, importer: Importer, { isPacked }: Quantization, shape: Shape): string {
  return isPacked ? importer.words(node, 1, shape) : importer.floats(node, 1, shape);
}

/** scaling_mode forward: everything times mean |W| of the whole float weight. */
function scaledForward(
  node: SymbolNode,
  importer: Importer,
  layer: string,
  weight: string,
  quantization: Quantization,
): string {
  const mode = textAttribute(node, "scaling_mode") ?? "none";
  if (mode !== "forward" || !quantization.isBinary) return layer;
  if (quantization.isPacked) {
    throw new XnorkitError(
      "unsupported",
      `${describeNode(node)} scales by the mean of its float weights, but the file holds only their signs`,
    );
  }
  const numbers = importer.numbers(weight);
  const factor = numbers.reduce((total, number) => total + Math.abs(number), 0) / numbers.length;
  return importer.add({ kind: "scale", factor }, [layer], `${node.name}_scaled`);
}

/**
 * Zeros surround the input before it is quantised, and so they are +1 beside signs and 0 beside all others.
 */
function qConvolution(node: SymbolNode, importer: Importer): Operand {
  const attributes = convolutionAttributes(node);
  const quantization = quantizationOf(node);
  const input = importer.value(node, 0);
  const shape = convolutionWeightShape(node, importer.shape(input), attributes);
  const weight = weightOf(node, importer, quantization, shape);
  const layer = importer.add(
    {
      kind: "binaryConv2d",
      weight,
      ...attributes,
      padValue: quantization.activationBits === 1 ? 1 : 0,
      quantizer: weightQuantizer(quantization.weightBits),
      bits: quantization.weightBits,
      scaling: "none",
      offset: quantization.isBinary,
    },
    [quantizedInput(importer, input, quantization.activationBits, `${node.name}_sign`)],
    node.name,
  );
  const biased = hasBias(node, true) ? addBias(node, importer, layer, attributes) : layer;
  return result(scaledForward(node, importer, biased, weight, quantization));
}

/** x + bias, as a batch norm of mean 0 and variance 1 whose epsilon is lost in rounding. */
function addBias(node: SymbolNode, importer: Importer, layer: string, { channels }: ConvolutionAttributes): string {
  const name = `${node.name}_bias`;
  return importer.add(
    {
      kind: "batchNorm",
      gamma: null,
      beta: importer.floats(node, 2, [channels]),
      mean: importer.constant(`${name}_mean`, [channels], 0),
      variance: importer.constant(`${name}_var`, [channels], 1),
      epsilon: Number.MIN_VALUE,
      fixGamma: false,
    },
    [layer],
    name,
  );
}

function qFullyConnected(node: SymbolNode, importer: Importer): Operand {
  const units = integerAttribute(node, "num_hidden", [1, MAX_CHANNELS]);
  const quantization = quantizationOf(node);
  const input = flattened(node, importer, 0);
  return result(
    importer.add(
      {
        kind: "binaryDense",
        weight: weightOf(node, importer, quantization, [units, importer.shape(input)[1]]),
        bias: hasBias(node, true) ? importer.floats(node, 2, [units]) : null,
        units,
        quantizer: weightQuantizer(quantization.weightBits),
        bits: quantization.weightBits,
        offset: quantization.isBinary,
      },
      [quantizedInput(importer, input, quantization.activationBits, `${node.name}_sign`)],
      node.name,
    ),
  );
}

/** With backward_only it is there for the gradient alone, and the layer behind it quantises. */
function qActivation(node: SymbolNode, importer: Importer): Operand {
  const bits = integerAttribute(node, "act_bit", [1, 32], 1);
  const input = importer.value(node, 0);
  if (booleanAttribute(node, "backward_only", false)) return result(input);
  return result(importer.quantize(input, bits === 1 ? "det_sign" : "round", bits, node.name));
}

/**
 * The signs of a constant frame are a frame of its sign, so the Pad before the layer becomes its border. A bias is read
 * past, as the framework's operator does.
 */
function binaryInferenceConvolution(node: SymbolNode, importer: Importer): Operand {
  const attributes = convolutionAttributes(node);
  const input = importer.value(node, 0);
  const shape = convolutionWeightShape(node, importer.shape(input), attributes);
  const weight = importer.words(node, 1, shape);
  const isUnpadded = attributes.padding.every((pixels) => pixels === 0);
  const frame = isUnpadded ? constantFrame(importer, input) : null;
  return result(
    importer.add(
      {
        kind: "binaryConv2d",
        weight,
        ...attributes,
        padding: frame?.padding ?? attributes.padding,
        padValue: frame !== null && frame.value < 0 ? -1 : 1,
        quantizer: "det_sign",
        bits: 1,
        scaling: "none",
        offset: true,
      },
      [importer.quantize(frame?.inner ?? input, "det_sign", 1, `${node.name}_sign`)],
      node.name,
    ),
  );
}

function binaryInferenceFullyConnected(node: SymbolNode, importer: Importer): Operand {
  const units = integerAttribute(node, "num_hidden", [1, MAX_CHANNELS]);
  const input = flattened(node, importer, 0);
  return result(
    importer.add(
      {
        kind: "binaryDense",
        weight: importer.words(node, 1, [units, importer.shape(input)[1]]),
        bias: null,
        units,
        quantizer: "det_sign",
        bits: 1,
        offset: true,
      },
      [importer.quantize(input, "det_sign", 1, `${node.name}_sign`)],
      node.name,
    ),
  );
}

/** Of a map, or of a weight before the float convolution that uses it. */
function signOf(method: "det_sign" | "sign_approx_sign"): Operator {
  return (node, importer) => {
    const input = importer.operand(node, 0);
    if (input.kind === "parameter") return { kind: "quantizedParameter", name: input.name, quantizer: method };
    return result(importer.quantize(importer.value(node, 0), method, 1, node.name));
  };
}

export const binaryOperators: OperatorTable = {
  QConvolution: qConvolution,
  QConvolution_v1: qConvolution,
  QFullyConnected: qFullyConnected,
  QActivation: qActivation,
  BinaryInferenceConvolution: binaryInferenceConvolution,
  BinaryInferenceFullyConnected: binaryInferenceFullyConnected,
  det_sign: signOf("det_sign"),
  _contrib_det_sign: signOf("det_sign"),
  approx_sign: signOf("sign_approx_sign"),
};
