/**
 * BiNet of BMXNet v2 (binary_models/binet.py; after Bi-Real Net, arXiv 1808.00278): a shortcut around every binary
 * convolution.
 */
import { type Block, buildGraph } from "../graph/builder.js";
import type { Graph } from "../graph/types.js";
import type { BinaryConfig } from "../nn/binary_config.js";
import { qActivation, qConv2d } from "../nn/bmxnet.js";
import { avgPool2d, batchNorm, hybridSequential } from "../nn/gluon.js";
import { type NetworkOptions, networkOptionNames, resolveNetworkOptions } from "./network_options.js";
import { checkKeys } from "./options.js";
import { type BlockPlace, checkSpec, residualNetwork, stageOf, stages } from "./residual_network.js";
import type { ResnetSpec } from "./resnet_spec.js";
import { checkShortcut } from "./shortcut.js";

export interface BinetVariant extends NetworkOptions {
  /**
   * Weight bits of the 3x3 convolutions, explicit as in the source: the method comes from the configuration and must
   * exist for them. Default: the configuration's.
   */
  readonly bits?: number;
  /** Activation bits, as `bits`. */
  readonly bitsA?: number;
}

/** A BiNet: layers and channels of its stages, and what may be varied. */
export interface BinetOptions extends BinetVariant, ResnetSpec {}

interface BlockOptions extends BlockPlace {
  readonly bits: number;
  readonly bitsA: number;
  readonly binary: BinaryConfig;
}

/** QAct, QConv 3x3, BN: scaled by no approximation, whatever the configuration says. */
function layer({ channels, bits, bitsA, binary }: BlockOptions, strides: 1 | 2): Block {
  return hybridSequential([
    qActivation({ bits: bitsA }, binary),
    qConv2d({ channels, kernelSize: 3, bits, strides, padding: 1 }, binary),
    batchNorm(),
  ]);
}

/**
 * r = layer1(x) + origin; out = r + layer2(r). If the channels change, origin is x pooled by 2x2 and convolved with
 * binary 1x1 weights, neither binarised before nor normalised after.
 */
function basicBlock(options: BlockOptions): Block {
  const layer1 = layer(options, options.stride);
  const layer2 = layer(options, 1);
  const convolution = qConv2d({ channels: options.channels, kernelSize: 1 }, options.binary);
  const downsample = hybridSequential([avgPool2d(), convolution]);
  return {
    type: "BasicBlockV1",
    children: ["layer1", "layer2", "downsample"],
    forward(scope, x) {
      checkShortcut(scope, x, { ...options, pooledBy: "BiNet" });
      const first = scope.child("layer1", layer1, x);
      const origin = options.downsample ? scope.child("downsample", downsample, x) : x;
      const residual = scope.add({ kind: "add", channelOffset: 0 }, [first, origin], "add_1");
      return scope.add({ kind: "add", channelOffset: 0 }, [residual, scope.child("layer2", layer2, residual)], "add_2");
    },
  };
}

/**
 * Builds a BiNet. Names of layers and parameters are gluon's (`features.3.0.layer1.1.weight`).
 * @throws XnorkitError `bad-option` for options that the source cannot build either, `bad-shape` for an odd size at a
 *   stage with stride 2.
 */
export function binet(options: BinetOptions): Graph {
  checkKeys("the options of binet", options, ["layers", "channels", "bits", "bitsA", ...networkOptionNames]);
  checkSpec(options);
  const network = resolveNetworkOptions(options, "Binet");
  const { binary } = network;
  const shared = { binary, bits: options.bits ?? binary.bits, bitsA: options.bitsA ?? binary.bitsA };
  const blocks = stages(options).map((stage) => stageOf(stage, (place) => basicBlock({ ...shared, ...place })));
  return buildGraph(
    network.name,
    network.inputShape,
    residualNetwork("Binet", 2, options.channels[0], blocks, network),
  );
}
