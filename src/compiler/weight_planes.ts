import { XnorkitError } from "../errors.js";
import { packSigns } from "../formats/bits.js";
import { channelMagnitudes, meanScale } from "../formats/weight_scale.js";
import type { WeightQuantizer } from "../graph/types.js";
import type { BitWeight, FloatWeight, Weight } from "../weights.js";
import { type Code, weightCode } from "./codes.js";

/** Quantised weights as sign planes, with what the epilogue needs of the floats they came from. */
export interface WeightPlanes {
  readonly code: Code;
  /** One for each of the code's weights. */
  readonly planes: readonly BitWeight[];
}

/** Half away from zero of a value that is not negative, as C's `round`. */
function roundHalfUp(x: number): number {
  const whole = Math.floor(x);
  return x - whole >= 0.5 ? whole + 1 : whole;
}

/** DoReFa's levels 0..2^bits - 1 (Zhou et al., arXiv 1606.06160); the maximum is over the whole tensor. */
function dorefaLevels(data: Float32Array, bits: number): Float64Array {
  let max = 0;
  for (const w of data) max = Math.max(max, Math.abs(Math.tanh(w)));
  const levels = 2 ** bits - 1;
  return Float64Array.from(data, (w) => roundHalfUp(((0.5 * Math.tanh(w)) / max + 0.5) * levels));
}

function plane(weight: FloatWeight, name: string, positive: (index: number) => boolean): BitWeight {
  const signs = new Float32Array(weight.data.length);
  for (let i = 0; i < signs.length; i++) signs[i] = positive(i) ? 1 : -1;
  return packSigns(signs, weight.shape, name);
}

/** The planes of a parameter under a quantiser, or null where quantised weights are no few-bit values. */
export function weightPlanes(
  weight: Weight,
  quantizer: WeightQuantizer,
  bits: number,
  name: string,
): WeightPlanes | null {
  if (weight.kind === "bits") {
    const { shape, data, nonzero } = weight;
    const code = weightCode(quantizer, bits, nonzero !== undefined);
    if (code === null || quantizer === "dorefa") {
      throw new XnorkitError(
        "bad-value",
        `parameter ${name} is packed to 1 bit, but its layer (${quantizer}, ${bits} bits) needs the float values`,
      );
    }
    if (nonzero === undefined) return { code, planes: [weight] };
    return { code, planes: [{ kind: "bits", shape, data: data.map((byte, i) => byte & nonzero[i]) }, weight] };
  }
  const { data } = weight;
  const zeros = quantizer === "sign" && data.includes(0);
  const code = weightCode(quantizer, bits, zeros);
  if (code === null) return null;
  if (zeros) return { code, planes: [plane(weight, name, (i) => data[i] > 0), packSigns(data, weight.shape, name)] };
  if (code.weights.length === 1 && quantizer !== "dorefa")
    return { code, planes: [packSigns(data, weight.shape, name)] };
  const levels = dorefaLevels(data, bits);
  return { code, planes: code.weights.map((_, j) => plane(weight, name, (i) => ((levels[i] >> j) & 1) === 1)) };
}

/** Quantised weights in float, for layers that no few-bit kernel computes. */
export function quantizedFloats(weight: FloatWeight, quantizer: WeightQuantizer, bits: number): Float32Array {
  const { data } = weight;
  switch (quantizer) {
    case "identity":
      return data;
    case "det_sign":
    case "sign_approx_sign":
      return data.map((w) => (w < 0 ? -1 : 1));
    case "sign":
      return data.map(Math.sign);
    case "dorefa": {
      const steps = 2 ** bits - 1;
      return Float32Array.from(dorefaLevels(data, bits), (level) => (2 * level) / steps - 1);
    }
  }
}

/** What each output channel is multiplied by (weight_scale.ts), stored beside the bits or computed; null where the layer does not scale. */
export function weightScale(
  weight: Weight,
  quantizer: WeightQuantizer,
  scaling: "none" | "channel" | "tensor",
  name: string,
): Float64Array | null {
  if (scaling === "none") return null;
  const [outputs] = weight.shape;
  const scale = weight.kind === "bits" ? weight.scale : floatScale(weight, quantizer, scaling);
  if (scale === undefined) {
    throw new XnorkitError(
      "bad-value",
      `parameter ${name} is packed to bits without a scale, but its layer multiplies by the mean of |w|`,
    );
  }
  return scaling === "channel" ? Float64Array.from(scale) : new Float64Array(outputs).fill(scale[0]);
}

function floatScale({ shape, data }: FloatWeight, quantizer: WeightQuantizer, scaling: "channel" | "tensor") {
  return meanScale(channelMagnitudes(data, shape[0], quantizer === "sign" ? "sign" : "det_sign"), scaling);
}

/** Sum of the signs of a plane over the channels of one tap, for every tap and output: `[tap][output]`. */
export function tapSums({ shape, data }: BitWeight): Int32Array {
  const [outputs, inputs, height = 1, width = 1] = shape;
  const taps = height * width;
  const tapBytes = Math.ceil(inputs / 8);
  const sums = new Int32Array(taps * outputs);
  for (let o = 0; o < outputs; o++) {
    for (let tap = 0; tap < taps; tap++) {
      let ones = 0;
      for (let at = (o * taps + tap) * tapBytes, end = at + tapBytes; at < end; at++) {
        for (let byte = data[at]; byte !== 0; byte &= byte - 1) ones++;
      }
      sums[tap * outputs + o] = 2 * ones - inputs;
    }
  }
  return sums;
}
