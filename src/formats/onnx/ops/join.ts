/** Operators that put tensors together and take them apart: Concat, Gather, Split. */
import { elementCount, formatShape, type Shape } from "../../../tensor.js";
import { intAttribute } from "../attributes.js";
import type { OnnxNode } from "../network.js";
import { makeNumbers } from "../tensors.js";
import { axisOf, checked, failShape, inputAt, type Known, listOf, type OperatorRow, type OperatorRows } from "./row.js";

const gather: OperatorRow = {
  shapes(node, inputs) {
    const [data, indices] = [inputAt(node, inputs, 0).shape, inputAt(node, inputs, 1).shape];
    if (data === null || indices === null) return [null];
    const axis = axisOf(node, intAttribute(node, "axis", 0, -32, 31), data.length);
    return [checked(node, [...data.slice(0, axis), ...indices, ...data.slice(axis + 1)])];
  },
  fold(node, inputs, reserve) {
    const [data, indices] = [inputAt(node, inputs, 0), inputAt(node, inputs, 1)];
    const axis = axisOf(node, intAttribute(node, "axis", 0, -32, 31), data.shape.length);
    const size = data.shape[axis];
    const inner = elementCount(data.shape.slice(axis + 1));
    const outer = elementCount(data.shape.slice(0, axis));
    const shape = checked(node, [...data.shape.slice(0, axis), ...indices.shape, ...data.shape.slice(axis + 1)]);
    reserve(data.type, elementCount(shape));
    const result = makeNumbers(data.type, elementCount(shape));
    let place = 0;
    for (let block = 0; block < outer; block++) {
      for (const index of indices.data) {
        const from = index < 0 ? index + size : index;
        if (!(from >= 0 && from < size)) failShape(node, `takes place ${index} of an axis of ${size}`);
        const start = (block * size + from) * inner;
        result.set(data.data.subarray(start, start + inner), place);
        place += inner;
      }
    }
    return [{ type: data.type, shape, data: result }];
  },
};

function concatShape(node: OnnxNode, shapes: readonly Shape[]): { readonly axis: number; readonly shape: Shape } {
  const [head] = shapes;
  const axis = axisOf(node, intAttribute(node, "axis", 1, -32, 31), head.length);
  const fits = (shape: Shape) =>
    shape.length === head.length && shape.every((size, i) => i === axis || size === head[i]);
  const other = shapes.find((shape) => !fits(shape));
  if (other !== undefined) failShape(node, `joins ${formatShape(head)} and ${formatShape(other)}, which do not fit`);
  const total = shapes.reduce((sum, shape) => sum + shape[axis], 0);
  return {
    axis,
    shape: checked(
      node,
      head.map((size, i) => (i === axis ? total : size)),
    ),
  };
}

const concat: OperatorRow = {
  shapes(node, inputs) {
    inputAt(node, inputs, 0);
    const shapes = inputs.map((input) => input?.shape ?? null).filter((shape) => shape !== null);
    return [shapes.length < inputs.length ? null : concatShape(node, shapes).shape];
  },
  fold(node, inputs, reserve) {
    const tensors = inputs.map((_, index) => inputAt(node, inputs, index));
    const { axis, shape } = concatShape(
      node,
      tensors.map((tensor) => tensor.shape),
    );
    const { type } = inputAt(node, tensors, 0);
    reserve(type, elementCount(shape));
    const data = makeNumbers(type, elementCount(shape));
    const outer = elementCount(shape.slice(0, axis));
    let place = 0;
    for (let block = 0; block < outer; block++) {
      for (const tensor of tensors) {
        const length = tensor.data.length / outer;
        data.set(tensor.data.subarray(block * length, (block + 1) * length), place);
        place += length;
      }
    }
    return [{ type, shape, data }];
  },
};

/** The sizes that Split cuts an axis into; null if they are computed. */
export function splitSizes(node: OnnxNode, size: number, inputs: readonly (Known | null)[]): readonly number[] | null {
  const stated = listOf(node, "split", inputs, 1, 13);
  if (stated === null) return null;
  const count =
    node.version >= 18 ? intAttribute(node, "num_outputs", node.outputs.length, 1, 65536) : node.outputs.length;
  const part = Math.ceil(size / count);
  const sizes =
    stated === "absent"
      ? Array.from({ length: count }, (_, index) => Math.max(0, Math.min(part, size - index * part)))
      : stated;
  const isFine = sizes.length === node.outputs.length && sizes.every((part) => Number.isSafeInteger(part) && part >= 0);
  if (isFine && sizes.reduce((sum, part) => sum + part, 0) === size) return sizes;
  return failShape(
    node,
    `splits an axis of ${size} into ${node.outputs.length} parts of [${sizes.slice(0, 8).join(", ")}]`,
  );
}

const split: OperatorRow = {
  shapes(node, inputs) {
    const { shape } = inputAt(node, inputs, 0);
    const unknown = node.outputs.map(() => null);
    if (shape === null) return unknown;
    const axis = axisOf(node, intAttribute(node, "axis", 0, -32, 31), shape.length);
    const sizes = splitSizes(node, shape[axis], inputs);
    if (sizes === null) return unknown;
    return sizes.map((part) => shape.map((size, index) => (index === axis ? part : size)));
  },
};

export const joinRows: OperatorRows = { Gather: gather, Concat: concat, Split: split };
