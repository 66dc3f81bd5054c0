/** The names of quantisers, and what reads them. */
import { readInteger, readOneOf } from "../json_readers.js";

/**
 * How activations become few-bit values; the names are BMXNet's. `sign` is torch's with sign(0) = 0. `sign_greater`
 * gives +1 if x > 0, else -1 (at zero and NaN too): `(x > 0) * 2 - 1`, as users of torch write it.
 */
export type ActivationQuantizer =
  | "det_sign"
  | "sign_approx_sign"
  | "sign"
  | "sign_greater"
  | "round"
  | "dorefa"
  | "identity"
  | "relu"
  | "clip"
  | "leaky_clip"
  | "approx_sign";

/**
 * How weights become few-bit values; `sign` is torch's with sign(0) = 0, on weights clamped to [-1, 1]. `integer` is
 * QONNX's signed Quant of scale 1: rounded, halves to even, and cut to [-2^(bits - 1), 2^(bits - 1) - 1].
 */
export type WeightQuantizer = "det_sign" | "sign_approx_sign" | "sign" | "dorefa" | "integer" | "identity";

/** From 1 to 32. */
export const readBits = readInteger(1, 32);

export const readActivationQuantizer = readOneOf<ActivationQuantizer>(
  "det_sign",
  "sign_approx_sign",
  "sign",
  "sign_greater",
  "round",
  "dorefa",
  "identity",
  "relu",
  "clip",
  "leaky_clip",
  "approx_sign",
);

/** The fields of a layer that quantises its weights. */
export const weightQuantizerFields = {
  quantizer: readOneOf<WeightQuantizer>("det_sign", "sign_approx_sign", "sign", "dorefa", "integer", "identity"),
  bits: readBits,
};
