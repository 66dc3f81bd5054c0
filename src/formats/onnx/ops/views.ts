/** Operators that read a tensor in another order or in part: Transpose, Slice, Expand. */
import { elementCount, formatShape, type Shape } from "../../../tensor.js";
import { intsAttribute } from "../attributes.js";
import type { OnnxNode } from "../network.js";
import { makeNumbers } from "../tensors.js";
import { broadcastShapes, broadcastStrides, stridesOf, walk } from "./broadcast.js";
import {
  axisOf,
  checked,
  failShape,
  inputAt,
  integersOf,
  type Known,
  known,
  listOf,
  type OperatorRow,
  type OperatorRows,
} from "./row.js";

/** A tensor seen through strides. */
interface View {
  readonly shape: Shape;
  readonly strides: readonly number[];
  readonly start: number;
}

/** The axes in their new order. */
export function permutation(node: OnnxNode, rank: number): readonly number[] {
  const axes = intsAttribute(node, "perm") ?? Array.from({ length: rank }, (_, axis) => rank - 1 - axis);
  const isOne = axes.length === rank && [...axes].sort((a, b) => a - b).every((axis, index) => axis === index);
  return isOne ? axes : failShape(node, `has perm [${axes.slice(0, 8).join(", ")}] for a value with ${rank} axes`);
}

function transposed(node: OnnxNode, shape: Shape): View {
  const axes = permutation(node, shape.length);
  const strides = stridesOf(shape);
  return { shape: axes.map((axis) => shape[axis]), strides: axes.map((axis) => strides[axis]), start: 0 };
}

/** Begin, number and step of each axis of a Slice; null if they are computed. */
export function sliceOf(
  node: OnnxNode,
  shape: Shape,
  inputs: readonly (Known | null)[],
): readonly { readonly begin: number; readonly count: number; readonly step: number }[] | null {
  const [starts, ends] = [listOf(node, "starts", inputs, 1, 10), listOf(node, "ends", inputs, 2, 10)];
  const axes = listOf(node, "axes", inputs, 3, 10);
  const steps = node.version < 10 ? "absent" : listOf(node, "steps", inputs, 4, 10);
  if (starts === null || ends === null || axes === null || steps === null) return null;
  if (starts === "absent" || ends === "absent" || starts.length !== ends.length) {
    return failShape(node, "does not state the starts and ends of its slices");
  }
  const slices = shape.map((size) => ({ begin: 0, count: size, step: 1 }));
  for (const [index, start] of starts.entries()) {
    const axis = axisOf(node, axes === "absent" ? index : (axes[index] ?? Number.NaN), shape.length);
    const step = steps === "absent" ? 1 : (steps[index] ?? 1);
    if (!Number.isSafeInteger(step) || step === 0) failShape(node, `has the step ${step}`);
    const size = shape[axis];
    const place = (value: number, low: number, high: number) =>
      Math.min(Math.max(value < 0 ? value + size : value, low), high);
    const begin = step > 0 ? place(start, 0, size) : place(start, -1, size - 1);
    const end = step > 0 ? place(ends[index], 0, size) : place(ends[index], -1, size - 1);
    slices[axis] = { begin, count: Math.max(0, Math.ceil((end - begin) / step)), step };
  }
  return slices;
}

function sliced(node: OnnxNode, shape: Shape, inputs: readonly (Known | null)[]): View | null {
  const slices = sliceOf(node, shape, inputs);
  if (slices === null) return null;
  const strides = stridesOf(shape);
  return {
    shape: slices.map(({ count }) => count),
    strides: slices.map(({ step }, axis) => step * strides[axis]),
    start: slices.reduce((start, { begin }, axis) => start + begin * strides[axis], 0),
  };
}

function expanded(node: OnnxNode, shape: Shape, inputs: readonly (Known | null)[]): View | null {
  const { constant } = inputAt(node, inputs, 1);
  if (constant === null) return null;
  const target = broadcastShapes([shape, integersOf(node, constant)]);
  if (target === null) return failShape(node, `cannot expand ${formatShape(shape)} to the shape it is given`);
  return { shape: target, strides: broadcastStrides(shape, target), start: 0 };
}

function viewRow(
  viewOf: (node: OnnxNode, shape: Shape, inputs: readonly (Known | null)[]) => View | null,
): OperatorRow {
  return {
    shapes(node, inputs) {
      const { shape } = inputAt(node, inputs, 0);
      const view = shape === null ? null : viewOf(node, shape, inputs);
      return [view === null ? null : checked(node, view.shape)];
    },
    fold(node, inputs, reserve) {
      const input = inputAt(node, inputs, 0);
      const { shape, strides, start } = viewOf(node, input.shape, inputs.map(known))!;
      reserve(input.type, elementCount(checked(node, shape)));
      const data = makeNumbers(input.type, elementCount(shape));
      walk(shape, strides, start, (place, offset) => {
        data[place] = input.data[offset];
      });
      return [{ type: input.type, shape, data }];
    },
  };
}

export const viewRows: OperatorRows = {
  Transpose: viewRow(transposed),
  Slice: viewRow(sliced),
  Expand: viewRow(expanded),
};
