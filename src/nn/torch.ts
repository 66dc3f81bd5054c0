/** torch.nn's layers as blocks, with torch's defaults, class names and parameter names, and AWNAS's BinaryConv2d. */
import { XnorkitError } from "../errors.js";
import type { Block, Scope } from "../graph/builder.js";
import type { BinaryConv2dNode } from "../graph/types.js";
import { formatShape } from "../tensor.js";
import { layer, pair, type Size } from "./layer.js";

/** @throws XnorkitError `bad-shape` if a layer built for a number of channels reads another number. */
function checkChannels(scope: Scope, type: string, input: string, channels: number): void {
  const shape = scope.shape(input);
  if (shape[1] === channels) return;
  throw new XnorkitError(
    "bad-shape",
    `layer ${scope.path} (${type}) is built for ${channels} channels, but ${input} is ${formatShape(shape)}: the ` +
      "channel options" +
      " of the network do not fit each other there",
  );
}

export interface Conv2dOptions {
  readonly inChannels: number;
  readonly outChannels: number;
  readonly kernelSize: Size;
  readonly stride?: Size;
  readonly padding?: Size;
  readonly dilation?: number;
  readonly groups?: number;
  /** Default false, unlike torch's: few of the networks' convolutions have one. */
  readonly bias?: boolean;
}

/** `nn.Conv2d`: `weight` and, with bias, `bias`. */
export function conv2d(options: Conv2dOptions): Block {
  const { inChannels, outChannels, kernelSize, stride = 1, padding = 0, dilation = 1, groups = 1, bias } = options;
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
          padding: pair(padding),
          dilation: pair(dilation),
          groups,
          bias: bias === true ? scope.parameter("bias") : null,
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

/** `nn.Identity`, and what is one in inference: `nn.Dropout`. */
export function identity(type = "Identity"): Block {
  return { type, forward: (_, input) => input };
}

/** `nn.AvgPool2d`, floor mode; the stride is the kernel's size if none is given. */
export function avgPool2d(kernelSize: number, stride = kernelSize, padding = 0, countIncludePad = true): Block {
  return layer("AvgPool2d", {
    kind: "avgPool",
    kernel: pair(kernelSize),
    stride: pair(stride),
    padding: pair(padding),
    countIncludePad,
  });
}

/** `nn.MaxPool2d`, floor mode. */
export function maxPool2d(kernelSize: number, stride = kernelSize, padding = 0): Block {
  return layer("MaxPool2d", {
    kind: "maxPool",
    kernel: pair(kernelSize),
    stride: pair(stride),
    padding: pair(padding),
  });
}

/** `nn.AdaptiveAvgPool2d(1)`. */
export function adaptiveAvgPool2d(): Block {
  return layer("AdaptiveAvgPool2d", { kind: "globalAvgPool" });
}

/** `nn.Linear`, with bias. */
export function linear(inFeatures: number, outFeatures: number): Block {
  return {
    type: "Linear",
    forward(scope, input) {
      checkChannels(scope, "Linear", input, inFeatures);
      const weight = scope.parameter("weight");
      return scope.add({ kind: "dense", weight, bias: scope.parameter("bias"), units: outFeatures }, [input]);
    },
  };
}

/** `nn.Sequential`: blocks one after the other, registered as "0", "1", ... */
export function sequential(blocks: readonly Block[]): Block {
  return {
    type: "Sequential",
    forward: (scope, input) => blocks.reduce((value, block, index) => scope.child(String(index), block, value), input),
  };
}

/** a + b of one shape, as node `name`. @throws XnorkitError `bad-shape` if the shapes differ. */
export function addSameShape(scope: Scope, a: string, b: string, name = "add"): string {
  const [first, second] = [formatShape(scope.shape(a)), formatShape(scope.shape(b))];
  if (first !== second) {
    throw new XnorkitError(
      "bad-shape",
      `${scope.path} adds ${a} of shape ${first} and ${b} of shape ${second}, which must be the same: the channel ` +
        "options do not fit" +
        " each other there, or a convolution rounds an odd size up where a pooling rounds it down",
    );
  }
  return scope.add({ kind: "add", channelOffset: 0 }, [a, b], name);
}

/** -1 float weights; 0 signs; 1 signs times the mean |W| of the tensor; 2 and 3 of the output channel. */
export type BiWScale = -1 | 0 | 1 | 2 | 3;

export interface BinaryConv2dOptions {
  readonly inChannels: number;
  readonly outChannels: number;
  readonly kernelSize: number;
  readonly stride?: number;
  readonly padding?: number;
  readonly groups?: number;
  readonly dilation?: number;
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

/**
 * AWNAS's `BinaryConv2d` (aw_nas/ops/bnn_ops.py): the weights, clamped to [-1, 1], as signs with sign(0) = 0, times
 * their scale; zero padding that contributes nothing. Parameter `full_precision`.
 */
export function binaryConv2d(options: BinaryConv2dOptions): Block {
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
        padding: pair(padding),
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
