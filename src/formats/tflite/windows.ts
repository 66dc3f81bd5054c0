/** Padding of operators whose window slides over a map: TensorFlow's SAME and VALID, and the sizes that they give. */

import { MAX_EXTENT } from "../../graph/limits.js";
import type { Padding, Pair } from "../../graph/types.js";
import { int8Field, int32Field, type Table } from "./flatbuffer.js";
import { badOperator } from "./operators.js";
import type { TfliteOperator } from "./schema.js";

export type PaddingRule = "SAME" | "VALID";

/** A window as an operator's options state it. */
export interface Window {
  readonly kernel: Pair;
  readonly stride: Pair;
  readonly dilation: Pair;
}

/** Checks kernel, stride and dilation of an operator: 1 and more. */
export function checkWindow(op: TfliteOperator, window: Window): Window {
  for (const [name, pair] of Object.entries(window)) {
    if (pair.every((size: number) => Number.isInteger(size) && size >= 1 && size <= MAX_EXTENT)) continue;
    badOperator(op, `has ${name} ${pair.join("x")}, expected 1 to ${MAX_EXTENT} on both axes`);
  }
  return window;
}

/** Height and width of what a window gives on a map; 0 or less when it does not fit. */
export function windowSize(rule: PaddingRule, { kernel, stride, dilation }: Window, size: Pair): Pair {
  const places = (axis: 0 | 1) => {
    if (rule === "SAME") return Math.ceil(size[axis] / stride[axis]);
    return Math.floor((size[axis] + stride[axis] - (kernel[axis] - 1) * dilation[axis] - 1) / stride[axis]);
  };
  return [places(0), places(1)];
}

/** The graph's padding. A kernel of one pixel is never padded. */
export function graphPadding(rule: PaddingRule, { kernel }: Window): Padding {
  return rule === "VALID" || kernel.every((size) => size === 1) ? [0, 0] : "same";
}

/** The padding of a builtin operator: 0 SAME, 1 VALID, in field 0 of its options. */
export function builtinPadding(op: TfliteOperator): PaddingRule {
  const code = op.options === null ? 0 : int8Field(op.options, 0);
  if (code === 0 || code === 1) return code === 0 ? "SAME" : "VALID";
  return badOperator(op, `has padding ${code}, expected 0 (SAME) or 1 (VALID)`);
}

/** The pair of i32 fields that hold a width and a height. */
export function sizeFields(options: Table | null, width: number, height: number, otherwise: number): Pair {
  if (options === null) return [otherwise, otherwise];
  return [int32Field(options, height, otherwise), int32Field(options, width, otherwise)];
}
