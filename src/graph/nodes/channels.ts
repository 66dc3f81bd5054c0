/** Nodes that join, choose, order or reduce channels. */
import { formatShape, type Shape } from "../../tensor.js";
import { readInteger } from "../json_readers.js";
import { MAX_CHANNELS, MAX_JOINED } from "../limits.js";
import {
  besideChannels,
  channelShape,
  failShape,
  mapShape,
  movesOnly,
  type NodeBase,
  type NodeRecords,
  withChannels,
} from "./record.js";
import { readChannels } from "./sliding.js";

/** Channels of all inputs one after the other. */
export interface ConcatNode extends NodeBase {
  readonly kind: "concat";
}

/** Channels reshaped to (groups, C / groups), transposed, flattened. */
export interface ChannelShuffleNode extends NodeBase {
  readonly kind: "channelShuffle";
  readonly groups: number;
}

/** Channels [begin, end). */
export interface SliceChannelsNode extends NodeBase {
  readonly kind: "sliceChannels";
  readonly begin: number;
  readonly end: number;
}

/** Mean over the channels of |x|, one channel: the input magnitude of XNOR-Net's K map. */
export interface AbsMeanNode extends NodeBase {
  readonly kind: "absMean";
}

/** exp(x_i) / sum exp(x_j) over the channels. */
export interface SoftmaxNode extends NodeBase {
  readonly kind: "softmax";
}

/** x_i - log(sum exp(x_j)) over the channels. */
export interface LogSoftmaxNode extends NodeBase {
  readonly kind: "logSoftmax";
}

/** Nodes that work on channels. */
export type ChannelsNode =
  | ConcatNode
  | ChannelShuffleNode
  | SliceChannelsNode
  | AbsMeanNode
  | SoftmaxNode
  | LogSoftmaxNode;

function join(node: ConcatNode, inputs: readonly Shape[]): Shape {
  const [first] = inputs;
  inputs.forEach((shape, index) => {
    if (shape.length >= 2 && shape.length === first.length && besideChannels(shape) === besideChannels(first)) return;
    failShape(
      node,
      `cannot join ${node.inputs[index]} of shape ${formatShape(shape)} to ${node.inputs[0]} of shape ` +
        `${formatShape(first)}:` +
        " all axes but the channels must be equal",
    );
  });
  return withChannels(
    first,
    inputs.reduce((sum, shape) => sum + shape[1], 0),
  );
}

function shuffle(node: ChannelShuffleNode, [input]: readonly Shape[]): Shape {
  const [, channels] = mapShape(node, input);
  if (channels % node.groups !== 0) {
    failShape(node, `has ${node.groups} groups, which must divide the ${channels} channels of ${node.inputs[0]}`);
  }
  return input;
}

function slice(node: SliceChannelsNode, [input]: readonly Shape[]): Shape {
  if (input.length < 2 || node.begin < 0 || node.begin >= node.end || node.end > input[1]) {
    failShape(node, `takes channels ${node.begin} to ${node.end} of ${node.inputs[0]}, which is ${formatShape(input)}`);
  }
  return withChannels(input, node.end - node.begin);
}

/** Their records. */
export const channelsNodes: NodeRecords<ChannelsNode> = {
  concat: { fields: {}, inputs: [1, MAX_JOINED], shape: join, moves: movesOnly },
  channelShuffle: { fields: { groups: readChannels }, shape: shuffle, moves: movesOnly },
  sliceChannels: {
    fields: { begin: readInteger(0, MAX_CHANNELS), end: readChannels },
    shape: slice,
    moves: movesOnly,
  },
  absMean: { fields: {}, shape: (node, [input]) => withChannels(mapShape(node, input), 1) },
  softmax: { fields: {}, shape: (node, [input]) => channelShape(node, input) },
  logSoftmax: { fields: {}, shape: (node, [input]) => channelShape(node, input) },
};
