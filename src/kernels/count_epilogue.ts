/** What turns the counts of a binary convolution into numbers or signs: the parameters of epilogues and thresholds. */

import { mapStride } from "../abi/sizes.js";
import { optionsArgument, refuseArgument } from "../arguments.js";
import { type Affine, batchNormAffine, compose, countAffine, countThresholds } from "../compiler/affine.js";
import { countedFrom, countOrigin } from "../compiler/centers.js";
import { XnorkitError } from "../errors.js";
import { numbersArgument, objectOf, sizeArgument } from "./packing.js";

/** A batch norm in inference, one number a channel: (x - mean) / sqrt(variance + epsilon) * gamma + beta. */
export interface ChannelBatchNorm {
  readonly mean: ArrayLike<number>;
  readonly variance: ArrayLike<number>;
  /** 1 if absent. */
  readonly gamma?: ArrayLike<number>;
  /** 0 if absent. */
  readonly beta?: ArrayLike<number>;
  /** Default 1e-5. */
  readonly epsilon?: number;
}

/** What the counts of a layer stand for, and what follows them. */
export interface CountEpilogueOptions {
  /** Output channels. */
  readonly channels: number;
  /** K, the products of a sum: kernel area * input channels. */
  readonly terms: number;
  /** False, the default: dot = K - 2 * count. True: the XNOR popcount (dot + K) / 2 = K - count, as BMXNet gives. */
  readonly offset?: boolean;
  /** A factor a channel on the dot product, as the mean |W| of XNOR-Net. */
  readonly scale?: ArrayLike<number>;
  /** Counts are twice the mismatches, as tableConvZeroBorder leaves them for an odd number of input channels. */
  readonly doubled?: boolean;
  readonly batchNorm?: ChannelBatchNorm;
}

/** Parameters as kernels read them. */
export interface CountEpilogue {
  /**
   * epilogueI32 and epilogueU16: v = scale * (count - middle - center) + shift. `middle` is a whole number for all
   * channels; the others are padded to the map's stride, and `center` is null if the channels need none (0 for the
   * kernels).
   */
  readonly middle: number;
  readonly center: Float32Array | null;
  readonly scale: Float32Array;
  readonly shift: Float32Array;
  /** thresholdCountsI32: bit = (count <= threshold) XOR flip is the sign of v, of whole blocks of 64 channels. */
  readonly threshold: Int32Array;
  /** The same for thresholdCountsU16. */
  readonly thresholdU16: Uint16Array;
  /** One bit a channel, u64 words as bytes. */
  readonly flip: Uint8Array;
}

const OPTIONS: readonly (keyof CountEpilogueOptions)[] = [
  ...(["channels", "terms", "offset", "scale", "doubled", "batchNorm"] as const),
];

function perChannel(argument: string, channels: number, values: ArrayLike<number>): ArrayLike<number> {
  numbersArgument("countEpilogue", argument, values);
  if (values.length === channels) return values;
  throw new XnorkitError(
    "bad-shape",
    `${argument} of countEpilogue has ${values.length} numbers, expected one for each of ${channels} channels`,
  );
}

function normAffine(channels: number, norm: ChannelBatchNorm): Affine {
  const { epsilon = 1e-5, ...values } = objectOf("countEpilogue", "batchNorm", norm);
  if (!(typeof epsilon === "number" && epsilon > 0)) {
    refuseArgument("countEpilogue", "batchNorm.epsilon", "a number above 0", epsilon);
  }
  const read = (name: keyof typeof values) => perChannel(`batchNorm.${name}`, channels, values[name]!);
  return batchNormAffine(
    read("mean"),
    read("variance"),
    values.gamma === undefined ? null : read("gamma"),
    values.beta === undefined ? null : read("beta"),
    epsilon,
  );
}

/**
 * The parameters with which epilogues and thresholds turn mismatch counts into a layer's numbers and their signs. Signs
 * are exact at whole counts: where the batch norm gives an exact 0, the bit is 1.
 * @throws XnorkitError `bad-option` and `bad-shape` by name.
 */
export function countEpilogue(options: CountEpilogueOptions): CountEpilogue {
  const {
    channels,
    terms,
    offset = false,
    scale,
    doubled = false,
    batchNorm,
  } = optionsArgument("countEpilogue", OPTIONS, options);
  sizeArgument("countEpilogue", "channels", channels);
  sizeArgument("countEpilogue", "terms", terms);
  const steps = doubled ? 2 : 1;
  const zero = (terms * steps) / 2;
  const factors = scale === undefined ? null : perChannel("scale", channels, scale);
  const counts = countAffine(channels, terms, offset, factors, { zero: () => zero, steps });
  const affine = batchNorm === undefined ? counts : compose(counts, normAffine(channels, batchNorm));
  const padded = (values: ArrayLike<number>) => {
    const floats = new Float32Array(mapStride(channels));
    floats.set(Float32Array.from(values));
    return floats;
  };
  const { threshold, flip } = countThresholds(affine, channels, terms * steps);
  const origin = countOrigin(affine, { most: terms * steps });
  const { scale: factor, shift } = countedFrom(affine, origin);
  return {
    middle: origin.middle,
    center: origin.center && padded(origin.center),
    scale: padded(factor),
    shift: padded(shift),
    threshold,
    thresholdU16: Uint16Array.from(threshold),
    flip,
  };
}
