/** Arithmetic: of a value and a constant, of two values, and batch normalisation. */
import { formatShape, type Shape, sameShape } from "../../../tensor.js";
import { boolAttribute, floatAttribute, intAttribute } from "../attributes.js";
import { describe, fail } from "../messages.js";
import type { OnnxNode } from "../network.js";
import { addedBias } from "./added_bias.js";
import { floats } from "./binary_form.js";
import { type ChannelNumbers, mapNumbers } from "./constants.js";
import { type Emission, type Emitter, unsupported } from "./emitter.js";
import { computedFrom, type Operand, plainOperand, scaledNumbers, type ValueOperand } from "./operand.js";
import { sameView, type View, viewShape } from "./view.js";

/** x * scale + shift. Of signs and levels one number for all is left to the layer that reads them. */
function affine(
  node: OnnxNode,
  emitter: Emitter,
  x: ValueOperand,
  scale: ChannelNumbers,
  shift: ChannelNumbers,
): Operand {
  const mayWait = x.numbers === "signs" || x.numbers === "few-levels";
  const isPending = mayWait && typeof scale === "number" && typeof shift === "number" && scale !== 0;
  if (isPending) return { ...x, scale: x.scale * scale, shift: x.shift * scale + shift };
  const whole = emitter.finish(node, x);
  const channels = emitter.shape(whole.value)[1];
  const later = shift === 0 ? addedBias(node, emitter, whole.view, channels) : null;
  const value = emitter.affine(node, whole.value, scale, later?.numbers ?? shift);
  const result = plainOperand(value, whole.view, scaledNumbers(whole.numbers));
  later?.bind(result);
  return result;
}

const negative = (numbers: ChannelNumbers) => mapNumbers(numbers, (value) => -value);

/** 1 / c; one number for all stays a double, so that x / c and x * (1 / c) agree as well as they can. */
function inverse(node: OnnxNode, numbers: ChannelNumbers): ChannelNumbers {
  const hasZero = typeof numbers === "number" ? numbers === 0 : numbers.some((value) => value === 0);
  if (hasZero) return fail("bad-value", `${describe(node)} divides by a constant that is 0`);
  return typeof numbers === "number" ? 1 / numbers : mapNumbers(numbers, (value) => 1 / value);
}

/** A value and a constant, the constant being the second input or the first. */
function withConstant(
  node: OnnxNode,
  emitter: Emitter,
  x: ValueOperand,
  c: ChannelNumbers,
  isSecond: boolean,
): Operand {
  switch (node.op) {
    case "Add":
    case "Sum":
      return affine(node, emitter, x, 1, c);
    case "Sub":
      return isSecond ? affine(node, emitter, x, 1, negative(c)) : affine(node, emitter, x, -1, c);
    case "Mul":
      return affine(node, emitter, x, c, 0);
    case "Div":
      return isSecond
        ? affine(node, emitter, x, inverse(node, c), 0)
        : unsupported(node, "divides a constant by a value");
    default:
      return unsupported(node, "combines a value and a constant");
  }
}

/** Two values of one shape; a map of one pixel and a list of features are the same. */
function alike(
  node: OnnxNode,
  emitter: Emitter,
  a: ValueOperand,
  b: ValueOperand,
): readonly [ValueOperand, ValueOperand] | null {
  const [first, second] = [emitter.shape(a.value), emitter.shape(b.value)];
  if (sameShape(first, second)) return sameView(a.view, b.view) ? [a, b] : null;
  const sameInFile = sameShape(viewShape(a.view, first), viewShape(b.view, second));
  if (!sameInFile || first.length === second.length) return null;
  const isFeatures = (shape: Shape) => shape.length === 2 || (shape[2] === 1 && shape[3] === 1);
  if (!isFeatures(first) || !isFeatures(second)) return null;
  const view = first.length === 2 ? a.view : b.view;
  return [
    { ...emitter.vector(node, a), view },
    { ...emitter.vector(node, b), view },
  ];
}

function mismatch(node: OnnxNode, emitter: Emitter, a: ValueOperand, b: ValueOperand): never {
  const shape = ({ view, value }: ValueOperand) => formatShape(viewShape(view, emitter.shape(value)));
  return unsupported(node, `combines values of ${shape(a)} and ${shape(b)}`);
}

function sum(node: OnnxNode, emitter: Emitter, a: ValueOperand, b: ValueOperand): Operand {
  const pair = alike(node, emitter, a, b);
  if (pair === null) return mismatch(node, emitter, a, b);
  const [first, second] = pair;
  const added =
    node.op === "Sub" ? emitter.add(node, { kind: "scale", factor: -1 }, [second.value], "negative") : second.value;
  const value = emitter.add(node, { kind: "add", channelOffset: 0 }, [first.value, added]);
  return plainOperand(value, first.view, computedFrom(a.numbers, b.numbers));
}

/** True if `gate` has one number for each channel of `map`, at the same axes of the file. */
function isGate(map: ValueOperand, gate: ValueOperand, shapes: readonly [map: Shape, gate: Shape]): boolean {
  const [whole, part] = shapes;
  const place = (view: View, axis: number) => view.findIndex((axes) => axes.includes(axis));
  const isPart = part[0] === whole[0] && part[1] === whole[1] && part.slice(2).every((size) => size === 1);
  const sameAxes = [0, 1].every((axis) => place(map.view, axis) === place(gate.view, axis));
  return whole.length === 4 && isPart && map.view.length === gate.view.length && sameAxes;
}

/** True if `second` has one channel that multiplies all of `first`. */
function isOneChannel(first: ValueOperand, second: ValueOperand, [a, b]: readonly [Shape, Shape]): boolean {
  return sameView(first.view, second.view) && a.length === b.length && sameShape(b, [a[0], 1, ...a.slice(2)]);
}

function product(node: OnnxNode, emitter: Emitter, a: ValueOperand, b: ValueOperand): Operand {
  const shapes = [emitter.shape(a.value), emitter.shape(b.value)] as const;
  const turned = [shapes[1], shapes[0]] as const;
  const fits = (x: ValueOperand, y: ValueOperand, both: readonly [Shape, Shape]) =>
    isGate(x, y, both) || isOneChannel(x, y, both);
  const pair = alike(node, emitter, a, b) ?? (fits(a, b, shapes) ? [a, b] : fits(b, a, turned) ? [b, a] : null);
  if (pair === null) return mismatch(node, emitter, a, b);
  const [first, second] = pair;
  const value = emitter.add(node, { kind: "mul" }, [first.value, second.value]);
  return plainOperand(value, first.view, computedFrom(a.numbers, b.numbers));
}

export const arithmetic: Emission = (node, emitter) => {
  if (node.inputs.length < 2) return emitter.plain(node, 0);
  const operands = node.inputs.map((_, index) => emitter.operand(node, index));
  return operands.reduce((a, b) => {
    if (a.kind === "constant" && b.kind === "constant") return unsupported(node, "combines constants");
    if (b.kind === "constant" && a.kind === "value") {
      return withConstant(node, emitter, a, emitter.channels(node, b.tensor, a), true);
    }
    if (a.kind === "constant" && b.kind === "value") {
      return withConstant(node, emitter, b, emitter.channels(node, a.tensor, b), false);
    }
    const [x, y] = [a, b].map((operand) => emitter.finish(node, operand as ValueOperand));
    if (node.op === "Div") return unsupported(node, "divides one value by another");
    return node.op === "Mul" ? product(node, emitter, x, y) : sum(node, emitter, x, y);
  });
};

export const negate: Emission = (node, emitter) => {
  const x = emitter.operand(node, 0);
  return x.kind === "value" ? affine(node, emitter, x, -1, 0) : unsupported(node, "reads a constant");
};

/**
 * The shortest decimal that is this number in float32: what the framework had before the file rounded it, 1e-5 and not
 * 0.00000999999975.
 */
function asWritten(value: number): number {
  for (let digits = 1; digits < 9; digits++) {
    const written = Number(value.toPrecision(digits));
    if (Math.fround(written) === Math.fround(value)) return written;
  }
  return value;
}

/** ((x - mean) / sqrt(variance + epsilon)) * gamma + beta; its parameters are named as torch does. */
export const batchNorm: Emission = (node, emitter) => {
  const x = emitter.plain(node, 0);
  const isTraining = boolAttribute(node, "training_mode", false);
  const isSpatial = node.version >= 9 || intAttribute(node, "spatial", 1, 0, 1) === 1;
  if (isTraining || !isSpatial)
    return unsupported(node, isTraining ? "is in training mode" : "normalises pixel by pixel");
  if (x.view[1]?.join() !== "1") return unsupported(node, "normalises along an axis that is not the channels");
  const channels = emitter.shape(x.value)[1];
  const read = (index: number, role: string) => {
    const tensor = emitter.constant(node, index);
    if (tensor.data.length !== channels) {
      return fail(
        "bad-shape",
        `${describe(node)} has ${tensor.data.length} numbers as its ${role} for ${channels} channels`,
      );
    }
    return emitter.numbers(node, role, floats(tensor), channels);
  };
  const epsilon = floatAttribute(node, "epsilon", 1e-5);
  if (epsilon < 0) return fail("bad-value", `${describe(node)} has the epsilon ${epsilon}`);
  const value = emitter.add(
    node,
    {
      kind: "batchNorm",
      gamma: read(1, "weight"),
      beta: read(2, "bias"),
      mean: read(3, "running_mean"),
      variance: read(4, "running_var"),
      // A layer needs one above zero; the smallest is lost in rounding.
      epsilon: epsilon === 0 ? Number.MIN_VALUE : asWritten(epsilon),
      fixGamma: false,
    },
    [x.value],
  );
  return plainOperand(value, x.view, scaledNumbers(x.numbers) === "image" ? "real" : scaledNumbers(x.numbers));
};
