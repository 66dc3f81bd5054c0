/** What layers need of 1-bit weights beside their bits. */
import { XnorkitError } from "../../errors.js";
import type { WeightQuantizer } from "../../graph/types.js";
import { channelMagnitudes, meanScale } from "../../weight_scale.js";
import type { BitWeight, FloatWeight, Weight } from "../../weights.js";

/**
 * What each output channel is multiplied by (weight_scale.ts), stored beside the bits or computed; null if the layer
 * does not scale.
 */
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
