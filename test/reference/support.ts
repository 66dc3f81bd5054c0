/** Nodes, graphs and weights for the reference's tests. */
import type { BatchNormNode, BinaryConv2dNode, Conv2dNode, Graph, InputNode, Node } from "../../src/graph/types.js";
import { runReference, type Value } from "../../src/reference/index.js";
import { elementCount, type Shape } from "../../src/tensor.js";
import type { FloatWeight, Weights } from "../../src/weights.js";

export const inputNode: InputNode = { kind: "input", name: "input", inputs: [], module: "" };

/** A graph of these nodes after the input; the last one is the output. */
export function graphOf(inputShape: Shape, ...nodes: readonly Node[]): Graph {
  return {
    name: "test",
    inputShape,
    nodes: [inputNode, ...nodes],
    output: nodes[nodes.length - 1].name,
    modules: [{ path: "", type: "Test", output: nodes[nodes.length - 1].name }],
  };
}

/** Parameters by name: the shape, then the numbers. */
export function weightsOf(parameters: Readonly<Record<string, readonly [Shape, readonly number[]]>>): Weights {
  return new Map(
    Object.entries(parameters).map(([name, [shape, numbers]]): [string, FloatWeight] => [
      name,
      { kind: "f32", shape, data: Float32Array.from(numbers) },
    ]),
  );
}

/** Runs one node on one map. */
export function runNode(node: Node, weights: Weights, shape: Shape, numbers: readonly number[]): Value {
  return runReference(graphOf(shape, node), weights, { shape, data: Float32Array.from(numbers) }).output;
}

export function convNode(changes: Partial<Conv2dNode> = {}): Conv2dNode {
  return {
    kind: "conv2d",
    name: "conv",
    module: "conv",
    inputs: ["input"],
    weight: "conv.weight",
    bias: null,
    channels: 1,
    kernel: [3, 3],
    stride: [1, 1],
    padding: [1, 1],
    dilation: [1, 1],
    groups: 1,
    ...changes,
  };
}

export function binaryConvNode(changes: Partial<BinaryConv2dNode> = {}): BinaryConv2dNode {
  return {
    kind: "binaryConv2d",
    name: "qconv",
    module: "qconv",
    inputs: ["input"],
    weight: "qconv.weight",
    channels: 1,
    kernel: [3, 3],
    stride: [1, 1],
    padding: [1, 1],
    dilation: [1, 1],
    groups: 1,
    padValue: -1,
    quantizer: "det_sign",
    bits: 1,
    scaling: "none",
    offset: false,
    ...changes,
  };
}

export function batchNormNode(changes: Partial<BatchNormNode> = {}): BatchNormNode {
  return {
    kind: "batchNorm",
    name: "bn",
    module: "bn",
    inputs: ["input"],
    gamma: "bn.gamma",
    beta: "bn.beta",
    mean: "bn.running_mean",
    variance: "bn.running_var",
    epsilon: 0.5,
    fixGamma: false,
    ...changes,
  };
}

/** 1, 2, 3 ... */
export function counting(shape: Shape): number[] {
  return Array.from({ length: elementCount(shape) }, (_, i) => i + 1);
}
