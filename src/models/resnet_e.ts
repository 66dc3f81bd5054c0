/** ResNetE1 and ResNetE2 of BMXNet v2 (binary_models/resnet_e.py; Bethge et al., arXiv 1906.08637). */
import { XnorkitError } from "../errors.js";
import { type Block, buildGraph } from "../graph/builder.js";
import type { Graph } from "../graph/types.js";
import { hybridSequential } from "../nn/gluon.js";
import { MAX_CHANNELS, type NetworkOptions, networkOptionNames, resolveNetworkOptions } from "./network_options.js";
import { checkCount, checkFlag, checkKeys } from "./options.js";
import { checkSpec, residualNetwork, type Stage, stages } from "./residual_network.js";
import { type BlockOptions, basicBlockE } from "./resnet_e_block.js";
import type { ResnetSpec } from "./resnet_spec.js";

/** What every ResNetE may set beside its spec; the defaults are the source's. */
export interface ResnetEVariant extends NetworkOptions {
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
}

/** A ResNetE: layers and channels of its stages, and what may be varied. */
export interface ResnetEOptions extends ResnetEVariant, ResnetSpec {
  readonly version: 1 | 2;
}

const MAX_SLICES = 64;

type StageOptions = Omit<BlockOptions, "stride" | "channels" | "downsample" | "slices" | "writeOn">;

/**
 * One stage: `layers` * 2 blocks, for each layer of a ResNet two blocks of one convolution. With slices each block
 * becomes `slices` blocks, except a first block with stride 2, which must give all channels at once.
 */
function makeLayer(
  version: 1 | 2,
  { layers, stride, inChannels, channels }: Stage,
  slices: number,
  shared: StageOptions,
): Block {
  const blocks = layers * 2;
  const options = { ...shared, channels };
  const first = { ...options, stride, downsample: channels !== inChannels, writeOn: 0 };
  const sliced = (index: number) =>
    basicBlockE(version, { ...options, stride: 1, downsample: false, slices, writeOn: index % slices });
  if (stride === 1) {
    const following = Array.from({ length: blocks * slices - 1 }, (_, index) => sliced(index + 1));
    return hybridSequential([basicBlockE(version, { ...first, slices }), ...following]);
  }
  const following = Array.from({ length: (blocks - 1) * slices }, (_, index) => sliced(index));
  return hybridSequential([basicBlockE(version, { ...first, slices: 1 }), ...following]);
}

const optionNames = (): readonly (keyof ResnetEOptions)[] => [
  "version",
  "layers",
  "channels",
  ...networkOptionNames,
  "useFp",
  "usePooling",
  "slices",
  "numGroups",
  "dilation",
];

function checkOptions(options: Required<Omit<ResnetEOptions, keyof NetworkOptions>>): void {
  const { version, channels, slices, dilation } = options;
  if (version !== 1 && version !== 2) {
    throw new XnorkitError("bad-option", `version is ${JSON.stringify(version)}: ResNetE has versions 1 and 2`);
  }
  checkSpec(options);
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
 * @throws XnorkitError `bad-option` for options that the source cannot build either (usePooling if the first stage is
 *   wider than the stem, equal channels in consecutive stages), `bad-shape` for an input size that does not fit
 *   (usePooling on odd sizes).
 */
export function resnetE(options: ResnetEOptions): Graph {
  checkKeys("the options of resnetE", options, optionNames());
  const { version, layers, channels } = options;
  const { useFp = false, usePooling = false, slices = 1, numGroups = 1, dilation = 1 } = options;
  checkOptions({ version, layers, channels, useFp, usePooling, slices, numGroups, dilation });
  const network = resolveNetworkOptions(options, `ResNetE${version}`);
  const shared = { useFp, usePooling, numGroups, binary: network.binary };
  const blocks = stages(options).map((stage) => makeLayer(version, stage, slices, shared));
  const root = residualNetwork(`ResNetE${version}`, version, channels[0], blocks, network);
  return buildGraph(network.name, network.inputShape, root);
}
