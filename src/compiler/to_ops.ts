import { XnorkitError } from "../errors.js";
import { packSigns } from "../formats/bits.js";
import type { BatchNormNode, BinaryConv2dNode, Graph, Node, QuantizeNode } from "../graph/types.js";
import type { BitWeight, FloatWeight, Weights } from "../weights.js";
import { batchNormAffine, countAffine } from "./affine.js";
import { noEpilogue, type Op, type Window } from "./ir.js";

/** The name of a quantised value read as floats. */
export function unpackedName(value: string): string {
  return `${value}#f32`;
}

/** A parameter in float; weights are checked against the graph before they come here. */
function floatWeight(weights: Weights, name: string): FloatWeight {
  const weight = weights.get(name);
  if (weight === undefined) throw new XnorkitError("missing-weight", `the weights have no parameter ${name}`);
  if (weight.kind !== "f32") {
    throw new XnorkitError("bad-value", `parameter ${name} is packed to bits, but the layer computes in float`);
  }
  return weight;
}

function bitWeight(weights: Weights, node: BinaryConv2dNode): BitWeight {
  const weight = weights.get(node.weight);
  if (weight === undefined) throw new XnorkitError("missing-weight", `the weights have no parameter ${node.weight}`);
  return weight.kind === "bits" ? weight : packSigns(weight.data, weight.shape, node.weight);
}

function windowOf({ kernel, stride, padding }: Window): Window {
  return { kernel, stride, padding };
}

function refuse(node: Node, what: string): never {
  throw new XnorkitError("unsupported", `layer ${node.name}: ${what} is not computed by the kernels yet`);
}

function batchNorm(node: BatchNormNode, weights: Weights): Op {
  const optional = (name: string | null) => (name === null ? null : floatWeight(weights, name).data);
  const affine = batchNormAffine(
    floatWeight(weights, node.mean).data,
    floatWeight(weights, node.variance).data,
    node.fixGamma ? null : optional(node.gamma),
    optional(node.beta),
    node.epsilon,
  );
  return pointwise(node, { ...noEpilogue, affine });
}

function pointwise(node: Node, epilogue: typeof noEpilogue): Op {
  return { kind: "pointwise", name: node.name, input: node.inputs[0], epilogue, value: node.name, sign: null };
}

function quantize(node: QuantizeNode): Op {
  if (node.method !== "det_sign" && node.method !== "sign_approx_sign") {
    return refuse(node, `the activation quantiser ${node.method}`);
  }
  return {
    kind: "pointwise",
    name: node.name,
    input: node.inputs[0],
    epilogue: noEpilogue,
    value: null,
    sign: { bits: node.name, affine: null },
  };
}

function binaryConv2d(node: BinaryConv2dNode, weights: Weights, isBits: (value: string) => boolean): Op {
  if (!isBits(node.inputs[0])) return refuse(node, "a binary convolution of an input that is not binary");
  if (node.quantizer !== "det_sign" && node.quantizer !== "sign_approx_sign") {
    return refuse(node, `the weight quantiser ${node.quantizer}`);
  }
  if (node.scaling !== "none") return refuse(node, `weight scaling by ${node.scaling}`);
  if (node.groups !== 1) return refuse(node, `a binary convolution in ${node.groups} groups`);
  const weight = bitWeight(weights, node);
  const [, inputs, height, width] = weight.shape;
  return {
    kind: "binaryConv2d",
    name: node.name,
    input: node.inputs[0],
    window: windowOf(node),
    dilation: node.dilation,
    padValue: node.padValue,
    weight,
    epilogue: { ...noEpilogue, affine: countAffine(node.channels, inputs * height * width, node.offset, null) },
    value: node.name,
    sign: null,
  };
}

function toOp(node: Node, weights: Weights, isBits: (value: string) => boolean, channelsOf: ChannelsOf): Op {
  const { name } = node;
  switch (node.kind) {
    case "input":
      return { kind: "input", name, affine: null, value: name };
    case "conv2d": {
      const bias = node.bias === null ? null : floatWeight(weights, node.bias).data;
      const affine =
        bias === null
          ? null
          : {
              scale: new Float64Array(node.channels).fill(1),
              shift: Float64Array.from(bias),
              root: Float64Array.from(bias, (b) => -b),
            };
      return {
        kind: "conv2d",
        name,
        input: node.inputs[0],
        window: windowOf(node),
        dilation: node.dilation,
        groups: node.groups,
        weight: floatWeight(weights, node.weight),
        epilogue: { ...noEpilogue, affine },
        value: name,
        sign: null,
      };
    }
    case "binaryConv2d":
      return binaryConv2d(node, weights, isBits);
    case "quantize":
      return quantize(node);
    case "batchNorm":
      return batchNorm(node, weights);
    case "relu":
      return pointwise(node, { ...noEpilogue, relu: true });
    case "add": {
      const [a, b] = node.inputs as readonly [string, string];
      if (channelsOf(a) === channelsOf(b)) return pointwise(node, { ...noEpilogue, first: b });
      return { kind: "addChannels", name, inputs: [a, b], offset: node.channelOffset, value: name };
    }
    case "maxPool":
    case "avgPool":
      return {
        kind: node.kind,
        name,
        input: node.inputs[0],
        window: windowOf(node),
        countIncludePad: node.kind === "avgPool" && node.countIncludePad,
        epilogue: noEpilogue,
        value: name,
        sign: null,
      };
    case "globalAvgPool":
    case "flatten":
      return { kind: node.kind, name, input: node.inputs[0], value: name };
    case "dense":
      return {
        kind: "dense",
        name,
        input: node.inputs[0],
        weight: floatWeight(weights, node.weight),
        bias: node.bias === null ? null : floatWeight(weights, node.bias),
        value: name,
      };
    default:
      return refuse(node, `the operation ${node.kind}`);
  }
}

type ChannelsOf = (value: string) => number;

/** A quantised value is bits; everybody but a binary convolution reads it through an `unpack` operation. */
function readUnpacked(op: Op, isBits: (value: string) => boolean): Op {
  const read = (value: string) => (isBits(value) ? unpackedName(value) : value);
  switch (op.kind) {
    case "input":
    case "binaryConv2d":
    case "unpack":
      return op;
    case "addChannels":
      return { ...op, inputs: [read(op.inputs[0]), read(op.inputs[1])] };
    case "pointwise": {
      const { first } = op.epilogue;
      return { ...op, input: read(op.input), epilogue: { ...op.epilogue, first: first === null ? null : read(first) } };
    }
    default:
      return { ...op, input: read(op.input) };
  }
}

/**
 * The graph's nodes one by one as operations, parameters resolved and binary weights packed; nothing is fused yet. Batch norms
 * become affines, residual additions and activations pointwise epilogues, quantisers sign outputs.
 * @throws XnorkitError `unsupported` naming the layer where no kernel computes it.
 */
export function toOps(graph: Graph, weights: Weights, channelsOf: ChannelsOf): Op[] {
  const quantized = new Set(graph.nodes.filter((node) => node.kind === "quantize").map((node) => node.name));
  const isBits = (value: string) => quantized.has(value);
  const ops: Op[] = [];
  for (const node of graph.nodes) {
    ops.push(readUnpacked(toOp(node, weights, isBits, channelsOf), isBits));
    if (isBits(node.name)) {
      ops.push({ kind: "unpack", name: node.name, input: node.name, value: unpackedName(node.name) });
    }
  }
  return ops;
}
