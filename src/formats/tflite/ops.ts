/** The operators that an import knows, by the name that the file gives them. */
import { RELU, RELU_N1_TO_1, RELU6 } from "./activation.js";
import type { Importer } from "./importer.js";
import type { Era } from "./lce_options.js";
import { CUSTOM } from "./operator_names.js";
import { operatorName } from "./operators.js";
import { conv2d, depthwiseConv2d, fullyConnected } from "./ops_convolution.js";
import { add, clampBy, dequantize, logistic, mul, prelu, quantize, softmax, sub } from "./ops_elementwise.js";
import { binarySign, lceBconv2d, lceBMaxPool, lceDequantize, lceQuantize } from "./ops_lce.js";
import { averagePool, maxPool, mean } from "./ops_pooling.js";
import { concatenate, pack, pad, reshape, shapeOf, split, stridedSlice } from "./ops_shapes.js";
import type { TfliteOperator } from "./schema.js";

/** Adds what an operator computes to the graph and says what its outputs are. */
export type Operator = (importer: Importer, op: TfliteOperator, era: Era) => void;

const CUSTOM_OPERATORS: Readonly<Record<string, Operator>> = {
  LceQuantize: lceQuantize,
  LceDequantize: lceDequantize,
  LceBconv2d: lceBconv2d,
  LceBMaxPool2d: lceBMaxPool,
  LceBsign: binarySign,
  LqceBsign: binarySign,
  Bsign: binarySign,
  LqceBconv2d32: lceBconv2d,
  LqceBconv2d64: lceBconv2d,
};

const BUILTIN_OPERATORS: Readonly<Record<string, Operator>> = {
  ADD: add,
  AVERAGE_POOL_2D: averagePool,
  CONCATENATION: concatenate,
  CONV_2D: conv2d,
  DEPTHWISE_CONV_2D: depthwiseConv2d,
  DEQUANTIZE: dequantize,
  FULLY_CONNECTED: fullyConnected,
  LOGISTIC: logistic,
  MAX_POOL_2D: maxPool,
  MEAN: mean,
  MUL: mul,
  PACK: pack,
  PAD: pad,
  PADV2: pad,
  PRELU: prelu,
  QUANTIZE: quantize,
  RELU: clampBy(RELU),
  RELU6: clampBy(RELU6),
  RELU_N1_TO_1: clampBy(RELU_N1_TO_1),
  RESHAPE: reshape,
  SHAPE: shapeOf,
  SOFTMAX: softmax,
  SPLIT: split,
  STRIDED_SLICE: stridedSlice,
  SUB: sub,
};

/** What computes an operator; null when nothing here does. */
export function findOperator(op: TfliteOperator): Operator | null {
  const table = op.code === CUSTOM ? CUSTOM_OPERATORS : BUILTIN_OPERATORS;
  const name = operatorName(op);
  return Object.hasOwn(table, name) ? table[name] : null;
}

/** True for Larq's operators. */
export function isLarqOperator(op: TfliteOperator): boolean {
  return op.code === CUSTOM && Object.hasOwn(CUSTOM_OPERATORS, operatorName(op));
}

/** The names of all operators that an import knows. */
export function tfliteOperatorNames(): readonly string[] {
  return [...Object.keys(BUILTIN_OPERATORS), ...Object.keys(CUSTOM_OPERATORS)];
}
