/** Operators that keep the order of the numbers and change the axes: Reshape, Flatten, Squeeze, Unsqueeze. */
import { elementCount, formatShape, type Shape } from "../../../tensor.js";
import { boolAttribute, intAttribute } from "../attributes.js";
import type { OnnxNode } from "../network.js";
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

function reshape(node: OnnxNode, shape: Shape, wanted: readonly number[]): Shape {
  const keepZeros = node.version >= 14 && boolAttribute(node, "allowzero", false);
  const sizes = wanted.map((size, axis) => (size === 0 && !keepZeros ? (shape[axis] ?? 0) : size));
  const open = sizes.filter((size) => size === -1).length;
  const rest = elementCount(sizes.filter((size) => size !== -1));
  const count = elementCount(shape);
  const filled = sizes.map((size) => (size === -1 ? count / rest : size));
  if (open <= 1 && filled.every((size) => Number.isSafeInteger(size) && size >= 0) && elementCount(filled) === count) {
    return filled;
  }
  return failShape(node, `cannot make ${formatShape(wanted).slice(0, 100)} of ${formatShape(shape)}`);
}

function squeeze(node: OnnxNode, shape: Shape, axes: readonly number[] | "absent"): Shape {
  if (axes === "absent") return shape.filter((size) => size !== 1);
  const gone = new Set(axes.map((axis) => axisOf(node, axis, shape.length)));
  const wrong = [...gone].find((axis) => shape[axis] !== 1);
  if (wrong !== undefined) failShape(node, `drops axis ${wrong} of ${formatShape(shape)}, which is not 1`);
  return shape.filter((_, axis) => !gone.has(axis));
}

function unsqueeze(node: OnnxNode, shape: Shape, axes: readonly number[]): Shape {
  const rank = shape.length + axes.length;
  const added = new Set(axes.map((axis) => axisOf(node, axis, rank)));
  if (added.size !== axes.length) failShape(node, "adds an axis twice");
  const rest = [...shape];
  return Array.from({ length: rank }, (_, axis) => (added.has(axis) ? 1 : rest.shift()!));
}

function flatten(node: OnnxNode, shape: Shape): Shape {
  const stated = intAttribute(node, "axis", 1, -32, 32);
  const axis = stated < 0 ? stated + shape.length : stated;
  if (axis > shape.length || axis < 0) failShape(node, `splits ${formatShape(shape)} at axis ${stated}`);
  return [elementCount(shape.slice(0, axis)), elementCount(shape.slice(axis))];
}

/** The shape of operators that keep the order of the numbers; null if it depends on what is computed in a run. */
function reshaped(node: OnnxNode, inputs: readonly (Known | null)[]): Shape | null {
  const { shape } = inputAt(node, inputs, 0);
  if (shape === null) return null;
  if (node.op === "Flatten") return flatten(node, shape);
  if (node.op === "Reshape") {
    const wanted = inputAt(node, inputs, 1).constant;
    return wanted === null ? null : reshape(node, shape, integersOf(node, wanted));
  }
  const axes = listOf(node, "axes", inputs, 1, 13);
  if (axes === null) return null;
  if (node.op === "Squeeze") return squeeze(node, shape, axes);
  return axes === "absent" ? failShape(node, "does not say which axes it adds") : unsqueeze(node, shape, axes);
}

const reshapes: OperatorRow = {
  shapes: (node, inputs) => [reshaped(node, inputs)].map((shape) => (shape === null ? null : checked(node, shape))),
  fold(node, inputs) {
    const [shape] = reshapes.shapes(node, inputs.map(known));
    const { type, data } = inputAt(node, inputs, 0);
    return [{ type, shape: shape!, data }];
  },
};

export const reshapeRows: OperatorRows = {
  Reshape: reshapes,
  Flatten: reshapes,
  Squeeze: reshapes,
  Unsqueeze: reshapes,
};
