/**
 * Finds signs: follows what every value is as a function of one root (pieces.ts), operator by operator. What a
 * comparison, a Where, a sign of a sign or a rounded clip comes to is then read off, whatever way it is spelled.
 *
 * Known inexactness: comparisons with (x + 1) / 2 are moved to x, where float arithmetic would have rounded the sum; x
 * within 6e-8 of zero may then be told from zero although the file's arithmetic does not.
 */
import { type Shape, sameShape } from "../../tensor.js";
import { type Network, type OnnxNode, OWN_DOMAIN, producers } from "./network.js";
import { ownNumber, uniformValue } from "./network_edit.js";
import { roundHalfEven, scalarFunction } from "./ops/elementwise.js";
import {
  align,
  combine,
  compareOn,
  constantLine,
  crossing,
  identityOf,
  type Line,
  line,
  type Pieces,
  stepNumbers,
  steps,
  valueAt,
} from "./pieces.js";

/** What a node reads: a number that is the same everywhere, or a function of a root. */
type Operand = { readonly constant: number } | { readonly pieces: Pieces };

const isConstant = (operand: Operand): operand is { readonly constant: number } => "constant" in operand;

/** The outcome of a comparison from the order of its two sides. */
const comparisons: Readonly<Record<string, (order: -1 | 0 | 1) => boolean>> = {
  Less: (order) => order < 0,
  LessOrEqual: (order) => order <= 0,
  Greater: (order) => order > 0,
  GreaterOrEqual: (order) => order >= 0,
  Equal: (order) => order === 0,
};

/** f(order of x and a number), as steps: f(-1), f(0) and f(1) by their outcome. */
function compareWith(pieces: Pieces, number: number, outcome: (order: -1 | 0 | 1) => number): Pieces | null {
  const { root, threshold, below, at, above } = pieces;
  if (threshold === null) {
    const place = crossing(below, number);
    if (place === null) return null;
    const [left, right] = below.slope > 0 ? ([-1, 1] as const) : ([1, -1] as const);
    return steps(root, place, outcome(left), outcome(0), outcome(right));
  }
  const [left, right] = [compareOn(below, "below", threshold, number), compareOn(above, "above", threshold, number)];
  if (left === null || right === null || Number.isNaN(at)) return null;
  const middle = at < number ? -1 : at > number ? 1 : 0;
  return steps(root, threshold, outcome(left), outcome(middle), outcome(right));
}

function compare(op: string, [a, b]: readonly Operand[]): Pieces | null {
  const test = comparisons[op];
  if (isConstant(a) === isConstant(b)) return null;
  if (isConstant(b)) return compareWith((a as { pieces: Pieces }).pieces, b.constant, (order) => (test(order) ? 1 : 0));
  const number = (a as { constant: number }).constant;
  return compareWith(b.pieces, number, (order) => (test(-order as -1 | 0 | 1) ? 1 : 0));
}

function piecesOf(operand: Operand, root: string): Pieces {
  return isConstant(operand) ? line(root, constantLine(operand.constant)) : operand.pieces;
}

/** Both operands as functions of the root of one of them. */
function alignOperands(a: Operand, b: Operand): readonly [Pieces, Pieces] | null {
  const root = isConstant(a) ? (isConstant(b) ? null : b.pieces.root) : a.pieces.root;
  return root === null ? null : align(piecesOf(a, root), piecesOf(b, root));
}

function product(a: Line, b: Line): Line | null {
  if (a.slope !== 0 && b.slope !== 0) return null;
  return { slope: a.slope * b.offset + b.slope * a.offset, offset: a.offset * b.offset };
}

function quotient(a: Line, b: Line): Line | null {
  return b.slope !== 0 || b.offset === 0 ? null : { slope: a.slope / b.offset, offset: a.offset / b.offset };
}

const arithmetic: Readonly<
  Record<string, readonly [lines: (a: Line, b: Line) => Line | null, numbers: (a: number, b: number) => number]>
> = {
  Add: [(a, b) => ({ slope: a.slope + b.slope, offset: a.offset + b.offset }), (a, b) => a + b],
  Sub: [(a, b) => ({ slope: a.slope - b.slope, offset: a.offset - b.offset }), (a, b) => a - b],
  Mul: [product, (a, b) => a * b],
  Div: [quotient, (a, b) => a / b],
};

/** The parts of `a` where the condition holds, those of `b` elsewhere. */
function choose([condition, a, b]: readonly Operand[]): Pieces | null {
  if (isConstant(condition)) return null;
  const numbers = stepNumbers(condition.pieces);
  if (numbers === null) return null;
  const { root } = condition.pieces;
  const [first, second] = [align(condition.pieces, piecesOf(a, root)), align(condition.pieces, piecesOf(b, root))];
  if (first === null || second === null) return null;
  const [yes, no] = [first[1], second[1]];
  const [below, at, above] = numbers.map((number) => number !== 0);
  return {
    root,
    threshold: condition.pieces.threshold,
    below: (below ? yes : no).below,
    at: (at ? yes : no).at,
    above: (above ? yes : no).above,
  };
}

/** A function of steps and numbers is a function of steps: each of the three parts by itself. */
function evaluate(node: OnnxNode, operands: readonly Operand[]): Pieces | null {
  const scalar = scalarFunction(node);
  if (scalar === null || scalar.variadic || operands.length > 3) return null;
  let found: Pieces | null = null;
  const parts = [0, 1, 2].map((index) => [0, 1, 2].map(() => scalar.absent?.[index] ?? 0));
  for (const [index, operand] of operands.entries()) {
    if (isConstant(operand)) {
      parts[index] = [operand.constant, operand.constant, operand.constant];
      continue;
    }
    const numbers = stepNumbers(operand.pieces);
    if (numbers === null) return null;
    if (found !== null && align(found, operand.pieces) === null) return null;
    found ??= operand.pieces;
    parts[index] = [...numbers];
  }
  if (found === null) return null;
  const [below, at, above] = [0, 1, 2].map((part) => scalar.compute(parts[0][part], parts[1][part], parts[2][part]));
  return steps(found.root, found.threshold!, below, at, above);
}

interface Values {
  readonly operand: (value: string) => Operand;
  readonly maker: (value: string) => OnnxNode | undefined;
}

/** The limits of a Clip; null if they are computed or there are none. */
function limitsOf(node: OnnxNode, { operand }: Values): readonly [low: number, high: number] | null {
  const numbers = node.inputs.slice(1).map((input) => (input === "" ? null : operand(input)));
  const constant = (index: number, absent: number) => {
    const found = numbers[index] ?? null;
    return found === null ? absent : isConstant(found) ? found.constant : Number.NaN;
  };
  if (node.version >= 11) {
    const [low, high] = [constant(0, Number.NEGATIVE_INFINITY), constant(1, Number.POSITIVE_INFINITY)];
    return low <= high ? [low, high] : null;
  }
  const { compute } = scalarFunction(node)!;
  return [compute(Number.NEGATIVE_INFINITY, 0, 0), compute(Number.POSITIVE_INFINITY, 0, 0)];
}

/**
 * Round(Clip(u, n, n + 1)) and Clip(Round(u), n, n + 1) have two values: n + 1 for u above n + 1/2, and there the even
 * one of the two. BinaryNet's hard sigmoid is u = (x + 1) / 2 with n = 0.
 */
function roundedClip(node: OnnxNode, values: Values): Pieces | null {
  const [outer, inner] = node.op === "Round" ? ["Round", "Clip"] : ["Clip", "Round"];
  const before = values.maker(node.inputs[0]);
  if (node.op !== outer || before?.op !== inner || before.domain !== "") return null;
  const limits = limitsOf(node.op === "Clip" ? node : before, values);
  const source = values.operand(before.inputs[0]);
  if (limits === null || isConstant(source)) return null;
  const [low, high] = limits;
  if (!Number.isInteger(low) || high - low !== 1) return null;
  const half = low + 0.5;
  return compareWith(source.pieces, half, (order) => (order === 0 ? roundHalfEven(half) : order < 0 ? low : high));
}

/** What a node's value is, as a function of one root; null if it is none that is told here. */
function follow(node: OnnxNode, values: Values): Pieces | null {
  const operands = node.inputs.filter((input) => input !== "").map(values.operand);
  if (operands.length === 0) return null;
  const [first] = operands;
  if (node.domain === OWN_DOMAIN) {
    if (node.op !== "Sign" || isConstant(first)) return null;
    const zero = ownNumber(node, "zero");
    return compareWith(first.pieces, 0, (order) => (order === 0 ? zero : order));
  }
  if (node.domain !== "") return null;
  const evaluated = node.op === "Clip" && operands.length !== node.inputs.length ? null : evaluate(node, operands);
  if (evaluated !== null) return evaluated;
  switch (node.op) {
    case "Sign":
      return isConstant(first) ? null : compareWith(first.pieces, 0, (order) => order);
    case "Neg":
      return isConstant(first) ? null : multiply(first.pieces, -1);
    case "Where":
      return choose(operands);
    case "Round":
    case "Clip":
      return roundedClip(node, values);
  }
  if (Object.hasOwn(comparisons, node.op)) return compare(node.op, operands);
  if (!Object.hasOwn(arithmetic, node.op)) return null;
  const aligned = alignOperands(first, operands[1]);
  return aligned === null ? null : combine(...aligned, ...arithmetic[node.op]);
}

function multiply(pieces: Pieces, factor: number): Pieces {
  const scale = (piece: Line): Line => ({ slope: factor * piece.slope, offset: factor * piece.offset });
  return { ...pieces, below: scale(pieces.below), at: factor * pieces.at, above: scale(pieces.above) };
}

/** What each value is as a function of one root, if it is a line of it or has one threshold. */
export function followSteps(network: Network, shapes: ReadonlyMap<string, Shape>): ReadonlyMap<string, Pieces> {
  const found = new Map<string, Pieces>();
  const makers = producers(network.nodes);
  const uniform = new Map<string, Operand>();
  for (const [name, tensor] of network.constants) {
    const value = uniformValue(tensor);
    if (value !== null) uniform.set(name, { constant: value });
  }
  const values: Values = {
    operand: (value) => uniform.get(value) ?? { pieces: found.get(value) ?? identityOf(value) },
    maker: (value) => makers.get(value),
  };
  for (const node of network.nodes) {
    const [output] = node.outputs;
    const pieces = follow(node, values);
    if (pieces === null) continue;
    // A constant of more axes than the root would make the value larger than the root.
    const [own, root] = [shapes.get(output), shapes.get(pieces.root)];
    if (own !== undefined && root !== undefined && sameShape(own, root)) found.set(output, pieces);
  }
  return found;
}

/** The number of a step function at a place, for tests and for those who explain one. */
export function stepAt({ threshold, below, at, above }: Pieces, x: number): number {
  if (threshold === null || x < threshold) return valueAt(below, x);
  return x === threshold ? at : valueAt(above, x);
}
