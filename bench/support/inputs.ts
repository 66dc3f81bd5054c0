/** Networks and pictures that the benchmarks share, all functions of fixed seeds. */

import type { Graph } from "../../src/graph/types.js";
import { getModel } from "../../src/index.js";
import { randomStream } from "../../src/models/random.js";
import type { ResnetEVariant } from "../../src/models/resnet_e.js";
import { elementCount, type Shape, type Tensor, tensor } from "../../src/tensor.js";

/** resnet18_e1 with the preprocessing that byte pictures need (ImageNet's usual statistics). */
export function binaryNetwork(options: ResnetEVariant): Graph {
  const graph = getModel("resnet18_e1", { binary: { bits: 1, bitsA: 1 }, ...options });
  return { ...graph, preprocess: { mean: [123.675, 116.28, 103.53], std: [58.395, 57.12, 57.375] } };
}

/** A picture as preprocessing leaves it: about normal, mean 0 and variance 1. */
export function floatPicture(shape: Shape, seed: number): Tensor {
  const random = randomStream(seed, "picture");
  return tensor(shape, Float32Array.from({ length: elementCount(shape) }, random.normal));
}

/** A picture of pixels 0..255. */
export function bytePicture(shape: Shape, seed: number): Tensor {
  const random = randomStream(seed, "pixels");
  return tensor(
    shape,
    Uint8Array.from({ length: elementCount(shape) }, () => random.bits() >>> 24),
  );
}
