/**
 * Layers with quantised weights: on signs, on planes of few-bit values, or in float if what they read or weigh is
 * neither.
 */
import { packSigns, unpackSigns } from "../../bits.js";
import { makeAffine } from "../affine.js";
import { denseLayer, layerEpilogue, type QuantizedLayer } from "../binary/layer.js";
import { quantizedFloats, weightPlanes } from "../binary/weight_planes.js";
import { weightScale } from "../binary/weight_sums.js";
import { whyFloat } from "../binary/why_float.js";
import type { Held } from "../held_values.js";
import { mayCrossBorder } from "../window.js";
import { type BinaryConv2dOp, binaryConvOp } from "./binary_convolution.js";
import type { BorderOp } from "./borders.js";
import type { Conv2dOp } from "./convolution.js";
import { type PlanesConv2dOp, planesConvOp } from "./few_bits.js";
import { type FromNodes, optionalFloats } from "./record.js";

type LayerOp = BinaryConv2dOp | PlanesConv2dOp | BorderOp | Conv2dOp;

/**
 * The layer in float, and why: its border written out if it is not 0, quantised weights, then scale or offset.
 */
function floatOps(layer: QuantizedLayer, scale: Float64Array | null, float: string | null): readonly LayerOp[] {
  const { name, input, node, weight } = layer;
  const [outputs, inputs, height = 1, width = 1] = weight.shape;
  const shape = [outputs, inputs, height, width];
  const data = weight.kind === "bits" ? unpackSigns(weight) : quantizedFloats(weight, node.quantizer, node.bits);
  const k = inputs * height * width;
  const affine = makeAffine(outputs, (c) => {
    const s = scale === null ? 1 : scale[c];
    if (s === 0) return { scale: 0, shift: node.offset ? k / 2 : 0, root: Number.NaN };
    return node.offset ? { scale: s / 2, shift: k / 2, root: -k / s } : { scale: s, shift: 0, root: 0 };
  });
  const { kernel, stride, padding, dilation, groups } = node;
  const window = { kernel, stride, padding, dilation };
  const padded = node.padValue !== 0 && mayCrossBorder(window);
  const border: BorderOp = {
    kind: "border",
    name,
    window,
    fill: node.padValue,
    inputs: [input],
    value: `${name}#border`,
  };
  const conv: Conv2dOp = {
    kind: "conv2d",
    name,
    input: padded ? border.value : input,
    window: padded ? { ...window, padding: [0, 0] } : window,
    groups,
    weight: { kind: "f32", shape, data },
    exact: true,
    end: null,
    float,
    epilogue: layerEpilogue(layer, affine),
    value: name,
    sign: null,
  };
  return padded ? [border, conv] : [conv];
}

/** The operations of a layer whose input is held so. */
function layerOps(layer: QuantizedLayer, input: Held): readonly LayerOp[] {
  const { node, weight, weightName } = layer;
  const { quantizer, bits } = node;
  const scale = weightScale(weight, quantizer, node.scaling, weightName);
  const activation = input.code;
  const signs = quantizer === "det_sign" || quantizer === "sign_approx_sign";
  if (activation?.method === "sign" && signs) {
    const plane = weight.kind === "bits" ? weight : packSigns(weight.data, weight.shape, weightName);
    return [binaryConvOp(layer, plane, scale)];
  }
  const weights = activation === null ? null : weightPlanes(weight, quantizer, bits, weightName);
  const [, inputs, height = 1, width = 1] = weight.shape;
  const float = whyFloat(node, input, inputs * height * width);
  if (activation === null || weights === null || float !== null) return floatOps(layer, scale, float);
  if (activation.method === "sign" && weights.planes.length === 1)
    return [binaryConvOp(layer, weights.planes[0], scale)];
  return [planesConvOp(layer, activation, weights, scale)];
}

export const quantizedLayerNodes = {
  binaryConv2d(node, { weight, heldAs }): readonly LayerOp[] {
    const { name, weight: weightName } = node;
    const [input] = node.inputs;
    return layerOps({ name, input, node, weightName, weight: weight(weightName), bias: null }, heldAs(input));
  },
  binaryDense(node, context): readonly LayerOp[] {
    const { name, weight: weightName } = node;
    const [input] = node.inputs;
    const weight = context.weight(weightName);
    const bias = optionalFloats(context, node.bias);
    return layerOps({ name, input, node: denseLayer(node), weightName, weight, bias }, context.heldAs(input));
  },
} satisfies FromNodes<"binaryConv2d" | "binaryDense">;
