/**
 * AWNAS's float primitives by name (aw_nas/ops/ops.py, aw_nas/ops/baseline_ops.py); what a name says wrongly is
 * remarked.
 */
import type { Block } from "../../graph/builder.js";
import { avgPool2d, conv2d, identity, maxPool2d } from "../../nn/torch.js";
import {
  bnConvRelu,
  bnRelu,
  type ConvOptions,
  conv7x1,
  convBnRelu,
  dilConv,
  factorizedReduce,
  mobileNetBlock,
  nb201ResidualBlock,
  reluConvBn,
  resFactorizedReduceBlock,
  resNetBlock,
  sepConv,
  vggBlock,
  zero,
} from "./float_blocks.js";
import type { Primitive } from "./primitive.js";

/** A block of one square convolution that keeps the size at stride 1. */
function square(block: (options: ConvOptions) => Block, kernelSize: number): Primitive {
  const padding = (kernelSize - 1) / 2;
  return ({ channels, outChannels, stride, affine }) =>
    block({ channels, outChannels, kernelSize, stride, padding, affine });
}

/** Padding (size - 1) // 2 is 0 for 2x2: at stride 1 the map becomes one pixel smaller. Padded pixels do not count. */
function avgPool(kernelSize: number): Primitive {
  return ({ stride }) => avgPool2d(kernelSize, stride, Math.floor((kernelSize - 1) / 2), false);
}

/** A plain convolution with bias. */
function biased(kernelSize: number): Primitive {
  const padding = (kernelSize - 1) / 2;
  return ({ channels, outChannels, stride }) =>
    conv2d({ inChannels: channels, outChannels, kernelSize, stride, padding, bias: true });
}

export const floatPrimitives: Readonly<Record<string, Primitive>> = {
  none: (options) => zero(options),
  identity: () => identity(),
  skip_connect: (options) => (options.stride === 1 ? identity() : factorizedReduce(options)),
  avg_pool_2x2: avgPool(2),
  avg_pool_3x3: avgPool(3),
  max_pool_3x3: ({ stride }) => maxPool2d(3, stride, 1),
  relu_conv_bn_1x1: square(reluConvBn, 1),
  relu_conv_bn_3x3: square(reluConvBn, 3),
  relu_conv_bn_5x5: square(reluConvBn, 5),
  nor_conv_1x1: square(reluConvBn, 1),
  nor_conv_3x3: square(reluConvBn, 3),
  conv_bn_relu_1x1: square(convBnRelu, 1),
  conv_bn_relu_3x3: square(convBnRelu, 3),
  conv_bn_relu_5x5: square(convBnRelu, 5),
  conv_bn_3x3: square((options) => convBnRelu(options, false), 3),
  bn_conv_relu_1x1: square(bnConvRelu, 1),
  bn_relu: (options) => bnRelu(options),
  conv_1x1: biased(1),
  conv_3x3: biased(3),
  conv_7x1_1x7: (options) => conv7x1(options),
  sep_conv_3x3: (options) => sepConv(options, 3),
  sep_conv_3x3_exp3: (options) => sepConv(options, 3, 3),
  sep_conv_3x3_exp6: (options) => sepConv(options, 3, 6),
  sep_conv_5x5: (options) => sepConv(options, 5),
  sep_conv_5x5_exp3: (options) => sepConv(options, 5, 6), // AWNAS expands by 6 here
  sep_conv_5x5_exp6: (options) => sepConv(options, 5, 6),
  sep_conv_7x7: (options) => sepConv(options, 7),
  dil_conv_3x3: (options) => dilConv(options, 3),
  dil_conv_5x5: (options) => dilConv(options, 5),
  res_reduce_block: (options) => resFactorizedReduceBlock(options),
  resnet_block: (options) => resNetBlock(options, 3, "conv"),
  resnet_block_1x1: (options) => resNetBlock(options, 1, "conv"),
  resnet_block_5x5: (options) => resNetBlock(options, 5, "conv"),
  resnet_block_pool_downsample: (options) => resNetBlock(options, 3, "avgpool"),
  vgg_block: (options) => vggBlock(options, maxPool2d(2)),
  NB201ResidualBlock: (options) => nb201ResidualBlock(options),
  mobilenet_block_1: (options) => mobileNetBlock(options, 1, 3),
  mobilenet_block_3: (options) => mobileNetBlock(options, 3, 3),
  mobilenet_block_3_5x5: (options) => mobileNetBlock(options, 3, 5),
  mobilenet_block_6: (options) => mobileNetBlock(options, 6, 3),
  mobilenet_block_6_5x5: (options) => mobileNetBlock(options, 6, 5),
  // These two pass True, meant for relu6, as the kernel's size: it is 1, and the activation stays ReLU.
  mobilenet_block_1_relu6: (options) => mobileNetBlock(options, 1, 1),
  mobilenet_block_6_relu6: (options) => mobileNetBlock(options, 6, 1),
};
