import { XnorkitError } from "../errors.js";
import type { Graph, Node } from "../graph/types.js";
import { elementCount, formatShape, type Shape, sameShape, type Tensor } from "../tensor.js";
import type { Weights } from "../weights.js";
import { add } from "./addition.js";
import { crop, pad } from "./borders.js";
import { absMean, channelShuffle, concat, sliceChannels, softmax } from "./channels.js";
import { binaryConv2d, conv2d } from "./convolution.js";
import { binaryDense, dense } from "./dense.js";
import { activation, mul, scale } from "./elementwise.js";
import { batchNorm, normalizeInput } from "./normalization.js";
import { avgPool, globalAvgPool, maxPool } from "./pooling.js";
import { quantizeActivations, relu } from "./quantizers.js";
import type { Value } from "./value.js";

/** How the reference runs a graph. */
export interface ReferenceOptions {
  /** The shape that the input must have; without it any batch, height and width that the network takes. */
  readonly inputShape?: Shape;
  /** Names of the values to keep: any node's name. The input of a `quantize` node is `node.inputs[0]`. */
  readonly taps?: readonly string[];
  /**
   * Values that given `quantize` nodes return instead of their own. So a run follows another implementation's sign decisions
   * where an input lies within rounding of a threshold.
   */
  readonly quantized?: ReadonlyMap<string, Float64Array>;
}

/** What the reference computed, in f64. */
export interface ReferenceResult {
  readonly output: Value;
  /** The tapped values by name. */
  readonly taps: ReadonlyMap<string, Value>;
}

/**
 * Runs a graph node by node in f64 from its f32 parameters: the oracle of every other implementation. A Uint8 input is
 * normalised by `graph.preprocess`; a float input goes in as it is. A value is dropped after its last reader, so that a batch
 * needs the memory of its widest layers.
 * @throws XnorkitError `bad-shape`, `missing-weight`, `bad-value`, `bad-graph`; `unknown-name` for a tap or a quantised value of
 * no node; `bad-option` for quantised values that do not fit their node.
 */
export function runReference(
  graph: Graph,
  weights: Weights,
  input: Tensor,
  options: ReferenceOptions = {},
): ReferenceResult {
  checkInput(graph, input, options.inputShape);
  checkNames(graph, options);
  const kept = new Set([...(options.taps ?? []), graph.output]);
  const lastReader = lastReaders(graph);
  const values = new Map<string, Value>();

  for (const [index, node] of graph.nodes.entries()) {
    const inputs = node.inputs.map((name) => readValue(values, name, node));
    const replacement = options.quantized?.get(node.name);
    values.set(
      node.name,
      replacement === undefined
        ? evaluate(node, inputs, weights, graph, input)
        : replaceQuantized(node, inputs[0], replacement),
    );
    for (const name of [...node.inputs, node.name]) {
      if (!kept.has(name) && (lastReader.get(name) ?? -1) <= index) values.delete(name);
    }
  }

  const taps = new Map((options.taps ?? []).map((name) => [name, requireValue(values, name)]));
  return { output: requireValue(values, graph.output), taps };
}

/** Computes one node from the values it reads. */
function evaluate(node: Node, inputs: readonly Value[], weights: Weights, graph: Graph, input: Tensor): Value {
  const [x, y] = inputs;
  switch (node.kind) {
    case "input":
      return normalizeInput(input, graph.preprocess);
    case "conv2d":
      return conv2d(node, weights, x);
    case "binaryConv2d":
      return binaryConv2d(node, weights, x);
    case "quantize":
      return { shape: x.shape, data: quantizeActivations(x.data, node.method, node.bits) };
    case "batchNorm":
      return batchNorm(node, weights, x);
    case "relu":
      return { shape: x.shape, data: x.data.map(relu) };
    case "add":
      return add(node, x, y);
    case "maxPool":
      return maxPool(node, x);
    case "avgPool":
      return avgPool(node, x);
    case "globalAvgPool":
      return globalAvgPool(x);
    case "flatten":
      return { shape: [x.shape[0], elementCount(x.shape.slice(1))], data: x.data };
    case "dense":
      return dense(node, weights, x);
    case "binaryDense":
      return binaryDense(node, weights, x);
    case "concat":
      return concat(node, inputs);
    case "mul":
      return mul(node, x, y);
    case "scale":
      return scale(node, x);
    case "absMean":
      return absMean(x);
    case "channelShuffle":
      return channelShuffle(node, x);
    case "sliceChannels":
      return sliceChannels(node, x);
    case "pad":
      return pad(node, x);
    case "crop":
      return crop(node, x);
    case "activation":
      return activation(node, x);
    case "softmax":
      return softmax(x);
    default:
      return unknownKind(node);
  }
}

function unknownKind(node: Node): never {
  throw new XnorkitError("bad-graph", `the reference does not know this node: ${JSON.stringify(node)}`);
}

function checkInput(graph: Graph, input: Tensor, inputShape: Shape | undefined): void {
  const { shape } = input;
  if (elementCount(shape) !== input.data.length) {
    throw new XnorkitError(
      "bad-shape",
      `the input has shape ${formatShape(shape)}, but holds ${input.data.length} elements`,
    );
  }
  if (inputShape !== undefined && !sameShape(shape, inputShape)) {
    throw new XnorkitError("bad-shape", `the input is ${formatShape(shape)}, expected ${formatShape(inputShape)}`);
  }
  if (shape.length !== graph.inputShape.length || shape[1] !== graph.inputShape[1]) {
    throw new XnorkitError(
      "bad-shape",
      `the input is ${formatShape(shape)}, but ${graph.name} reads ${formatShape(graph.inputShape)} (batch, height and width may differ)`,
    );
  }
}

function checkNames(graph: Graph, { taps = [], quantized }: ReferenceOptions): void {
  const nodes = new Map(graph.nodes.map((node) => [node.name, node]));
  for (const name of taps) {
    if (!nodes.has(name)) throw new XnorkitError("unknown-name", `${graph.name} has no value ${name} to tap`);
  }
  for (const name of quantized?.keys() ?? []) {
    const node = nodes.get(name);
    if (node === undefined) throw new XnorkitError("unknown-name", `${graph.name} has no value ${name} to replace`);
    if (node.kind !== "quantize") {
      throw new XnorkitError(
        "bad-option",
        `${name} is a ${node.kind}; only the values of quantize nodes can be replaced`,
      );
    }
  }
}

/** Position of the last node that reads each value. */
function lastReaders(graph: Graph): ReadonlyMap<string, number> {
  return new Map(graph.nodes.flatMap((node, index) => node.inputs.map((name) => [name, index] as const)));
}

function readValue(values: ReadonlyMap<string, Value>, name: string, reader: Node): Value {
  const value = values.get(name);
  if (value === undefined) {
    throw new XnorkitError("bad-graph", `${reader.name} reads ${name}, which no node before it computes`);
  }
  return value;
}

function requireValue(values: ReadonlyMap<string, Value>, name: string): Value {
  const value = values.get(name);
  if (value === undefined) throw new XnorkitError("bad-graph", `no node computes ${name}, which the graph returns`);
  return value;
}

function replaceQuantized(node: Node, x: Value, replacement: Float64Array): Value {
  if (replacement.length !== x.data.length) {
    throw new XnorkitError(
      "bad-option",
      `${node.name} returns ${x.data.length} values (${formatShape(x.shape)}), but ${replacement.length} were given to replace them`,
    );
  }
  return { shape: x.shape, data: replacement };
}
