/**
 * Mean and variance of every value of a graph under random weights, channel by channel, estimated as if the elements
 * were independent: what the running statistics of random batch norms are made from.
 */
import type {
  ActivationNode,
  ActivationQuantizer,
  BinaryConv2dNode,
  BinaryDenseNode,
  Graph,
  Node,
} from "../graph/types.js";
import { elementCount, type Shape } from "../tensor.js";

export interface Moments {
  readonly mean: number;
  readonly variance: number;
}

/** One entry a channel (a feature after `flatten`). */
export type ChannelMoments = readonly Moments[];

const STANDARD: Moments = { mean: 0, variance: 1 };
/**
 * Typical |gamma| of the random batch norms: 72 additions of variance 1/4 raise a residual to a deviation of 4 only.
 */
export const GAMMA = 0.5;

/** What a quantiser makes of a normal value of mean 0, for most of them of variance near 1. */
const QUANTIZED: { readonly [M in ActivationQuantizer]: (input: Moments) => Moments } = {
  det_sign: () => STANDARD,
  sign_approx_sign: () => STANDARD,
  sign: () => STANDARD,
  sign_greater: () => STANDARD,
  round: () => ({ mean: 0.3, variance: 0.16 }),
  dorefa: ({ variance }) => ({ mean: 0, variance: variance / (1 + 1.6 * variance) }), // fits tanh(x) within 5 %
  identity: (input) => input,
  relu: rectified,
  clip: () => ({ mean: 0, variance: 0.5 }),
  leaky_clip: () => ({ mean: 0, variance: 0.2 }),
  approx_sign: () => ({ mean: 0, variance: 0.7 }),
};

const ACTIVATED: { readonly [F in ActivationNode["function"]]: Moments } = {
  tanh: { mean: 0, variance: 0.4 },
  sigmoid: { mean: 0.5, variance: 0.04 },
  softrelu: { mean: 0.8, variance: 0.3 },
  softsign: { mean: 0, variance: 0.2 },
};

/** Of a normal value with mean 0: mean s / sqrt(2 pi), variance s^2 (1/2 - 1/(2 pi)). */
function rectified({ mean, variance }: Moments): Moments {
  return { mean: mean + 0.4 * Math.sqrt(variance), variance: 0.34 * variance };
}

/** Mean of x^2 over all channels. */
function power(input: ChannelMoments): number {
  return input.reduce((sum, { mean, variance }) => sum + mean * mean + variance, 0) / input.length;
}

/**
 * The deviation of random weights: an output is a sum of `fanIn` products, whose variance this keeps at 1. Inputs that
 * are zero everywhere (AWNAS's `none`) get that of inputs of variance 1.
 */
export function weightDeviation(fanIn: number, input: ChannelMoments): number {
  const inputPower = power(input);
  return 1 / Math.sqrt(fanIn * (inputPower > 0 ? inputPower : 1));
}

/**
 * h of a layer with quantised random weights: +-1 at 1 bit, of variance about 1/10 after dorefa (our normals end at 3.5
 * deviations).
 */
function binaryOutput(node: BinaryConv2dNode | BinaryDenseNode, fanIn: number, input: ChannelMoments): Moments {
  const deviation = weightDeviation(fanIn, input);
  const weightPower = { identity: deviation ** 2, dorefa: 0.1, det_sign: 1, sign_approx_sign: 1, sign: 1 };
  const scaled = node.kind === "binaryConv2d" && node.scaling !== "none";
  const scale = scaled ? 0.8 * deviation : 1; // mean |w| of a normal w is sqrt(2 / pi) deviations
  const variance = fanIn * power(input) * weightPower[node.quantizer] * scale ** 2;
  return node.offset ? { mean: fanIn / 2, variance: variance / 4 } : { mean: 0, variance };
}

function product(a: Moments, b: Moments): Moments {
  return {
    mean: a.mean * b.mean,
    variance: a.variance * b.variance + a.variance * b.mean ** 2 + b.variance * a.mean ** 2,
  };
}

function afterNode(
  node: Exclude<Node, { kind: "input" }>,
  inputs: readonly ChannelMoments[],
  inputShapes: readonly Shape[],
): ChannelMoments {
  const [input, second] = inputs;
  const [shape] = inputShapes;
  const all = (channels: number, moments: Moments): ChannelMoments => new Array(channels).fill(moments);
  switch (node.kind) {
    case "conv2d":
      return all(node.channels, STANDARD);
    case "binaryConv2d":
      return all(node.channels, binaryOutput(node, (shape[1] / node.groups) * elementCount(node.kernel), input));
    case "dense":
      return all(node.units, STANDARD);
    case "binaryDense":
      return all(node.units, binaryOutput(node, shape[1], input));
    case "batchNorm":
      return all(input.length, { mean: 0, variance: node.fixGamma || node.gamma === null ? 1 : GAMMA * GAMMA });
    case "quantize":
      return input.map(QUANTIZED[node.method]);
    case "activation":
      return all(input.length, ACTIVATED[node.function]);
    case "logSoftmax":
      return all(input.length, { mean: -Math.log(input.length) - 0.5, variance: 1 });
    case "softmax":
      return all(input.length, { mean: 1 / input.length, variance: 1 / input.length ** 2 });
    case "relu":
      return input.map(rectified);
    case "add":
      return input.map((a, channel) => {
        const b = second[channel - node.channelOffset];
        return b === undefined ? a : { mean: a.mean + b.mean, variance: a.variance + b.variance };
      });
    case "mul":
      return input.map((a, channel) => product(a, second[second.length === 1 ? 0 : channel]));
    case "scaleShift":
      return node.scale === null
        ? input
        : input.map(({ mean, variance }) => ({ mean: GAMMA * mean, variance: GAMMA * GAMMA * variance }));
    case "scale":
      return input.map(({ mean, variance }) => ({ mean: node.factor * mean, variance: node.factor ** 2 * variance }));
    case "absMean":
      return [{ mean: 0.8 * Math.sqrt(power(input)), variance: (0.36 * power(input)) / input.length }];
    case "maxPool":
      return input.map(({ mean, variance }) => ({ mean: mean + Math.sqrt(variance), variance }));
    case "avgPool":
      return input.map(({ mean, variance }) => ({ mean, variance: variance / elementCount(node.kernel) }));
    case "globalAvgPool":
      return input.map(({ mean, variance }) => ({ mean, variance: variance / elementCount(shape.slice(2)) }));
    case "flatten":
      return input.flatMap((moments) => all(elementCount(shape.slice(2)), moments));
    case "concat":
      return inputs.flat();
    case "channelShuffle":
      return input.map(
        (_, channel) =>
          input[(channel % node.groups) * (input.length / node.groups) + Math.floor(channel / node.groups)],
      );
    case "sliceChannels":
      return input.slice(node.begin, node.end);
    default:
      return input; // near enough for what changes a value little or not at all
  }
}

/** The moments of every value by its name, for an input of mean 0 and variance 1. */
export function propagateMoments(
  graph: Graph,
  shapes: ReadonlyMap<string, Shape>,
): ReadonlyMap<string, ChannelMoments> {
  const moments = new Map<string, ChannelMoments>();
  for (const node of graph.nodes) {
    moments.set(
      node.name,
      node.kind === "input"
        ? new Array<Moments>(shapes.get(node.name)![1]).fill(STANDARD)
        : afterNode(
            node,
            node.inputs.map((name) => moments.get(name)!),
            node.inputs.map((name) => shapes.get(name)!),
          ),
    );
  }
  return moments;
}
