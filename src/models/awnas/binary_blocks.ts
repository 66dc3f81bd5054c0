/** The blocks of AWNAS's binary primitives (aw_nas/ops/bnn_ops.py). */
import type { Block } from "../../graph/builder.js";
import { addSameShape } from "../../nn/ports.js";
import { avgPool2d, type BiWScale, batchNorm2d, binaryConv2d, identity, relu } from "../../nn/torch.js";
import { padToStride, shiftedConvolutions } from "./factorized.js";
import { convBnRelu, resNetDownSample } from "./float_blocks.js";
import { type PrimitiveOptions, refuseBuild } from "./primitive.js";

/** What AWNAS calls binary_cfgs: how a BinaryConvBNReLU binarises, reduces and shortcuts. */
export interface BinaryConfigs {
  readonly shortcut: boolean;
  /** How stride 2 is done; `factorized` convolutions ignore the two settings below and have 2 and 0. */
  readonly reduction: "conv" | "factorized";
  readonly order: "conv_bn_relu" | "bn_conv_relu";
  readonly biWScale: BiWScale;
  readonly biActMethod: number;
}

/**
 * `SkipConnectV2`: identity at stride 1; at stride 2 an average over 2x2 pixels, which stands twice if the channels
 * double. No parameters. It can be built, but not run, at other strides.
 */
export function skipConnectV2(options: PrimitiveOptions): Block {
  const { channels, outChannels, stride } = options;
  checkSkipChannels(options);
  return {
    type: "SkipConnectV2",
    forward(scope, x) {
      if (stride === 1) return scope.child("op", identity(), x);
      if (stride !== 2) refuseBuild(options, `SkipConnectV2 computes nothing at stride ${stride}, only at 1 and 2`);
      const pooled = scope.child("op1", avgPool2d(2), x);
      if (outChannels === channels) return pooled;
      // The second pooling reads what the first one reads.
      const again = scope.child("op2", { type: "AvgPool2d", forward: () => pooled }, x);
      return scope.add({ kind: "concat" }, [pooled, again], "concat");
    },
  };
}

function checkSkipChannels(options: PrimitiveOptions): void {
  const { channels, outChannels, stride } = options;
  if (stride !== 2 || outChannels === channels || outChannels === 2 * channels) return;
  refuseBuild(
    options,
    "at stride 2 a binary convolution or skip needs as many output channels as input channels, or twice as many, but " +
      "C is" +
      ` ${channels} and C_out ${outChannels}`,
  );
}

/**
 * `BinaryConvBNReLU`: [batch norm], binary convolution, [+ shortcut], [batch norm], ReLU. The shortcut reads what the
 * convolution reads: in the order bn_conv_relu the output of the batch norm. The batch norm is affine always.
 */
export function binaryConvBnRelu(
  options: PrimitiveOptions,
  kernelSize: number,
  configs: BinaryConfigs,
  hasRelu = true,
): Block {
  const { channels, outChannels, stride } = options;
  const { shortcut, reduction, order, biWScale, biActMethod } = configs;
  const padding = (kernelSize - 1) / 2;
  checkSkipChannels(options); // the skip is built even where it is not used
  if (shortcut && stride === 1 && Math.floor(outChannels / channels) !== 1) {
    refuseBuild(options, `its shortcut keeps the channels at stride 1, but C is ${channels} and C_out ${outChannels}`);
  }
  const isFactorized = stride === 2 && reduction === "factorized";
  if (isFactorized && outChannels < 2) refuseBuild(options, "a factorised reduction needs two output channels");
  const half: Block = binaryConv2d({
    inChannels: channels,
    outChannels: Math.floor(outChannels / 2),
    kernelSize,
    stride: 2,
    padding,
  });
  const whole = binaryConv2d({
    inChannels: channels,
    outChannels,
    kernelSize,
    stride,
    padding,
    biWScale,
    biActMethod,
  });
  const batchNorm = batchNorm2d(order === "bn_conv_relu" ? channels : outChannels);
  return {
    type: "BinaryConvBNReLU",
    children: ["bn", "relu", "conv", "convs", "shortcut"],
    forward(scope, input) {
      const normalised = order === "bn_conv_relu" ? scope.child("bn", batchNorm, input) : input;
      const x = isFactorized ? padToStride(scope, normalised, 2) : normalised;
      let out = isFactorized ? shiftedConvolutions(scope, x, [half, half]) : scope.child("conv", whole, x);
      if (shortcut) out = addSameShape(scope, out, scope.child("shortcut", skipConnectV2(options), x));
      if (order === "conv_bn_relu") out = scope.child("bn", batchNorm, out);
      return hasRelu ? scope.child("relu", relu(), out) : out;
    },
  };
}

export type Downsample = "conv" | "avgpool" | "binary_conv";

/**
 * `BinaryResNetBlock`: inner = op_1(x) + skip_op(x), out = op_2(inner) + inner. The skip of a strided block is a float
 * 1x1 convolution with batch norm and ReLU, beside the shortcut without parameters inside op_1.
 */
export function binaryResNetBlock(
  options: PrimitiveOptions,
  configs: BinaryConfigs,
  downsample: Downsample = "conv",
  kernelSize = 3,
): Block {
  const { channels, outChannels, stride, affine } = options;
  const op1 = binaryConvBnRelu(options, kernelSize, configs);
  const op2 = binaryConvBnRelu({ ...options, channels: outChannels, stride: 1 }, kernelSize, configs);
  const strided: Readonly<Record<Downsample, () => Block>> = {
    conv: () => convBnRelu({ channels, outChannels, kernelSize: 1, stride, padding: 0, affine }),
    avgpool: () => resNetDownSample(options),
    binary_conv: () => binaryConvBnRelu(options, 3, configs),
  };
  const skipOp = stride === 1 ? identity() : strided[downsample]();
  return {
    type: "BinaryResNetBlock",
    children: ["op_1", "op_2", "skip_op"],
    forward(scope, x) {
      const inner = addSameShape(scope, scope.child("op_1", op1, x), scope.child("skip_op", skipOp, x), "inner");
      return addSameShape(scope, scope.child("op_2", op2, inner), inner, "add");
    },
  };
}

/**
 * `BinaryVggBlock`: a binary convolution of stride 1 without shortcut, then 2x2 average pooling if the block is
 * strided.
 */
export function binaryVggBlock(options: PrimitiveOptions, configs: BinaryConfigs): Block {
  const { stride } = options;
  if (stride !== 1 && stride !== 2) refuseBuild(options, `a VGG block has stride 1 or 2, not ${stride}`);
  const op = binaryConvBnRelu({ ...options, stride: 1 }, 3, { ...configs, shortcut: false });
  const pool = stride === 2 ? avgPool2d(2) : identity();
  return {
    type: "BinaryVggBlock",
    forward: (scope, x) => scope.child("pool", pool, scope.child("op", op, x)),
  };
}
