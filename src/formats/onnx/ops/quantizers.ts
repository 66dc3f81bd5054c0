/**
 * The operators of QONNX and FINN. Sources: the operator descriptions of github.com/fastmachinelearning/qonnx
 * (docs/qonnx-custom-ops, src/qonnx/custom_op/general), which FINN shares.
 */
import { elementCount, formatShape, type Shape } from "../../../tensor.js";
import { boolAttribute, stringAttribute } from "../attributes.js";
import { describe, fail } from "../messages.js";
import type { OnnxNode } from "../network.js";
import type { OnnxTensor } from "../tensors.js";
import { broadcastShapes } from "./broadcast.js";
import { apply, roundHalfEven } from "./elementwise.js";
import { failShape, inputAt, integersOf, type OperatorRow, type OperatorRows } from "./row.js";

/** The names under which these operators are written. */
const DOMAINS = /^(onnx\.brevitas|qonnx\.custom_op\.general|finn|finn\.custom_op\.general)$/;

/** True for a domain of QONNX's and FINN's operators. */
export function isQuantizerDomain(domain: string): boolean {
  return DOMAINS.test(domain);
}

const roundings: Readonly<Record<string, (x: number) => number>> = {
  ROUND: roundHalfEven,
  FLOOR: Math.floor,
  CEIL: Math.ceil,
};

/** The grid of a Quant node of this many bits. */
export interface QuantGrid {
  readonly bits: number;
  readonly low: number;
  readonly high: number;
  /** +1 for x / scale + zeroPoint >= 0, else -1: what one signed bit means. */
  readonly isSign: boolean;
  readonly rounding: "ROUND" | "FLOOR" | "CEIL";
}

/** @throws XnorkitError `unsupported` for bit widths and rounding modes that are not known. */
export function quantGrid(node: OnnxNode, bitWidth: OnnxTensor): QuantGrid {
  const bits = integersOf(node, bitWidth)[0];
  if (bitWidth.data.length !== 1 || !(bits > 0 && bits <= 32))
    fail("unsupported", `${describe(node)} has a width of ${bits} bits`);
  const [signed, narrow] = [boolAttribute(node, "signed", true), boolAttribute(node, "narrow", false)];
  const rounding = stringAttribute(node, "rounding_mode", "ROUND").toUpperCase();
  if (rounding !== "ROUND" && rounding !== "FLOOR" && rounding !== "CEIL") {
    return fail("unsupported", `${describe(node)} rounds by ${rounding.slice(0, 40)}, expected ROUND, FLOOR or CEIL`);
  }
  const low = signed ? -(2 ** (bits - 1)) + (narrow ? 1 : 0) : 0;
  const high = signed ? 2 ** (bits - 1) - 1 : 2 ** bits - 1 - (narrow ? 1 : 0);
  return { bits, low, high, isSign: signed && bits === 1, rounding };
}

function fitting(node: OnnxNode, tensors: readonly OnnxTensor[]): Shape {
  const shapes = tensors.map(({ shape }) => shape);
  return (
    broadcastShapes(shapes) ?? failShape(node, `combines ${shapes.map(formatShape).join(" and ")}, which do not fit`)
  );
}

/** scale * (x >= 0 ? 1 : -1). */
const bipolarQuant: OperatorRow = {
  shapes: (node, inputs) => [inputAt(node, inputs, 0).shape],
  fold(node, inputs, reserve) {
    const tensors = [inputAt(node, inputs, 0), inputAt(node, inputs, 1)];
    const shape = fitting(node, tensors);
    reserve("float", elementCount(shape));
    const compute = (x: number, scale: number) => (x >= 0 ? scale : -scale);
    return [apply({ compute, type: () => "float" }, tensors, shape, "float")];
  },
};

/**
 * (clamp(round(x / scale + zeroPoint)) - zeroPoint) * scale on an integer grid; with one signed bit a sign in place of
 * the rounding.
 */
const quant: OperatorRow = {
  shapes: (node, inputs) => [inputAt(node, inputs, 0).shape],
  fold(node, inputs, reserve) {
    const tensors = [0, 1, 2].map((index) => inputAt(node, inputs, index));
    const { low, high, isSign, rounding } = quantGrid(node, inputAt(node, inputs, 3));
    const shape = fitting(node, tensors);
    reserve("float", elementCount(shape));
    const round = roundings[rounding];
    const compute = (x: number, scale: number, zero: number) => {
      const grid = Math.fround(Math.fround(x / scale) + zero);
      const level = isSign ? (grid >= 0 ? 1 : -1) : round(Math.min(Math.max(grid, low), high));
      return (level - zero) * scale;
    };
    return [apply({ compute, type: () => "float" }, tensors, shape, "float")];
  },
};

const matMul: OperatorRow = {
  shapes(node, inputs) {
    const [a, b] = [inputAt(node, inputs, 0).shape, inputAt(node, inputs, 1).shape];
    if (a === null || b === null) return [null];
    if (b.length !== 2 || a[a.length - 1] !== b[0])
      failShape(node, `multiplies ${formatShape(a)} by ${formatShape(b)}`);
    return [[...a.slice(0, -1), b[1]]];
  },
};

const sameShape: OperatorRow = { shapes: (node, inputs) => [inputAt(node, inputs, 0).shape] };

/** By operator name; the domain is one of `isQuantizerDomain`. */
export const quantizerRows: OperatorRows = {
  BipolarQuant: bipolarQuant,
  Quant: quant,
  IntQuant: quant,
  MultiThreshold: sameShape,
  XnorPopcountMatMul: matMul,
};
