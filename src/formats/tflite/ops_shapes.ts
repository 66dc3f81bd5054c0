/**
 * Operators that move numbers: RESHAPE, PAD, STRIDED_SLICE, SPLIT, CONCATENATION; and SHAPE and PACK, which only say
 * a shape.
 */
import type { Operation } from "../../graph/types.js";
import { elementCount, formatShape, type Shape, sameShape } from "../../tensor.js";
import { activationBounds, NO_BOUNDS } from "./activation.js";
import { finish, finishMoved } from "./finish.js";
import { int8Field, int32Field, int32sField } from "./flatbuffer.js";
import { channelsOf, fileShape, isRow, mapOf, rowsOf } from "./forms.js";
import type { Importer } from "./importer.js";
import { badOperator, unsupported } from "./operators.js";
import type { TfliteOperator } from "./schema.js";
import type { FeatureMap, Step } from "./values.js";

const MAX_RANK = 8;

/** An axis counted from the front. */
function frontAxis(op: TfliteOperator, axis: number, rank: number): number {
  const found = axis < 0 ? axis + rank : axis;
  return found >= 0 && found < rank ? found : badOperator(op, `has axis ${axis} of a tensor with ${rank}`);
}

/** The shape asked for, with its one -1 replaced by what the elements leave. */
function wantedShape(importer: Importer, op: TfliteOperator, elements: number): Shape {
  const stated = op.inputs.length > 1 && importer.operand(op, 1) !== null;
  const options = op.options === null ? [] : int32sField(op.options, 0, MAX_RANK, "new_shape");
  const wanted = stated ? importer.integers(op, 1) : options;
  const open = wanted.filter((size) => size === -1).length;
  const rest = elementCount(wanted.filter((size) => size !== -1));
  const shape = wanted.map((size) => (size === -1 ? elements / rest : size));
  if (open > 1 || elementCount(shape) !== elements || shape.some((size) => !Number.isSafeInteger(size) || size < 1)) {
    badOperator(op, `makes ${formatShape(wanted)} of ${elements} numbers`);
  }
  return shape;
}

/** Maps into rows of all their numbers, and [N, C] into [N, 1, 1, C] and back, which moves nothing. */
export function reshape(importer: Importer, op: TfliteOperator): void {
  const input = importer.map(op, 0);
  const shape = wantedShape(importer, op, elementCount(input.shape));
  const isView = sameShape(shape, input.shape) || (isRow({ shape }) && isRow(input) && shape[0] === input.shape[0]);
  const isFlat = shape.length === 2 && shape[0] === input.shape[0];
  if (!isView && !isFlat) {
    unsupported(
      op,
      `reshapes ${formatShape(input.shape)} to ${formatShape(shape)}:` +
        " only rows of all numbers of an image are computed here",
    );
  }
  const node = isView ? input.node : rowsOf(importer, op, input);
  finishMoved(importer, op, [input], { node, shape });
}

/** Rows and columns around the map: zeros, of int8 the zero point, or the value of PADV2. */
export function pad(importer: Importer, op: TfliteOperator): void {
  const input = importer.map(op, 0);
  const node = mapOf(importer, op, input) ?? unsupported(op, "pads a tensor that is no map");
  const sides = importer.integers(op, 1);
  const isPairs = sides.length === 8 && sides.every((size) => Number.isSafeInteger(size) && size >= 0);
  if (!isPairs) badOperator(op, `has paddings ${formatShape(sides)}, expected two of each axis, not negative`);
  const [beforeBatch, afterBatch, top, bottom, left, right, before, after] = sides;
  if (beforeBatch + afterBatch + before + after > 0)
    unsupported(op, "pads images or channels: rows and columns are computed here");
  let value = 0;
  if (op.inputs.length > 2) {
    const { data } = importer.floats(op, 2);
    value = data.length === 1 ? data[0] : badOperator(op, `pads with ${data.length} numbers, expected one`);
  }
  const operation: Operation = { kind: "pad", top, left, bottom, right, value };
  const padded = importer.add(op, node, [{ operation, suffix: "pad" }]);
  finishMoved(importer, op, [input], { node: padded, shape: fileShape(importer, padded) });
}

interface Slice {
  readonly begin: number;
  readonly end: number;
  readonly stride: number;
  /** The axis is left out of the result. */
  readonly shrinks: boolean;
}

/** What is taken of each axis, as TensorFlow reads begin, end, strides and their masks. */
function readSlices(importer: Importer, op: TfliteOperator, shape: Shape): readonly Slice[] {
  const [begins, ends, strides] = [1, 2, 3].map((index) => importer.integers(op, index));
  const mask = (id: number) => (op.options === null ? 0 : int32Field(op.options, id));
  if (mask(2) !== 0 || mask(3) !== 0) unsupported(op, "has an ellipsis or new axes");
  if (op.options !== null && int8Field(op.options, 5) !== 0) unsupported(op, "counts its end from its begin");
  const count = begins.length;
  if (count !== ends.length || count !== strides.length || count > shape.length) {
    badOperator(op, `has ${count} begins, ${ends.length} ends and ${strides.length} strides for ${shape.length} axes`);
  }
  return shape.map((size, axis) => {
    if (axis >= count) return { begin: 0, end: size, stride: 1, shrinks: false };
    const has = (id: number) => ((mask(id) >> axis) & 1) === 1;
    const stride = strides[axis];
    const shrinks = has(4);
    if (stride < 1) unsupported(op, `has stride ${stride}: 1 and more are computed here`);
    const place = (at: number) => Math.min(Math.max(at < 0 ? at + size : at, 0), size);
    const begin = has(0) ? 0 : place(begins[axis]);
    const end = shrinks ? begin + 1 : has(1) ? size : place(ends[axis]);
    if (begin >= end || end > size) badOperator(op, `takes ${begin} to ${end} of the ${size} of axis ${axis}`);
    return { begin, end, stride: shrinks ? 1 : stride, shrinks };
  });
}

/** Of numbers that say a shape. */
function sliceIntegers(importer: Importer, op: TfliteOperator, values: readonly number[]): void {
  const [{ begin, end, stride, shrinks }] = readSlices(importer, op, [values.length]);
  const taken = values.slice(begin, end).filter((_, index) => index % stride === 0);
  importer.define(op, { kind: "integers", shape: shrinks ? [] : [taken.length], values: taken });
}

/**
 * Channels, then rows and columns, then every n-th of these, each by a node of its own where it takes anything away.
 */
function sliceSteps(op: TfliteOperator, shape: Shape, slices: readonly Slice[]): readonly Step[] {
  const steps: Step[] = [];
  const channels = slices[slices.length - 1];
  if (slices[0].begin > 0 || slices[0].end < shape[0] || slices[0].stride > 1)
    unsupported(op, "takes some images of the batch");
  if (channels.stride > 1) unsupported(op, `takes every ${channels.stride}th channel`);
  if (channels.begin > 0 || channels.end < shape[shape.length - 1]) {
    const { begin, end } = channels;
    steps.push({ operation: { kind: "sliceChannels", begin, end }, suffix: "channels" });
  }
  if (shape.length !== 4) return steps;
  const [, rows, columns] = slices;
  const [top, left] = [rows.begin, columns.begin];
  const [bottom, right] = [shape[1] - rows.end, shape[2] - columns.end];
  if (top + left + bottom + right > 0) {
    steps.push({ operation: { kind: "crop", top, left, bottom, right }, suffix: "crop" });
  }
  const stride = [rows.stride, columns.stride] as const;
  if (stride[0] > 1 || stride[1] > 1) {
    steps.push({ operation: { kind: "maxPool", kernel: [1, 1], stride, padding: [0, 0] }, suffix: "stride" });
  }
  return steps;
}

export function stridedSlice(importer: Importer, op: TfliteOperator): void {
  const found = importer.operand(op, 0);
  if (found?.kind === "integers") {
    sliceIntegers(importer, op, found.values);
    return;
  }
  const input = importer.map(op, 0);
  const slices = readSlices(importer, op, input.shape);
  const node = importer.add(op, input.node, sliceSteps(op, input.shape, slices));
  const sizes = slices.map(({ begin, end, stride }) => Math.ceil((end - begin) / stride));
  const shape = sizes.filter((_, axis) => !slices[axis].shrinks);
  const isRows = shape.length === 2 && !slices[0].shrinks && !slices[slices.length - 1].shrinks;
  if (shape.length !== sizes.length && !isRows) {
    unsupported(
      op,
      `leaves ${formatShape(shape)} of ${formatShape(input.shape)}: [N, H, W, C] or [N, C] is computed here`,
    );
  }
  finishMoved(importer, op, [input], { node, shape });
}

/** Equal parts of the channels. */
export function split(importer: Importer, op: TfliteOperator): void {
  const input = importer.map(op, 1);
  const [stated = 0] = importer.integers(op, 0);
  const axis = frontAxis(op, stated, input.shape.length);
  const parts = op.outputs.length;
  const channels = channelsOf(input);
  if (axis !== input.shape.length - 1) unsupported(op, `splits axis ${axis}: channels are split here`);
  if (parts < 1 || channels % parts !== 0) badOperator(op, `splits ${channels} channels in ${parts}`);
  const size = channels / parts;
  for (let index = 0; index < parts; index++) {
    const operation: Operation = { kind: "sliceChannels", begin: index * size, end: (index + 1) * size };
    const node = importer.add(op, input.node, [{ operation, suffix: "part" }], index);
    finishMoved(importer, op, [input], { node, shape: [...input.shape.slice(0, -1), size], index });
  }
}

/** Channels one after the other. */
export function concatenate(importer: Importer, op: TfliteOperator): void {
  const inputs = op.inputs.map((_, index) => importer.map(op, index));
  if (inputs.length === 0) badOperator(op, "joins nothing");
  const [first] = inputs;
  const rank = first.shape.length;
  const axis = frontAxis(op, op.options === null ? 0 : int32Field(op.options, 0), rank);
  if (axis !== rank - 1) unsupported(op, `joins along axis ${axis}: channels are joined here`);
  const beside = (value: FeatureMap) => value.shape.slice(0, -1);
  if (inputs.some((value) => !sameShape(beside(value), beside(first)))) {
    badOperator(
      op,
      `joins ${inputs
        .slice(0, 4)
        .map(({ shape }) => formatShape(shape))
        .join(" and ")}`,
    );
  }
  const mixed = new Set(inputs.map(({ node }) => importer.shape(node).length)).size > 1;
  const nodes = inputs.map((value) => (mixed ? rowsOf(importer, op, value) : value.node));
  const bounds = activationBounds(op, op.options === null ? 0 : int8Field(op.options, 1));
  const channels = inputs.reduce((sum, value) => sum + channelsOf(value), 0);
  const shape = [...beside(first), channels];
  const step: Step = { operation: { kind: "concat" }, suffix: "concat", inputs: nodes };
  if (first.storage === "f32" || bounds !== NO_BOUNDS) finish(importer, op, nodes[0], [step], { bounds, shape });
  else finishMoved(importer, op, inputs, { node: importer.add(op, nodes[0], [step]), shape });
}

/** The shape of a tensor as numbers, from which a RESHAPE's shape is put together. */
export function shapeOf(importer: Importer, op: TfliteOperator): void {
  const { shape } = importer.map(op, 0);
  importer.define(op, { kind: "integers", shape: [shape.length], values: shape });
}

/** Numbers that say a shape, one beside the other. */
export function pack(importer: Importer, op: TfliteOperator): void {
  const values = op.inputs.map((_, index) => {
    const found = importer.integers(op, index);
    return found.length === 1 ? found[0] : unsupported(op, "packs more than single numbers of a shape");
  });
  if (values.length > MAX_RANK) badOperator(op, `packs ${values.length} numbers of a shape`);
  importer.define(op, { kind: "integers", shape: [values.length], values });
}
