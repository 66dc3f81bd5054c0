/** Gluon's float layers as blocks, with gluon's defaults and class names (python/mxnet/gluon/nn). */
import type { Block } from "../graph/builder.js";
import { layer, pair } from "./layer.js";

/** Blocks one after the other, registered as "0", "1", ... */
export function hybridSequential(blocks: readonly Block[]): Block {
  return {
    type: "HybridSequential",
    forward: (scope, input) => blocks.reduce((value, block, index) => scope.child(String(index), block, value), input),
  };
}

export interface Conv2dOptions {
  readonly channels: number;
  readonly kernelSize: number;
  readonly stride?: number;
  readonly padding?: number;
  readonly groups?: number;
}

/** `nn.Conv2D(..., use_bias=False)`: none of the networks has a convolution with bias. */
export function conv2d({ channels, kernelSize, stride = 1, padding = 0, groups = 1 }: Conv2dOptions): Block {
  return {
    type: "Conv2D",
    forward: (scope, input) =>
      scope.add(
        {
          kind: "conv2d",
          weight: scope.parameter("weight"),
          channels,
          kernel: pair(kernelSize),
          stride: pair(stride),
          padding: pair(padding),
          dilation: pair(1),
          groups,
          bias: null,
        },
        [input],
      ),
  };
}

/**
 * `nn.BatchNorm(scale, epsilon)`: with scale false MXNet's operator takes gamma as 1 whatever the file says
 * (fix_gamma).
 */
export function batchNorm({ scale = true, epsilon = 1e-5 } = {}): Block {
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

export function maxPool2d(poolSize: number, stride: number, padding: number): Block {
  return layer("MaxPool2D", {
    kind: "maxPool",
    kernel: pair(poolSize),
    stride: pair(stride),
    padding: pair(padding),
  });
}

/** `nn.AvgPool2D`: floor mode, padded taps count (gluon's default). */
export function avgPool2d(poolSize: number, stride: number, padding: number): Block {
  return layer("AvgPool2D", {
    kind: "avgPool",
    kernel: pair(poolSize),
    stride: pair(stride),
    padding: pair(padding),
    countIncludePad: true,
  });
}

export function globalAvgPool2d(): Block {
  return layer("GlobalAvgPool2D", { kind: "globalAvgPool" });
}

export function flatten(): Block {
  return layer("Flatten", { kind: "flatten" });
}

/** `nn.Dense(units)`, with bias. */
export function dense(units: number): Block {
  return {
    type: "Dense",
    forward: (scope, input) =>
      scope.add({ kind: "dense", weight: scope.parameter("weight"), bias: scope.parameter("bias"), units }, [input]),
  };
}

/** `contrib.nn.Identity`. */
export function identity(): Block {
  return { type: "Identity", forward: (_, input) => input };
}

/**
 * `contrib.nn.HybridConcurrent(axis=1)`: all blocks, registered as "0", "1", ..., read the input; their channels are
 * joined.
 */
export function hybridConcurrent(blocks: readonly Block[]): Block {
  return {
    type: "HybridConcurrent",
    forward(scope, input) {
      const values = blocks.map((block, index) => scope.child(String(index), block, input));
      return scope.add({ kind: "concat" }, values, "concat");
    },
  };
}
