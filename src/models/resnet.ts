/**
 * ResNetV1 and ResNetV2 of BMXNet v2 (binary_models/resnet.py): blocks of two binary convolutions with one shortcut.
 */
import { XnorkitError } from "../errors.js";
import { type Block, buildGraph } from "../graph/builder.js";
import type { Graph } from "../graph/types.js";
import type { BinaryConfig } from "../nn/binary_config.js";
import { activatedConv } from "../nn/bmxnet.js";
import { batchNorm } from "../nn/gluon.js";
import { type NetworkOptions, networkOptionNames, resolveNetworkOptions } from "./network_options.js";
import { checkKeys } from "./options.js";
import { type BlockPlace, checkSpec, residualBlock, residualNetwork, stageOf, stages } from "./residual_network.js";
import type { ResnetSpec } from "./resnet_spec.js";

/** A float ResNet: layers and channels of its stages, and what may be varied. */
export interface ResnetOptions extends NetworkOptions, ResnetSpec {
  readonly version: 1 | 2;
}

function basicBlock(version: 1 | 2, place: BlockPlace, binary: BinaryConfig): Block {
  const { channels, stride } = place;
  return residualBlock({
    ...place,
    type: `BasicBlockV${version}`,
    version,
    body: [
      activatedConv({ channels, stride, padding: 1 }, binary),
      batchNorm(),
      activatedConv({ channels, stride: 1, padding: 1 }, binary),
    ],
    shortcut: [activatedConv({ channels, kernelSize: 1, stride }, binary)],
    channelOffset: 0,
    pooledBy: null,
  });
}

/**
 * Builds a ResNetV1 or ResNetV2 of basic blocks. Names of layers and parameters are gluon's.
 * @throws XnorkitError `bad-option` for options that the source cannot build either (equal channels in consecutive
 *   stages).
 */
export function resnet(options: ResnetOptions): Graph {
  checkKeys("the options of resnet", options, ["version", "layers", "channels", ...networkOptionNames]);
  const { version } = options;
  if (version !== 1 && version !== 2) {
    throw new XnorkitError("bad-option", `version is ${JSON.stringify(version)}: ResNet has versions 1 and 2`);
  }
  checkSpec(options);
  const network = resolveNetworkOptions(options, `ResNetV${version}`);
  const blocks = stages(options).map((stage) => stageOf(stage, (place) => basicBlock(version, place, network.binary)));
  const root = residualNetwork(`ResNetV${version}`, version, options.channels[0], blocks, network);
  return buildGraph(network.name, network.inputShape, root);
}
