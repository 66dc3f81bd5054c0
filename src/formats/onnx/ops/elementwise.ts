/**
 * Operators that compute each number from the numbers at the same place, as scalar functions: for constants, and for
 * signs (steps.ts).
 */
import { elementCount, formatShape, type Shape } from "../../../tensor.js";
import { floatAttribute, intAttribute } from "../attributes.js";
import { describe, fail } from "../messages.js";
import type { OnnxNode } from "../network.js";
import { type ElementType, elementType, isFloat, makeNumbers, type OnnxTensor, scalarTensor } from "../tensors.js";
import { broadcastShapes, broadcastStrides } from "./broadcast.js";
import { checked, failShape, inputAt, type OperatorRow, type OperatorRows } from "./row.js";

/** A function of up to three numbers; what is absent of an operator's inputs is filled by `absent`. */
export interface ScalarFunction {
  readonly compute: (a: number, b: number, c: number) => number;
  /** The type of the result, from the types of the inputs. */
  readonly type: (types: readonly ElementType[]) => ElementType;
  /** What optional inputs are if they are absent. */
  readonly absent?: readonly number[];
  /** Takes any number of inputs, two at a time. */
  readonly variadic?: true;
}

const first = ([type]: readonly ElementType[]) => type;
const second = ([, type]: readonly ElementType[]) => type;
const truth = (): ElementType => "bool";

const same = (compute: ScalarFunction["compute"]): ScalarFunction => ({ compute, type: first });
const test = (compute: (a: number, b: number) => boolean): ScalarFunction => ({
  compute: (a, b) => (compute(a, b) ? 1 : 0),
  type: truth,
});
const many = (compute: (a: number, b: number) => number): ScalarFunction => ({ compute, type: first, variadic: true });

/** Halves to the even neighbour. */
export function roundHalfEven(x: number): number {
  const below = Math.floor(x);
  const rest = x - below;
  if (rest !== 0.5) return rest < 0.5 ? below : below + 1;
  return below % 2 === 0 ? below : below + 1;
}

const sigmoid = (x: number) => 1 / (1 + Math.exp(-x));
const limit = (x: number, low: number, high: number) => Math.min(Math.max(x, low), high);

const plain: Readonly<Record<string, ScalarFunction>> = {
  Abs: same(Math.abs),
  Neg: same((x) => -x),
  Sign: same(Math.sign),
  Sqrt: same(Math.sqrt),
  Reciprocal: same((x) => 1 / x),
  Exp: same(Math.exp),
  Log: same(Math.log),
  Floor: same(Math.floor),
  Ceil: same(Math.ceil),
  Round: same(roundHalfEven),
  Relu: same((x) => Math.max(x, 0)),
  Tanh: same(Math.tanh),
  Sigmoid: same(sigmoid),
  Softplus: same((x) => Math.log1p(Math.exp(x))),
  Softsign: same((x) => x / (1 + Math.abs(x))),
  HardSwish: same((x) => x * limit(x / 6 + 0.5, 0, 1)),
  Not: test((x) => x === 0),
  IsNaN: test((x) => Number.isNaN(x)),
  Identity: same((x) => x),
  Dropout: same((x) => x),
  Add: same((a, b) => a + b),
  Sub: same((a, b) => a - b),
  Mul: same((a, b) => a * b),
  Pow: same((a, b) => a ** b),
  PRelu: same((x, slope) => (x < 0 ? slope * x : x)),
  Min: many((a, b) => Math.min(a, b)),
  Max: many((a, b) => Math.max(a, b)),
  Sum: many((a, b) => a + b),
  Equal: test((a, b) => a === b),
  Less: test((a, b) => a < b),
  LessOrEqual: test((a, b) => a <= b),
  Greater: test((a, b) => a > b),
  GreaterOrEqual: test((a, b) => a >= b),
  And: test((a, b) => a !== 0 && b !== 0),
  Or: test((a, b) => a !== 0 || b !== 0),
  Xor: test((a, b) => (a !== 0) !== (b !== 0)),
  Where: { compute: (condition, a, b) => (condition !== 0 ? a : b), type: second },
};

/** Integer division cuts towards zero. */
function division(types: readonly ElementType[]): ScalarFunction {
  return same(isFloat(types[0]) ? (a, b) => a / b : (a, b) => Math.trunc(a / b));
}

/** The remainder with the divisor's sign, or with the dividend's if `fmod` is set. */
function remainder(node: OnnxNode): ScalarFunction {
  const isC = intAttribute(node, "fmod", 0, 0, 1) === 1;
  return same((a, b) => (isC ? a % b : a - Math.floor(a / b) * b));
}

function clip(node: OnnxNode): ScalarFunction {
  if (node.version >= 11)
    return { compute: limit, type: first, absent: [0, Number.NEGATIVE_INFINITY, Number.POSITIVE_INFINITY] };
  // Until version 10 the limits are attributes; the defaults are the largest floats.
  const low = node.attributes.has("min") ? floatAttribute(node, "min", 0) : Number.NEGATIVE_INFINITY;
  const high = node.attributes.has("max") ? floatAttribute(node, "max", 0) : Number.POSITIVE_INFINITY;
  return same((x) => limit(x, low, high));
}

function cast(node: OnnxNode): ScalarFunction {
  const code = intAttribute(node, "to", 0, 0, 64);
  const type = elementType(code);
  if (type === null) return fail("unsupported", `${describe(node)} casts to data type ${code}, which is not read`);
  const compute = type === "bool" ? (x: number) => (x !== 0 ? 1 : 0) : isFloat(type) ? (x: number) => x : Math.trunc;
  return { compute, type: () => type };
}

/**
 * What an elementwise operator computes; null if the node is none. Its inputs' types are given where they are known,
 * else taken as floats.
 */
export function scalarFunction(node: OnnxNode, types: readonly ElementType[] = ["float"]): ScalarFunction | null {
  if (node.domain !== "") return null;
  switch (node.op) {
    case "Div":
      return division(types);
    case "Mod":
      return remainder(node);
    case "Clip":
      return clip(node);
    case "Cast":
      return cast(node);
    case "LeakyRelu": {
      const slope = floatAttribute(node, "alpha", 0.01);
      return same((x) => (x < 0 ? slope * x : x));
    }
    case "HardSigmoid": {
      const [alpha, beta] = [floatAttribute(node, "alpha", 0.2), floatAttribute(node, "beta", 0.5)];
      return same((x) => limit(alpha * x + beta, 0, 1));
    }
    default:
      return Object.hasOwn(plain, node.op) ? plain[node.op] : null;
  }
}

/** The names of all elementwise operators. */
const NAMES = [...Object.keys(plain), "Div", "Mod", "Clip", "Cast", "LeakyRelu", "HardSigmoid"];

function shapeOf(node: OnnxNode, shapes: readonly (Shape | null)[]): Shape | null {
  const known = shapes.filter((shape) => shape !== null);
  if (known.length < shapes.length) return null;
  const shape = broadcastShapes(known);
  if (shape !== null) return checked(node, shape);
  return failShape(node, `combines values of ${known.map(formatShape).join(" and ").slice(0, 200)}, which do not fit`);
}

/** The result of a scalar function on tensors of up to three inputs. */
export function apply(
  { compute }: ScalarFunction,
  inputs: readonly OnnxTensor[],
  shape: Shape,
  type: ElementType,
): OnnxTensor {
  const count = elementCount(shape);
  const data = makeNumbers(type, count);
  const [a, b, c] = [0, 1, 2].map((index) => inputs[index] ?? scalarTensor(0));
  const isSimple = [a, b, c].every((input) => input.data.length === count || input.data.length === 1);
  const [x, y, z] = [a.data, b.data, c.data];
  if (isSimple) {
    const [i, j, k] = [a, b, c].map((input) => (input.data.length === 1 ? 0 : 1));
    for (let place = 0; place < count; place++) data[place] = compute(x[place * i], y[place * j], z[place * k]);
    return { type, shape, data };
  }
  const rank = shape.length;
  const strides = [a, b, c].map((input) => broadcastStrides(input.shape, shape));
  const index = new Array<number>(rank).fill(0);
  const offsets = [0, 0, 0];
  for (let place = 0; place < count; place++) {
    data[place] = compute(x[offsets[0]], y[offsets[1]], z[offsets[2]]);
    for (let axis = rank - 1; axis >= 0; axis--) {
      for (let input = 0; input < 3; input++) offsets[input] += strides[input][axis];
      if (++index[axis] < shape[axis]) break;
      for (let input = 0; input < 3; input++) offsets[input] -= shape[axis] * strides[input][axis];
      index[axis] = 0;
    }
  }
  return { type, shape, data };
}

/** Dropout's second output, the mask, is for training. */
const row: OperatorRow = {
  shapes(node, inputs) {
    const isDropout = node.op === "Dropout";
    const read = isDropout ? inputs.slice(0, 1) : inputs.filter((input) => input !== null);
    inputAt(node, inputs, 0);
    return [
      shapeOf(
        node,
        read.map((input) => input?.shape ?? null),
      ),
    ];
  },
  fold(node, inputs, reserve) {
    const read = node.op === "Dropout" ? inputs.slice(0, 1) : inputs;
    const present = read.filter((input) => input !== null);
    inputAt(node, inputs, 0);
    const types = present.map((input) => input.type);
    const scalar = scalarFunction(node, types)!;
    const type = scalar.type(types);
    const shape = shapeOf(
      node,
      present.map((input) => input.shape),
    )!;
    if (scalar.variadic) {
      let result = present[0];
      for (const input of present.slice(1)) {
        const joined = shapeOf(node, [result.shape, input.shape])!;
        reserve(type, elementCount(joined));
        result = apply(scalar, [result, input], joined, type);
      }
      return [result];
    }
    if (read.length > 3) return fail("bad-graph", `${describe(node)} has ${read.length} inputs`);
    reserve(type, elementCount(shape));
    const filled = read.map((input, index) => input ?? scalarTensor(scalar.absent?.[index] ?? 0));
    for (let index = filled.length; index < (scalar.absent?.length ?? 0); index++) {
      filled.push(scalarTensor(scalar.absent![index]));
    }
    return [apply(scalar, filled, shape, type)];
  },
};

export const elementwiseRows: OperatorRows = Object.fromEntries(NAMES.map((name) => [name, row]));
