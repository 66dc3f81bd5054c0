/** Operators that make constants, and shapes as constants: Constant, ConstantOfShape, Range, Shape, Size. */
import { elementCount, type Shape } from "../../../tensor.js";
import { intAttribute, tensorAttribute } from "../attributes.js";
import { describe, fail } from "../messages.js";
import type { OnnxNode } from "../network.js";
import { integerTensor, makeNumbers, type OnnxTensor, scalarTensor } from "../tensors.js";
import { checked, failShape, inputAt, integersOf, type OperatorRow, type OperatorRows } from "./row.js";

const shapeRow: OperatorRow = {
  shapes(node, inputs) {
    const { shape } = inputAt(node, inputs, 0);
    return [shape === null ? null : node.op === "Size" ? [] : [shapePart(node, shape).length]];
  },
};

/** The part of a shape that a Shape node gives; from version 15 on it may state its start and its end. */
function shapePart(node: OnnxNode, shape: Shape): Shape {
  const start = intAttribute(node, "start", 0, -64, 64);
  const end = intAttribute(node, "end", shape.length, -64, 64);
  return shape.slice(start, end);
}

/** What a Shape or Size node gives for a value of this shape: a constant, whatever the value is. */
export function shapeConstant(node: OnnxNode, shape: Shape): OnnxTensor {
  return node.op === "Size" ? scalarTensor(elementCount(shape), "int64") : integerTensor(shapePart(node, shape));
}

const constantOfShape: OperatorRow = {
  shapes(node, inputs) {
    const { constant } = inputAt(node, inputs, 0);
    return [constant === null ? null : checked(node, integersOf(node, constant))];
  },
  fold(node, inputs, reserve) {
    const shape = checked(node, integersOf(node, inputAt(node, inputs, 0)));
    const { type, data } = tensorAttribute(node, "value") ?? scalarTensor(0);
    reserve(type, elementCount(shape));
    const filled = makeNumbers(type, elementCount(shape));
    filled.fill(data[0] ?? 0);
    return [{ type, shape, data: filled }];
  },
};

/** Constant nodes hold a tensor, a number or a list. */
const constant: OperatorRow = {
  shapes: (node) => [constantTensor(node).shape],
  fold: (node) => [constantTensor(node)],
};

function constantTensor(node: OnnxNode): OnnxTensor {
  const tensor = tensorAttribute(node, "value");
  if (tensor !== null) return tensor;
  const value = node.attributes.get("value_float") ?? node.attributes.get("value_int");
  if (value?.kind === "float") return scalarTensor(value.value);
  if (value?.kind === "int") return scalarTensor(value.value, "int64");
  const values = node.attributes.get("value_ints") ?? node.attributes.get("value_floats");
  if (values?.kind === "ints") return integerTensor(values.value);
  if (values?.kind === "floats") {
    return { type: "float", shape: [values.value.length], data: Float32Array.from(values.value) };
  }
  return fail("unsupported", `${describe(node)} holds neither a tensor nor numbers`);
}

const MAX_RANGE = 1 << 20;

const range: OperatorRow = {
  shapes: () => [null],
  fold(node, inputs, reserve) {
    const [start, end, step] = [0, 1, 2].map((index) => inputAt(node, inputs, index));
    const count = Math.max(0, Math.ceil((end.data[0] - start.data[0]) / step.data[0]));
    if (!(count <= MAX_RANGE)) return failShape(node, `counts ${count} numbers`);
    reserve(start.type, count);
    const data = makeNumbers(start.type, count);
    for (let i = 0; i < count; i++) data[i] = start.data[0] + i * step.data[0];
    return [{ type: start.type, shape: [count], data }];
  },
};

export const constantRows: OperatorRows = {
  Constant: constant,
  ConstantOfShape: constantOfShape,
  Range: range,
  Shape: shapeRow,
  Size: shapeRow,
};
