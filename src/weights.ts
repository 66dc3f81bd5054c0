/** Parameters: floats, or the signs of binary weights at 1 bit each. */
import type { Shape } from "./tensor.js";

/** A parameter in float, laid out as its framework stores it (convolutions OIHW, dense layers [units, inputs]). */
export interface FloatWeight {
  readonly kind: "f32";
  readonly shape: Shape;
  readonly data: Float32Array;
}

/**
 * The signs of a binary layer's weights, 1 bit each: bit 1 if w >= 0 (det_sign).
 *
 * `shape` is the float tensor's, OIHW, or [units, inputs] of a dense layer, which is laid out as a 1x1 convolution.
 * `data` is `[O][kh][kw][ceil(I / 8)]` bytes, channel c of a tap in bit c % 8 (least significant first) of byte floor(c
 * / 8); bits past the last channel are zero.
 */
export interface BitWeight {
  readonly kind: "bits";
  readonly shape: Shape;
  readonly data: Uint8Array;
  /**
   * What the layer multiplies by, rounded from f64: mean |w| of each output channel (O elements) or of the tensor (one
   * element); of AWNAS's layers mean |w| of the weights clamped to [-1, 1]. Absent if the layer does not scale.
   */
  readonly scale?: Float32Array;
  /**
   * Laid out as `data`: bit 1 if w is not 0; a weight that is 0 has bit 1 in `data`. Absent where none is 0, and
   * where the quantiser gives zeros a sign.
   */
  readonly nonzero?: Uint8Array;
}

/** One parameter: floats, or the signs of a binary weight. */
export type Weight = FloatWeight | BitWeight;

/** Parameters by the name that their framework gives them. */
export type Weights = ReadonlyMap<string, Weight>;
