/**
 * `nn.activated_conv` of BMXNet v2: the factory that builds a quantised convolution with its activation from the binary layer
 * configuration, so that a network is written once for every variant.
 */
import { XnorkitError } from "../errors.js";
import type { Block } from "../graph/builder.js";
import type { Approximation, BinaryConfig } from "./binary_config.js";
import { qActivation, qConv2d } from "./layers.js";

export interface ActivatedConvOptions {
  readonly channels: number;
  readonly kernelSize?: number;
  readonly stride?: number;
  readonly padding?: number;
  readonly dilation?: number;
}

type Variant = (options: Required<ActivatedConvOptions>, config: BinaryConfig) => Block;

function unsupported(option: string, value: unknown, supported: string): never {
  throw new XnorkitError(
    "unsupported",
    `${option} ${JSON.stringify(value)} is not computed by this version: use ${supported}`,
  );
}

function checkOneBit(config: BinaryConfig): void {
  if (config.bits !== 1) unsupported("bits", config.bits, "1 weight bit");
  if (config.bitsA !== 1) unsupported("bitsA", config.bitsA, "1 activation bit");
  if (config.activation === "round") unsupported("activation", config.activation, "det_sign or sign_approx_sign");
}

/** QConv(QAct(x)), no scale: with 1-bit weights the XNOR popcount 0..K. */
const binaryConvolution: Variant = (options, config) => {
  checkOneBit(config);
  return {
    type: "BinaryConvolution",
    forward(scope, input) {
      const quantised = scope.child("qact", qActivation(config.activation, config.bitsA), input);
      const convolution = qConv2d({
        ...options,
        bits: config.bits,
        quantization: config.weightQuantization,
        applyScaling: false,
      });
      return scope.child("qconv", convolution, quantised);
    },
  };
};

/** By `approximation`; binet is ScaledWeightsBinaryConv, xnor is ScaledBinaryConv. */
const variants: { readonly [A in Approximation]: Variant } = {
  "": binaryConvolution,
  binet: () => unsupported("approximation", "binet", '""'),
  xnor: () => unsupported("approximation", "xnor", '""'),
};

/**
 * The quantised convolution that the configuration asks for, with gluon's defaults: kernel 3, stride 1, no padding, no dilation.
 * Children: `qact` and `qconv`. Source: BMXNet v2 python/mxnet/gluon/nn/binary_layers.py.
 * @throws XnorkitError `unsupported` that names the option where a variant is not computed.
 */
export function activatedConv(options: ActivatedConvOptions, config: BinaryConfig): Block {
  return variants[config.approximation]({ kernelSize: 3, stride: 1, padding: 0, dilation: 1, ...options }, config);
}
