/**
 * BMXNet v2's binary layers (python/mxnet/gluon/nn/binary_layers.py): QActivation, QConv2D and QDense. What a layer is not given
 * it takes from the binary layer configuration that holds when it is built.
 */
import { XnorkitError } from "../errors.js";
import type { Block, Scope } from "../graph/builder.js";
import type { Pair } from "../graph/types.js";
import { formatShape } from "../tensor.js";
import { type BinaryConfig, checkActivation, checkWeightQuantizer, currentBinaryConfig } from "./binary_config.js";

export interface QActivationOptions {
  readonly bits?: number;
  /** Threshold of the gradient; the identity in inference. */
  readonly threshold?: number;
  readonly method?: string;
}

/**
 * `nn.QActivation(bits, threshold, method)`: quantises its input; no parameters.
 * @throws XnorkitError `bad-option` where the method does not exist for the number of bits (AssertionError in BMXNet).
 */
export function qActivation(options: QActivationOptions = {}, config: BinaryConfig = currentBinaryConfig()): Block {
  const bits = options.bits ?? config.bitsA;
  const method = checkActivation("QActivation", options.method ?? config.activation, bits);
  return {
    type: "QActivation",
    forward: (scope, input) => scope.add({ kind: "quantize", method, bits }, [input]),
  };
}

/** One number for both axes, or height and width. */
export type Size = number | Pair;

function pair(size: Size): Pair {
  return typeof size === "number" ? [size, size] : size;
}

export interface QConv2dOptions {
  readonly channels: number;
  readonly kernelSize: Size;
  readonly bits?: number;
  readonly strides?: Size;
  readonly padding?: Size;
  readonly dilation?: Size;
  readonly groups?: number;
  /** 0 takes what the input has. */
  readonly inChannels?: number;
  /** The weight quantiser. */
  readonly quantization?: string;
  readonly noOffset?: boolean;
  /** Times the mean |W| of each output channel; there is no offset then. */
  readonly applyScaling?: boolean;
}

/**
 * `nn.QConv2D`: h = conv(x, Q(W)), the map padded with -1 whatever its values are; then times mean |W[o]| with `applyScaling`, else
 * (h + K) / 2 where the weights have 1 bit, K = inputs / groups * kernel area. It does not quantise its input. One parameter:
 * `weight`.
 * @throws XnorkitError `bad-option` where the quantiser does not exist for the number of bits (AssertionError in BMXNet); when
 * built, `bad-shape` where inChannels is not what the input has.
 */
export function qConv2d(options: QConv2dOptions, config: BinaryConfig = currentBinaryConfig()): Block {
  const { channels, kernelSize, strides = 1, padding = 0, dilation = 1, groups = 1 } = options;
  const { inChannels = 0, noOffset = false, applyScaling = false } = options;
  const bits = options.bits ?? config.bits;
  const quantizer = checkWeightQuantizer("QConv2D", options.quantization ?? config.weightQuantization, bits);
  return {
    type: "QConv2D",
    forward(scope, input) {
      checkInputChannels(scope, input, inChannels);
      return scope.add(
        {
          kind: "binaryConv2d",
          weight: scope.parameter("weight"),
          channels,
          kernel: pair(kernelSize),
          stride: pair(strides),
          padding: pair(padding),
          dilation: pair(dilation),
          groups,
          padValue: -1,
          quantizer,
          bits,
          scaling: applyScaling ? "channel" : "none",
          offset: bits === 1 && !applyScaling && !noOffset,
        },
        [input],
      );
    },
  };
}

function checkInputChannels(scope: Scope, input: string, expected: number): void {
  const shape = scope.shape(input);
  if (expected === 0 || shape[1] === expected) return;
  throw new XnorkitError(
    "bad-shape",
    `layer ${scope.path} was given inChannels ${expected}, but ${input} is ${formatShape(shape)}`,
  );
}

export interface QDenseOptions {
  readonly units: number;
  readonly noOffset?: boolean;
}

/**
 * `nn.QDense(units)`: h = x Q(W)^T on the flattened input, then (h + inputs) / 2 unless `noOffset`, whatever the number of bits
 * (QConv2D has the offset at 1 bit only). It does not quantise its input and has no bias.
 * @throws XnorkitError `bad-option` for a bias or an activation, which BMXNet refuses (ValueError).
 */
export function qDense(options: QDenseOptions, config: BinaryConfig = currentBinaryConfig()): Block {
  for (const refused of ["useBias", "activation"]) {
    if (!(options as unknown as Readonly<Record<string, unknown>>)[refused]) continue;
    throw new XnorkitError(
      "bad-option",
      `QDense has no ${refused === "useBias" ? "bias" : refused}: leave ${refused} out`,
    );
  }
  return {
    type: "QDense",
    forward(scope, input) {
      const isFlat = scope.shape(input).length === 2;
      const rows = isFlat ? input : scope.add({ kind: "flatten" }, [input], "flatten");
      return scope.add(
        {
          kind: "binaryDense",
          weight: scope.parameter("weight"),
          bias: null,
          units: options.units,
          quantizer: config.weightQuantization,
          bits: config.bits,
          offset: options.noOffset !== true,
        },
        [rows],
      );
    },
  };
}
