/** Quantisers of activations and of weights, number by number or tensor by tensor. */
import type { ActivationQuantizer, FakeQuantizeNode, WeightQuantizer } from "../graph/types.js";

/**
 * The activation quantisers of BMXNet v2 (`python/mxnet/gluon/nn/binary_layers.py`) and torch's sign, forward only.
 * `bits` counts for `round` and `dorefa`; `dorefa` takes its maximum over the whole tensor, so a batch is quantised
 * together.
 */
export function quantizeActivations(x: Float64Array, method: ActivationQuantizer, bits: number): Float64Array {
  switch (method) {
    case "det_sign":
    case "sign_approx_sign":
      return x.map(detSign);
    case "sign":
      return x.map(sign);
    case "sign_greater":
      return x.map(signGreater);
    case "round":
      return x.map((value) => roundToLevels(value, bits));
    case "dorefa":
      return dorefa(x, bits);
    case "identity":
      return x.slice();
    case "relu":
      return x.map(relu);
    case "clip":
      return x.map(clip);
    case "leaky_clip":
      return x.map((value) => (Math.abs(value) <= 1 ? value : 0.1 * value));
    case "approx_sign":
      return x.map(approxSign);
  }
}

/**
 * The weight quantisers: BMXNet's, AWNAS's sign of the weights (`ops/bnn_ops.py`), and QONNX's signed `Quant` of
 * scale 1. `dorefa` takes its maximum over the tensor.
 */
export function quantizeWeights(w: Float64Array, method: WeightQuantizer, bits: number): Float64Array {
  switch (method) {
    case "det_sign":
    case "sign_approx_sign":
      return w.map(detSign);
    case "sign":
      return w.map(sign);
    case "dorefa":
      return dorefa(w, bits);
    case "integer":
      return w.map((value) => toInteger(value, bits));
    case "identity":
      return w.slice();
  }
}

/** Half to even, cut to what `bits` bits of two's complement hold. */
function toInteger(x: number, bits: number): number {
  const end = 2 ** (bits - 1);
  return Math.min(Math.max(roundHalfEven(x), -end), end - 1);
}

/** True for a quantiser that needs more of weights than their signs. */
export function needsNumbers(method: WeightQuantizer): boolean {
  return method === "dorefa" || method === "integer" || method === "identity";
}

/** BMXNet's sign: -1 below zero, else +1; 0, -0 and NaN give +1. */
export function detSign(x: number): number {
  return x < 0 ? -1 : 1;
}

/** torch's sign: 0 stays 0. */
export function sign(x: number): number {
  if (x > 0) return 1;
  return x < 0 ? -1 : 0;
}

/** (x > 0) * 2 - 1, as users of torch write it: 0, -0 and NaN give -1. */
export function signGreater(x: number): number {
  return x > 0 ? 1 : -1;
}

export function relu(x: number): number {
  return Math.max(x, 0);
}

export function clip(x: number): number {
  return Math.min(Math.max(x, -1), 1);
}

/** Half away from zero, as C's `round`. `x - trunc(x)` is exact, so values just below one half do not round up. */
export function roundHalfAway(x: number): number {
  const whole = Math.trunc(x);
  return Math.abs(x - whole) >= 0.5 ? whole + Math.sign(x) : whole;
}

/** Half to the even neighbour, as IEEE 754 rounds. `x - floor(x)` is exact. */
export function roundHalfEven(x: number): number {
  const below = Math.floor(x);
  const rest = x - below;
  if (rest === 0.5) return below % 2 === 0 ? below : below + 1;
  return rest > 0.5 ? below + 1 : below;
}

/**
 * (clamp(round(x / scale) + zeroPoint, low, high) - zeroPoint) scale. Sources: TensorFlow Lite's quantisation
 * specification (real = (q - zero point) scale) and QONNX's `Quant`.
 */
export function fakeQuantizer(node: FakeQuantizeNode): (x: number) => number {
  const { scale, zeroPoint, low, high } = node;
  const round = node.rounding === "half_even" ? roundHalfEven : roundHalfAway;
  return (x) => (Math.min(Math.max(round(x / scale) + zeroPoint, low), high) - zeroPoint) * scale;
}

/** round(clip(x, 0, 1) v) / v with v = 2^bits - 1: levels 0, 1/v ... 1. */
function roundToLevels(x: number, bits: number): number {
  const steps = 2 ** bits - 1;
  return roundHalfAway(Math.min(Math.max(x, 0), 1) * steps) / steps;
}

/**
 * DoReFa (Zhou et al. 2016, arXiv:1606.06160): u = tanh(x) / (2 max |tanh(x)|) + 1/2, then 2 round(u v) / v - 1 with
 * v = 2^bits - 1. A tensor of zeros gives NaN, as in the framework.
 */
function dorefa(x: Float64Array, bits: number): Float64Array {
  const steps = 2 ** bits - 1;
  const squashed = x.map(Math.tanh);
  const largest = squashed.reduce((most, value) => Math.max(most, Math.abs(value)), 0);
  return squashed.map((value) => (2 * roundHalfAway(((0.5 * value) / largest + 0.5) * steps)) / steps - 1);
}

/** The smooth stand-in for sign of Bi-Real Net (Liu et al. 2018): two parabolas between -1 and 1. */
function approxSign(x: number): number {
  if (x <= -1) return -1;
  if (x < 0) return 2 * x + x * x;
  return x < 1 ? 2 * x - x * x : 1;
}
