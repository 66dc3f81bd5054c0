/** Operations that move, join or reduce channels. */
import { XnorkitError } from "../errors.js";
import type {
  AbsMeanNode,
  ChannelShuffleNode,
  ConcatNode,
  LogSoftmaxNode,
  SliceChannelsNode,
  SoftmaxNode,
} from "../graph/types.js";
import { formatShape, sameShape } from "../tensor.js";
import { mapSize, type Value } from "./value.js";

/**
 * The channels of all inputs one after the other (`concat(dim=1)`).
 * @throws XnorkitError `bad-shape` if the maps differ in another axis.
 */
function concat(node: ConcatNode, inputs: readonly Value[]): Value {
  const [first] = inputs;
  const { batch, positions } = mapSize(first);
  const channels = inputs.reduce((sum, input) => sum + mapSize(input).channels, 0);
  const data = new Float64Array(batch * channels * positions);
  let begin = 0;
  for (const [index, input] of inputs.entries()) {
    const own = mapSize(input).channels;
    if (!sameShape(input.shape, [batch, own, ...first.shape.slice(2)])) {
      throw new XnorkitError(
        "bad-shape",
        `${node.name} joins ${node.inputs[index]} of ${formatShape(input.shape)} to ${formatShape(first.shape)}, ` +
          "which does not fit",
      );
    }
    for (let image = 0; image < batch; image++) {
      const source = input.data.subarray(image * own * positions, (image + 1) * own * positions);
      data.set(source, (image * channels + begin) * positions);
    }
    begin += own;
  }
  return { shape: [batch, channels, ...first.shape.slice(2)], data };
}

/** Channels [begin, end). */
function sliceChannels(node: SliceChannelsNode, [input]: readonly Value[]): Value {
  const { channels } = mapSize(input);
  if (node.begin < 0 || node.begin >= node.end || node.end > channels) {
    throw new XnorkitError(
      "bad-shape",
      `${node.name} takes channels ${node.begin} to ${node.end} of ${formatShape(input.shape)}, which does not fit`,
    );
  }
  return pickChannels(
    input,
    Array.from({ length: node.end - node.begin }, (_, channel) => node.begin + channel),
  );
}

/**
 * ShuffleNet's channel shuffle (arXiv 1707.01083): channels as [groups, C / groups], transposed, so that channel c of
 * the result is channel (c mod groups) C / groups + floor(c / groups).
 * @throws XnorkitError `bad-shape` if the groups do not divide the channels.
 */
function channelShuffle({ name, groups }: ChannelShuffleNode, [input]: readonly Value[]): Value {
  const { channels } = mapSize(input);
  if (channels % groups !== 0) {
    throw new XnorkitError(
      "bad-shape",
      `${name} shuffles ${channels} channels in ${groups} groups, which does not fit`,
    );
  }
  const width = channels / groups;
  return pickChannels(
    input,
    Array.from({ length: channels }, (_, channel) => (channel % groups) * width + Math.floor(channel / groups)),
  );
}

function pickChannels(input: Value, sources: readonly number[]): Value {
  const { batch, channels, positions } = mapSize(input);
  const data = new Float64Array(batch * sources.length * positions);
  for (let image = 0; image < batch; image++) {
    for (const [channel, source] of sources.entries()) {
      const begin = (image * channels + source) * positions;
      data.set(input.data.subarray(begin, begin + positions), (image * sources.length + channel) * positions);
    }
  }
  return { shape: [batch, sources.length, ...input.shape.slice(2)], data };
}

/** Mean of |x| over the channels, as one channel: A of XNOR-Net (arXiv 1603.05279, section 3.2). */
function absMean(_: AbsMeanNode, [input]: readonly Value[]): Value {
  const { batch, channels, positions } = mapSize(input);
  const data = new Float64Array(batch * positions);
  for (let plane = 0; plane < batch * channels; plane++) {
    const target = Math.floor(plane / channels) * positions;
    for (let i = 0; i < positions; i++) data[target + i] += Math.abs(input.data[plane * positions + i]) / channels;
  }
  return { shape: [batch, 1, ...input.shape.slice(2)], data };
}

/** exp(x_i) / sum exp(x_j) over the channels, with the largest x subtracted first so that nothing overflows. */
function softmax(_: SoftmaxNode, [input]: readonly Value[]): Value {
  return overChannels(input, (values) => {
    const largest = values.reduce((most, value) => Math.max(most, value), -Infinity);
    const powers = values.map((value) => Math.exp(value - largest));
    const sum = powers.reduce((total, power) => total + power, 0);
    return powers.map((power) => power / sum);
  });
}

/** x_i - log(sum exp(x_j)) over the channels, with the largest x subtracted first so that nothing overflows. */
function logSoftmax(_: LogSoftmaxNode, [input]: readonly Value[]): Value {
  return overChannels(input, (values) => {
    const largest = values.reduce((most, value) => Math.max(most, value), -Infinity);
    const sum = values.reduce((total, value) => total + Math.exp(value - largest), 0);
    return values.map((value) => value - largest - Math.log(sum));
  });
}

/** The channels of each place, changed together. */
function overChannels(input: Value, change: (values: readonly number[]) => readonly number[]): Value {
  const { batch, channels, positions } = mapSize(input);
  const data = new Float64Array(input.data.length);
  for (let image = 0; image < batch; image++) {
    for (let position = 0; position < positions; position++) {
      const first = image * channels * positions + position;
      const values = Array.from({ length: channels }, (_, channel) => input.data[first + channel * positions]);
      for (const [channel, value] of change(values).entries()) data[first + channel * positions] = value;
    }
  }
  return { shape: input.shape, data };
}

export const channelOperations = { concat, sliceChannels, channelShuffle, absMean, softmax, logSoftmax };
