/** Batch norms, and the normalisation of pixels. */
import type { BatchNormNode, Graph } from "../graph/types.js";
import type { Tensor } from "../tensor.js";
import type { Weights } from "../weights.js";
import { fromPort } from "./layout.js";
import { readFloatParameter } from "./parameters.js";
import { mapSize, type Value } from "./value.js";

/**
 * Inference batch norm (Ioffe & Szegedy 2015): ((x - mean) / sqrt(variance + epsilon)) * gamma + beta per channel. With
 * `fixGamma` (MXNet's fix_gamma) the stored gamma counts as 1.
 * @throws XnorkitError `missing-weight` or `bad-shape` if a parameter does not fit.
 */
function batchNorm(node: BatchNormNode, [input]: readonly Value[], weights: Weights): Value {
  const { batch, channels, positions } = mapSize(input);
  const read = (name: string) => readFloatParameter(weights, name, [channels]);
  const mean = read(node.mean);
  const variance = read(node.variance);
  const gamma = node.gamma === null || node.fixGamma ? null : read(node.gamma);
  const beta = node.beta === null ? null : read(node.beta);
  const data = new Float64Array(input.data.length);
  for (let plane = 0; plane < batch * channels; plane++) {
    const channel = plane % channels;
    const deviation = Math.sqrt(variance[channel] + node.epsilon);
    const scale = gamma === null ? 1 : gamma[channel];
    const shift = beta === null ? 0 : beta[channel];
    for (let i = plane * positions; i < (plane + 1) * positions; i++) {
      data[i] = ((input.data[i] - mean[channel]) / deviation) * scale + shift;
    }
  }
  return { shape: input.shape, data };
}

export const normalizations = { batchNorm };

/** What the first layer reads, NCHW: floats as they are; pixels as (pixel - mean) / std if the graph says so. */
export function normalizeInput(input: Tensor, { preprocess, layout }: Graph): Value {
  const value = fromPort({ shape: input.shape, data: Float64Array.from(input.data) }, layout);
  if (preprocess === undefined || input.data instanceof Float32Array) return value;
  const { channels, positions } = mapSize(value);
  const { mean, std } = preprocess;
  const data = value.data.map((pixel, i) => {
    const channel = Math.floor(i / positions) % channels;
    return (pixel - (mean.length === 1 ? mean[0] : mean[channel])) / (std.length === 1 ? std[0] : std[channel]);
  });
  return { shape: value.shape, data };
}
