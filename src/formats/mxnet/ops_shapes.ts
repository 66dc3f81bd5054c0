/** Operators of MXNet symbols that rearrange maps: flatten, join, slice, surround. */
import { XnorkitError } from "../../errors.js";
import { elementCount, formatShape, type Shape, sameShape } from "../../tensor.js";
import {
  booleanAttribute,
  choiceAttribute,
  describeNode,
  integerAttribute,
  integersAttribute,
  MAX_CHANNELS,
  numberAttribute,
  textAttribute,
} from "./attributes.js";
import { type Importer, type Operand, result } from "./importer.js";
import type { OperatorTable } from "./operator.js";
import type { SymbolNode } from "./symbol.js";

const MAX_AXIS: readonly [number, number] = [-MAX_CHANNELS, MAX_CHANNELS];
const MAX_PARTS = 4096;

function flatten(node: SymbolNode, importer: Importer): Operand {
  const input = importer.value(node, 0);
  if (importer.shape(input).length === 2) return result(input);
  return result(importer.add({ kind: "flatten" }, [input], node.name));
}

/**
 * The shape that MXNet's codes make of one: 0 takes an axis as it is, -1 is what the others leave, -2 takes all that
 * follow, -3 joins two, -4 splits one into the two that follow. Null where they do not fit. Source: MXNet
 * `matrix_op-inl.h`, InferReshapeShape.
 */
function reshaped(shape: Shape, codes: readonly number[]): Shape | null {
  const sizes: number[] = [];
  let axis = 0;
  for (let i = 0; i < codes.length; i++) {
    const code = codes[i];
    if (code === -2) {
      sizes.push(...shape.slice(axis));
      axis = shape.length;
    } else if (code === -3) {
      sizes.push(shape[axis] * shape[axis + 1]);
      axis += 2;
    } else if (code === -4) {
      const [first, second] = [codes[++i], codes[++i]];
      const size = shape[axis++];
      sizes.push(first === -1 ? size / second : first, second === -1 ? size / first : second);
    } else {
      sizes.push(code === 0 ? shape[axis] : code);
      axis++;
    }
  }
  const known = elementCount(sizes.filter((size) => size !== -1));
  const found = sizes.map((size) => (size === -1 ? elementCount(shape) / known : size));
  const isShape = found.every((size) => Number.isSafeInteger(size) && size > 0);
  return isShape && elementCount(found) === elementCount(shape) ? found : null;
}

/** Of the shapes that a map may take those that flatten it, or leave it as it is. */
function reshape(node: SymbolNode, importer: Importer): Operand {
  const input = importer.value(node, 0);
  const shape = importer.shape(input);
  const target = integersAttribute(node, "shape", MAX_AXIS) ?? [];
  const found = booleanAttribute(node, "reverse", false) ? null : reshaped(shape, target);
  if (found !== null && sameShape(found, shape)) return result(input);
  if (found !== null && sameShape(found, [shape[0], elementCount(shape.slice(1))])) return flatten(node, importer);
  const fit = found === null ? ", which it does not fit" : ` = ${formatShape(found)}`;
  throw new XnorkitError(
    "unsupported",
    `${describeNode(node)} reshapes ${formatShape(shape)} to ${textAttribute(node, "shape") ?? "nothing"}${fit}; ` +
      "only what flattens each picture is computed here",
  );
}

function concat(node: SymbolNode, importer: Importer): Operand {
  if (integerAttribute(node, "dim", MAX_AXIS, 1) !== 1) {
    throw new XnorkitError("unsupported", `${describeNode(node)} joins another axis than the channels`);
  }
  const inputs = node.inputs.map((_, index) => importer.value(node, index));
  return result(inputs.length === 1 ? inputs[0] : importer.add({ kind: "concat" }, inputs, node.name));
}

function sliceChannels(node: SymbolNode, importer: Importer, begin: number, end: number, name: string): Operand {
  const input = importer.value(node, 0);
  const channels = importer.shape(input)[1];
  const [first, last] = [begin, end].map((index) => Math.min(index < 0 ? index + channels : index, channels));
  if (first >= 0 && first < last) {
    return result(importer.add({ kind: "sliceChannels", begin: first, end: last }, [input], name));
  }
  throw new XnorkitError("bad-shape", `${describeNode(node)} takes channels ${begin} to ${end} of ${channels}`);
}

function sliceAxis(node: SymbolNode, importer: Importer): Operand {
  if (integerAttribute(node, "axis", MAX_AXIS) !== 1) {
    throw new XnorkitError("unsupported", `${describeNode(node)} slices another axis than the channels`);
  }
  const begin = integerAttribute(node, "begin", MAX_AXIS, 0);
  const end = integerAttribute(node, "end", MAX_AXIS, MAX_CHANNELS);
  return sliceChannels(node, importer, begin, end, node.name);
}

function split(node: SymbolNode, importer: Importer): readonly Operand[] {
  const parts = integerAttribute(node, "num_outputs", [1, MAX_PARTS]);
  const channels = importer.shape(importer.value(node, 0))[1];
  const axis = integerAttribute(node, "axis", MAX_AXIS, 1);
  if (axis !== 1 || booleanAttribute(node, "squeeze_axis", false) || channels % parts !== 0) {
    throw new XnorkitError(
      "unsupported",
      `${describeNode(node)} splits ${channels} channels into ${parts} parts along axis ${axis}, ` +
        "which is not computed here",
    );
  }
  const width = channels / parts;
  return Array.from({ length: parts }, (_, part) =>
    sliceChannels(node, importer, part * width, (part + 1) * width, `${node.name}_${part}`),
  );
}

/** A constant around the map. */
function pad(node: SymbolNode, importer: Importer): Operand {
  if (choiceAttribute(node, "mode", ["constant", "edge", "reflect"], "constant") !== "constant") {
    throw new XnorkitError("unsupported", `${describeNode(node)} pads otherwise than with a constant`);
  }
  const widths = integersAttribute(node, "pad_width", [0, 1 << 16]) ?? [];
  if (widths.length !== 8 || widths.slice(0, 4).some((width) => width !== 0)) {
    throw new XnorkitError(
      "unsupported",
      `${describeNode(node)} has pad_width ${textAttribute(node, "pad_width") ?? "none"}, expected (0, 0, 0, 0, top, ` +
        "bottom, left, right)",
    );
  }
  const [top, bottom, left, right] = widths.slice(4);
  const constant = numberAttribute(node, "constant_value", 0);
  const input = importer.value(node, 0);
  return result(importer.add({ kind: "pad", top, left, bottom, right, value: constant }, [input], node.name));
}

export const shapeOperators: OperatorTable = {
  Flatten: flatten,
  flatten,
  Reshape: reshape,
  reshape,
  Concat: concat,
  concat,
  slice_axis: sliceAxis,
  SliceChannel: split,
  split,
  Pad: pad,
  pad,
};
