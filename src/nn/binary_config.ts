/**
 * The binary layer configuration of BMXNet v2 (`nn.set_binary_layer_config`, python/mxnet/gluon/nn/binary_layers.py): how many
 * bits and which quantisers a binary layer gets that is built under it.
 */
import { XnorkitError } from "../errors.js";
import type { ActivationQuantizer, WeightQuantizer } from "../graph/types.js";

/** Which class `activatedConv` builds: BinaryConvolution, ScaledWeightsBinaryConv (binet) or ScaledBinaryConv (xnor). */
export type Approximation = "" | "binet" | "xnor";

export interface BinaryConfig {
  /** Weight bits, 1 to 32. */
  readonly bits: number;
  /** Activation bits, 1 to 32. */
  readonly bitsA: number;
  readonly activation: ActivationQuantizer;
  readonly weightQuantization: WeightQuantizer;
  readonly approximation: Approximation;
  /** Gradients pass where |x| is at most this; the identity in inference. */
  readonly gradCancel: number;
}

/** What a caller sets; what is left out keeps its default. Methods are plain strings, since BMXNet replaces illegal ones. */
export interface BinaryOptions {
  readonly bits?: number;
  readonly bitsA?: number;
  readonly activation?: string;
  readonly weightQuantization?: string;
  readonly approximation?: string;
  readonly gradCancel?: number;
}

/** Legal methods by bit width; the first replaces an illegal one. */
function legalActivations(bits: number): readonly ActivationQuantizer[] {
  if (bits === 1) return ["det_sign", "sign_approx_sign", "round"];
  if (bits === 32) return ["relu", "identity", "approx_sign", "clip", "leaky_clip"];
  return ["round", "dorefa"];
}

function legalWeightQuantizers(bits: number): readonly WeightQuantizer[] {
  if (bits === 1) return ["det_sign", "sign_approx_sign"];
  if (bits === 32) return ["identity"];
  return ["dorefa"];
}

function legalOrFirst<T extends string>(method: string, legal: readonly T[]): T {
  return legal.find((candidate) => candidate === method) ?? legal[0];
}

function checkBits(option: string, bits: number): void {
  if (Number.isInteger(bits) && bits >= 1 && bits <= 32) return;
  throw new XnorkitError("bad-option", `${option} is ${bits}: it must be an integer from 1 to 32`);
}

/**
 * The configuration that BMXNet makes of the given options: defaults 1/1 bits, det_sign, no approximation. A method that is
 * illegal for its bit width is replaced by that width's default (2 bits: round and dorefa; 32 bits: relu and identity), and an
 * unknown approximation means none, both silently, as in BMXNet.
 * @throws XnorkitError `bad-option` where a number of bits is not an integer from 1 to 32, or gradCancel not a number.
 */
export function binaryConfig(options: BinaryOptions = {}): BinaryConfig {
  const {
    bits = 1,
    bitsA = 1,
    activation = "det_sign",
    weightQuantization = "det_sign",
    approximation = "",
    gradCancel = 1,
  } = options;
  checkBits("bits", bits);
  checkBits("bitsA", bitsA);
  if (typeof gradCancel !== "number" || Number.isNaN(gradCancel)) {
    throw new XnorkitError("bad-option", `gradCancel is ${gradCancel}: it must be a number`);
  }
  return Object.freeze({
    bits,
    bitsA,
    activation: legalOrFirst(activation, legalActivations(bitsA)),
    weightQuantization: legalOrFirst(weightQuantization, legalWeightQuantizers(bits)),
    approximation: legalOrFirst<Approximation>(approximation, ["", "binet", "xnor"]),
    gradCancel,
  });
}
