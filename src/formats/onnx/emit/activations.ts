/** Elementwise functions, signs and grids of integers. */
import type { Operation } from "../../../graph/types.js";
import { formatShape } from "../../../tensor.js";
import { floatAttribute, intAttribute } from "../attributes.js";
import { show } from "../messages.js";
import type { OnnxNode } from "../network.js";
import { ownNumber, uniformValue } from "../network_edit.js";
import { scalarFunction } from "../ops/elementwise.js";
import type { ChannelNumbers } from "./constants.js";
import { type Emission, type Emitter, unsupported } from "./emitter.js";
import { computedFrom, type Operand, plainOperand, type ValueOperand } from "./operand.js";
import { findAxis } from "./view.js";

/** Of as many levels planes of bits are worth more than floats. */
const MAX_LEVELS = 16;

/** A node of one operation whose value has the axes of its input. */
function apply(node: OnnxNode, emitter: Emitter, operation: Operation, suffix?: string): ValueOperand {
  const x = emitter.plain(node, 0);
  return plainOperand(emitter.add(node, operation, [x.value], suffix), x.view, computedFrom(x.numbers));
}

const simply =
  (operation: Operation): Emission =>
  (node, emitter) =>
    apply(node, emitter, operation);

export const relu = simply({ kind: "relu" });
export const tanh = simply({ kind: "activation", function: "tanh" });
export const sigmoid = simply({ kind: "activation", function: "sigmoid" });
export const softplus = simply({ kind: "activation", function: "softrelu" });
export const softsign = simply({ kind: "activation", function: "softsign" });

/** max(low, min(x, high)) as the node that says it best. */
function limits(low: number | null, high: number | null): Operation {
  return low === 0 && high === null ? { kind: "relu" } : { kind: "clip", min: low, max: high };
}

const finite = (value: number) => (Number.isFinite(value) ? value : null);

/** A limit of Clip at an input; infinite ones are none. */
function limitAt(node: OnnxNode, emitter: Emitter, index: number): number | null {
  if (!emitter.has(node, index)) return null;
  const value = uniformValue(emitter.constant(node, index));
  return value === null ? unsupported(node, "has different limits for different values") : finite(value);
}

export const clip: Emission = (node, emitter) => {
  if (node.version >= 11) {
    const [low, high] = [limitAt(node, emitter, 1), limitAt(node, emitter, 2)];
    // Limits in the wrong order give the upper one everywhere.
    return apply(node, emitter, limits(low !== null && high !== null ? Math.min(low, high) : low, high));
  }
  const { compute } = scalarFunction(node)!;
  const [low, high] = [compute(Number.NEGATIVE_INFINITY, 0, 0), compute(Number.POSITIVE_INFINITY, 0, 0)];
  return apply(node, emitter, limits(finite(low), finite(high)));
};

/** Max and Min of a value and numbers. */
export const extremum: Emission = (node, emitter) => {
  const operands = node.inputs.map((_, index) => emitter.operand(node, index));
  const values = operands.filter((operand) => operand.kind === "value");
  const numbers = operands.flatMap((operand) => (operand.kind === "constant" ? [uniformValue(operand.tensor)] : []));
  if (values.length !== 1 || numbers.some((number) => number === null)) {
    return unsupported(node, "takes the extremum of more than one value");
  }
  const x = emitter.finish(node, values[0]);
  const all = numbers.map((number) => number!);
  const operation = node.op === "Max" ? limits(Math.max(...all), null) : limits(null, Math.min(...all));
  return plainOperand(emitter.add(node, operation, [x.value]), x.view, computedFrom(x.numbers));
};

/** clip(alpha x + beta, 0, 1). */
function hardSigmoid(
  node: OnnxNode,
  emitter: Emitter,
  x: string,
  alpha: number,
  beta: number,
  suffix?: string,
): string {
  const line = emitter.affine(node, x, alpha, beta, "line");
  return emitter.add(node, { kind: "clip", min: 0, max: 1 }, [line], suffix);
}

export const hardSigmoidOf: Emission = (node, emitter) => {
  const x = emitter.plain(node, 0);
  const [alpha, beta] = [floatAttribute(node, "alpha", 0.2), floatAttribute(node, "beta", 0.5)];
  const value = hardSigmoid(node, emitter, x.value, Math.fround(alpha), Math.fround(beta));
  return plainOperand(value, x.view, computedFrom(x.numbers));
};

export const hardSwish: Emission = (node, emitter) => {
  const x = emitter.plain(node, 0);
  const gate = hardSigmoid(node, emitter, x.value, 1 / 6, 0.5, "gate");
  return plainOperand(emitter.add(node, { kind: "mul" }, [x.value, gate]), x.view, computedFrom(x.numbers));
};

/** x >= 0 ? x : slope * x. */
function prelu(node: OnnxNode, emitter: Emitter, x: ValueOperand, slopes: ChannelNumbers): Operand {
  const slope = emitter.numbers(node, "slope", slopes, emitter.shape(x.value)[1]);
  return plainOperand(emitter.add(node, { kind: "prelu", slope }, [x.value]), x.view, computedFrom(x.numbers));
}

export const preluOf: Emission = (node, emitter) => {
  const x = emitter.plain(node, 0);
  return prelu(node, emitter, x, emitter.channels(node, emitter.constant(node, 1), x));
};

export const leakyRelu: Emission = (node, emitter) => {
  return prelu(node, emitter, emitter.plain(node, 0), Math.fround(floatAttribute(node, "alpha", 0.01)));
};

/**
 * From version 13 on over one axis; before that over all axes from one on, which is the same if the others behind it
 * are 1.
 */
export const softmax: Emission = (node, emitter) => {
  const x = emitter.plain(node, 0);
  const shape = emitter.shape(x.value);
  const stated = intAttribute(node, "axis", node.version >= 13 ? -1 : 1, -8, 7);
  const axis = stated < 0 ? stated + x.view.length : stated;
  const isChannel = axis === findAxis(x.view, 1);
  const isWhole = node.version >= 13 || shape.slice(2).every((size) => size === 1);
  if (!isChannel || !isWhole) return unsupported(node, `works along axis ${stated} of ${formatShape(shape)}`);
  const kind = node.op === "Softmax" ? "softmax" : "logSoftmax";
  return plainOperand(emitter.add(node, { kind }, [x.value]), x.view, "real");
};

/** The own operator: which of the three signs it is depends on its value at zero. */
export const sign: Emission = (node, emitter) => {
  const x = emitter.plain(node, 0);
  const zero = ownNumber(node, "zero");
  const method = zero > 0 ? "det_sign" : zero < 0 ? "sign_greater" : "sign";
  return plainOperand(emitter.add(node, { kind: "quantize", method, bits: 1 }, [x.value]), x.view, "signs");
};

export const fakeQuantize: Emission = (node, emitter) => {
  const x = emitter.plain(node, 0);
  const [scale, zeroPoint, low, high] = ["scale", "zeroPoint", "low", "high"].map((name) => ownNumber(node, name));
  const operation: Operation = { kind: "fakeQuantize", scale, zeroPoint, low, high, rounding: "half_even" };
  const { name } = emitter.name(node);
  const value = emitter.add(node, operation, [x.value]);
  const levels = high - low + 1;
  const isFew = levels <= MAX_LEVELS && low <= zeroPoint && zeroPoint <= high;
  const computed = isFew ? "which layers read bit by bit" : "which is computed in float";
  const text = `${show(name)} puts its values on a grid of ${levels} levels, ${computed}`;
  emitter.note({ kind: "levels", layer: value, text });
  return plainOperand(value, x.view, isFew ? "few-levels" : "levels");
};
