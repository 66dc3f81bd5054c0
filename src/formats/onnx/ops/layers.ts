/** The shapes that layers give: convolutions, products, pools and what works on channels. */
import { elementCount, formatShape, type Shape } from "../../../tensor.js";
import { boolAttribute, intAttribute } from "../attributes.js";
import type { OnnxNode } from "../network.js";
import { broadcastShapes } from "./broadcast.js";
import {
  axisOf,
  checked,
  failShape,
  inputAt,
  integersOf,
  type Known,
  listOf,
  type OperatorRow,
  type OperatorRows,
} from "./row.js";
import { mapSize, windowOf } from "./windows.js";

type Inputs = readonly (Known | null)[];

function shapesBy(shapeOf: (node: OnnxNode, shape: Shape, inputs: Inputs) => Shape | null): OperatorRow {
  return {
    shapes(node, inputs) {
      const { shape } = inputAt(node, inputs, 0);
      const found = shape === null ? null : shapeOf(node, shape, inputs);
      const rest = node.outputs.slice(1).map(() => null);
      return [found === null ? null : checked(node, found), ...rest];
    },
  };
}

const sameShape = shapesBy((_, shape) => shape);

function convolve(node: OnnxNode, shape: Shape, inputs: Inputs): Shape | null {
  const weight = inputAt(node, inputs, 1).shape;
  if (weight === null) return null;
  const size = mapSize(node, shape);
  if (weight.length !== 4) failShape(node, `has a weight of ${formatShape(weight)}, expected four axes`);
  const groups = intAttribute(node, "group", 1, 1, 1 << 20);
  const [outputs, inputsOfGroup, ...kernel] = weight;
  if (inputsOfGroup * groups !== shape[1] || outputs % groups !== 0) {
    failShape(node, `has a weight of ${formatShape(weight)} in ${groups} groups for a map of ${formatShape(shape)}`);
  }
  return [shape[0], outputs, ...windowOf(node, size, kernel).places];
}

function pool(node: OnnxNode, shape: Shape): Shape {
  return [shape[0], shape[1], ...windowOf(node, mapSize(node, shape)).places];
}

function globalPool(node: OnnxNode, shape: Shape): Shape {
  mapSize(node, shape);
  return [shape[0], shape[1], 1, 1];
}

function product(node: OnnxNode, shape: Shape, inputs: Inputs): Shape | null {
  const other = inputAt(node, inputs, 1).shape;
  if (other === null) return null;
  if (shape.length < 2 || other.length < 2 || shape[shape.length - 1] !== other[other.length - 2]) {
    return failShape(node, `multiplies ${formatShape(shape)} by ${formatShape(other)}, which do not fit`);
  }
  const batch = broadcastShapes([shape.slice(0, -2), other.slice(0, -2)]);
  if (batch === null) return failShape(node, `multiplies ${formatShape(shape)} by ${formatShape(other)}`);
  return [...batch, shape[shape.length - 2], other[other.length - 1]];
}

function gemm(node: OnnxNode, shape: Shape, inputs: Inputs): Shape | null {
  const other = inputAt(node, inputs, 1).shape;
  if (other === null) return null;
  if (shape.length !== 2 || other.length !== 2)
    failShape(node, `multiplies ${formatShape(shape)} by ${formatShape(other)}`);
  const [a, b] = [boolAttribute(node, "transA", false), boolAttribute(node, "transB", false)];
  const [rows, inner] = a ? [shape[1], shape[0]] : shape;
  const [depth, columns] = b ? [other[1], other[0]] : other;
  if (inner !== depth) failShape(node, `multiplies ${formatShape(shape)} by ${formatShape(other)}, which do not fit`);
  return [rows, columns];
}

/** Pads of every axis, before and after; null if they are computed. Negative ones cut. */
export function padsOf(node: OnnxNode, rank: number, inputs: Inputs): readonly (readonly [number, number])[] | null {
  const stated = listOf(node, "pads", inputs, 1, 11);
  const axesInput = node.version >= 18 ? listOf(node, "axes", inputs, 3, 18) : "absent";
  if (stated === null || axesInput === null) return null;
  const axes = axesInput === "absent" ? Array.from({ length: rank }, (_, axis) => axis) : axesInput;
  if (stated === "absent" || stated.length !== 2 * axes.length)
    return failShape(node, "does not say how much it pads each axis");
  const pads = Array.from({ length: rank }, (): readonly [number, number] => [0, 0]);
  for (const [index, axis] of axes.entries())
    pads[axisOf(node, axis, rank)] = [stated[index], stated[axes.length + index]];
  return pads;
}

function padded(node: OnnxNode, shape: Shape, inputs: Inputs): Shape | null {
  return padsOf(node, shape.length, inputs)?.map(([before, after], axis) => before + shape[axis] + after) ?? null;
}

/** The values and the places of the largest. */
const topK: OperatorRow = {
  shapes(node, inputs) {
    const { shape } = inputAt(node, inputs, 0);
    const count = node.version >= 10 ? (inputs[1]?.constant ?? null) : null;
    const k =
      node.version >= 10
        ? count === null
          ? null
          : integersOf(node, count)[0]
        : intAttribute(node, "k", 1, 1, 2 ** 31);
    if (shape === null || k === null) return node.outputs.map(() => null);
    const axis = axisOf(node, intAttribute(node, "axis", -1, -32, 31), shape.length);
    const found = checked(
      node,
      shape.map((size, index) => (index === axis ? k : size)),
    );
    return node.outputs.map(() => found);
  },
};

export const layerRows: OperatorRows = {
  Conv: shapesBy(convolve),
  MaxPool: shapesBy(pool),
  AveragePool: shapesBy(pool),
  GlobalAveragePool: shapesBy(globalPool),
  GlobalMaxPool: shapesBy(globalPool),
  MatMul: shapesBy(product),
  Gemm: shapesBy(gemm),
  BatchNormalization: sameShape,
  Softmax: sameShape,
  LogSoftmax: sameShape,
  Pad: shapesBy(padded),
  TopK: topK,
};

/** The number of elements beside the first axis. */
export function featuresOf(shape: Shape): number {
  return elementCount(shape.slice(1));
}
