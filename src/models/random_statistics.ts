/**
 * Mean and variance of every value of a graph under random weights, channel by channel, estimated as if the elements
 * were independent: what the running statistics of random batch norms are made from. Near enough is good enough: signs
 * shall be about half positive and no value run away with the depth.
 */
import { XnorkitError } from "../errors.js";
import { quoteName } from "../graph/suggest.js";
import type { BinaryConv2dNode, BinaryDenseNode, ComputedNode, Graph, QuantizeNode } from "../graph/types.js";
import { elementCount, type Shape } from "../tensor.js";

export interface Statistics {
  readonly mean: number;
  readonly variance: number;
}

/** One entry a channel (a feature after `flatten`). */
export type ChannelStatistics = readonly Statistics[];

const STANDARD: Statistics = { mean: 0, variance: 1 };
/**
 * Typical |gamma| of the random batch norms: 72 additions of variance 1/4 raise a residual to a deviation of 4 only.
 */
export const GAMMA = 0.5;

/** What a quantiser makes of a normal value of mean 0, for most of them of variance near 1. */
function quantized({ method }: QuantizeNode, input: Statistics): Statistics {
  const { variance } = input;
  if (method === "identity") return input;
  if (method === "relu") return rectified(input);
  if (method === "round") return { mean: 0.3, variance: 0.16 };
  if (method === "dorefa") return { mean: 0, variance: variance / (1 + 1.6 * variance) }; // fits tanh(x) within 5 %
  return STANDARD;
}

/** Of a normal value with mean 0: mean s / sqrt(2 pi), variance s^2 (1/2 - 1/(2 pi)). */
function rectified({ mean, variance }: Statistics): Statistics {
  return { mean: mean + 0.4 * Math.sqrt(variance), variance: 0.34 * variance };
}

/** Mean of x^2 over all channels. */
function power(input: ChannelStatistics): number {
  return input.reduce((sum, { mean, variance }) => sum + mean * mean + variance, 0) / input.length;
}

/**
 * The deviation of random weights: an output is a sum of `fanIn` products, whose variance this keeps at 1. Inputs that
 * are zero everywhere (AWNAS's `none`) get that of inputs of variance 1.
 */
export function weightDeviation(fanIn: number, input: ChannelStatistics): number {
  return 1 / Math.sqrt(fanIn * (power(input) || 1));
}

/**
 * h of a layer with quantised random weights: +-1 at 1 bit, of variance about 1/10 after dorefa (our normals end at 3.5
 * deviations).
 */
function binaryOutput(
  { quantizer, offset }: BinaryConv2dNode | BinaryDenseNode,
  isScaled: boolean,
  fanIn: number,
  input: ChannelStatistics,
): Statistics {
  const deviation = weightDeviation(fanIn, input);
  const weightPower = quantizer === "identity" ? deviation ** 2 : quantizer === "dorefa" ? 0.1 : 1;
  const scale = isScaled ? 0.8 * deviation : 1; // mean |w| of a normal w is sqrt(2 / pi) deviations
  const variance = fanIn * power(input) * weightPower * scale ** 2;
  return offset ? { mean: fanIn / 2, variance: variance / 4 } : { mean: 0, variance };
}

function afterNode(
  node: ComputedNode,
  inputs: readonly ChannelStatistics[],
  shape: Shape,
  channels: number,
): ChannelStatistics {
  const [input, second] = inputs;
  const all = (statistics: Statistics): ChannelStatistics => new Array(channels).fill(statistics);
  switch (node.kind) {
    case "conv2d":
    case "dense":
    case "activation":
    case "softmax":
    case "logSoftmax":
      return all(STANDARD);
    case "binaryConv2d": {
      const fanIn = (shape[1] / node.groups) * elementCount(node.kernel);
      return all(binaryOutput(node, node.scaling !== "none", fanIn, input));
    }
    case "binaryDense":
      return all(binaryOutput(node, false, shape[1], input));
    case "batchNorm":
      return all({ mean: 0, variance: node.fixGamma || node.gamma === null ? 1 : GAMMA * GAMMA });
    case "quantize":
      return input.map((statistics) => quantized(node, statistics));
    case "relu":
      return input.map(rectified);
    case "add":
      return input.map((a, channel) => {
        const b = second[channel - node.channelOffset];
        return b === undefined ? a : { mean: a.mean + b.mean, variance: a.variance + b.variance };
      });
    case "mul":
      return input.map((a, channel) => {
        const b = second[second.length === 1 ? 0 : channel];
        const variance = a.variance * (b.variance + b.mean ** 2) + b.variance * a.mean ** 2;
        return { mean: a.mean * b.mean, variance };
      });
    case "scale":
      return input.map(({ mean, variance }) => ({ mean: node.factor * mean, variance: node.factor ** 2 * variance }));
    case "absMean":
      return [{ mean: 0.8 * Math.sqrt(power(input)), variance: (0.36 * power(input)) / input.length }];
    case "maxPool":
      return input.map(({ mean, variance }) => ({ mean: mean + Math.sqrt(variance), variance }));
    case "avgPool":
      return input.map(({ mean, variance }) => ({ mean, variance: variance / elementCount(node.kernel) }));
    case "flatten":
      return Array.from({ length: channels }, (_, feature) => {
        const place = node.layout === "NHWC" ? feature % shape[1] : Math.floor((feature * shape[1]) / channels);
        return input[place];
      });
    case "concat":
      return inputs.flat();
    case "channelShuffle":
      return input.map((_, channel) => {
        const { groups } = node;
        return input[(channel % groups) * (channels / groups) + Math.floor(channel / groups)];
      });
    case "sliceChannels":
      return input.slice(node.begin, node.end);
    default:
      return input;
  }
}

/** Channels of all values together, each of which takes an object; ResNetE-152 has 2 million. */
const MAX_CHANNELS = 2 ** 24;

/**
 * The statistics of every value by its name, for an input of mean 0 and variance 1.
 * @throws XnorkitError `unsupported` if the values have more than `MAX_CHANNELS` channels together.
 */
export function propagateStatistics(
  graph: Graph,
  shapes: ReadonlyMap<string, Shape>,
): ReadonlyMap<string, ChannelStatistics> {
  const statistics = new Map<string, ChannelStatistics>();
  let total = 0;
  for (const node of graph.nodes) {
    const [, channels] = shapes.get(node.name)!;
    total += channels;
    if (total > MAX_CHANNELS) {
      throw new XnorkitError(
        "unsupported",
        `${graph.name} has ${total} channels up to layer ${quoteName(node.name)}: random weights are made for ` +
          `${MAX_CHANNELS} at most`,
      );
    }
    const inputs = node.inputs.map((name) => statistics.get(name)!);
    statistics.set(
      node.name,
      node.kind === "input"
        ? new Array<Statistics>(channels).fill(STANDARD)
        : afterNode(node, inputs, shapes.get(node.inputs[0])!, channels),
    );
  }
  return statistics;
}
