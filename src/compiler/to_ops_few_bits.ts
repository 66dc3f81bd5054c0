/** Layers with values or weights of a few bits as operations: on bit planes, or in float where values are not few-bit. */

import { unpackSigns } from "../bits.js";
import { XnorkitError } from "../errors.js";
import type { QuantizeNode } from "../graph/types.js";
import { type Affine, countAffine, makeAffine } from "./affine.js";
import { fanIn, kernelShape } from "./binary_conv.js";
import { tapSums, weightScale } from "./binary_weights.js";
import { type ActivationCode, activationCode, type Code } from "./codes.js";
import type { Op } from "./ir.js";
import { binaryConvOp, bitsLayer, epilogueOf, type QuantizedLayer } from "./to_ops_binary.js";
import { quantizedFloats, type WeightPlanes, weightPlanes, weightSum } from "./weight_planes.js";

const activationIds = { clip: 4, leaky_clip: 5, approx_sign: 6 } as const;

/** A quantiser to bit planes, or a function in float. */
export function quantizeOps(node: QuantizeNode): Op[] {
  const { name, method, bits } = node;
  const [input] = node.inputs;
  const code = activationCode(method, bits);
  if (code !== null) return [{ kind: "pack", name, input, code, value: name }];
  if (method === "clip" || method === "leaky_clip" || method === "approx_sign") {
    return [{ kind: "unary", function: { kind: "activation", id: activationIds[method] }, name, input, value: name }];
  }
  if ((method === "round" || method === "dorefa") && bits <= 31) {
    return [{ kind: "unary", function: { kind: method, bits }, name, input, value: name }];
  }
  throw new XnorkitError("unsupported", `layer ${name} quantises by ${method} with ${bits} bits: use at most 31`);
}

/**
 * dot of few-bit values: with M and N the largest weighted sums of an activation and a weight, T the weighted sum of all signs of an
 * output's weights, dot = (K M N - 2 * (weighted sum of counts) + beta steps_a T) / (steps_a steps_w).
 */
function planesAffine(
  layer: QuantizedLayer,
  activation: Code,
  weights: WeightPlanes,
  scale: Float64Array | null,
): Affine {
  const [outputs] = kernelShape(weights.planes[0]);
  const k = fanIn(weights.planes[0]);
  const { code } = weights;
  const sums = new Float64Array(outputs);
  weights.planes.forEach((plane, j) => {
    tapSums(plane).forEach((sum, at) => {
      sums[at % outputs] += code.weights[j] * sum;
    });
  });
  const largest = k * weightSum(activation) * weightSum(code);
  const zero = (channel: number) => (largest + activation.beta * activation.steps * sums[channel]) / 2;
  return countAffine(outputs, k, layer.node.offset, scale, { zero, steps: activation.steps * code.steps });
}

/** The layer in float: its border written out where it is not 0, quantised weights, then scale or offset. */
function floatOps(layer: QuantizedLayer, scale: Float64Array | null): Op[] {
  const { name, node, weight } = layer;
  const [outputs, inputs, height = 1, width = 1] = weight.shape;
  const shape = [outputs, inputs, height, width];
  const data = weight.kind === "bits" ? unpackSigns(weight) : quantizedFloats(weight, node.quantizer, node.bits);
  const k = inputs * height * width;
  const affine = makeAffine(outputs, (c) => {
    const s = scale === null ? 1 : scale[c];
    if (s === 0) return { scale: 0, shift: node.offset ? k / 2 : 0, root: Number.NaN };
    return node.offset ? { scale: s / 2, shift: k / 2, root: -k / s } : { scale: s, shift: 0, root: 0 };
  });
  const [top, left] = node.padding;
  const padded = node.padValue !== 0 && (top > 0 || left > 0);
  const border = `${name}#border`;
  const ops: Op[] = [];
  if (padded) {
    const pad = { kind: "window", top, left, value: node.padValue } as const;
    ops.push({ kind: "unary", function: pad, name, input: layer.input, value: border });
  }
  ops.push({
    kind: "conv2d",
    name,
    input: padded ? border : layer.input,
    window: { kernel: node.kernel, stride: node.stride, padding: padded ? [0, 0] : node.padding },
    dilation: node.dilation,
    groups: node.groups,
    weight: { kind: "f32", shape, data },
    exact: true,
    epilogue: epilogueOf(layer, affine),
    value: name,
    sign: null,
  });
  return ops;
}

/**
 * True where weighted sums of counts are i32: each is at most K M N, twice that where counts are doubled, or where a border
 * of -1 is corrected that lies as far below the lowest level of `round` as the highest above it.
 */
function sumsFit(activation: Code, { code, planes }: WeightPlanes): boolean {
  return 2 * fanIn(planes[0]) * weightSum(activation) * weightSum(code) < 2 ** 31;
}

/** The operations of a layer whose input has the given code, null where the input is no few-bit value. */
export function quantizedLayerOps(layer: QuantizedLayer, activation: ActivationCode | null): Op[] {
  const { node, weight } = layer;
  const scale = weightScale(weight, node.quantizer, node.scaling, layer.weightName);
  const weights =
    activation === null || node.groups !== 1 ? null : weightPlanes(weight, node.quantizer, node.bits, layer.weightName);
  if (activation === null || weights === null || !sumsFit(activation, weights)) return floatOps(layer, scale);
  if (activation.method === "sign" && weights.planes.length === 1)
    return [binaryConvOp(layer, weights.planes[0], scale)];
  const affine = planesAffine(layer, activation, weights, scale);
  return [{ kind: "planesConv2d", ...bitsLayer(layer), activation, weights, epilogue: epilogueOf(layer, affine) }];
}
