/** ResNetV1 and ResNetV2 of BMXNet v2 (binary_models/resnet.py): blocks of two binary convolutions with one shortcut. */
import { XnorkitError } from "../errors.js";
import { type Block, buildGraph } from "../graph/builder.js";
import type { Graph } from "../graph/types.js";
import { activatedConv } from "../nn/activated_conv.js";
import type { BinaryConfig } from "../nn/binary_config.js";
import { batchNorm, hybridSequential } from "../nn/layers.js";
import { type NetworkOptions, networkOptionNames, resolveNetworkOptions } from "./network_options.js";
import { checkKeys } from "./options.js";
import { checkSpec, residualNetwork, type Stage, stages } from "./residual_network.js";
import type { ResnetSpec } from "./resnet_spec.js";
import { checkShortcut } from "./shortcut.js";

export interface ResnetOptions extends NetworkOptions, ResnetSpec {
  readonly version: 1 | 2;
}

interface BlockOptions {
  readonly channels: number;
  readonly stride: 1 | 2;
  /** Whether the shortcut has a binary 1x1 convolution; the source asks for one where the channels change. */
  readonly downsample: boolean;
  readonly binary: BinaryConfig;
}

function convolution({ channels, binary }: BlockOptions, stride: 1 | 2): Block {
  return activatedConv({ channels, stride, padding: 1 }, binary);
}

function shortcutConvolution({ channels, stride, binary }: BlockOptions): Block {
  return activatedConv({ channels, kernelSize: 1, stride }, binary);
}

/** out = BN(conv(BN(conv(x)))) + shortcut(x). */
function basicBlockV1(options: BlockOptions): Block {
  const body = hybridSequential([
    convolution(options, options.stride),
    batchNorm(),
    convolution(options, 1),
    batchNorm(),
  ]);
  const downsample = hybridSequential([shortcutConvolution(options), batchNorm()]);
  return {
    type: "BasicBlockV1",
    forward(scope, x) {
      checkShortcut(scope, x, { ...options, pooledBy: null });
      const branch = scope.child("body", body, x);
      const residual = options.downsample ? scope.child("downsample", downsample, x) : x;
      return scope.add({ kind: "add", channelOffset: 0 }, [residual, branch], "add");
    },
  };
}

/** b = BN(x); out = conv(BN(conv(b))) + (shortcut(b), or x itself where the shortcut has no convolution). */
function basicBlockV2(options: BlockOptions): Block {
  const body = hybridSequential([convolution(options, options.stride), batchNorm(), convolution(options, 1)]);
  const downsample = hybridSequential([shortcutConvolution(options)]);
  return {
    type: "BasicBlockV2",
    forward(scope, x) {
      checkShortcut(scope, x, { ...options, pooledBy: null });
      const normalised = scope.child("bn", batchNorm(), x);
      const branch = scope.child("body", body, normalised);
      const residual = options.downsample ? scope.child("downsample", downsample, normalised) : x;
      return scope.add({ kind: "add", channelOffset: 0 }, [residual, branch], "add");
    },
  };
}

function makeLayer(
  block: (options: BlockOptions) => Block,
  { layers, channels, inChannels, stride }: Stage,
  binary: BinaryConfig,
): Block {
  const first = block({ channels, stride, downsample: channels !== inChannels, binary });
  const following = Array.from({ length: layers - 1 }, () => block({ channels, stride: 1, downsample: false, binary }));
  return hybridSequential([first, ...following]);
}

/**
 * Builds a ResNetV1 or ResNetV2 of basic blocks. Names of layers and parameters are gluon's.
 * @throws XnorkitError `bad-option` for options that the source cannot build either (equal channels in consecutive stages).
 */
export function resnet(options: ResnetOptions): Graph {
  checkKeys("the options of resnet", options, ["version", "layers", "channels", ...networkOptionNames]);
  const { version } = options;
  if (version !== 1 && version !== 2) {
    throw new XnorkitError("bad-option", `version is ${JSON.stringify(version)}: ResNet has versions 1 and 2`);
  }
  checkSpec(options);
  const network = resolveNetworkOptions(options, `ResNetV${version}`);
  const block = version === 1 ? basicBlockV1 : basicBlockV2;
  const blocks = stages(options).map((stage) => makeLayer(block, stage, network.binary));
  const root = residualNetwork(`ResNetV${version}`, version, options.channels[0], blocks, network);
  return buildGraph(network.name, network.inputShape, root);
}
