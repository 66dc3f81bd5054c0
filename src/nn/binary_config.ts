/**
 * The binary layer configuration of BMXNet v2 (`nn.set_binary_layer_config`, python/mxnet/gluon/nn/binary_layers.py):
 * how many bits and which quantisers a binary layer gets that is built under it.
 */
import { objectArgument, refuseArgument } from "../arguments.js";
import { XnorkitError } from "../errors.js";
import type { ActivationQuantizer, WeightQuantizer } from "../graph/types.js";

/**
 * Which class `activatedConv` builds: BinaryConvolution, ScaledWeightsBinaryConv (binet) or ScaledBinaryConv (xnor).
 */
export type Approximation = "" | "binet" | "xnor";

/** How binary layers are built: BMXNet v2's binary layer configuration (`set_binary_layer_config`), complete. */
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

/**
 * What a caller sets; what is left out (or null, Python's None) keeps its value. Methods are plain strings, since
 * BMXNet replaces illegal ones.
 */
export interface BinaryOptions {
  readonly bits?: number | null;
  readonly bitsA?: number | null;
  readonly activation?: string | null;
  readonly weightQuantization?: string | null;
  readonly approximation?: string | null;
  readonly gradCancel?: number | null;
}

/** The configuration that holds if none is set. */
export const defaultBinaryConfig: BinaryConfig = /* @__PURE__ */ Object.freeze({
  bits: 1,
  bitsA: 1,
  activation: "det_sign",
  weightQuantization: "det_sign",
  approximation: "",
  gradCancel: 1,
});

const approximations: readonly Approximation[] = ["", "binet", "xnor"];

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

function checkBits(option: string, bits: number): void {
  if (Number.isInteger(bits) && bits >= 1 && bits <= 32) return;
  throw new XnorkitError("bad-option", `${option} is ${String(bits)}: it must be an integer from 1 to 32`);
}

interface Resolved {
  readonly config: BinaryConfig;
  readonly warnings: readonly string[];
}

function resolve(options: BinaryOptions, base: BinaryConfig): Resolved {
  objectArgument("a binary layer configuration", "what is given", "an object of options", options);
  objectArgument("a binary layer configuration", "the base", "a BinaryConfig", base);
  const warnings: string[] = [];
  function legalOr<T extends string>(method: string, legal: readonly T[], problem: (replacement: T) => string): T {
    const found = legal.find((candidate) => candidate === method);
    if (found === undefined) warnings.push(problem(legal[0]));
    return found ?? legal[0];
  }

  const bits = options.bits ?? base.bits;
  const bitsA = options.bitsA ?? base.bitsA;
  const gradCancel = options.gradCancel ?? base.gradCancel;
  checkBits("bits", bits);
  checkBits("bitsA", bitsA);
  if (typeof gradCancel !== "number" || Number.isNaN(gradCancel)) {
    throw new XnorkitError("bad-option", `gradCancel is ${String(gradCancel)}: it must be a number`);
  }
  const activation = options.activation ?? base.activation;
  const weightQuantization = options.weightQuantization ?? base.weightQuantization;
  const approximation = options.approximation ?? base.approximation;
  const config = Object.freeze({
    bits,
    bitsA,
    activation: legalOr(
      activation,
      legalActivations(bitsA),
      (replacement) =>
        `activation ${activation} does not exist for bitsA ${bitsA}: ${replacement} is used, as in BMXNet`,
    ),
    weightQuantization: legalOr(
      weightQuantization,
      legalWeightQuantizers(bits),
      (replacement) =>
        `weightQuantization ${weightQuantization} does not exist for bits ${bits}: ${replacement} is used, as in ` +
        "BMXNet",
    ),
    approximation: legalOr(
      approximation,
      approximations,
      () => `approximation "${approximation}" is unknown: none is used, as in BMXNet`,
    ),
    gradCancel,
  });
  return { config, warnings };
}

let current = defaultBinaryConfig;

/**
 * The configuration that a layer gets which is built now: the default, or that of the enclosing
 * `withBinaryLayerConfig`.
 */
export function currentBinaryConfig(): BinaryConfig {
  return current;
}

/**
 * The configuration that BMXNet makes of the given options, the rest as in `base` (by default what holds now: 1/1 bits,
 * det_sign, no approximation, unless within `withBinaryLayerConfig`). A method that is illegal for its bit width is
 * replaced by that width's default (2 bits: round and dorefa; 32 bits: relu and identity), and an unknown approximation
 * means none, silently as in BMXNet; `configWarnings` tells.
 * @throws XnorkitError `bad-option` if a number of bits is not an integer from 1 to 32, or gradCancel not a number.
 */
export function binaryConfig(options: BinaryOptions = {}, base: BinaryConfig = current): BinaryConfig {
  return resolve(options, base).config;
}

/**
 * What `binaryConfig` replaces, one sentence each; empty if the options are legal.
 * @throws XnorkitError as `binaryConfig`.
 */
export function configWarnings(options: BinaryOptions = {}, base: BinaryConfig = current): readonly string[] {
  return resolve(options, base).warnings;
}

/**
 * Builds under a configuration, as `with nn.set_binary_layer_config(...):` does: layers and networks that `build` makes
 * take it if they are not given another. Configurations nest, and what an inner one leaves out it keeps from the outer
 * one. `build` must be synchronous: the configuration before is back when it returns or throws.
 * @throws XnorkitError as `binaryConfig`, and what `build` throws.
 */
export function withBinaryLayerConfig<T>(config: BinaryOptions, build: () => T): T {
  if (typeof build !== "function") refuseArgument("withBinaryLayerConfig", "build", "a function", build);
  const outer = current;
  current = binaryConfig(config, outer);
  try {
    return build();
  } finally {
    current = outer;
  }
}

/**
 * Checks the method that a layer was given together with its own number of bits, which BMXNet does not repair.
 * @throws XnorkitError `bad-option` if BMXNet raises an AssertionError.
 */
export function checkActivation(layer: string, method: string, bits: number): ActivationQuantizer {
  checkBits(`bits of ${layer}`, bits);
  return requireLegal(layer, method, bits, legalActivations(bits));
}

/** As `checkActivation`, for weights. */
export function checkWeightQuantizer(layer: string, method: string, bits: number): WeightQuantizer {
  checkBits(`bits of ${layer}`, bits);
  return requireLegal(layer, method, bits, legalWeightQuantizers(bits));
}

function requireLegal<T extends string>(layer: string, method: string, bits: number, legal: readonly T[]): T {
  const found = legal.find((candidate) => candidate === method);
  if (found !== undefined) return found;
  throw new XnorkitError(
    "bad-option",
    `${layer} with bits ${bits} cannot use the method ${method}, and BMXNet repairs no explicit argument: use ` +
      `${legal.join(" or ")}` +
      " (state the method too, or set both in the binary layer configuration)",
  );
}
