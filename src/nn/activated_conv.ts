/**
 * `nn.activated_conv` of BMXNet v2: the factory that builds a quantised convolution with its activation from the binary layer
 * configuration, so that a network is written once for every variant.
 */
import { XnorkitError } from "../errors.js";
import type { Block, Scope } from "../graph/builder.js";
import { describeClosest, quoteName } from "../graph/suggest.js";
import type { Pair } from "../graph/types.js";
import { formatShape, sameShape } from "../tensor.js";
import { type Approximation, type BinaryConfig, currentBinaryConfig } from "./binary_config.js";
import { qActivation, qConv2d } from "./binary_layers.js";

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

/** XNOR-Net (arXiv 1603.05279): times the mean |W| of each output channel and the magnitude of the input at each place. */
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
          `layer ${scope.path} with approximation xnor and dilation ${options.dilation} gives ${formatShape(outputs)} places, but its` +
            ` map of input magnitudes has ${formatShape(places)}: BMXNet does not dilate that map, use dilation 1`,
        );
      }
      return scope.add({ kind: "mul" }, [y, magnitude], "mul");
    },
  };
};

/**
 * K: the mean over the channels of |x|, then its mean under the kernel with zeros around the map, which is BMXNet's convolution
 * with the constant 1 / k^2. The raw input is read, not the quantised one.
 */
function inputMagnitude(scope: Scope, input: string, options: Required<ActivatedConvOptions>): string {
  const { kernelSize, stride, padding } = options;
  const both = (size: number): Pair => [size, size];
  const magnitude = scope.add({ kind: "absMean" }, [input], "abs_mean");
  // Pooling takes no padding as wide as its kernel, a convolution does.
  const wide = padding >= kernelSize;
  const sides = { top: padding, left: padding, bottom: padding, right: padding };
  const padded = wide ? scope.add({ kind: "pad", ...sides, value: 0 }, [magnitude], "pad") : magnitude;
  return scope.add(
    {
      kind: "avgPool",
      kernel: both(kernelSize),
      stride: both(stride),
      padding: both(wide ? 0 : padding),
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
 * The quantised convolution that the configuration asks for, with gluon's defaults: kernel 3, stride 1, no padding, no dilation.
 * By `approximation`: BinaryConvolution, ScaledWeightsBinaryConv ("binet") or ScaledBinaryConv ("xnor"). Children: `qact` and
 * `qconv`. Source: BMXNet v2 python/mxnet/gluon/nn/binary_layers.py.
 * @throws XnorkitError `bad-option` for another option (BMXNet takes no groups here either); when built, `bad-shape` where the
 * map of input magnitudes of xnor does not fit, as with dilation.
 */
export function activatedConv(options: ActivatedConvOptions, config: BinaryConfig = currentBinaryConfig()): Block {
  const unknown = Object.keys(options).find((key) => !OPTION_NAMES.some((name) => name === key));
  if (unknown !== undefined) {
    throw new XnorkitError(
      "bad-option",
      `activatedConv has no option ${quoteName(unknown)}: ${describeClosest(unknown, OPTION_NAMES)}`,
    );
  }
  const defaults = { kernelSize: 3, stride: 1, padding: 0, inChannels: 0, dilation: 1 };
  return variants[config.approximation]({ ...defaults, ...options }, config);
}
