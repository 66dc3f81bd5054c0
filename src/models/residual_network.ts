/** What all of BMXNet v2's residual networks share: the layers around the stages, and the limits of their tables. */
import { XnorkitError } from "../errors.js";
import type { Block } from "../graph/builder.js";
import { batchNorm, dense, flatten, globalAvgPool2d, hybridSequential, relu } from "../nn/gluon.js";
import { MAX_CHANNELS, MAX_STAGES, type ResolvedNetwork } from "./network_options.js";
import { checkCounts } from "./options.js";
import type { ResnetSpec } from "./resnet_spec.js";
import { checkShortcut, type Shortcut } from "./shortcut.js";
import { initialLayers } from "./stems.js";

const MAX_LAYERS = 256;

/**
 * @throws XnorkitError `bad-option` unless there is a count of layers for each stage and of channels for the stem and
 * each stage.
 */
export function checkSpec({ layers, channels }: ResnetSpec): void {
  checkCounts("layers", layers, MAX_STAGES, MAX_LAYERS);
  checkCounts("channels", channels, MAX_STAGES + 1, MAX_CHANNELS);
  if (channels.length === layers.length + 1) return;
  throw new XnorkitError(
    "bad-option",
    `channels has ${channels.length} numbers for ${layers.length} stages: it must have one for the stem and one for ` +
      "each stage",
  );
}

/** `layers` blocks, the first with the stage's stride and, if the channels change, a shortcut of its own. */
export interface Stage {
  readonly layers: number;
  readonly inChannels: number;
  readonly channels: number;
  /** 1 in the first stage, 2 in the others. */
  readonly stride: 1 | 2;
}

export function stages({ layers, channels }: ResnetSpec): readonly Stage[] {
  return layers.map((count, index) => ({
    layers: count,
    inChannels: channels[index],
    channels: channels[index + 1],
    stride: index === 0 ? 1 : 2,
  }));
}

/** What differs between the blocks of a network. */
export interface BlockPlace {
  readonly channels: number;
  readonly stride: 1 | 2;
  /** Whether the shortcut has a 1x1 convolution; the source asks for one if the channels change. */
  readonly downsample: boolean;
}

/** The blocks of a stage: the first takes its stride and channels. */
export function stageOf({ layers, channels, inChannels, stride }: Stage, block: (place: BlockPlace) => Block): Block {
  const first = block({ channels, stride, downsample: channels !== inChannels });
  const following = Array.from({ length: layers - 1 }, () => block({ channels, stride: 1, downsample: false }));
  return hybridSequential([first, ...following]);
}

export interface ResidualBlock extends Shortcut {
  readonly type: string;
  readonly version: 1 | 2;
  readonly body: readonly Block[];
  /** What the shortcut does if it is not the input itself. */
  readonly shortcut: readonly Block[];
  /** The first channel that the body is added to. */
  readonly channelOffset: number;
}

/**
 * Version 1: out = BN(body(x)) + (BN(shortcut(x)), or x itself if there is no downsampling).
 * Version 2: b = BN(x); out = body(b) + (shortcut(b), or x itself).
 */
export function residualBlock(options: ResidualBlock): Block {
  const { type, version, channelOffset } = options;
  const [body, shortcut] = [options.body, options.shortcut].map((blocks) =>
    hybridSequential(version === 1 ? [...blocks, batchNorm()] : blocks),
  );
  return {
    type,
    forward(scope, x) {
      checkShortcut(scope, x, options);
      const read = version === 1 ? x : scope.child("bn", batchNorm(), x);
      const branch = scope.child("body", body, read);
      const residual = options.downsample ? scope.child("downsample", shortcut, read) : x;
      return scope.add({ kind: "add", channelOffset }, [residual, branch], "add");
    },
  };
}

/**
 * `features`: data batch norm without gamma, stem, stages, ReLU, pooling; `output`: dense. Networks of version 1 have a
 * batch norm before the stages, those of version 2 one after them.
 */
export function residualNetwork(
  type: string,
  version: 1 | 2,
  stemChannels: number,
  stageBlocks: readonly Block[],
  options: ResolvedNetwork,
): Block {
  const features = hybridSequential([
    batchNorm({ scale: false, epsilon: 2e-5 }),
    ...initialLayers(options.initialLayers, stemChannels),
    ...(version === 1 ? [batchNorm()] : []),
    ...stageBlocks,
    ...(version === 2 ? [batchNorm()] : []),
    relu(),
    globalAvgPool2d(),
    flatten(),
  ]);
  return {
    type,
    forward: (scope, x) =>
      scope.child("output", dense({ units: options.classes }), scope.child("features", features, x)),
  };
}
