/** ADD, SUB and MUL of two maps or of a map and a constant, and functions of each number. */
import { formatShape, type Shape, sameShape } from "../../tensor.js";
import { activationBounds, type Bounds, NO_BOUNDS } from "./activation.js";
import { finish } from "./finish.js";
import { float32Field, int8Field } from "./flatbuffer.js";
import { channelsOf, isRow, sameForm } from "./forms.js";
import type { Importer } from "./importer.js";
import { badOperator, unsupported } from "./operators.js";
import type { TfliteOperator } from "./schema.js";
import type { FeatureMap, Floats, Operand, Step } from "./values.js";

type Arithmetic = "add" | "sub" | "mul";

/** A constant that is broadcast over a map, as one number a channel. */
function channelConstant(
  importer: Importer,
  op: TfliteOperator,
  { shape, data }: Floats,
  value: FeatureMap,
): Float32Array {
  const channels = channelsOf(value);
  const last = shape[shape.length - 1] ?? 1;
  const fits = data.length === last && shape.length <= value.shape.length && (last === 1 || last === channels);
  if (!fits) {
    unsupported(
      op,
      `has a constant of ${formatShape(shape)} on ${formatShape(value.shape)}:` +
        " one number, or one a channel, is computed here",
    );
  }
  if (last === channels) return data;
  importer.spend(4 * channels);
  return new Float32Array(channels).fill(data[0]);
}

function perChannel(importer: Importer, op: TfliteOperator, role: string, data: Float32Array): string {
  return importer.parameter(op, role, { kind: "f32", shape: [data.length], data });
}

/** x + c, x - c, c - x or x * c. */
function constantStep(
  importer: Importer,
  op: TfliteOperator,
  kind: Arithmetic,
  data: Float32Array,
  isFirst: boolean,
): Step {
  const negated = () => {
    importer.spend(4 * data.length);
    return data.map((value) => -value);
  };
  const parameter = (role: string, values: Float32Array) => perChannel(importer, op, role, values);
  if (kind === "mul") {
    return { operation: { kind: "scaleShift", scale: parameter("scale", data), shift: null }, suffix: "mul" };
  }
  if (kind === "add") {
    return { operation: { kind: "scaleShift", scale: null, shift: parameter("shift", data) }, suffix: "add" };
  }
  if (!isFirst) {
    return { operation: { kind: "scaleShift", scale: null, shift: parameter("shift", negated()) }, suffix: "sub" };
  }
  importer.spend(4 * data.length);
  const scale = parameter("scale", new Float32Array(data.length).fill(-1));
  return { operation: { kind: "scaleShift", scale, shift: parameter("shift", data) }, suffix: "sub" };
}

/** True for one number a channel, or a pixel, that multiplies a map. */
function isGateOf(gate: FeatureMap, map: FeatureMap): boolean {
  if (map.shape.length !== 4) return false;
  const [batch, height, width, channels] = map.shape;
  const full = gate.shape.length === 4 || gate.shape[0] === 1;
  if (isRow(gate)) return full && gate.shape[0] === batch && channelsOf(gate) === channels;
  return sameShape(gate.shape, [batch, height, width, 1]);
}

function combine(
  importer: Importer,
  op: TfliteOperator,
  kind: Arithmetic,
  a: FeatureMap,
  b: FeatureMap,
  bounds: Bounds,
): void {
  if (kind === "mul" && !sameShape(a.shape, b.shape)) {
    const [map, gate] = isGateOf(b, a) ? [a, b] : [b, a];
    if (!isGateOf(gate, map)) refuseShapes(op, a.shape, b.shape);
    const step: Step = { operation: { kind: "mul" }, suffix: "mul", inputs: [map.node, gate.node] };
    finish(importer, op, map.node, [step], { bounds, shape: map.shape });
    return;
  }
  if (!sameShape(a.shape, b.shape)) refuseShapes(op, a.shape, b.shape);
  const [first, second] = sameForm(importer, op, a, b);
  const steps: Step[] = [];
  if (kind === "mul") {
    steps.push({ operation: { kind: "mul" }, suffix: "mul", inputs: [first, second] });
  } else {
    const addend = kind === "add" ? second : importer.helper(op, { kind: "scale", factor: -1 }, [second], "negated");
    steps.push({ operation: { kind: "add", channelOffset: 0 }, suffix: "add", inputs: [first, addend] });
  }
  finish(importer, op, first, steps, { bounds, shape: a.shape });
}

function refuseShapes(op: TfliteOperator, a: Shape, b: Shape): never {
  return unsupported(op, `combines ${formatShape(a)} with ${formatShape(b)}, which is not computed here`);
}

function arithmetic(importer: Importer, op: TfliteOperator, kind: Arithmetic): void {
  const bounds = activationBounds(op, op.options === null ? 0 : int8Field(op.options, 0));
  const [a, b] = [importer.operand(op, 0), importer.operand(op, 1)];
  if (a?.kind === "map" && b?.kind === "map") {
    combine(importer, op, kind, a, b, bounds);
    return;
  }
  const isFirst = b?.kind === "map";
  const value = importer.map(op, isFirst ? 1 : 0);
  const data = channelConstant(importer, op, importer.floats(op, isFirst ? 0 : 1), value);
  const step = constantStep(importer, op, kind, data, isFirst);
  const [input, merged] = withFactor(importer, value.node, step);
  finish(importer, op, input, [merged], { bounds, shape: value.shape });
}

/**
 * A summand behind a factor as one layer with both, as a batch norm of the network was before its conversion; the
 * factor alone is left out in the end if nothing else reads it.
 */
function withFactor(importer: Importer, value: string, step: Step): readonly [input: string, step: Step] {
  const [before, { operation }] = [importer.node(value), step];
  const isFactor = before.kind === "scaleShift" && before.scale !== null && before.shift === null;
  if (!isFactor || operation.kind !== "scaleShift" || operation.scale !== null) return [value, step];
  return [before.inputs[0], { ...step, operation: { ...operation, scale: before.scale } }];
}

export const add = (importer: Importer, op: TfliteOperator): void => arithmetic(importer, op, "add");
export const sub = (importer: Importer, op: TfliteOperator): void => arithmetic(importer, op, "sub");
export const mul = (importer: Importer, op: TfliteOperator): void => arithmetic(importer, op, "mul");

/** An operator that is an activation of its own. */
export function clampBy(bounds: Bounds): (importer: Importer, op: TfliteOperator) => void {
  return (importer, op) => {
    const value = importer.map(op, 0);
    finish(importer, op, value.node, [], { bounds, shape: value.shape });
  };
}

export function logistic(importer: Importer, op: TfliteOperator): void {
  const value = importer.map(op, 0);
  const step: Step = { operation: { kind: "activation", function: "sigmoid" }, suffix: "sigmoid" };
  finish(importer, op, value.node, [step], { shape: value.shape });
}

/** x >= 0 ? x : alpha * x, one alpha or one a channel. */
export function prelu(importer: Importer, op: TfliteOperator): void {
  const value = importer.map(op, 0);
  const data = channelConstant(importer, op, importer.floats(op, 1), value);
  const slope = perChannel(importer, op, "slope", data);
  finish(importer, op, value.node, [{ operation: { kind: "prelu", slope }, suffix: "prelu" }], {
    shape: value.shape,
  });
}

/** exp(beta x) over the sum of it, over the channels. */
export function softmax(importer: Importer, op: TfliteOperator): void {
  const value = importer.map(op, 0);
  const beta = op.options === null ? 0 : float32Field(op.options, 0, 0);
  if (!Number.isFinite(beta)) badOperator(op, `has beta ${beta}`);
  const scaled: readonly Step[] = beta === 1 ? [] : [{ operation: { kind: "scale", factor: beta }, suffix: "beta" }];
  const steps: readonly Step[] = [...scaled, { operation: { kind: "softmax" }, suffix: "softmax" }];
  finish(importer, op, value.node, steps, { shape: value.shape });
}

/** Of f32 to int8, or of one int8 scale to another. */
export function quantize(importer: Importer, op: TfliteOperator): void {
  const value = importer.map(op, 0);
  if (importer.output(op).type !== "i8") unsupported(op, `gives ${importer.output(op).type}: int8 is computed here`);
  finish(importer, op, value.node, [], { shape: value.shape, bounds: NO_BOUNDS });
}

/** int8 numbers are real numbers in the graph already; a constant is read when it is used. */
export function dequantize(importer: Importer, op: TfliteOperator): void {
  const found: Operand | null = importer.operand(op, 0);
  if (found === null || found.kind === "integers") badOperator(op, "has no input of numbers");
  if (importer.output(op).type !== "f32") unsupported(op, `gives ${importer.output(op).type}: f32 is computed here`);
  if (found.kind === "constant") {
    importer.define(op, { ...found, type: "f32" });
    return;
  }
  if (found.storage === "bits") unsupported(op, "reads bitpacked numbers");
  importer.define(op, { ...found, storage: "f32", int8: null });
}
