/** Graphs written node by node, and what the passes make of them as one line an operation. */
import { printOp } from "../../src/compiler/print.js";
import type { BorderValue, Graph, Node } from "../../src/graph/types.js";
import { randomWeights } from "../../src/models/random_weights.js";
import type { Shape } from "../../src/tensor.js";
import { checkedOps } from "./support.js";

const module = "";

interface Sweep {
  readonly kernel?: number;
  readonly stride?: number;
  readonly padding?: number;
  readonly channels?: number;
}

function sweep({ kernel = 3, stride = 1, padding = kernel >> 1, channels = 8 }: Sweep) {
  return {
    channels,
    kernel: [kernel, kernel],
    stride: [stride, stride],
    padding: [padding, padding],
    dilation: [1, 1],
  } as const;
}

/** 3x3, 8 channels and the same size, unless said otherwise. */
export function conv(name: string, input: string, options: Sweep = {}): Node {
  return {
    kind: "conv2d",
    name,
    inputs: [input],
    module,
    weight: `${name}.w`,
    ...sweep(options),
    groups: 1,
    bias: null,
  };
}

export function binary(name: string, input: string, options: Sweep & { readonly padValue?: BorderValue } = {}): Node {
  const { padValue = -1 } = options;
  const signs = { quantizer: "det_sign", bits: 1, scaling: "none", offset: true } as const;
  const window = sweep(options);
  return {
    kind: "binaryConv2d",
    name,
    inputs: [input],
    module,
    weight: `${name}.w`,
    ...window,
    groups: 1,
    padValue,
    ...signs,
  };
}

export function sign(name: string, input: string): Node {
  return { kind: "quantize", name, inputs: [input], module, method: "det_sign", bits: 1 };
}

export function norm(name: string, input: string): Node {
  const parameters = { gamma: `${name}.g`, beta: `${name}.b`, mean: `${name}.m`, variance: `${name}.v` };
  return { kind: "batchNorm", name, inputs: [input], module, ...parameters, epsilon: 1e-5, fixGamma: false };
}

export function relu(name: string, input: string): Node {
  return { kind: "relu", name, inputs: [input], module };
}

export function add(name: string, first: string, second: string, channelOffset = 0): Node {
  return { kind: "add", name, inputs: [first, second], module, channelOffset };
}

export function maxPool(name: string, input: string): Node {
  return { kind: "maxPool", name, inputs: [input], module, kernel: [2, 2], stride: [2, 2], padding: [0, 0] };
}

/** The graph of these nodes, which read the value `x`; the last one is the output. */
export function graphOf(nodes: readonly Node[], inputShape: Shape = [1, 8, 8, 8]): Graph {
  const output = nodes[nodes.length - 1].name;
  return {
    name: "small",
    inputShape,
    nodes: [{ kind: "input", name: "x", inputs: [], module }, ...nodes],
    output,
    modules: [{ path: "", type: "Small", output }],
  };
}

/**
 * What is left after all passes: `value, bits: sign = kind(input) affine +first relu +second`, the input's conversion
 * apart.
 */
export function fused(nodes: readonly Node[], taps: readonly string[] = [], inputShape?: Shape): readonly string[] {
  const graph = graphOf(nodes, inputShape);
  const ops = checkedOps(graph, randomWeights(graph, 1), taps);
  return ops.filter((op) => op.kind !== "input").map(printOp);
}
