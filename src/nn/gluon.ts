/** Gluon's float layers as blocks, with gluon's defaults and class names (python/mxnet/gluon/nn). */
import { choiceArgument } from "../arguments.js";
import type { Block } from "../graph/builder.js";
import type { ActivationNode } from "../graph/types.js";
import {
  type Blocks,
  flattened,
  inARow,
  layer,
  layerOptions,
  namedBlocks,
  type PaddingSize,
  paddingOf,
  pair,
  type Size,
} from "./layer.js";
import { checkInputChannels } from "./ports.js";

/** `nn.HybridSequential`: blocks one after the other, registered as "0", "1", ... or under names of their own. */
export function hybridSequential(blocks: Blocks): Block {
  return inARow("HybridSequential", blocks);
}

/** Options of `conv2d`. */
export interface Conv2dOptions {
  readonly channels: number;
  readonly kernelSize: Size;
  /** Default 1. */
  readonly strides?: Size;
  /** Default 0. */
  readonly padding?: PaddingSize;
  /** Default 1. */
  readonly dilation?: Size;
  /** Default 1. */
  readonly groups?: number;
  /** Default true, as in gluon. */
  readonly useBias?: boolean;
  /** 0, the default, takes what the input has. */
  readonly inChannels?: number;
}

const CONV_OPTIONS: readonly (keyof Conv2dOptions)[] = [
  ...(["channels", "kernelSize", "strides", "padding", "dilation", "groups", "useBias", "inChannels"] as const),
];

/**
 * `nn.Conv2D`: a float convolution, zeros around the map. Parameters `weight` [channels, inputs / groups, height,
 * width] and, with `useBias`, `bias` [channels].
 * @throws XnorkitError `bad-option` for an option that it does not have; when built, `bad-graph` for a size that is
 *   none and `bad-shape` if the input does not fit.
 */
export function conv2d(options: Conv2dOptions): Block {
  const {
    channels,
    kernelSize,
    strides = 1,
    padding = 0,
    dilation = 1,
    groups = 1,
    useBias = true,
    inChannels = 0,
  } = layerOptions("conv2d", CONV_OPTIONS, options);
  return {
    type: "Conv2D",
    forward(scope, input) {
      checkInputChannels(scope, input, inChannels);
      return scope.add(
        {
          kind: "conv2d",
          weight: scope.parameter("weight"),
          channels,
          kernel: pair(kernelSize),
          stride: pair(strides),
          padding: paddingOf(padding),
          dilation: pair(dilation),
          groups,
          bias: useBias ? scope.parameter("bias") : null,
        },
        [input],
      );
    },
  };
}

/** Options of `batchNorm`. */
export interface BatchNormOptions {
  /** Default true; with false gamma is taken as 1 whatever the file says (MXNet's fix_gamma). */
  readonly scale?: boolean;
  /** Default 1e-5. */
  readonly epsilon?: number;
}

/**
 * `nn.BatchNorm` in inference: (x - running_mean) / sqrt(running_var + epsilon) * gamma + beta. Parameters `gamma`,
 * `beta`, `running_mean` and `running_var`, one number a channel.
 * @throws XnorkitError `bad-option` for an option that it does not have.
 */
export function batchNorm(options: BatchNormOptions = {}): Block {
  const { scale = true, epsilon = 1e-5 } = layerOptions("batchNorm", ["scale", "epsilon"], options);
  return {
    type: "BatchNorm",
    forward: (scope, input) =>
      scope.add(
        {
          kind: "batchNorm",
          gamma: scope.parameter("gamma"),
          beta: scope.parameter("beta"),
          mean: scope.parameter("running_mean"),
          variance: scope.parameter("running_var"),
          epsilon,
          fixGamma: !scale,
        },
        [input],
      ),
  };
}

/** `nn.Activation("relu")`. */
export function relu(): Block {
  return layer("Activation", { kind: "relu" });
}

/**
 * `nn.Activation(type)`: relu, sigmoid, tanh, softrelu or softsign.
 * @throws XnorkitError `bad-option` for another one.
 */
export function activation(type: "relu" | ActivationNode["function"]): Block {
  choiceArgument("activation", "the type", ["relu", "sigmoid", "tanh", "softrelu", "softsign"], type);
  return type === "relu" ? relu() : layer("Activation", { kind: "activation", function: type });
}

/** Options of poolings: floor mode, gluon's default. */
export interface PoolOptions {
  /** Default 2. */
  readonly poolSize?: Size;
  /** Default the pool's size. */
  readonly strides?: Size;
  /** Default 0. */
  readonly padding?: PaddingSize;
}

/** `nn.MaxPool2D`, minus infinity around the map. @throws XnorkitError `bad-option` for an option it does not have. */
export function maxPool2d(options: PoolOptions = {}): Block {
  const {
    poolSize = 2,
    strides = poolSize,
    padding = 0,
  } = layerOptions("maxPool2d", ["poolSize", "strides", "padding"], options);
  return layer("MaxPool2D", {
    kind: "maxPool",
    kernel: pair(poolSize),
    stride: pair(strides),
    padding: paddingOf(padding),
  });
}

/** Options of `avgPool2d`. */
export interface AvgPoolOptions extends PoolOptions {
  /** Whether padded pixels count in the divisor; default true, as in gluon. */
  readonly countIncludePad?: boolean;
}

/** `nn.AvgPool2D`. @throws XnorkitError `bad-option` for an option that it does not have. */
export function avgPool2d(options: AvgPoolOptions = {}): Block {
  const {
    poolSize = 2,
    strides = poolSize,
    padding = 0,
    countIncludePad = true,
  } = layerOptions("avgPool2d", ["poolSize", "strides", "padding", "countIncludePad"], options);
  return layer("AvgPool2D", {
    kind: "avgPool",
    kernel: pair(poolSize),
    stride: pair(strides),
    padding: paddingOf(padding),
    countIncludePad,
  });
}

/** `nn.GlobalAvgPool2D`: the mean over height and width. */
export function globalAvgPool2d(): Block {
  return layer("GlobalAvgPool2D", { kind: "globalAvgPool" });
}

/** `nn.Flatten`: all axes but the first become one. */
export function flatten(): Block {
  return layer("Flatten", { kind: "flatten" });
}

/** Options of `dense`. */
export interface DenseOptions {
  readonly units: number;
  /** Default true, as in gluon. */
  readonly useBias?: boolean;
}

/**
 * `nn.Dense`: x W^T + bias, a map being flattened first as gluon does. Parameters `weight` [units, inputs] and, with
 * `useBias`, `bias` [units].
 * @throws XnorkitError `bad-option` for an option that it does not have.
 */
export function dense(options: DenseOptions): Block {
  const { units, useBias = true } = layerOptions("dense", ["units", "useBias"], options);
  return {
    type: "Dense",
    forward(scope, input) {
      const bias = useBias ? scope.parameter("bias") : null;
      return scope.add({ kind: "dense", weight: scope.parameter("weight"), bias, units }, [flattened(scope, input)]);
    },
  };
}

/** `contrib.nn.Identity`. */
export function identity(): Block {
  return { type: "Identity", forward: (_, input) => input };
}

/**
 * `contrib.nn.HybridConcurrent(axis=1)`: all blocks, registered as "0", "1", ... or under names of their own, read the
 * input; their channels are joined.
 */
export function hybridConcurrent(blocks: Blocks): Block {
  const named = namedBlocks("HybridConcurrent", blocks);
  return {
    type: "HybridConcurrent",
    forward(scope, input) {
      const values = named.map(([name, block]) => scope.child(name, block, input));
      return scope.add({ kind: "concat" }, values, "concat");
    },
  };
}
