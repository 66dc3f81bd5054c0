/**
 * AWNAS's binary primitives by name, with the settings that are in force when a network is built. Module-level
 * dictionaries of aw_nas/ops/bnn_ops.py are rebound and changed in place after primitives are registered, so several
 * names say more than the primitives do: the `cond_skip` ones have no skip.
 */
import { identity } from "../../nn/torch.js";
import {
  type BinaryConfigs,
  binaryConvBnRelu,
  binaryResNetBlock,
  binaryVggBlock,
  skipConnectV2,
} from "./binary_blocks.js";
import type { Primitive } from "./primitive.js";

/** `xnor_ResNet_cfgs`. */
export const xnorResNetConfigs: BinaryConfigs = {
  shortcut: true,
  reduction: "factorized",
  order: "bn_conv_relu",
  biWScale: 2,
  biActMethod: 0,
};

/** `bireal_binary_cfgs`: activation method 3 leaves the activations float. */
const birealConfigs: BinaryConfigs = {
  shortcut: true,
  reduction: "conv",
  order: "conv_bn_relu",
  biWScale: 3,
  biActMethod: 3,
};

/** `binary_cfgs` as the primitives find it. */
const xnorConfigs: BinaryConfigs = {
  shortcut: false,
  reduction: "factorized",
  order: "bn_conv_relu",
  biWScale: 1,
  biActMethod: 0,
};

const xnorConv3x3: Primitive = (options) => binaryConvBnRelu(options, 3, xnorConfigs);

export const binaryPrimitives: Readonly<Record<string, Primitive>> = {
  xnor_resnet_block: (options) => binaryResNetBlock(options, xnorResNetConfigs),
  bireal_resnet_block: (options, state) =>
    binaryResNetBlock(options, { ...birealConfigs, shortcut: state.birealShortcut }),
  xnor_vgg_block: (options) => binaryVggBlock(options, xnorConfigs),
  bireal_vgg_block: (options, state) => {
    state.birealShortcut = false;
    return binaryVggBlock(options, birealConfigs);
  },
  xnor_conv_3x3_noskip: xnorConv3x3,
  xnor_conv_1x1_noskip: (options) => binaryConvBnRelu(options, 1, xnorConfigs),
  xnor_conv_3x3_cond_skip_v0: xnorConv3x3,
  xnor_conv_3x3_cond_skip: xnorConv3x3,
  xnor_conv_3x3_skip_connect: (options) =>
    options.stride === 1 ? identity() : binaryConvBnRelu(options, 3, xnorConfigs),
  xnor_skip_connect: (options) => skipConnectV2(options),
};
