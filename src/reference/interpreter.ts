/** The reference run: node by node in f64, each from the values that it reads. */
import { mapArgument, objectArgument, optionsArgument, refuseArgument } from "../arguments.js";
import { XnorkitError } from "../errors.js";
import type { ComputedNode, Graph, Node } from "../graph/types.js";
import { elementCount, formatShape, type Shape, sameShape, type Tensor, tensor } from "../tensor.js";
import type { Weights } from "../weights.js";
import { additions } from "./addition.js";
import { borders } from "./borders.js";
import { channelOperations } from "./channels.js";
import { convolutions } from "./convolution.js";
import { denseLayers } from "./dense.js";
import { elementwise } from "./elementwise.js";
import { channelsAtPort, fromPort, toPort } from "./layout.js";
import { normalizations, normalizeInput } from "./normalization.js";
import type { Operation, Operations } from "./operation.js";
import { poolings } from "./pooling.js";
import type { Value } from "./value.js";

/** How the reference runs a graph. */
export interface ReferenceOptions {
  /** The shape that the input must have; without it any batch, height and width that the network takes. */
  readonly inputShape?: Shape;
  /** Names of the values to keep: any node's name. The input of a `quantize` node is `node.inputs[0]`. */
  readonly taps?: readonly string[];
  /**
   * Values that given `quantize` and `fakeQuantize` nodes return instead of their own. So a run follows another
   * implementation's decisions if an input lies within rounding of a threshold. In the graph's layout, as taps are.
   */
  readonly quantized?: ReadonlyMap<string, Float64Array>;
}

/** What the reference computed, in f64; maps in the graph's layout. */
export interface ReferenceResult {
  readonly output: Value;
  /** The tapped values by name. */
  readonly taps: ReadonlyMap<string, Value>;
}

/**
 * Runs a graph node by node in f64 from its f32 parameters: the oracle of every other implementation. A Uint8 input is
 * normalised by `graph.preprocess`; a float input goes in as it is. A value is dropped after its last reader, so that a
 * batch needs the memory of its widest layers.
 * @throws XnorkitError `bad-shape`, `missing-weight`, `bad-value`, `bad-graph`; `unknown-name` for a tap or a quantised
 *   value of no node; `bad-option` for quantised values that do not fit their node.
 */
export function runReference(
  graph: Graph,
  weights: Weights,
  input: Tensor,
  options: ReferenceOptions = {},
): ReferenceResult {
  const { nodes } = objectArgument("runReference", "the graph", "a graph", graph);
  if (!Array.isArray(nodes) || !nodes.every((node) => Array.isArray(node?.inputs))) {
    refuseArgument("runReference", "the graph", "a graph, with nodes that have inputs", graph);
  }
  mapArgument("runReference", "weights", "a Map of weights by name", weights);
  objectArgument("runReference", "the input", "{ shape, data }", input);
  optionsArgument("runReference", ["inputShape", "taps", "quantized"], options);
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
        : replaceQuantized(node, inputs[0], replacement, graph),
    );
    for (const name of [...node.inputs, node.name]) {
      if (!kept.has(name) && (lastReader.get(name) ?? -1) <= index) values.delete(name);
    }
  }

  const port = (name: string) => toPort(requireValue(values, name), graph.layout);
  return { output: port(graph.output), taps: new Map((options.taps ?? []).map((name) => [name, port(name)])) };
}

const operations: Operations<ComputedNode> = {
  ...convolutions,
  ...denseLayers,
  ...poolings,
  ...normalizations,
  ...elementwise,
  ...additions,
  ...channelOperations,
  ...borders,
};

/** Computes one node from the values it reads. */
function evaluate(node: Node, inputs: readonly Value[], weights: Weights, graph: Graph, input: Tensor): Value {
  if (node.kind === "input") return normalizeInput(input, graph);
  if (!Object.hasOwn(operations, node.kind)) {
    throw new XnorkitError("bad-graph", `the reference does not know the kind of ${node.name}: ${String(node.kind)}`);
  }
  return (operations[node.kind] as Operation<ComputedNode>)(node, inputs, weights);
}

function checkInput(graph: Graph, input: Tensor, inputShape: Shape | undefined): void {
  const { shape } = tensor(input.shape, input.data);
  if (elementCount(shape) !== input.data.length) {
    throw new XnorkitError(
      "bad-shape",
      `the input has shape ${formatShape(shape)}, but holds ${input.data.length} elements`,
    );
  }
  if (inputShape !== undefined && !sameShape(shape, inputShape)) {
    throw new XnorkitError("bad-shape", `the input is ${formatShape(shape)}, expected ${formatShape(inputShape)}`);
  }
  const channels = (port: Shape) => channelsAtPort(port, graph.layout);
  if (shape.length !== graph.inputShape.length || channels(shape) !== channels(graph.inputShape)) {
    throw new XnorkitError(
      "bad-shape",
      `the input is ${formatShape(shape)}, but ${graph.name} reads ${formatShape(graph.inputShape)} (batch, height ` +
        "and width may differ)",
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
    if (node.kind !== "quantize" && node.kind !== "fakeQuantize") {
      throw new XnorkitError(
        "bad-option",
        `${name} is a ${node.kind}; only the values of quantize and fakeQuantize nodes can be replaced`,
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

function replaceQuantized(node: Node, x: Value, replacement: Float64Array, { layout }: Graph): Value {
  if (replacement.length !== x.data.length) {
    throw new XnorkitError(
      "bad-option",
      `${node.name} returns ${x.data.length} values (${formatShape(x.shape)}), but ${replacement.length} were given ` +
        "to replace them",
    );
  }
  return fromPort({ shape: toPort(x, layout).shape, data: replacement }, layout);
}
