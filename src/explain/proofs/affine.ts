/**
 * Batch norms as what they are in inference, one factor and one summand a channel, and layers with such an affine
 * folded in.
 */
import type { BatchNormNode, Node } from "../../graph/types.js";
import type { FloatWeight, Weight, Weights } from "../../weights.js";

/** x * scale[c] + shift[c] */
export interface Affine {
  readonly scale: Float64Array;
  readonly shift: Float64Array;
}

function floats(weights: Weights, name: string): Float32Array {
  const weight = weights.get(name);
  if (weight?.kind !== "f32") throw new TypeError(`${name} is no float parameter`);
  return weight.data;
}

/** scale = gamma / sqrt(variance + epsilon), shift = beta - mean * scale. */
export function affineOf(node: BatchNormNode, weights: Weights): Affine {
  const [mean, variance] = [floats(weights, node.mean), floats(weights, node.variance)];
  const gamma = node.gamma === null || node.fixGamma ? null : floats(weights, node.gamma);
  const beta = node.beta === null ? null : floats(weights, node.beta);
  const scale = Float64Array.from(mean, (_, c) => (gamma?.[c] ?? 1) / Math.sqrt(variance[c] + node.epsilon));
  return { scale, shift: Float64Array.from(mean, (value, c) => (beta?.[c] ?? 0) - value * scale[c]) };
}

/** second(first(x)) */
export function composed(first: Affine, second: Affine): Affine {
  return {
    scale: first.scale.map((value, c) => value * second.scale[c]),
    shift: first.shift.map((value, c) => value * second.scale[c] + second.shift[c]),
  };
}

/** A node that computes an affine, with its parameters. */
export function affineNode(
  name: string,
  input: string,
  { scale, shift }: Affine,
): { readonly node: Node; readonly weights: Weights } {
  const parameter = (data: Float64Array): FloatWeight => ({
    kind: "f32",
    shape: [data.length],
    data: Float32Array.from(data),
  });
  const [scaleName, shiftName] = [`${name}:scale`, `${name}:shift`];
  return {
    node: { kind: "scaleShift", name, inputs: [input], module: "", scale: scaleName, shift: shiftName },
    weights: new Map([
      [scaleName, parameter(scale)],
      [shiftName, parameter(shift)],
    ]),
  };
}

/** A layer in place of others, with the parameters that it needs beside theirs. */
export interface Folded {
  readonly nodes: readonly Node[];
  readonly weights: Weights;
}

type Weighted = Extract<Node, { kind: "conv2d" | "dense" | "binaryConv2d" | "binaryDense" }>;

function withParameters(weights: Weights, added: readonly (readonly [string, Weight])[]): Weights {
  return new Map([...weights, ...added]);
}

/** A float layer with an affine of its outputs in its weights and bias. */
function foldFloat(
  node: Extract<Node, { kind: "conv2d" | "dense" }>,
  { scale, shift }: Affine,
  weights: Weights,
): Folded {
  const { shape } = weights.get(node.weight)!;
  const own = floats(weights, node.weight);
  const bias = node.bias === null ? null : floats(weights, node.bias);
  const inputs = own.length / scale.length;
  const folded = Float32Array.from(own, (value, index) => value * scale[Math.floor(index / inputs)]);
  const summand = Float32Array.from(shift, (value, c) => (bias?.[c] ?? 0) * scale[c] + value);
  const [weightName, biasName] = [`${node.name}:weight`, `${node.name}:bias`];
  return {
    nodes: [{ ...node, weight: weightName, bias: biasName }],
    weights: withParameters(weights, [
      [weightName, { kind: "f32", shape, data: folded }],
      [biasName, { kind: "f32", shape: [scale.length], data: summand }],
    ]),
  };
}

/** What a binary layer multiplies its integers by, and what it adds: its scales, its offset, its bias. */
function ownAffine(node: Extract<Node, { kind: "binaryConv2d" | "binaryDense" }>, weights: Weights): Affine {
  const weight = weights.get(node.weight)!;
  const [outputs, ...fan] = weight.shape;
  const inputs = fan.reduce((product, size) => product * size, 1);
  const bias = node.kind === "binaryDense" && node.bias !== null ? floats(weights, node.bias) : null;
  const means = node.kind === "binaryConv2d" ? scalesOf(node, weight, outputs) : new Float64Array(outputs).fill(1);
  const half = node.offset ? 0.5 : 1;
  const offset = node.offset ? inputs / 2 : 0;
  return { scale: means.map((mean) => mean * half), shift: means.map((_, c) => offset + (bias?.[c] ?? 0)) };
}

function scalesOf(node: Extract<Node, { kind: "binaryConv2d" }>, weight: Weight, outputs: number): Float64Array {
  const ones = new Float64Array(outputs).fill(1);
  if (node.scaling === "none") return ones;
  if (weight.kind === "bits") {
    const { scale } = weight;
    return ones.map((_, c) => scale?.[node.scaling === "channel" ? c : 0] ?? 1);
  }
  const clamped = (value: number) =>
    Math.min(Math.abs(value), node.quantizer === "sign" ? 1 : Number.POSITIVE_INFINITY);
  const inputs = weight.data.length / outputs;
  const sums = new Float64Array(outputs);
  for (const [index, value] of weight.data.entries()) sums[Math.floor(index / inputs)] += clamped(value);
  if (node.scaling === "channel") return sums.map((sum) => sum / inputs);
  const mean = sums.reduce((total, sum) => total + sum, 0) / weight.data.length;
  return ones.fill(mean);
}

/** A binary layer that returns its integers alone, and one affine behind it: A * dot + B. */
function foldBinary(
  node: Extract<Node, { kind: "binaryConv2d" | "binaryDense" }>,
  affine: Affine,
  weights: Weights,
): Folded {
  const name = `${node.name}:dot`;
  const bare =
    node.kind === "binaryConv2d"
      ? ({ ...node, name, scaling: "none", offset: false } as const)
      : ({ ...node, name, bias: null, offset: false } as const);
  const weight = weights.get(node.weight)!;
  const { scale: _, ...bits } = weight.kind === "bits" ? weight : { ...weight, scale: undefined };
  const { node: behind, weights: own } = affineNode(node.name, name, composed(ownAffine(node, weights), affine));
  return {
    nodes: [bare, behind],
    weights: withParameters(weights, [[node.weight, bits as Weight], ...own]),
  };
}

/** A layer with the affine behind it folded in. Its integers stay as they are if it is a binary one. */
export function foldBehind(node: Weighted, affine: Affine, weights: Weights): Folded {
  return node.kind === "conv2d" || node.kind === "dense"
    ? foldFloat(node, affine, weights)
    : foldBinary(node, affine, weights);
}

/**
 * A float convolution with the affine before it folded in, as if its border were a part of the map that the affine
 * reads: right where the window lies within the map, wrong at a border of zeros unless the shift is 0.
 */
export function foldBefore(
  node: Extract<Node, { kind: "conv2d" }>,
  { scale, shift }: Affine,
  weights: Weights,
): Folded {
  const { shape } = weights.get(node.weight)!;
  const own = floats(weights, node.weight);
  const bias = node.bias === null ? null : floats(weights, node.bias);
  const [outputs, width, height, across] = shape;
  const area = height * across;
  const perGroup = outputs / node.groups;
  const channel = (index: number) => {
    const output = Math.floor(index / (width * area));
    return Math.floor(output / perGroup) * width + (Math.floor(index / area) % width);
  };
  const summand = new Float64Array(outputs);
  own.forEach((value, index) => {
    summand[Math.floor(index / (width * area))] += value * shift[channel(index)];
  });
  const [weightName, biasName] = [`${node.name}:weight`, `${node.name}:bias`];
  return {
    nodes: [{ ...node, weight: weightName, bias: biasName }],
    weights: withParameters(weights, [
      [
        weightName,
        { kind: "f32", shape, data: Float32Array.from(own, (value, index) => value * scale[channel(index)]) },
      ],
      [
        biasName,
        { kind: "f32", shape: [outputs], data: Float32Array.from(summand, (sum, c) => sum + (bias?.[c] ?? 0)) },
      ],
    ]),
  };
}
