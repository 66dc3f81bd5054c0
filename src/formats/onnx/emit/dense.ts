/** Dense layers from Gemm, MatMul and FINN's XnorPopcountMatMul. */
import { elementCount, formatShape } from "../../../tensor.js";
import { boolAttribute, floatAttribute } from "../attributes.js";
import type { OnnxNode } from "../network.js";
import { failShape } from "../ops/row.js";
import type { OnnxTensor } from "../tensors.js";
import { addedBias } from "./added_bias.js";
import { allAre, asNumbers, binaryForm, type CountedWeights, floatReason, floats, layerFacts } from "./binary_form.js";
import { type ChannelNumbers, mapNumbers } from "./constants.js";
import { type Emitter, unsupported } from "./emitter.js";
import { type Operand, plainOperand, type ValueOperand } from "./operand.js";
import { weightValues } from "./two_valued.js";
import { identityView } from "./view.js";

/**
 * x W^T + bias.
 * @param weight [units, features], row-major.
 * @param isPopcount Gives (x W^T + features) / 2 in place of x W^T: how many signs agree.
 */
export function dense(
  node: OnnxNode,
  emitter: Emitter,
  read: ValueOperand,
  weight: Float32Array,
  units: number,
  bias: ChannelNumbers,
  isPopcount = false,
): ValueOperand {
  const features = weight.length / units;
  const found = emitter.shape(read.value);
  if (elementCount(found.slice(1)) !== features) {
    return failShape(node, `has weights for ${features} features, but reads ${formatShape(found)}`);
  }
  const values = weightValues(weight, units);
  const reason = floatReason(read, values, true);
  const told = (value: string) => emitter.layer(layerFacts(value, "dense layer", reason, read, values));
  const isCounted = values.kind === "signs" || values.kind === "integers";
  const value =
    reason === null && isCounted
      ? binaryDense(node, emitter, read, weight, values, bias, isPopcount, told)
      : floatDense(node, emitter, read, weight, units, bias, isPopcount, told);
  return plainOperand(value, identityView(2), "real");
}

function binaryDense(
  node: OnnxNode,
  emitter: Emitter,
  x: ValueOperand,
  weight: Float32Array,
  values: CountedWeights,
  bias: ChannelNumbers,
  isPopcount: boolean,
  told: (value: string) => void,
): string {
  const units = values.alphas.length;
  const features = weight.length / units;
  const form = binaryForm(x, weight, [units, features], values, bias, emitter.name(node).name);
  const isScaled = !allAre(form.alphas, 1);
  const isBiased = !allAre(form.added, 0);
  // The layer halves its count before its bias: what is added inside the count must not be there.
  const halves = isPopcount && !isScaled && !isBiased;
  const value = emitter.add(
    node,
    {
      kind: "binaryDense",
      weight: emitter.parameter(node, "weight", form.weight),
      bias: isScaled || !isBiased ? null : emitter.numbers(node, "bias", asNumbers(form.added), units),
      units,
      quantizer: form.quantizer,
      bits: form.bits,
      offset: halves,
    },
    [x.value],
  );
  told(value);
  const scaled = isScaled
    ? emitter.affine(node, value, asNumbers(form.alphas), asNumbers(form.added), "scaled")
    : value;
  return isPopcount && !halves ? emitter.affine(node, scaled, 0.5, features / 2, "count") : scaled;
}

function floatDense(
  node: OnnxNode,
  emitter: Emitter,
  read: ValueOperand,
  weight: Float32Array,
  units: number,
  bias: ChannelNumbers,
  isPopcount: boolean,
  told: (value: string) => void,
): string {
  const features = weight.length / units;
  const value = emitter.add(
    node,
    {
      kind: "dense",
      weight: emitter.parameter(node, "weight", { kind: "f32", shape: [units, features], data: weight }),
      bias: bias === 0 ? null : emitter.numbers(node, "bias", bias, units),
      units,
    },
    [emitter.finish(node, read).value],
  );
  told(value);
  return isPopcount ? emitter.affine(node, value, 0.5, features / 2, "count") : value;
}

/** The rows of [inputs, units] as [units, inputs]. */
function transpose(values: Float32Array, rows: number, columns: number): Float32Array {
  const turned = new Float32Array(values.length);
  for (let row = 0; row < rows; row++) {
    for (let column = 0; column < columns; column++) turned[column * rows + row] = values[row * columns + column];
  }
  return turned;
}

/** The input of a product as [N, features]; what is still to be done to signs the layer takes along. */
function features(node: OnnxNode, emitter: Emitter): ValueOperand {
  const read = emitter.operand(node, 0);
  if (read.kind === "constant") return unsupported(node, "multiplies a constant by what a run computes");
  return emitter.vector(node, read);
}

function matrix(node: OnnxNode, emitter: Emitter): OnnxTensor {
  const tensor = emitter.constant(node, 1);
  if (tensor.shape.length === 2 && tensor.data.length > 0) return tensor;
  return unsupported(node, `multiplies by a constant of ${formatShape(tensor.shape)}`);
}

/** A product without a bias of its own, with that of the operator after it. */
function product(node: OnnxNode, emitter: Emitter, x: ValueOperand, weight: Float32Array, units: number): Operand {
  const later = addedBias(node, emitter, identityView(2), units);
  const result = dense(node, emitter, x, weight, units, later?.numbers ?? 0);
  later?.bind(result);
  return result;
}

export function matMul(node: OnnxNode, emitter: Emitter): Operand {
  const x = features(node, emitter);
  const tensor = matrix(node, emitter);
  const [inputs, units] = tensor.shape;
  return product(node, emitter, x, transpose(floats(tensor), inputs, units), units);
}

export function xnorPopcount(node: OnnxNode, emitter: Emitter): Operand {
  const x = features(node, emitter);
  const tensor = matrix(node, emitter);
  const [inputs, units] = tensor.shape;
  return dense(node, emitter, x, transpose(floats(tensor), inputs, units), units, 0, true);
}

export function gemm(node: OnnxNode, emitter: Emitter): Operand {
  if (boolAttribute(node, "transA", false)) return unsupported(node, "turns its input around");
  const x = features(node, emitter);
  const tensor = matrix(node, emitter);
  const isTurned = boolAttribute(node, "transB", false);
  const [alpha, beta] = [floatAttribute(node, "alpha", 1), floatAttribute(node, "beta", 1)];
  const [units, inputs] = isTurned ? tensor.shape : [tensor.shape[1], tensor.shape[0]];
  const stored = isTurned ? floats(tensor) : transpose(floats(tensor), inputs, units);
  const weight = alpha === 1 ? stored : stored.map((value) => value * alpha);
  if (!emitter.has(node, 2) || beta === 0) return product(node, emitter, x, weight, units);
  const added = emitter.constant(node, 2);
  const isSingle = added.data.length === 1;
  const isVector = added.data.length === units && added.shape[added.shape.length - 1] === units;
  if (!isSingle && !isVector) return unsupported(node, `adds a constant of ${formatShape(added.shape)}`);
  const bias = mapNumbers(asNumbers(floats(added)), (value) => value * beta);
  return dense(node, emitter, x, weight, units, bias);
}
