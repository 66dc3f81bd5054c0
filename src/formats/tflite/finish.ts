/** What an operator gives: its nodes, its activation or the rounding of int8, and what its output tensor then is. */
import type { Shape } from "../../tensor.js";
import { type Bounds, clampSteps, int8Scale, NO_BOUNDS, quantizeStep, sameScale } from "./activation.js";
import { fileShape } from "./forms.js";
import type { Importer } from "./importer.js";
import { unsupported } from "./operators.js";
import type { TfliteOperator } from "./schema.js";
import type { FeatureMap, Step } from "./values.js";

/** What an operator gives beside its nodes. */
export interface Finish {
  /** NHWC or [N, C], when the graph's value does not tell: [N, 1, 1, C] that it holds as rows. */
  readonly shape?: Shape;
  readonly bounds?: Bounds;
}

/**
 * Adds an operator's nodes, then its activation or, of int8, the rounding to the steps of its output; and says what
 * that output is.
 */
export function finish(
  importer: Importer,
  op: TfliteOperator,
  input: string,
  steps: readonly Step[],
  { shape, bounds = NO_BOUNDS }: Finish = {},
): void {
  const tensor = importer.output(op);
  const { type, index } = tensor;
  if (type !== "f32" && type !== "i8") {
    unsupported(op, `computes tensor ${index} of type ${type}: f32 and int8 are computed here`);
  }
  const int8 = type === "i8" ? int8Scale(op, tensor) : null;
  const last = int8 === null ? clampSteps(bounds) : [quantizeStep(int8, bounds)];
  const node = importer.add(op, input, [...steps, ...last]);
  importer.define(op, { kind: "map", node, shape: shape ?? fileShape(importer, node), storage: type, int8 });
}

/**
 * Says what output `index` of an operator is that only moves the numbers of its inputs: int8 ones must keep their
 * scale.
 * @param shape NHWC or [N, C].
 */
export function finishMoved(
  importer: Importer,
  op: TfliteOperator,
  inputs: readonly FeatureMap[],
  moved: { readonly node: string; readonly shape: Shape; readonly index?: number },
): void {
  const { node, shape, index = 0 } = moved;
  const [{ storage, int8 }] = inputs;
  if (inputs.some((input) => input.storage !== storage) || storage === "bits") {
    unsupported(op, "moves bitpacked numbers, or numbers of several types");
  }
  const given = int8 === null ? null : int8Scale(op, importer.output(op, index));
  const differs = inputs.some((input) => given !== null && !sameScale(input.int8!, given));
  if (differs) unsupported(op, "changes the scale of int8 numbers, which it should only move");
  importer.define(op, { kind: "map", node, shape, storage, int8 }, index);
}
