/** The scale of XNOR-Net's weights (Rastegari et al., arXiv 1603.05279): the mean of |w|, in f64. */
import type { Packing } from "./graph/parameter_spec.js";

/**
 * Mean of |w| of each output channel. AWNAS's layers (`sign`) clamp the weights to [-1, 1] first, BMXNet's do not.
 * @param values Row-major with the output channels first, whole channels.
 */
export function channelMagnitudes(values: Float32Array, outputs: number, signs: Packing["signs"]): Float64Array {
  const fanIn = values.length / outputs;
  const largest = signs === "sign" ? 1 : Number.POSITIVE_INFINITY;
  const means = new Float64Array(outputs);
  for (let output = 0; output < outputs; output++) {
    let sum = 0;
    for (let i = output * fanIn; i < (output + 1) * fanIn; i++) sum += Math.min(Math.abs(values[i]), largest);
    means[output] = sum / fanIn;
  }
  return means;
}

/** What a layer multiplies by: its channels' means, or the one mean of them all (each channel has as many weights). */
export function meanScale(magnitudes: Float64Array, scaling: "channel" | "tensor"): Float64Array {
  if (scaling === "channel") return magnitudes;
  return Float64Array.of(magnitudes.reduce((sum, mean) => sum + mean, 0) / magnitudes.length);
}
