import { XnorkitError } from "../errors.js";
import { packSigns } from "../formats/bits.js";
import type { WeightQuantizer } from "../graph/types.js";
import type { BitWeight, FloatWeight, Weight } from "../weights.js";
import { type Code, weightCode } from "./codes.js";

/** Quantised weights as sign planes, with what the epilogue needs of the floats they came from. */
export interface WeightPlanes {
  readonly code: Code;
  /** One for each of the code's weights. */
  readonly planes: readonly BitWeight[];
}

const clamp = (w: number) => Math.min(Math.max(w, -1), 1);

/** Half away from zero of a value that is not negative, as C's `round`. */
function roundHalfUp(x: number): number {
  const whole = Math.floor(x);
  return x - whole >= 0.5 ? whole + 1 : whole;
}

/** DoReFa's levels 0..2^bits - 1 (Zhou et al., arXiv 1606.06160); the maximum is over the whole tensor. */
function dorefaLevels(data: Float32Array, bits: number): Uint8Array {
  let max = 0;
  for (const w of data) max = Math.max(max, Math.abs(Math.tanh(w)));
  const levels = 2 ** bits - 1;
  return Uint8Array.from(data, (w) => roundHalfUp(((0.5 * Math.tanh(w)) / max + 0.5) * levels));
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
    const code = weightCode(quantizer, bits, false);
    if (code === null || code.weights.length !== 1) {
      throw new XnorkitError(
        "bad-value",
        `parameter ${name} is packed to 1 bit, but its layer has ${bits}-bit weights`,
      );
    }
    return { code, planes: [weight] };
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

/**
 * Mean of |w| for each output channel, or for the whole tensor in each of them; AWNAS (`sign`) clamps the weights to [-1, 1]
 * first, BMXNet does not. Null where the layer does not scale.
 */
export function weightScale(
  weight: Weight,
  quantizer: WeightQuantizer,
  scaling: "none" | "channel" | "tensor",
  name: string,
): Float64Array | null {
  if (scaling === "none") return null;
  if (weight.kind === "bits") {
    throw new XnorkitError("bad-value", `parameter ${name} is packed to bits, but its layer scales by the mean of |w|`);
  }
  const [outputs] = weight.shape;
  const fanIn = weight.data.length / outputs;
  const scale = new Float64Array(outputs);
  for (let o = 0; o < outputs; o++) {
    let sum = 0;
    for (let i = o * fanIn; i < (o + 1) * fanIn; i++) {
      const w = weight.data[i];
      sum += Math.abs(quantizer === "sign" ? clamp(w) : w);
    }
    scale[o] = sum / fanIn;
  }
  if (scaling === "channel") return scale;
  return scale.fill(scale.reduce((sum, s) => sum + s, 0) / outputs);
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
