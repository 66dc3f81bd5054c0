/**
 * Operators that reduce axes to one number: means, sums, extrema. Sums are taken in double, then rounded to the type.
 */
import { elementCount, type Shape } from "../../../tensor.js";
import { boolAttribute, intAttribute, intsAttribute } from "../attributes.js";
import type { OnnxNode } from "../network.js";
import { makeNumbers, type OnnxTensor } from "../tensors.js";
import { stridesOf, walk } from "./broadcast.js";
import { axisOf, failShape, inputAt, integersOf, type Known, type OperatorRow, type OperatorRows } from "./row.js";

interface Reduction {
  readonly start: number;
  readonly step: (sum: number, x: number) => number;
  readonly end?: (sum: number, count: number) => number;
  /** The version from which the axes are an input. */
  readonly axesInput: number;
}

const sum = (a: number, x: number) => a + x;
const squares = (a: number, x: number) => a + x * x;

const reductions: Readonly<Record<string, Reduction>> = {
  ReduceMean: { start: 0, step: sum, end: (total, count) => total / count, axesInput: 18 },
  ReduceSum: { start: 0, step: sum, axesInput: 13 },
  ReduceSumSquare: { start: 0, step: squares, axesInput: 18 },
  ReduceProd: { start: 1, step: (a, x) => a * x, axesInput: 18 },
  ReduceMax: { start: Number.NEGATIVE_INFINITY, step: Math.max, axesInput: 18 },
  ReduceMin: { start: Number.POSITIVE_INFINITY, step: Math.min, axesInput: 18 },
  ReduceL1: { start: 0, step: (a, x) => a + Math.abs(x), axesInput: 18 },
  ReduceL2: { start: 0, step: squares, end: Math.sqrt, axesInput: 18 },
};

/** The axes that a node reduces and whether they stay with size 1; null if the axes are not known. */
export interface ReducedAxes {
  readonly axes: readonly number[];
  readonly keep: boolean;
}

/**
 * What a reducing node reduces of a value with `rank` axes.
 * @param axesTensor The constant at its second input, if there is one.
 * @returns null if its axes are computed.
 */
export function reducedAxes(node: OnnxNode, rank: number, axesTensor: OnnxTensor | null): ReducedAxes | null {
  const keep = boolAttribute(node, "keepdims", true);
  const isInput = node.version >= (reductions[node.op]?.axesInput ?? 18);
  const hasInput = isInput && (node.inputs[1] ?? "") !== "";
  if (hasInput && axesTensor === null) return null;
  const stated = isInput
    ? axesTensor === null
      ? []
      : integersOf(node, axesTensor)
    : (intsAttribute(node, "axes") ?? []);
  if (stated.length === 0 && boolAttribute(node, "noop_with_empty_axes", false)) return { axes: [], keep };
  const all = Array.from({ length: rank }, (_, axis) => axis);
  const axes = stated.length === 0 ? all : stated.map((axis) => axisOf(node, axis, rank));
  if (new Set(axes).size !== axes.length) failShape(node, "names an axis twice");
  return { axes: [...axes].sort((a, b) => a - b), keep };
}

function reducedShape(shape: Shape, { axes, keep }: ReducedAxes): Shape {
  if (keep) return shape.map((size, axis) => (axes.includes(axis) ? 1 : size));
  return shape.filter((_, axis) => !axes.includes(axis));
}

function shapes(node: OnnxNode, inputs: readonly (Known | null)[]): readonly (Shape | null)[] {
  const { shape } = inputAt(node, inputs, 0);
  if (shape === null) return [null];
  const reduced = reducedAxes(node, shape.length, inputs[1]?.constant ?? null);
  return [reduced === null ? null : reducedShape(shape, reduced)];
}

const row: OperatorRow = {
  shapes,
  fold(node, inputs, reserve) {
    const input = inputAt(node, inputs, 0);
    const reduced = reducedAxes(node, input.shape.length, inputs[1] ?? null)!;
    const { start, step, end } = reductions[node.op];
    const shape = reducedShape(input.shape, { ...reduced, keep: true });
    const count = elementCount(shape);
    reserve("double", count);
    const totals = new Float64Array(count).fill(start);
    const outer = stridesOf(shape);
    // Along reduced axes all places add to the same total.
    const strides = outer.map((stride, axis) => (reduced.axes.includes(axis) ? 0 : stride));
    walk(input.shape, strides, 0, (place, total) => {
      totals[total] = step(totals[total], input.data[place]);
    });
    const each = count === 0 ? 0 : input.data.length / count;
    const data = makeNumbers(input.type, count);
    for (let i = 0; i < count; i++) data[i] = end === undefined ? totals[i] : end(totals[i], each);
    return [{ type: input.type, shape: reducedShape(input.shape, reduced), data }];
  },
};

/** ArgMax: shapes alone, since classes are chosen after the scores, which are what is imported. */
const argMax: OperatorRow = {
  shapes(node, inputs) {
    const { shape } = inputAt(node, inputs, 0);
    if (shape === null) return [null];
    const axis = axisOf(node, intAttribute(node, "axis", 0, -32, 31), shape.length);
    return [reducedShape(shape, { axes: [axis], keep: boolAttribute(node, "keepdims", true) })];
  },
};

export const reduceRows: OperatorRows = {
  ...Object.fromEntries(Object.keys(reductions).map((name) => [name, row])),
  ArgMax: argMax,
  ArgMin: argMax,
};
