/**
 * BMXNet v2's layers (python/mxnet/gluon/nn/binary_layers.py): QActivation, QConv2D, QDense, and `activated_conv`, the
 * factory that builds a quantised convolution with its activation, so that a network is written once for every variant.
 * What a layer is not given it takes from the binary layer configuration that holds when it is built.
 */
import { objectArgument } from "../arguments.js";
import { XnorkitError } from "../errors.js";
import type { Block, Scope } from "../graph/builder.js";
import { formatShape, sameShape } from "../tensor.js";
import {
  type Approximation,
  type BinaryConfig,
  type BinaryOptions,
  binaryConfig,
  checkActivation,
  checkWeightQuantizer,
} from "./binary_config.js";
import { flattened, layer, layerOptions, type PaddingSize, paddingOf, pair, type Size } from "./layer.js";
import { checkInputChannels } from "./ports.js";

/** Options of `qActivation`; what is left out comes from the binary layer configuration. */
export interface QActivationOptions {
  readonly bits?: number;
  /** Threshold of the gradient; the identity in inference. */
  readonly threshold?: number;
  readonly method?: string;
}

/**
 * `nn.QActivation(bits, threshold, method)`: quantises its input; no parameters.
 * @throws XnorkitError `bad-option` if the method does not exist for the number of bits (AssertionError in BMXNet).
 */
export function qActivation(options: QActivationOptions = {}, binary: BinaryOptions = {}): Block {
  const config = binaryConfig(binary);
  layerOptions("qActivation", ["bits", "threshold", "method"], options);
  const bits = options.bits ?? config.bitsA;
  const method = checkActivation("QActivation", options.method ?? config.activation, bits);
  return {
    type: "QActivation",
    forward: (scope, input) => scope.add({ kind: "quantize", method, bits }, [input]),
  };
}

/** Options of `qConv2d`; `bits` and `quantization` come from the binary layer configuration where they are left out. */
export interface QConv2dOptions {
  readonly channels: number;
  readonly kernelSize: Size;
  readonly bits?: number;
  /** Default 1. */
  readonly strides?: Size;
  /** Default 0. */
  readonly padding?: PaddingSize;
  /** Default 1. */
  readonly dilation?: Size;
  /** Default 1. */
  readonly groups?: number;
  /** 0 takes what the input has. */
  readonly inChannels?: number;
  /** The weight quantiser. */
  readonly quantization?: string;
  readonly noOffset?: boolean;
  /** Times the mean |W| of each output channel; there is no offset then. */
  readonly applyScaling?: boolean;
}

const QCONV_OPTIONS: readonly (keyof QConv2dOptions)[] = [
  ...(["channels", "kernelSize", "bits", "strides", "padding", "dilation", "groups"] as const),
  ...(["inChannels", "quantization", "noOffset", "applyScaling"] as const),
];

/**
 * `nn.QConv2D`: h = conv(x, Q(W)), the map padded with -1 whatever its values are; then times mean |W[o]| with
 * `applyScaling`, else (h + K) / 2 if the weights have 1 bit, K = inputs / groups * kernel area. It does not quantise
 * its input. One parameter: `weight`.
 * @throws XnorkitError `bad-option` if the quantiser does not exist for the number of bits (AssertionError in BMXNet);
 *   when built, `bad-shape` if inChannels is not what the input has.
 */
export function qConv2d(options: QConv2dOptions, binary: BinaryOptions = {}): Block {
  const config = binaryConfig(binary);
  layerOptions("qConv2d", QCONV_OPTIONS, options);
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
          padding: paddingOf(padding),
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

/** Options of `qDense`. */
export interface QDenseOptions {
  readonly units: number;
  readonly noOffset?: boolean;
}

/**
 * `nn.QDense(units)`: h = x Q(W)^T on the flattened input, then (h + inputs) / 2 unless `noOffset`, whatever the number
 * of bits (QConv2D has the offset at 1 bit only). It does not quantise its input and has no bias.
 * @throws XnorkitError `bad-option` for a bias or an activation, which BMXNet refuses (ValueError).
 */
export function qDense(options: QDenseOptions, binary: BinaryOptions = {}): Block {
  const config = binaryConfig(binary);
  objectArgument("qDense", "options", "an object", options);
  for (const refused of ["useBias", "activation"]) {
    if (!(options as unknown as Readonly<Record<string, unknown>>)[refused]) continue;
    throw new XnorkitError(
      "bad-option",
      `QDense has no ${refused === "useBias" ? "bias" : refused}: leave ${refused} out`,
    );
  }
  layerOptions("qDense", ["units", "noOffset"], options);
  return {
    type: "QDense",
    forward(scope, input) {
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
        [flattened(scope, input)],
      );
    },
  };
}

/** Options of `activatedConv`, as BMXNet's factory has them: no groups. */
export interface ActivatedConvOptions {
  readonly channels: number;
  readonly kernelSize?: number;
  readonly stride?: number;
  readonly padding?: number;
  /** 0 takes what the input has. */
  readonly inChannels?: number;
  readonly dilation?: number;
}

type Variant = (options: Required<ActivatedConvOptions>, config: BinaryConfig) => Block;

const OPTION_NAMES: readonly (keyof ActivatedConvOptions)[] = [
  "channels",
  "kernelSize",
  "stride",
  "padding",
  "inChannels",
  "dilation",
];

/** QConv(QAct(x)) as children `qact` and `qconv`. */
function quantisedConvolution(
  { stride: strides, ...options }: Required<ActivatedConvOptions>,
  config: BinaryConfig,
  applyScaling: boolean,
): (scope: Scope, input: string) => string {
  const activation = qActivation({}, config);
  const convolution = qConv2d({ ...options, strides, applyScaling }, config);
  return (scope, input) => scope.child("qconv", convolution, scope.child("qact", activation, input));
}

/** No scale: with 1-bit weights and activations the XNOR popcount 0..K. */
const binaryConvolution: Variant = (options, config) => ({
  type: "BinaryConvolution",
  forward: quantisedConvolution(options, config, false),
});

/** Times the mean |W| of each output channel. */
const scaledWeightsBinaryConv: Variant = (options, config) => ({
  type: "ScaledWeightsBinaryConv",
  forward: quantisedConvolution(options, config, true),
});

/**
 * XNOR-Net (arXiv 1603.05279): times the mean |W| of each output channel and the magnitude of the input at each place.
 */
const scaledBinaryConv: Variant = (options, config) => {
  const convolution = quantisedConvolution(options, config, true);
  return {
    type: "ScaledBinaryConv",
    forward(scope, input) {
      const y = convolution(scope, input);
      const magnitude = inputMagnitude(scope, input, options);
      const [places, outputs] = [magnitude, y].map((value) => scope.shape(value).slice(2));
      if (!sameShape(places, outputs)) {
        throw new XnorkitError(
          "bad-shape",
          `layer ${scope.path} with approximation xnor and dilation ${options.dilation} gives ` +
            `${formatShape(outputs)} places, but its` +
            ` map of input magnitudes has ${formatShape(places)}: BMXNet does not dilate that map, use dilation 1`,
        );
      }
      return scope.add({ kind: "mul" }, [y, magnitude], "mul");
    },
  };
};

/**
 * K: the mean over the channels of |x|, then its mean under the kernel with zeros around the map, which is BMXNet's
 * convolution with the constant 1 / k^2. The raw input is read, not the quantised one.
 */
function inputMagnitude(scope: Scope, input: string, options: Required<ActivatedConvOptions>): string {
  const { kernelSize, stride, padding } = options;
  const magnitude = scope.add({ kind: "absMean" }, [input], "abs_mean");
  // Pooling takes no padding as wide as its kernel, a convolution does.
  const wide = padding >= kernelSize;
  const sides = { top: padding, left: padding, bottom: padding, right: padding };
  const padded = wide ? scope.add({ kind: "pad", ...sides, value: 0 }, [magnitude], "pad") : magnitude;
  return scope.add(
    {
      kind: "avgPool",
      kernel: pair(kernelSize),
      stride: pair(stride),
      padding: pair(wide ? 0 : padding),
      countIncludePad: true,
    },
    [padded],
    "k",
  );
}

const variants: { readonly [A in Approximation]: Variant } = {
  "": binaryConvolution,
  binet: scaledWeightsBinaryConv,
  xnor: scaledBinaryConv,
};

/**
 * The quantised convolution that the configuration asks for, with gluon's defaults: kernel 3, stride 1, no padding, no
 * dilation. By `approximation`: BinaryConvolution, ScaledWeightsBinaryConv ("binet") or ScaledBinaryConv ("xnor").
 * Children: `qact` and `qconv`. Source: BMXNet v2 python/mxnet/gluon/nn/binary_layers.py.
 * @throws XnorkitError `bad-option` for another option (BMXNet takes no groups here either); when built, `bad-shape` if
 *   the map of input magnitudes of xnor does not fit, as with dilation.
 */
export function activatedConv(options: ActivatedConvOptions, binary: BinaryOptions = {}): Block {
  const config = binaryConfig(binary);
  layerOptions("activatedConv", OPTION_NAMES, options);
  const defaults = { kernelSize: 3, stride: 1, padding: 0, inChannels: 0, dilation: 1 };
  return variants[config.approximation]({ ...defaults, ...options }, config);
}

/** `ChannelShuffle` of BMXNet v2's binary_models/common_layers.py. */
export function channelShuffle(groups: number): Block {
  return layer("ChannelShuffle", { kind: "channelShuffle", groups });
}
