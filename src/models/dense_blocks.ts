/** The blocks of BMXNet v2's dense networks (binary_models/basenet_dense.py, meliusnet.py). */
import { XnorkitError } from "../errors.js";
import type { Block } from "../graph/builder.js";
import { describeClosest, quoteName } from "../graph/suggest.js";
import type { BinaryConfig } from "../nn/binary_config.js";
import { activatedConv, channelShuffle } from "../nn/bmxnet.js";
import {
  avgPool2d,
  batchNorm,
  conv2d,
  hybridConcurrent,
  hybridSequential,
  identity,
  maxPool2d,
  relu,
} from "../nn/gluon.js";

export interface DenseBlockOptions {
  /** Channels that the convolution gives. */
  readonly channels: number;
  readonly dilation: number;
  readonly binary: BinaryConfig;
}

function normalisedConvolution({ channels, dilation, binary }: DenseBlockOptions): Block {
  return hybridSequential([batchNorm(), activatedConv({ channels, padding: dilation, dilation }, binary)]);
}

/** concat(x, conv(BN(x))): `channels` new ones behind those of x. */
export function denseBlock(options: DenseBlockOptions): Block {
  return hybridConcurrent([identity(), normalisedConvolution(options)]);
}

/** x + conv(BN(x)) on the last `channels` channels; those before pass. */
export function improvementBlock(options: DenseBlockOptions): Block {
  return {
    type: "ImprovementBlock",
    forward(scope, x) {
      const body = scope.child("body", normalisedConvolution(options), x);
      const channelOffset = scope.shape(x)[1] - options.channels;
      return scope.add({ kind: "add", channelOffset }, [x, body], "add");
    },
  };
}

const LAYER_TOKENS = ["bn", "relu", "q_conv", "fp_conv", "pool", "max_pool", "cs"];
/** Of ShuffleNet's shuffle if the token states none. */
const SHUFFLE_GROUPS = 16;

export interface TransitionOptions {
  readonly channels: number;
  /** Layers with commas between: bn, relu, q_conv, fp_conv[:groups], pool, max_pool, cs[:groups]. */
  readonly downsample: string;
  /** The stage behind is dilated: the pooling is left out. */
  readonly dilated: boolean;
  readonly binary: BinaryConfig;
}

/**
 * What stands between two stages: reduces size and channels.
 * @throws XnorkitError `bad-option` for an unknown layer (the source skips it silently) or groups that are no number.
 */
export function transition(options: TransitionOptions): Block {
  return hybridSequential(options.downsample.split(",").flatMap((token) => transitionLayer(token, options)));
}

function transitionLayer(token: string, { channels, dilated, binary }: TransitionOptions): readonly Block[] {
  const [layer, groups] = token.split(":");
  if (groups !== undefined && (!/^[1-9]\d{0,5}$/.test(groups) || (layer !== "fp_conv" && layer !== "cs"))) {
    throw new XnorkitError(
      "bad-option",
      `downsample has the layer ${quoteName(token)}: only fp_conv and cs take groups, as in fp_conv:4`,
    );
  }
  switch (layer) {
    case "bn":
      return [batchNorm()];
    case "relu":
      return [relu()];
    case "q_conv":
      return [activatedConv({ channels, kernelSize: 1 }, binary)];
    case "fp_conv":
      return [conv2d({ channels, kernelSize: 1, groups: Number(groups ?? 1), useBias: false })];
    case "pool":
      return dilated ? [] : [avgPool2d()];
    case "max_pool":
      return dilated ? [] : [maxPool2d()];
    case "cs":
      return [channelShuffle(Number(groups ?? SHUFFLE_GROUPS))];
    default:
      throw new XnorkitError(
        "bad-option",
        `downsample has the unknown layer ${quoteName(token)}: ${describeClosest(token, LAYER_TOKENS)}`,
      );
  }
}
