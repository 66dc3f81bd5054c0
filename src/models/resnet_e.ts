/** ResNetE1 and ResNetE2 of BMXNet v2 (binary_models/resnet_e.py; Bethge et al., arXiv 1906.08637). */
import { XnorkitError } from "../errors.js";
import { type Block, buildGraph } from "../graph/builder.js";
import type { Graph } from "../graph/types.js";
import { type BinaryConfig, type BinaryOptions, binaryConfig } from "../nn/binary_config.js";
import { batchNorm, dense, flatten, globalAvgPool2d, hybridSequential, relu } from "../nn/layers.js";
import { type InitialLayers, initialLayers } from "../nn/stems.js";
import type { Shape } from "../tensor.js";
import { checkCount, checkCounts, checkFlag, checkKeys } from "./options.js";
import { type BlockOptions, basicBlockE1, basicBlockE2 } from "./resnet_e_block.js";
import type { ResnetSpec } from "./resnet_spec.js";

/** What every ResNetE may set beside its spec; the defaults are the source's. */
export interface ResnetEVariant {
  /** Default 1000. */
  readonly classes?: number;
  /** Default "imagenet". */
  readonly initialLayers?: InitialLayers;
  /** Float 1x1 convolutions in the shortcuts, as in the paper; default false. */
  readonly useFp?: boolean;
  /** Average pooling instead of stride 2 in the shortcuts; default false. */
  readonly usePooling?: boolean;
  /** Blocks are split into this many, each writing its part of the channels; default 1. */
  readonly slices?: number;
  /** Groups of the float shortcut convolutions; default 1, without effect unless useFp. */
  readonly numGroups?: number;
  /** Only 1: the source has dilation in its dense networks, none in ResNetE. */
  readonly dilation?: number;
  /** [batch, channels, height, width]; default [1, 3, 224, 224], with the thumbnail stem [1, 3, 32, 32]. */
  readonly inputShape?: Shape;
  /** The binary layer configuration; default 1/1 bits, det_sign, no approximation. */
  readonly binary?: BinaryOptions;
  /** The graph's name; default ResNetE1 or ResNetE2. */
  readonly name?: string;
}

export interface ResnetEOptions extends ResnetEVariant, ResnetSpec {
  readonly version: 1 | 2;
}

const MAX_STAGES = 16;
const MAX_LAYERS = 256;
const MAX_SLICES = 64;
const MAX_CHANNELS = 1 << 16;

type StageOptions = Omit<BlockOptions, "stride" | "downsample" | "slices" | "writeOn">;

/**
 * One stage: `layers` * 2 blocks, for each layer of a ResNet two blocks of one convolution. With slices each block becomes
 * `slices` blocks, except a first block with stride 2, which must give all channels at once.
 */
function makeLayer(
  block: (options: BlockOptions) => Block,
  layers: number,
  stride: 1 | 2,
  inChannels: number,
  slices: number,
  options: StageOptions,
): Block {
  const blocks = layers * 2;
  const first = { ...options, stride, downsample: options.channels !== inChannels, writeOn: 0 };
  const sliced = (index: number) =>
    block({ ...options, stride: 1, downsample: false, slices, writeOn: index % slices });
  if (stride === 1) {
    const following = Array.from({ length: blocks * slices - 1 }, (_, index) => sliced(index + 1));
    return hybridSequential([block({ ...first, slices }), ...following]);
  }
  const following = Array.from({ length: (blocks - 1) * slices }, (_, index) => sliced(index));
  return hybridSequential([block({ ...first, slices: 1 }), ...following]);
}

/** Data BN without gamma, stem, [BN in E1], stages, [BN in E2], ReLU, pooling, dense. */
function network(options: Required<ResnetEVariant> & ResnetEOptions, binary: BinaryConfig): Block {
  const { version, layers, channels, classes, useFp, usePooling, slices, numGroups } = options;
  const block = version === 1 ? basicBlockE1 : basicBlockE2;
  const stages = layers.map((count, index) =>
    makeLayer(block, count, index === 0 ? 1 : 2, channels[index], slices, {
      channels: channels[index + 1],
      useFp,
      usePooling,
      numGroups,
      binary,
    }),
  );
  const features = hybridSequential([
    batchNorm({ scale: false, epsilon: 2e-5 }),
    ...initialLayers(options.initialLayers, channels[0]),
    ...(version === 1 ? [batchNorm()] : []),
    ...stages,
    ...(version === 2 ? [batchNorm()] : []),
    relu(),
    globalAvgPool2d(),
    flatten(),
  ]);
  return {
    type: `ResNetE${version}`,
    forward: (scope, x) => scope.child("output", dense(classes), scope.child("features", features, x)),
  };
}

const OPTION_NAMES: readonly (keyof ResnetEOptions)[] = [
  "version",
  "layers",
  "channels",
  "classes",
  "initialLayers",
  "useFp",
  "usePooling",
  "slices",
  "numGroups",
  "dilation",
  "inputShape",
  "binary",
  "name",
];

function checkOptions(options: Required<ResnetEVariant> & ResnetEOptions): void {
  const { version, layers, channels, slices, dilation } = options;
  if (version !== 1 && version !== 2) {
    throw new XnorkitError("bad-option", `version is ${JSON.stringify(version)}: ResNetE has versions 1 and 2`);
  }
  checkCounts("layers", layers, MAX_STAGES, MAX_LAYERS);
  checkCounts("channels", channels, MAX_STAGES + 1, MAX_CHANNELS);
  if (channels.length !== layers.length + 1) {
    throw new XnorkitError(
      "bad-option",
      `channels has ${channels.length} numbers for ${layers.length} stages: it must have one for the stem and one for each stage`,
    );
  }
  checkCount("classes", options.classes, 1 << 20);
  checkCount("slices", slices, MAX_SLICES);
  checkCount("numGroups", options.numGroups, MAX_CHANNELS);
  checkFlag("useFp", options.useFp);
  checkFlag("usePooling", options.usePooling);
  if (dilation !== 1) {
    throw new XnorkitError(
      "unsupported",
      `dilation is ${dilation}: ResNetE has none in BMXNet v2, only its dense networks do`,
    );
  }
  const narrow = channels.slice(1).find((width) => width < slices);
  if (narrow !== undefined) {
    throw new XnorkitError("bad-option", `slices is ${slices}, but a stage has only ${narrow} channels to split`);
  }
}

/**
 * Builds a ResNetE. Names of layers and parameters are gluon's (`features.3.0.body.0.qconv.weight`).
 * @throws XnorkitError `bad-option` for options that the source cannot build either (usePooling where the first stage is wider
 * than the stem, equal channels in consecutive stages), `bad-shape` for an input size that does not fit (usePooling on odd
 * sizes), `unsupported` for binary layer configurations that this version does not compute.
 */
export function resnetE(options: ResnetEOptions): Graph {
  checkKeys("the options of resnetE", options, OPTION_NAMES);
  const stem = options.initialLayers ?? "imagenet";
  const full = {
    ...options,
    classes: options.classes ?? 1000,
    initialLayers: stem,
    useFp: options.useFp ?? false,
    usePooling: options.usePooling ?? false,
    slices: options.slices ?? 1,
    numGroups: options.numGroups ?? 1,
    dilation: options.dilation ?? 1,
    inputShape: options.inputShape ?? (stem === "thumbnail" ? [1, 3, 32, 32] : [1, 3, 224, 224]),
    binary: options.binary ?? {},
    name: options.name ?? `ResNetE${options.version}`,
  };
  checkOptions(full);
  return buildGraph(full.name, full.inputShape, network(full, binaryConfig(full.binary)));
}
