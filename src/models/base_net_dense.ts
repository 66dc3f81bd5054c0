/**
 * DenseNet, MeliusNet and NaiveNet of BMXNet v2 (binary_models/basenet_dense.py; Bethge et al., arXiv 1906.08637 and
 * 2001.05936): every block joins new channels to those before.
 */
import { objectArgument } from "../arguments.js";
import { XnorkitError } from "../errors.js";
import { type Block, buildGraph } from "../graph/builder.js";
import { describeClosest, quoteName } from "../graph/suggest.js";
import type { Graph } from "../graph/types.js";
import type { BinaryConfig } from "../nn/binary_config.js";
import { avgPool2d, batchNorm, dense, flatten, hybridSequential, relu } from "../nn/gluon.js";
import { type BaseNetKind, type BaseNetSpec, baseNetSpecs, reducedChannels } from "./base_net_spec.js";
import { denseBlock, improvementBlock, transition } from "./dense_blocks.js";
import { MAX_CHANNELS, type NetworkOptions, networkOptionNames, resolveNetworkOptions } from "./network_options.js";
import { checkCount, checkCounts, checkFlag, checkKeys, refuseOption } from "./options.js";
import { initialLayers } from "./stems.js";

/** What every dense network may set; the defaults are its table's. */
export interface BaseNetVariant extends NetworkOptions {
  /** Channels that each block adds; default 64. */
  readonly growthRate?: number;
  /** Channels of the stem; default 64. */
  readonly initFeatures?: number;
  /** By how much each transition divides the channels, one number for each. */
  readonly reduction?: readonly number[];
  /** Layers of a transition with commas between; default "bn,max_pool,relu,fp_conv". */
  readonly downsample?: string;
  /** Dilation 2 and 4 in the stages 3 and 4 instead of pooling before them; default false. */
  readonly dilated?: boolean;
  /** Blocks of each stage, for the flex networks only, which have no table. */
  readonly blockConfig?: readonly number[];
}

/** A network of the family: its kind and depth, and what may be varied. */
export interface BaseNetOptions extends BaseNetVariant {
  readonly kind: BaseNetKind;
  /** The part of the name behind the kind: "28", "a", "flex" ... */
  readonly spec: string;
}

const CLASS_NAMES: { readonly [K in BaseNetKind]: string } = {
  densenet: "DenseNet",
  meliusnet: "MeliusNet",
  naivenet: "NaiveNet",
};

/** Dilation of each stage: the source's tuple of four. */
const DILATIONS = [1, 1, 2, 4];
const MAX_BLOCKS = 1024;

interface DenseNetwork {
  readonly kind: BaseNetKind;
  readonly blocks: readonly number[];
  readonly reduction: readonly number[];
  readonly downsample: string;
  readonly growthRate: number;
  readonly initFeatures: number;
  readonly dilated: boolean;
}

/**
 * Dense blocks, in MeliusNet and NaiveNet each with an improvement block behind it; returns the stage and its channels.
 */
function makeStage(
  { kind, growthRate }: DenseNetwork,
  count: number,
  inChannels: number,
  dilation: number,
  binary: BinaryConfig,
): readonly [stage: Block, channels: number] {
  const blocks: Block[] = [];
  for (let block = 1; block <= count; block++) {
    blocks.push(denseBlock({ channels: growthRate, dilation, binary }));
    if (kind === "densenet") continue;
    const improved = kind === "meliusnet" ? growthRate : inChannels + block * growthRate;
    blocks.push(improvementBlock({ channels: improved, dilation, binary }));
  }
  return [hybridSequential(blocks), inChannels + count * growthRate];
}

function reduce(channels: number, reduction: number, index: number): number {
  const reduced = reducedChannels(channels, reduction);
  if (reduced >= 1 && reduced <= MAX_CHANNELS) return reduced;
  throw new XnorkitError(
    "bad-option",
    `reduction[${index}] is ${reduction}, which makes ${reduced} of ${channels} channels (a multiple of 32): use a ` +
      "smaller one",
  );
}

/** `layer0` holds the first stage, every other `layerN` the transition to its stage and the stage. */
function makeLayers(network: DenseNetwork, binary: BinaryConfig): readonly Block[] {
  const { blocks, reduction, downsample } = network;
  const dilations = network.dilated ? DILATIONS : blocks.map(() => 1);
  let channels = network.initFeatures;
  return blocks.map((count, index) => {
    const before: Block[] = [];
    if (index > 0) {
      channels = reduce(channels, reduction[index - 1], index - 1);
      before.push(transition({ channels, downsample, dilated: dilations[index] > 1, binary }));
    }
    const [stage, grown] = makeStage(network, count, channels, dilations[index], binary);
    channels = grown;
    return hybridSequential([...before, stage]);
  });
}

/** The pooling window, by which the source fixes the input's size: 224 pixels, 32 with the thumbnail stem. */
function finalPool(dilated: boolean, thumbnail: boolean): number {
  if (dilated) return 28;
  return thumbnail ? 4 : 7;
}

function findSpec(kind: BaseNetKind, name: string): BaseNetSpec {
  const specs: Readonly<Record<string, BaseNetSpec>> | undefined = Object.hasOwn(baseNetSpecs, kind)
    ? baseNetSpecs[kind]
    : undefined;
  if (specs === undefined) return refuseOption("kind", Object.keys(baseNetSpecs).join(" or "), kind);
  if (Object.hasOwn(specs, name)) return specs[name];
  throw new XnorkitError(
    "bad-option",
    `spec of ${kind} is ${quoteName(String(name))}: ${describeClosest(String(name), Object.keys(specs))}`,
  );
}

function checkReduction(reduction: readonly number[], transitions: number): void {
  const wellFormed = Array.isArray(reduction) && reduction.every((value) => Number.isFinite(value) && value > 0);
  if (wellFormed && reduction.length === transitions) return;
  refuseOption("reduction", `${transitions} numbers above 0, one for each transition`, reduction);
}

function resolveNetwork(options: BaseNetOptions): DenseNetwork {
  const { kind, growthRate = 64, initFeatures = 64, dilated = false } = options;
  const spec = findSpec(kind, options.spec);
  if (spec.blocks !== null && options.blockConfig !== undefined) {
    throw new XnorkitError(
      "bad-option",
      `blockConfig is given for ${kind} ${options.spec}, whose table has the blocks ${spec.blocks.join(", ")}: use ` +
        `spec "flex"`,
    );
  }
  const blocks = spec.blocks ?? options.blockConfig;
  if (blocks === undefined) {
    throw new XnorkitError(
      "bad-option",
      `${kind} flex has no table of its own: give the blocks of each stage as blockConfig, for example [6, 6, 6, 5]`,
    );
  }
  checkCounts("blockConfig", blocks, DILATIONS.length, MAX_BLOCKS);
  checkCount("growthRate", growthRate, MAX_CHANNELS);
  checkCount("initFeatures", initFeatures, MAX_CHANNELS);
  checkFlag("dilated", dilated);
  const reduction = options.reduction ?? spec.factors.map((factor) => 1 / factor);
  checkReduction(reduction, blocks.length - 1);
  const downsample = options.downsample ?? spec.downsample;
  if (typeof downsample !== "string") refuseOption("downsample", "layers with commas between", downsample);
  return { kind, blocks, reduction, downsample, growthRate, initFeatures, dilated };
}

/**
 * Builds a DenseNet, MeliusNet or NaiveNet. Names of layers and parameters are gluon's (`layer1.1.0.1.1.qconv.weight`);
 * the copies of the last stage that gluon saves as `current_stage.*` need no place. Channels follow the source's
 * arithmetic: divided with Python's `//`, rounded to multiples of 32, halves to even.
 * @throws XnorkitError `bad-option` for options that the source cannot build either, `bad-shape` for an input that does
 *   not fit.
 */
export function baseNetDense(options: BaseNetOptions): Graph {
  objectArgument("baseNetDense", "options", "an object", options);
  checkKeys(`the options of ${options.kind}`, options, [
    "kind",
    "spec",
    ...networkOptionNames,
    "growthRate",
    "initFeatures",
    "reduction",
    "downsample",
    "dilated",
    "blockConfig",
  ]);
  const network = resolveNetwork(options);
  const type = CLASS_NAMES[network.kind];
  const shared = resolveNetworkOptions(options, type);
  const features = hybridSequential(initialLayers(shared.initialLayers, network.initFeatures));
  const layers = makeLayers(network, shared.binary);
  const pool = finalPool(network.dilated, shared.initialLayers === "thumbnail");
  const finalize = hybridSequential([batchNorm(), relu(), avgPool2d({ poolSize: pool }), flatten()]);
  return buildGraph(shared.name, shared.inputShape, {
    type,
    forward(scope, x) {
      const stem = scope.child("features", features, x);
      const last = layers.reduce((value, layer, index) => scope.child(`layer${index}`, layer, value), stem);
      return scope.child("output", dense({ units: shared.classes }), scope.child("finalize", finalize, last));
    },
  });
}
