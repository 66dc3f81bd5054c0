/**
 * BasicBlockE1 and BasicBlockE2 of BMXNet v2's binary_models/resnet_e.py: one binary convolution and a shortcut around
 * it.
 */
import type { Block } from "../graph/builder.js";
import type { BinaryConfig } from "../nn/binary_config.js";
import { activatedConv } from "../nn/bmxnet.js";
import { avgPool2d, conv2d } from "../nn/gluon.js";
import { type BlockPlace, residualBlock } from "./residual_network.js";

export interface BlockOptions extends BlockPlace {
  /** The 1x1 convolution of the shortcut is a float one. */
  readonly useFp: boolean;
  /** The shortcut is reduced by 2x2 average pooling instead of by the stride of its convolution. */
  readonly usePooling: boolean;
  /** Groups of a float 1x1 convolution. */
  readonly numGroups: number;
  /** The body gives channels / slices channels, which are added from channel writeOn * (channels / slices) on. */
  readonly slices: number;
  readonly writeOn: number;
  readonly binary: BinaryConfig;
}

function shortcut({ channels, useFp, usePooling, numGroups, binary, stride }: BlockOptions): readonly Block[] {
  const own = { channels, kernelSize: 1 };
  const step = usePooling ? 1 : stride;
  return [
    ...(usePooling ? [avgPool2d()] : []),
    useFp
      ? conv2d({ ...own, strides: step, groups: numGroups, useBias: false })
      : activatedConv({ ...own, stride: step }, binary),
  ];
}

export function basicBlockE(version: 1 | 2, options: BlockOptions): Block {
  const width = Math.floor(options.channels / options.slices);
  return residualBlock({
    ...options,
    type: `BasicBlockE${version}`,
    version,
    body: [activatedConv({ channels: width, stride: options.stride, padding: 1 }, options.binary)],
    shortcut: shortcut(options),
    channelOffset: width * options.writeOn,
    pooledBy: options.usePooling ? "usePooling" : null,
  });
}
