/** Fused activations, and what makes numbers of an operator the float or int8 tensor that it gives. */
import { XnorkitError } from "../../errors.js";
import type { Operation } from "../../graph/types.js";
import { badOperator, unsupported } from "./operators.js";
import type { TfliteOperator, TfliteTensor } from "./schema.js";
import type { Int8Scale, Step } from "./values.js";

/** Limits of a fused activation, null for none. */
export interface Bounds {
  readonly min: number | null;
  readonly max: number | null;
}

export const NO_BOUNDS: Bounds = { min: null, max: null };
export const RELU: Bounds = { min: 0, max: null };
export const RELU6: Bounds = { min: 0, max: 6 };
export const RELU_N1_TO_1: Bounds = { min: -1, max: 1 };

/** By the number in the schema: 4 (tanh) and 5 (sign bit) are in no file of these networks. */
const ACTIVATIONS: readonly Bounds[] = [NO_BOUNDS, RELU, RELU_N1_TO_1, RELU6];

/** The limits of `fused_activation_function`. */
export function activationBounds(op: TfliteOperator, code: number): Bounds {
  return ACTIVATIONS[code] ?? unsupported(op, `has fused activation ${code}: 0 (none) to 3 (ReLU6) are computed here`);
}

/** No step, a ReLU or a clamp. */
export function clampSteps({ min, max }: Bounds, suffix = "activation"): readonly Step[] {
  if (min === null && max === null) return [];
  const operation: Operation = min === 0 && max === null ? { kind: "relu" } : { kind: "clip", min, max };
  return [{ operation, suffix }];
}

/** The one scale and zero point of an int8 tensor that is computed. */
export function int8Scale(owner: TfliteOperator | string, { quantization, index }: TfliteTensor): Int8Scale {
  const scale = quantization?.scales[0] ?? Number.NaN;
  const zeroPoint = quantization?.zeroPoints[0] ?? 0;
  const isOne = quantization?.scales.length === 1 && scale > 0 && scale < Infinity;
  if (isOne && Number.isInteger(zeroPoint) && zeroPoint >= -128 && zeroPoint <= 127) return { scale, zeroPoint };
  const problem = `has int8 tensor ${index} without one scale above 0 and a zero point of -128 to 127`;
  if (typeof owner !== "string") badOperator(owner, problem);
  throw new XnorkitError("bad-file", `${owner} ${problem}: is it changed or damaged?`);
}

export function sameScale(a: Int8Scale, b: Int8Scale): boolean {
  return a.scale === b.scale && a.zeroPoint === b.zeroPoint;
}

/** Half away from zero, as TensorFlow Lite rounds. */
function roundAway(x: number): number {
  return Math.sign(x) * Math.round(Math.abs(x));
}

/** Rounds real numbers to those that the int8 tensor can hold; limits are rounded to its steps too. */
export function quantizeStep({ scale, zeroPoint }: Int8Scale, { min, max }: Bounds = NO_BOUNDS, suffix = "int8"): Step {
  const limit = (bound: number) => Math.min(Math.max(zeroPoint + roundAway(bound / scale), -128), 127);
  const low = min === null ? -128 : limit(min);
  const high = max === null ? 127 : limit(max);
  return { operation: { kind: "fakeQuantize", scale, zeroPoint, low, high, rounding: "half_away" }, suffix };
}
