import { XnorkitError } from "../errors.js";
import type { AvgPoolNode, BatchNormNode, Conv2dNode, Graph, MaxPoolNode, Node } from "../graph/types.js";
import type { Shape } from "../tensor.js";
import type { FloatWeight, Weight, Weights } from "../weights.js";
import { batchNormAffine, makeAffine } from "./affine.js";
import { type ActivationCode, activationCode } from "./codes.js";
import { type Epilogue, noEpilogue, type Op, type Window } from "./ir.js";
import { binaryLayerOps, denseLayer, pairPadding, type QuantizedLayer, signOrReluOps } from "./to_ops_binary.js";
import { quantizedLayerOps, quantizeOps } from "./to_ops_few_bits.js";
import { unaryOps } from "./to_ops_unary.js";

/** The name of a quantised value read as floats. */
export function unpackedName(value: string): string {
  return `${value}#f32`;
}

function anyWeight(weights: Weights, name: string): Weight {
  const weight = weights.get(name);
  if (weight === undefined) throw new XnorkitError("missing-weight", `the weights have no parameter ${name}`);
  return weight;
}

/** A parameter in float; weights are checked against the graph before they come here. */
function floatWeight(weights: Weights, name: string): FloatWeight {
  const weight = anyWeight(weights, name);
  if (weight.kind === "f32") return weight;
  throw new XnorkitError("bad-value", `parameter ${name} is packed to bits, but the layer computes in float`);
}

function optionalWeight(weights: Weights, name: string | null): FloatWeight | null {
  return name === null ? null : floatWeight(weights, name);
}

function windowOf(node: Conv2dNode | MaxPoolNode | AvgPoolNode): Window {
  return { kernel: node.kernel, stride: node.stride, padding: pairPadding(node) };
}

function batchNormEpilogue(node: BatchNormNode, weights: Weights): Epilogue {
  const affine = batchNormAffine(
    floatWeight(weights, node.mean).data,
    floatWeight(weights, node.variance).data,
    node.fixGamma ? null : (optionalWeight(weights, node.gamma)?.data ?? null),
    optionalWeight(weights, node.beta)?.data ?? null,
    node.epsilon,
  );
  return { ...noEpilogue, affine };
}

function unsupported({ name, kind }: Node): XnorkitError {
  return new XnorkitError("unsupported", `layer ${name} (${kind}) is not computed here`);
}

/** What a node needs to know of the values it reads. */
interface Values {
  readonly shapeOf: (value: string) => Shape;
  readonly codeOf: (value: string) => ActivationCode | null;
}

function layerOps(layer: QuantizedLayer, activation: ActivationCode | null): Op[] {
  return binaryLayerOps(layer, activation) ?? quantizedLayerOps(layer, activation);
}

function nodeOps(node: Node, weights: Weights, { shapeOf, codeOf }: Values): Op[] {
  const { name } = node;
  const [input] = node.inputs;
  const pointwise = (epilogue: Epilogue): Op[] => [
    { kind: "pointwise", name, input, epilogue, value: name, sign: null },
  ];
  switch (node.kind) {
    case "input":
      return [{ kind: "input", name, affine: null, value: name }];
    case "conv2d": {
      const bias = optionalWeight(weights, node.bias)?.data ?? null;
      const affine =
        bias === null ? null : makeAffine(node.channels, (c) => ({ scale: 1, shift: bias[c], root: -bias[c] }));
      const { dilation, groups } = node;
      const weight = floatWeight(weights, node.weight);
      const epilogue = { ...noEpilogue, affine };
      return [
        {
          kind: "conv2d",
          name,
          input,
          window: windowOf(node),
          dilation,
          groups,
          weight,
          exact: codeOf(input) !== null,
          epilogue,
          value: name,
          sign: null,
        },
      ];
    }
    case "binaryConv2d": {
      const weight = anyWeight(weights, node.weight);
      const geometry = { ...node, padding: pairPadding(node) };
      return layerOps({ name, input, node: geometry, weightName: node.weight, weight, bias: null }, codeOf(input));
    }
    case "binaryDense": {
      const weight = anyWeight(weights, node.weight);
      const bias = optionalWeight(weights, node.bias);
      const layer = { name, input, node: denseLayer(node), weightName: node.weight, weight, bias };
      return layerOps(layer, codeOf(input));
    }
    case "quantize":
      return signOrReluOps(node) ?? quantizeOps(node);
    case "batchNorm":
      return pointwise(batchNormEpilogue(node, weights));
    case "relu":
      return pointwise({ ...noEpilogue, relu: true });
    case "add": {
      const [a, b] = node.inputs as readonly [string, string];
      if (shapeOf(a)[1] === shapeOf(b)[1]) return pointwise({ ...noEpilogue, first: b });
      return [{ kind: "addChannels", name, inputs: [a, b], offset: node.channelOffset, value: name }];
    }
    case "maxPool":
    case "avgPool": {
      const countIncludePad = node.kind === "avgPool" && node.countIncludePad;
      const window = windowOf(node);
      return [{ kind: node.kind, name, input, window, countIncludePad, epilogue: noEpilogue, value: name, sign: null }];
    }
    case "globalAvgPool":
    case "flatten":
      if (node.kind === "flatten" && node.layout === "NHWC") throw unsupported(node);
      return [{ kind: node.kind, name, input, value: name }];
    case "dense": {
      const bias = optionalWeight(weights, node.bias);
      return [{ kind: "dense", name, input, weight: floatWeight(weights, node.weight), bias, value: name }];
    }
    case "scaleShift":
    case "clip":
    case "fakeQuantize":
    case "logSoftmax":
      throw unsupported(node);
    default:
      return unaryOps(node, shapeOf);
  }
}

/** A quantised value is bits; everybody but a binary convolution reads it through an `unpack` operation. */
function readUnpacked(op: Op, isBits: (value: string) => boolean): Op {
  const read = (value: string) => (isBits(value) ? unpackedName(value) : value);
  switch (op.kind) {
    case "input":
    case "binaryConv2d":
    case "planesConv2d":
    case "unpack":
      return op;
    case "addChannels":
    case "mul":
      return { ...op, inputs: [read(op.inputs[0]), read(op.inputs[1])] };
    case "concat":
      return { ...op, inputs: op.inputs.map(read) };
    case "pointwise": {
      const { first } = op.epilogue;
      return { ...op, input: read(op.input), epilogue: { ...op.epilogue, first: first === null ? null : read(first) } };
    }
    default:
      return { ...op, input: read(op.input) };
  }
}

/** The codes of the values that quantise nodes give as bits. */
export function quantizedValues(graph: Graph): ReadonlyMap<string, ActivationCode> {
  const codes = new Map<string, ActivationCode>();
  for (const node of graph.nodes) {
    const code = node.kind === "quantize" ? activationCode(node.method, node.bits) : null;
    if (code !== null) codes.set(node.name, code);
  }
  return codes;
}

/**
 * The graph's nodes one by one as operations, parameters resolved and binary weights packed; nothing is fused yet. Batch norms
 * become affines, residual additions and activations pointwise epilogues, quantisers signs or bit planes.
 * @throws XnorkitError `unsupported` naming the layer where no kernel computes it.
 */
export function toOps(graph: Graph, weights: Weights, shapeOf: (value: string) => Shape): Op[] {
  const codes = quantizedValues(graph);
  const values: Values = { shapeOf, codeOf: (value) => codes.get(value) ?? null };
  const ops: Op[] = [];
  for (const node of graph.nodes) {
    for (const op of nodeOps(node, weights, values)) ops.push(readUnpacked(op, (value) => codes.has(value)));
    const code = codes.get(node.name);
    if (code !== undefined) {
      ops.push({ kind: "unpack", name: node.name, input: node.name, code, value: unpackedName(node.name) });
    }
  }
  return ops;
}
