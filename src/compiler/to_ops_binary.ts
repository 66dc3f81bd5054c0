/** Layers with quantised weights as operations: those on signs with signs as weights. */

import { packSigns } from "../bits.js";
import { XnorkitError } from "../errors.js";
import type { BinaryConv2dNode, BinaryDenseNode, Padding, Pair, QuantizeNode } from "../graph/types.js";
import type { BitWeight, FloatWeight, Weight } from "../weights.js";
import { type Affine, compose, countAffine, makeAffine } from "./affine.js";
import { fanIn, kernelShape } from "./binary_conv.js";
import { weightScale } from "./binary_weights.js";
import { type ActivationCode, activationCode } from "./codes.js";
import { noEpilogue, type Op } from "./ir.js";

/** @throws XnorkitError `unsupported` for a padding that differs by side. */
export function pairPadding({ name, padding }: { readonly name: string; readonly padding: Padding }): Pair {
  if (padding !== "same" && padding.length === 2) return padding;
  throw new XnorkitError("unsupported", `layer ${name} pads its sides differently, which is not computed here`);
}

/** A convolution with quantised weights; a dense layer is one of 1x1 on a map of one pixel. */
export interface QuantizedLayer {
  readonly name: string;
  readonly input: string;
  readonly node: Pick<
    BinaryConv2dNode,
    "quantizer" | "bits" | "scaling" | "offset" | "kernel" | "stride" | "dilation" | "groups" | "padValue"
  > & { readonly padding: Pair };
  readonly weightName: string;
  readonly weight: Weight;
  readonly bias: FloatWeight | null;
}

const one: Pair = [1, 1];

export function denseLayer(node: BinaryDenseNode): QuantizedLayer["node"] {
  const { quantizer, bits, offset } = node;
  const geometry = { kernel: one, stride: one, padding: [0, 0], dilation: one, groups: 1 } as const;
  return { quantizer, bits, offset, scaling: "none", padValue: -1, ...geometry };
}

/** A quantiser to signs, which others may write for it, or to what an epilogue computes; null for all others. */
export function signOrReluOps({ name, method, bits, inputs }: QuantizeNode): Op[] | null {
  const pointwise = { kind: "pointwise", name, input: inputs[0] } as const;
  if (activationCode(method, bits)?.method === "sign") {
    return [{ ...pointwise, epilogue: noEpilogue, value: null, sign: { bits: name, affine: null } }];
  }
  if (method !== "relu" && method !== "identity") return null;
  return [{ ...pointwise, epilogue: { ...noEpilogue, relu: method === "relu" }, value: name, sign: null }];
}

function withBias(affine: Affine, bias: FloatWeight | null): Affine {
  if (bias === null) return affine;
  const { data } = bias;
  return compose(
    affine,
    makeAffine(data.length, (c) => ({ scale: 1, shift: data[c], root: -data[c] })),
  );
}

export function epilogueOf(layer: QuantizedLayer, affine: Affine) {
  return { ...noEpilogue, affine: withBias(affine, layer.bias) };
}

/** What operations of a layer on bits have in common. */
export function bitsLayer({ name, input, node }: QuantizedLayer) {
  const { kernel, stride, padding, dilation, padValue } = node;
  return { name, input, window: { kernel, stride, padding }, dilation, padValue, value: name, sign: null };
}

/** The operation of a layer that reads signs and has signs as weights, null for any other. */
export function binaryLayerOps(layer: QuantizedLayer, activation: ActivationCode | null): Op[] | null {
  const { node, weight, weightName } = layer;
  const signs = node.quantizer === "det_sign" || node.quantizer === "sign_approx_sign";
  if (activation?.method !== "sign" || !signs || node.groups !== 1) return null;
  const scale = weightScale(weight, node.quantizer, node.scaling, weightName);
  const plane = weight.kind === "bits" ? weight : packSigns(weight.data, weight.shape, weightName);
  return [binaryConvOp(layer, plane, scale)];
}

export function binaryConvOp(layer: QuantizedLayer, weight: BitWeight, scale: Float64Array | null): Op {
  const affine = countAffine(kernelShape(weight)[0], fanIn(weight), layer.node.offset, scale);
  return { kind: "binaryConv2d", ...bitsLayer(layer), weight, epilogue: epilogueOf(layer, affine) };
}
