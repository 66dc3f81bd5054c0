/** The blocks of AWNAS's float primitives (aw_nas/ops/ops.py, aw_nas/ops/baseline_ops.py). */
import type { Block, Scope } from "../../graph/builder.js";
import { addSameShape } from "../../nn/ports.js";
import { avgPool2d, batchNorm2d, conv2d, identity, relu, sequential } from "../../nn/torch.js";
import { padToStride, shiftedConvolutions } from "./factorized.js";
import { type PrimitiveOptions, refuseBuild } from "./primitive.js";

export interface ConvOptions {
  readonly channels: number;
  readonly outChannels: number;
  readonly kernelSize: number;
  readonly stride: number;
  readonly padding: number;
  readonly affine: boolean;
}

/** Convolution (no bias) as the blocks below use it. */
function convolution({ channels, outChannels, kernelSize, stride, padding }: ConvOptions): Block {
  return conv2d({ inChannels: channels, outChannels, kernelSize, stride, padding, bias: false });
}

/** A module whose one child `op` is a Sequential. */
function wrapped(type: string, blocks: readonly Block[]): Block {
  return { type, forward: (scope, x) => scope.child("op", sequential(blocks), x) };
}

/** `ConvBNReLU`: convolution, batch norm and, unless `relu` is false, ReLU. */
export function convBnRelu(options: ConvOptions, hasRelu = true): Block {
  const { outChannels, affine } = options;
  const blocks = [convolution(options), batchNorm2d(outChannels, affine), ...(hasRelu ? [relu()] : [])];
  return wrapped("ConvBNReLU", blocks);
}

/** `BNConvReLU`. */
export function bnConvRelu(options: ConvOptions): Block {
  return wrapped("BNConvReLU", [batchNorm2d(options.channels, options.affine), convolution(options), relu()]);
}

/** `ReLUConvBN`. */
export function reluConvBn(options: ConvOptions): Block {
  return wrapped("ReLUConvBN", [relu(), convolution(options), batchNorm2d(options.outChannels, options.affine)]);
}

/** `BNReLU`, which keeps its channels. */
export function bnRelu(options: PrimitiveOptions): Block {
  requireSameChannels(options, "bn_relu");
  return {
    type: "BNReLU",
    forward(scope, x) {
      const normalised = scope.child("bn", batchNorm2d(options.outChannels, options.affine), x);
      return scope.add({ kind: "relu" }, [normalised], "relu");
    },
  };
}

export function requireSameChannels(options: PrimitiveOptions, primitive: string): void {
  const { channels, outChannels } = options;
  if (channels !== outChannels) {
    refuseBuild(options, `${primitive} keeps its channels, but C is ${channels} and C_out ${outChannels}`);
  }
}

/**
 * `FactorizedReduce`: ReLU, `stride` 1x1 convolutions each of which reads the map shifted by one pixel more and gives
 * its part of the channels, batch norm.
 */
export function factorizedReduce(options: PrimitiveOptions): Block {
  const { channels, outChannels, stride, affine } = options;
  const width = Math.floor(outChannels / stride);
  if (width < 1) {
    refuseBuild(options, `a factorised reduction of stride ${stride} needs that many channels, not ${outChannels}`);
  }
  const conv = conv2d({ inChannels: channels, outChannels: width, kernelSize: 1, stride, bias: false });
  return {
    type: "FactorizedReduce",
    children: ["convs", "relu", "bn"],
    forward(scope, input) {
      const x = padToStride(scope, scope.child("relu", relu(), input), stride);
      const out = shiftedConvolutions(
        scope,
        x,
        Array.from({ length: stride }, () => conv),
      );
      return scope.child("bn", batchNorm2d(outChannels, affine), out);
    },
  };
}

/** `Zero`: zeros of every stride-th pixel; keeps the channels. */
export function zero({ stride }: PrimitiveOptions): Block {
  return {
    type: "Zero",
    forward(scope, input) {
      const x =
        stride === 1
          ? input
          : scope.add(
              { kind: "avgPool", kernel: [1, 1], stride: [stride, stride], padding: [0, 0], countIncludePad: true },
              [input],
              "every",
            );
      return scope.add({ kind: "scale", factor: 0 }, [x]);
    },
  };
}

/** `SepConv`: twice ReLU, depthwise convolution, 1x1 convolution, batch norm; `expansion` widens what is between. */
export function sepConv(options: PrimitiveOptions, kernelSize: number, expansion = 1): Block {
  const { channels, outChannels, stride, affine } = options;
  const inner = channels * expansion;
  const padding = (kernelSize - 1) / 2;
  return wrapped("SepConv", [
    relu(),
    conv2d({ inChannels: channels, outChannels: channels, kernelSize, stride, padding, groups: channels, bias: false }),
    conv2d({ inChannels: channels, outChannels: inner, kernelSize: 1, bias: false }),
    batchNorm2d(inner, affine),
    relu(),
    conv2d({ inChannels: inner, outChannels: inner, kernelSize, padding, groups: channels, bias: false }),
    conv2d({ inChannels: inner, outChannels, kernelSize: 1, bias: false }),
    batchNorm2d(outChannels, affine),
  ]);
}

/** `DilConv`: ReLU, depthwise convolution of dilation 2, 1x1 convolution, batch norm. */
export function dilConv(options: PrimitiveOptions, kernelSize: number): Block {
  const { channels, outChannels, stride, affine } = options;
  const depthwise = { inChannels: channels, outChannels: channels, groups: channels, kernelSize, stride, dilation: 2 };
  return wrapped("DilConv", [
    relu(),
    conv2d({ ...depthwise, padding: kernelSize - 1, bias: false }),
    conv2d({ inChannels: channels, outChannels, kernelSize: 1, bias: false }),
    batchNorm2d(outChannels, affine),
  ]);
}

/** `conv_7x1_1x7`: ReLU, a row and a column of 7, batch norm. */
export function conv7x1(options: PrimitiveOptions): Block {
  const { channels, stride, affine } = options;
  requireSameChannels(options, "conv_7x1_1x7");
  const same = { inChannels: channels, outChannels: channels };
  return sequential([
    relu(),
    conv2d({ ...same, kernelSize: [1, 7], stride: [1, stride], padding: [0, 3], bias: false }),
    conv2d({ ...same, kernelSize: [7, 1], stride: [stride, 1], padding: [3, 0], bias: false }),
    batchNorm2d(channels, affine),
  ]);
}

/** `ResFactorizedReduceBlock`: op_2(op_1(x)) + skip_op(x), all of 1x1 convolutions. */
export function resFactorizedReduceBlock(options: PrimitiveOptions): Block {
  const { channels, outChannels, stride, affine } = options;
  const conv = { channels, outChannels, kernelSize: 1, stride, padding: 0, affine };
  const op1 = stride === 1 ? reluConvBn(conv) : factorizedReduce(options);
  const op2 = reluConvBn({ ...conv, channels: outChannels, stride: 1 });
  const skipOp = stride === 1 && channels === outChannels ? identity() : convBnRelu(conv);
  return {
    type: "ResFactorizedReduceBlock",
    forward(scope, x) {
      const out = scope.child("op_2", op2, scope.child("op_1", op1, x));
      return addSameShape(scope, out, scope.child("skip_op", skipOp, x));
    },
  };
}

/** `ResNetDownSample`: every second pixel, and as many channels of zeros. */
export function resNetDownSample(options: PrimitiveOptions): Block {
  if (options.stride !== 2) refuseBuild(options, `ResNetDownSample has stride 2, not ${options.stride}`);
  return {
    type: "ResNetDownSample",
    forward(scope, input) {
      const x = scope.child("avg", avgPool2d(1, 2), input);
      const zeros = scope.add({ kind: "scale", factor: 0 }, [x], "zeros");
      return scope.add({ kind: "concat" }, [x, zeros], "concat");
    },
  };
}

/** `ResNetBlock`: relu(op_2(relu(op_1(x))) + skip_op(x)); the skip is a 1x1 convolution with batch norm if strided. */
export function resNetBlock(options: PrimitiveOptions, kernelSize: number, downsample: "conv" | "avgpool"): Block {
  const { channels, outChannels, stride, affine } = options;
  const conv = { channels, outChannels, kernelSize, stride, padding: (kernelSize - 1) / 2, affine };
  const op1 = convBnRelu(conv, false);
  const op2 = convBnRelu({ ...conv, channels: outChannels, stride: 1 }, false);
  const strided = () =>
    downsample === "conv" ? convBnRelu({ ...conv, kernelSize: 1, padding: 0 }, false) : resNetDownSample(options);
  const skipOp = stride === 1 ? identity() : strided();
  const activated = (scope: Scope, x: string, name: string) => scope.add({ kind: "relu" }, [x], name);
  return {
    type: "ResNetBlock",
    forward(scope, x) {
      const inner = activated(scope, scope.child("op_1", op1, x), "inner");
      const out = addSameShape(scope, scope.child("op_2", op2, inner), scope.child("skip_op", skipOp, x));
      return activated(scope, out, "relu");
    },
  };
}

/** `VggBlock`: 3x3 convolution with bias, batch norm, ReLU, 2x2 max pooling if strided. */
export function vggBlock(options: PrimitiveOptions, maxPool: Block): Block {
  const { channels, outChannels, stride, affine } = options;
  const convBn = sequential([
    conv2d({ inChannels: channels, outChannels, kernelSize: 3, padding: 1, bias: true }),
    batchNorm2d(outChannels, affine),
  ]);
  return {
    type: "VggBlock",
    forward(scope, x) {
      const out = scope.add({ kind: "relu" }, [scope.child("conv_bn", convBn, x)], "relu");
      return scope.child("pool", stride === 2 ? maxPool : identity(), out);
    },
  };
}

/** aw_nas's `make_divisible(v, 8)`: the nearest multiple of 8, at least 8, not more than a tenth below. */
function makeDivisible(channels: number): number {
  const nearest = Math.max(8, Math.floor((channels + 4) / 8) * 8);
  return nearest < 0.9 * channels ? nearest + 8 : nearest;
}

/**
 * `MobileNetBlock`: 1x1 wider, depthwise, 1x1 narrower; at stride 1 with a shortcut, which is a 1x1 convolution if C
 * changes.
 */
export function mobileNetBlock(options: PrimitiveOptions, expansion: number, kernelSize: number): Block {
  const { channels, outChannels, stride, affine } = options;
  const inner = makeDivisible(expansion * channels);
  const depthwise = { inChannels: inner, outChannels: inner, groups: inner, kernelSize, stride };
  const shortcut = sequential(
    channels === outChannels
      ? []
      : [conv2d({ inChannels: channels, outChannels, kernelSize: 1, bias: false }), batchNorm2d(outChannels, affine)],
  );
  return {
    type: "MobileNetBlock",
    forward(scope, input) {
      const activated = (x: string, name: string) => scope.add({ kind: "relu" }, [x], name);
      let x = scope.child(
        "conv1",
        conv2d({ inChannels: channels, outChannels: inner, kernelSize: 1, bias: false }),
        input,
      );
      x = activated(scope.child("bn1", batchNorm2d(inner, affine), x), "relu1");
      x = scope.child("conv2", conv2d({ ...depthwise, padding: (kernelSize - 1) / 2, bias: false }), x);
      x = activated(scope.child("bn2", batchNorm2d(inner, affine), x), "relu2");
      x = scope.child("conv3", conv2d({ inChannels: inner, outChannels, kernelSize: 1, bias: false }), x);
      x = scope.child("bn3", batchNorm2d(outChannels, affine), x);
      return stride === 1 ? addSameShape(scope, x, scope.child("shortcut", shortcut, input)) : x;
    },
  };
}

/** `NB201ResidualBlock`: two ReLUConvBN 3x3 and a shortcut, pooled and convolved if strided. */
export function nb201ResidualBlock(options: PrimitiveOptions): Block {
  const { channels, outChannels, stride, affine } = options;
  if (stride !== 1 && stride !== 2) refuseBuild(options, `NB201ResidualBlock has stride 1 or 2, not ${stride}`);
  const conv = { channels, outChannels, kernelSize: 3, stride, padding: 1, affine };
  const downsample =
    stride === 2
      ? sequential([avgPool2d(2), conv2d({ inChannels: channels, outChannels, kernelSize: 1, bias: false })])
      : reluConvBn({ ...conv, kernelSize: 1, padding: 0 });
  return {
    type: "NB201ResidualBlock",
    forward(scope, x) {
      const a = scope.child("conv_a", reluConvBn(conv), x);
      const b = scope.child("conv_b", reluConvBn({ ...conv, channels: outChannels, stride: 1 }), a);
      const keeps = stride === 1 && channels === outChannels;
      return addSameShape(scope, keeps ? x : scope.child("downsample", downsample, x), b);
    },
  };
}
