/** BasicBlockE1 and BasicBlockE2 of BMXNet v2's binary_models/resnet_e.py: one binary convolution and a shortcut around it. */
import type { Block, Scope } from "../graph/builder.js";
import { activatedConv } from "../nn/activated_conv.js";
import type { BinaryConfig } from "../nn/binary_config.js";
import { avgPool2d, batchNorm, conv2d, hybridSequential } from "../nn/layers.js";
import { checkShortcut } from "./shortcut.js";

export interface BlockOptions {
  readonly channels: number;
  readonly stride: 1 | 2;
  /** Whether the shortcut has a 1x1 convolution; the source asks for one where the channels change. */
  readonly downsample: boolean;
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

function sliceWidth({ channels, slices }: BlockOptions): number {
  return Math.floor(channels / slices);
}

function bodyConvolution(options: BlockOptions): Block {
  return activatedConv({ channels: sliceWidth(options), stride: options.stride, padding: 1 }, options.binary);
}

/** [pool], 1x1 convolution, [batch norm]. */
function downsample(options: BlockOptions, after: readonly Block[]): Block {
  const { channels, useFp, usePooling, numGroups, binary } = options;
  const stride = usePooling ? 1 : options.stride;
  return hybridSequential([
    ...(usePooling ? [avgPool2d(2, 2, 0)] : []),
    useFp
      ? conv2d({ channels, kernelSize: 1, stride, groups: numGroups })
      : activatedConv({ channels, kernelSize: 1, stride }, binary),
    ...after,
  ]);
}

function check(scope: Scope, input: string, options: BlockOptions): void {
  checkShortcut(scope, input, { ...options, pooledBy: options.usePooling ? "usePooling" : null });
}

function addResidual(scope: Scope, residual: string, body: string, options: BlockOptions): string {
  return scope.add({ kind: "add", channelOffset: sliceWidth(options) * options.writeOn }, [residual, body], "add");
}

/** out = BN(conv(x)) + shortcut(x). */
export function basicBlockE1(options: BlockOptions): Block {
  return {
    type: "BasicBlockE1",
    forward(scope, x) {
      check(scope, x, options);
      const body = scope.child("body", hybridSequential([bodyConvolution(options), batchNorm()]), x);
      const residual = options.downsample ? scope.child("downsample", downsample(options, [batchNorm()]), x) : x;
      return addResidual(scope, residual, body, options);
    },
  };
}

/** b = BN(x); out = conv(b) + (shortcut(b), or x itself where the shortcut has no convolution). */
export function basicBlockE2(options: BlockOptions): Block {
  return {
    type: "BasicBlockE2",
    forward(scope, x) {
      check(scope, x, options);
      const normalised = scope.child("bn", batchNorm(), x);
      const body = scope.child("body", hybridSequential([bodyConvolution(options)]), normalised);
      const residual = options.downsample ? scope.child("downsample", downsample(options, []), normalised) : x;
      return addResidual(scope, residual, body, options);
    },
  };
}
