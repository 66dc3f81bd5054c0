/**
 * Reproducible weights for benchmarks and tests: the statistics of every batch norm fit what reaches it, so that signs
 * are about half positive and no value runs away with the depth.
 */
import { XnorkitError } from "../errors.js";
import type { Packing } from "../graph/parameter_spec.js";
import { type ParameterSpec, parameterSpecs } from "../graph/parameters.js";
import { inferShapes } from "../graph/shapes.js";
import type { BatchNormNode, Graph } from "../graph/types.js";
import { elementCount, type Shape } from "../tensor.js";
import type { BitWeight, Weight, Weights } from "../weights.js";
import { showOption } from "./options.js";
import { type Random, randomStream } from "./random.js";
import { GAMMA, propagateStatistics, type Statistics, weightDeviation } from "./random_statistics.js";

function fill(shape: Shape, next: (index: number) => number): Weight {
  const data = new Float32Array(elementCount(shape));
  for (let i = 0; i < data.length; i++) data[i] = next(i);
  return { kind: "f32", shape, data };
}

/** Sign bits without the float tensor between: ResNetE-152 has 0.9 G binary weights, 3.6 GB in float. */
function randomBits(shape: Shape, random: Random): BitWeight {
  const [outputs, inputs, height = 1, width = 1] = shape;
  const tapBytes = Math.ceil(inputs / 8);
  const data = new Uint8Array(outputs * height * width * tapBytes);
  let word = 0;
  for (let i = 0; i < data.length; i++) {
    word = i % 4 === 0 ? random.bits() : word >>> 8;
    data[i] = word;
  }
  if (inputs % 8 !== 0) {
    const mask = (1 << (inputs % 8)) - 1;
    for (let last = tapBytes - 1; last < data.length; last += tapBytes) data[last] &= mask;
  }
  return { kind: "bits", shape, data };
}

/** Bits, and if the layer scales the mean |w| of normal weights of this deviation, spread by up to a tenth. */
function randomPacked(spec: ParameterSpec, { scaling }: Packing, deviation: number, random: Random): BitWeight {
  const bits = randomBits(spec.shape, random);
  if (scaling === "none") return bits;
  const count = scaling === "channel" ? spec.shape[0] : 1;
  const mean = Math.sqrt(2 / Math.PI) * deviation;
  return { ...bits, scale: Float32Array.from({ length: count }, () => mean * (0.9 + 0.2 * random.uniform())) };
}

/** As in trained networks: mostly around GAMMA, 15 % negative, 4 % zero. */
function randomGamma(random: Random): number {
  const kind = random.uniform();
  const size = GAMMA * (1 + 0.2 * random.normal());
  if (kind < 0.04) return 0;
  return kind < 0.19 ? -size : size;
}

function randomBatchNormValue(spec: ParameterSpec, node: BatchNormNode, input: Statistics, random: Random): number {
  switch (spec.role) {
    case "gamma":
      return node.fixGamma ? 1 : randomGamma(random);
    case "beta":
      return 0.1 * random.normal();
    case "mean":
      return input.mean + 0.1 * Math.sqrt(input.variance) * random.normal();
    default:
      return Math.max(input.variance * (0.8 + 0.4 * random.uniform()), 1e-6);
  }
}

/**
 * Random parameters for a graph, a function of graph and seed alone, the same in every runtime. Binary weights come as
 * sign bits, none of them 0, with a scale if their layer multiplies by one. Batch norms have running statistics near
 * what reaches them, gammas of both signs and some that are zero.
 * @throws XnorkitError `bad-option` unless the seed is an integer.
 */
export function randomWeights(graph: Graph, seed: number): Weights {
  if (!Number.isSafeInteger(seed)) {
    throw new XnorkitError("bad-option", `the seed of random weights is ${showOption(seed)}: it must be an integer`);
  }
  const statistics = propagateStatistics(graph, inferShapes(graph));
  const nodes = new Map(graph.nodes.map((node) => [node.name, node]));
  const weights = new Map<string, Weight>();
  for (const spec of parameterSpecs(graph)) {
    const random = randomStream(seed, spec.name);
    const node = nodes.get(spec.node)!;
    const input = statistics.get(node.inputs[0])!;
    if (spec.packing !== null) {
      const deviation = weightDeviation(elementCount(spec.shape.slice(1)), input);
      weights.set(spec.name, randomPacked(spec, spec.packing, deviation, random));
    } else if (node.kind === "batchNorm") {
      weights.set(
        spec.name,
        fill(spec.shape, (channel) => randomBatchNormValue(spec, node, input[channel], random)),
      );
    } else if (spec.role === "weight") {
      const deviation = weightDeviation(elementCount(spec.shape.slice(1)), input);
      weights.set(
        spec.name,
        fill(spec.shape, () => deviation * random.normal()),
      );
    } else if (spec.role === "scale") {
      weights.set(
        spec.name,
        fill(spec.shape, () => randomGamma(random)),
      );
    } else {
      weights.set(
        spec.name,
        fill(spec.shape, () => 0.1 * random.normal()),
      );
    }
  }
  return weights;
}
