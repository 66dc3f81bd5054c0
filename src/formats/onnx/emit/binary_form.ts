/**
 * Whether a layer runs on bits, and what it is then: signs of its weights or small integers, a factor and a summand for
 * each output.
 */

import { packSigns } from "../../../bits.js";
import type { Shape } from "../../../tensor.js";
import type { BitWeight, FloatWeight } from "../../../weights.js";
import type { FloatReason, LayerFacts } from "../notes.js";
import type { OnnxTensor } from "../tensors.js";
import { type ChannelNumbers, spread } from "./constants.js";
import type { ValueOperand } from "./operand.js";
import type { WeightValues } from "./two_valued.js";

/** Why a layer that reads this and has these weights runs in float; null if it runs on bits. */
export function floatReason(
  { numbers }: ValueOperand,
  weights: WeightValues,
  isBorderValue: boolean,
): FloatReason | null {
  const isCounted = weights.kind === "signs" || weights.kind === "integers";
  if ((numbers === "signs" || numbers === "few-levels") && isCounted) return isBorderValue ? null : "border";
  switch (weights.kind) {
    case "real":
      return "real-weights";
    case "near":
      return "near-two-values";
    case "integers":
      return weights.integers.every((value) => Math.abs(value) <= 1)
        ? "weights-of-three-values"
        : "weights-of-more-bits";
    case "few":
      return "weights-of-more-bits";
  }
  switch (numbers) {
    case "image":
      return "network-input";
    case "levels":
    case "few-levels":
      return "input-of-more-bits";
    case "real":
      return "real-input";
    default:
      return "value-between";
  }
}

/** What a note tells of a layer. */
export function layerFacts(
  layer: string,
  kind: LayerFacts["kind"],
  reason: FloatReason | null,
  { numbers }: ValueOperand,
  weights: WeightValues,
): LayerFacts {
  const isTwoValued = weights.kind === "signs";
  const isPlanes = reason === null && (numbers !== "signs" || !isTwoValued);
  return { layer, kind, reason, isPlanes, isTwoValued, ...(weights.kind === "near" && { spread: weights.spread }) };
}

/** The numbers of a constant in float32. */
export function floats({ data }: OnnxTensor): Float32Array {
  return data instanceof Float32Array ? data : Float32Array.from(data);
}

export const allAre = (values: Float32Array, number: number): boolean => values.every((value) => value === number);

/** One number if all are the same. */
export const asNumbers = (values: Float32Array): ChannelNumbers => (allAre(values, values[0]) ? values[0] : values);

/** The sum of each output's weights. */
function rowSums(values: Float32Array, outputs: number): Float64Array {
  const fanIn = values.length / outputs;
  return Float64Array.from({ length: outputs }, (_, output) => {
    let sum = 0;
    for (let i = output * fanIn; i < (output + 1) * fanIn; i++) sum += values[i];
    return sum;
  });
}

/** Weights of a layer that runs on bits. */
export type CountedWeights = Extract<WeightValues, { readonly kind: "signs" | "integers" }>;

export interface BinaryForm {
  readonly quantizer: "det_sign" | "integer";
  readonly bits: number;
  readonly weight: BitWeight | FloatWeight;
  /** What each output is multiplied by: of signs never negative, they see to that. */
  readonly alphas: Float32Array;
  /** What is added to it after that. */
  readonly added: Float32Array;
}

/**
 * The binary form of a layer that reads a * signs + b, or levels in place of the signs: since the layer is linear, a
 * goes into the weights' scale and b times the sum of the weights into the bias. The border is told in terms of the
 * signs, so this holds at the border too.
 */
export function binaryForm(
  { scale, shift }: ValueOperand,
  values: Float32Array,
  shape: Shape,
  weights: CountedWeights,
  bias: ChannelNumbers,
  name: string,
): BinaryForm {
  const [outputs] = shape;
  const given = spread(bias, outputs);
  const sums = shift === 0 ? null : rowSums(values, outputs);
  const added = sums === null ? given : given.map((value, output) => value + shift * sums[output]);
  if (weights.kind === "integers") {
    const { bits, integers, alphas } = weights;
    const weight: FloatWeight = { kind: "f32", shape, data: integers };
    return { quantizer: "integer", bits, weight, alphas: Float32Array.from(alphas, (alpha) => alpha * scale), added };
  }
  return {
    quantizer: "det_sign",
    bits: 1,
    weight: packSigns(scale < 0 ? values.map((value) => -value) : values, shape, name),
    alphas: Float32Array.from(weights.alphas, (alpha) => alpha * Math.abs(scale)),
    added,
  };
}
