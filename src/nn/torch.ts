/** torch.nn's layers as blocks, with torch's defaults, class names and parameter names, and AWNAS's BinaryConv2d. */
import { numberArgument, textArgument } from "../arguments.js";
import { XnorkitError } from "../errors.js";
import type { Block, Scope } from "../graph/builder.js";
import type { BinaryConv2dNode } from "../graph/types.js";
import { formatShape } from "../tensor.js";
import { type Blocks, inARow, layer, layerOptions, type PaddingSize, paddingOf, pair, type Size } from "./layer.js";

/** @throws XnorkitError `bad-shape` if a layer built for a number of channels reads another number. */
function checkChannels(scope: Scope, type: string, input: string, channels: number): void {
  const shape = scope.shape(input);
  if (shape[1] === channels) return;
  throw new XnorkitError(
    "bad-shape",
    `layer ${scope.path} (${type}) is built for ${String(channels)} channels, but ${input} is ` +
      `${formatShape(shape)}: the channel options of the network do not fit each other there`,
  );
}

/** Options of `conv2d`. */
export interface Conv2dOptions {
  readonly inChannels: number;
  readonly outChannels: number;
  readonly kernelSize: Size;
  /** Default 1. */
  readonly stride?: Size;
  /** Default 0. */
  readonly padding?: PaddingSize;
  /** Default 1. */
  readonly dilation?: Size;
  /** Default 1. */
  readonly groups?: number;
  /** Default true, as in torch. */
  readonly bias?: boolean;
}

const CONV_OPTIONS: readonly (keyof Conv2dOptions)[] = [
  ...(["inChannels", "outChannels", "kernelSize", "stride", "padding", "dilation", "groups", "bias"] as const),
];

/**
 * `nn.Conv2d`, zeros around the map: `weight` and, with bias, `bias`.
 * @throws XnorkitError `bad-option` for an option that it does not have; when built, `bad-shape` if the input has not
 *   `inChannels`.
 */
export function conv2d(options: Conv2dOptions): Block {
  layerOptions("torch.conv2d", CONV_OPTIONS, options);
  const { inChannels, outChannels, kernelSize, stride = 1, padding = 0, dilation = 1, groups = 1 } = options;
  const { bias = true } = options;
  return {
    type: "Conv2d",
    forward(scope, input) {
      checkChannels(scope, "Conv2d", input, inChannels);
      return scope.add(
        {
          kind: "conv2d",
          weight: scope.parameter("weight"),
          channels: outChannels,
          kernel: pair(kernelSize),
          stride: pair(stride),
          padding: paddingOf(padding),
          dilation: pair(dilation),
          groups,
          bias: bias ? scope.parameter("bias") : null,
        },
        [input],
      );
    },
  };
}

/** `nn.BatchNorm2d`, epsilon 1e-5: `weight` and `bias` (none if not affine), `running_mean`, `running_var`. */
export function batchNorm2d(features: number, affine = true): Block {
  return {
    type: "BatchNorm2d",
    forward(scope, input) {
      checkChannels(scope, "BatchNorm2d", input, features);
      return scope.add(
        {
          kind: "batchNorm",
          gamma: affine ? scope.parameter("weight") : null,
          beta: affine ? scope.parameter("bias") : null,
          mean: scope.parameter("running_mean"),
          variance: scope.parameter("running_var"),
          epsilon: 1e-5,
          fixGamma: false,
        },
        [input],
      );
    },
  };
}

/** `nn.ReLU`. */
export function relu(): Block {
  return layer("ReLU", { kind: "relu" });
}

/** `nn.ReLU6`. */
export function relu6(): Block {
  return layer("ReLU6", { kind: "clip", min: 0, max: 6 });
}

/** `nn.Hardtanh`: min(max(x, minimum), maximum). */
export function hardtanh(minimum = -1, maximum = 1): Block {
  numberArgument("torch.hardtanh", "minimum", minimum);
  return layer("Hardtanh", { kind: "clip", min: minimum, max: numberArgument("torch.hardtanh", "maximum", maximum) });
}

/** `nn.Tanh`. */
export function tanh(): Block {
  return layer("Tanh", { kind: "activation", function: "tanh" });
}

/** `nn.Sigmoid`. */
export function sigmoid(): Block {
  return layer("Sigmoid", { kind: "activation", function: "sigmoid" });
}

/** `nn.PReLU(numParameters)` with a slope a channel: `weight`. @throws XnorkitError, when built, `bad-shape`. */
export function prelu(numParameters: number): Block {
  return {
    type: "PReLU",
    forward(scope, input) {
      checkChannels(scope, "PReLU", input, numParameters);
      return scope.add({ kind: "prelu", slope: scope.parameter("weight") }, [input]);
    },
  };
}

/** `nn.Softmax(1)`, over the channels. */
export function softmax(): Block {
  return layer("Softmax", { kind: "softmax" });
}

/** `nn.LogSoftmax(1)`, over the channels. */
export function logSoftmax(): Block {
  return layer("LogSoftmax", { kind: "logSoftmax" });
}

/** `nn.Flatten`: all axes but the first become one. */
export function flatten(): Block {
  return layer("Flatten", { kind: "flatten" });
}

/** `nn.ChannelShuffle(groups)`: channels as (groups, C / groups), transposed. */
export function channelShuffle(groups: number): Block {
  return layer("ChannelShuffle", { kind: "channelShuffle", groups });
}

/** `nn.Identity`, and what is one in inference: `nn.Dropout`. */
export function identity(type = "Identity"): Block {
  textArgument("torch.identity", "the type", type);
  return { type, forward: (_, input) => input };
}

/** `nn.AvgPool2d`, floor mode; the stride is the kernel's size if none is given. */
export function avgPool2d(
  kernelSize: Size,
  stride: Size = kernelSize,
  padding: PaddingSize = 0,
  countIncludePad = true,
): Block {
  return layer("AvgPool2d", {
    kind: "avgPool",
    kernel: pair(kernelSize),
    stride: pair(stride),
    padding: paddingOf(padding),
    countIncludePad,
  });
}

/** `nn.MaxPool2d`, floor mode; the stride is the kernel's size if none is given. */
export function maxPool2d(kernelSize: Size, stride: Size = kernelSize, padding: PaddingSize = 0): Block {
  return layer("MaxPool2d", {
    kind: "maxPool",
    kernel: pair(kernelSize),
    stride: pair(stride),
    padding: paddingOf(padding),
  });
}

/** `nn.AdaptiveAvgPool2d(1)`. */
export function adaptiveAvgPool2d(): Block {
  return layer("AdaptiveAvgPool2d", { kind: "globalAvgPool" });
}

/** `nn.Linear`, with bias unless it is false, on [batch, features]. */
export function linear(inFeatures: number, outFeatures: number, bias = true): Block {
  return {
    type: "Linear",
    forward(scope, input) {
      checkChannels(scope, "Linear", input, inFeatures);
      const weight = scope.parameter("weight");
      const shift = bias ? scope.parameter("bias") : null;
      return scope.add({ kind: "dense", weight, bias: shift, units: outFeatures }, [input]);
    },
  };
}

/** `nn.Sequential`: blocks one after the other, registered as "0", "1", ... or under names of their own. */
export function sequential(blocks: Blocks): Block {
  return inARow("Sequential", blocks);
}

/** -1 float weights; 0 signs; 1 signs times the mean |W| of the tensor; 2 and 3 of the output channel. */
export type BiWScale = -1 | 0 | 1 | 2 | 3;

/** Options of `binaryConv2d`. */
export interface BinaryConv2dOptions {
  readonly inChannels: number;
  readonly outChannels: number;
  readonly kernelSize: Size;
  /** Default 1. */
  readonly stride?: Size;
  /** Default 0. */
  readonly padding?: PaddingSize;
  /** Default 1. */
  readonly groups?: number;
  /** Default 1. */
  readonly dilation?: Size;
  /** Default 2. */
  readonly biWScale?: BiWScale;
  /** 0 (the default) and 1 take signs, sign(0) = 0; any other number leaves the activations as they are. */
  readonly biActMethod?: number;
}

const scalings: Readonly<Record<Exclude<BiWScale, -1>, BinaryConv2dNode["scaling"]>> = {
  0: "none",
  1: "tensor",
  2: "channel",
  3: "channel",
};

const BINARY_OPTIONS: readonly (keyof BinaryConv2dOptions)[] = [
  ...(["inChannels", "outChannels", "kernelSize", "stride", "padding", "groups", "dilation"] as const),
  ...(["biWScale", "biActMethod"] as const),
];

/**
 * AWNAS's `BinaryConv2d` (aw_nas/ops/bnn_ops.py): the weights, clamped to [-1, 1], as signs with sign(0) = 0, times
 * their scale; zero padding that contributes nothing. Parameter `full_precision`.
 * @throws XnorkitError `bad-option` for an option that it does not have; when built, `bad-shape` if the input has not
 *   `inChannels`.
 */
export function binaryConv2d(options: BinaryConv2dOptions): Block {
  layerOptions("torch.binaryConv2d", BINARY_OPTIONS, options);
  const { inChannels, outChannels, kernelSize, stride = 1, padding = 0, groups = 1, dilation = 1 } = options;
  const { biWScale = 2, biActMethod = 0 } = options;
  return {
    type: "BinaryConv2d",
    forward(scope, input) {
      checkChannels(scope, "BinaryConv2d", input, inChannels);
      const takesSigns = biActMethod === 0 || biActMethod === 1;
      const x = takesSigns ? scope.add({ kind: "quantize", method: "sign", bits: 1 }, [input], "sign") : input;
      const convolution = {
        weight: scope.parameter("full_precision"),
        channels: outChannels,
        kernel: pair(kernelSize),
        stride: pair(stride),
        padding: paddingOf(padding),
        dilation: pair(dilation),
        groups,
      };
      if (biWScale === -1) return scope.add({ kind: "conv2d", ...convolution, bias: null }, [x]);
      return scope.add(
        {
          kind: "binaryConv2d",
          ...convolution,
          padValue: 0,
          quantizer: "sign",
          bits: 1,
          scaling: scalings[biWScale],
          offset: false,
        },
        [x],
      );
    },
  };
}
