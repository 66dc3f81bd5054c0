/** How many inputs operators have. Nothing that reads a node's inputs need ask again whether they are there. */
import { describe, fail } from "../messages.js";
import type { OnnxNode } from "../network.js";
import { isQuantizerDomain } from "./quantizers.js";

type Count = readonly [fewest: number, most: number];

const MANY = 4096;

/** Of ONNX's own operators; inputs that may be absent by an empty name are not counted among the fewest. */
const OWN: Readonly<Record<string, Count>> = {
  Constant: [0, 0],
  ConstantOfShape: [1, 1],
  Range: [3, 3],
  Add: [2, 2],
  Sub: [2, 2],
  Mul: [2, 2],
  Div: [2, 2],
  Mod: [2, 2],
  Pow: [2, 2],
  PRelu: [2, 2],
  Equal: [2, 2],
  Less: [2, 2],
  LessOrEqual: [2, 2],
  Greater: [2, 2],
  GreaterOrEqual: [2, 2],
  And: [2, 2],
  Or: [2, 2],
  Xor: [2, 2],
  Where: [3, 3],
  Min: [1, MANY],
  Max: [1, MANY],
  Sum: [1, MANY],
  Concat: [1, MANY],
  Clip: [1, 3],
  Dropout: [1, 3],
  Conv: [2, 3],
  Gemm: [2, 3],
  MatMul: [2, 2],
  BatchNormalization: [5, 5],
  Reshape: [2, 2],
  Squeeze: [1, 2],
  Unsqueeze: [1, 2],
  Expand: [2, 2],
  Slice: [1, 5],
  Gather: [2, 2],
  Split: [1, 2],
  Pad: [1, 4],
  TopK: [1, 2],
  ReduceMean: [1, 2],
  ReduceSum: [1, 2],
  ReduceSumSquare: [1, 2],
  ReduceProd: [1, 2],
  ReduceMax: [1, 2],
  ReduceMin: [1, 2],
  ReduceL1: [1, 2],
  ReduceL2: [1, 2],
};

/** Operators of one input are not listed. */
const ONE: Count = [1, 1];

const QUANTIZERS: Readonly<Record<string, Count>> = {
  BipolarQuant: [2, 2],
  Quant: [4, 4],
  IntQuant: [4, 4],
  MultiThreshold: [2, 2],
  XnorPopcountMatMul: [2, 2],
};

/**
 * Checks the inputs of a node whose operator is known.
 * @param isKnown True for an operator of ONNX's own that something here computes.
 * @throws XnorkitError `bad-graph` for too few or too many, and for a node without outputs.
 */
export function checkArity(node: OnnxNode, isKnown: boolean): void {
  const { domain, op, inputs, outputs } = node;
  if (!isKnown) return;
  const table = domain === "" ? OWN : isQuantizerDomain(domain) ? QUANTIZERS : {};
  const [fewest, most] = Object.hasOwn(table, op) ? table[op] : ONE;
  const present = inputs.slice(0, fewest).filter((input) => input !== "").length;
  const count = inputs.length;
  if (present < fewest || count > most) {
    const expected = fewest === most ? fewest : `${fewest} to ${most}`;
    fail(
      "bad-graph",
      `${describe(node)} has ${Math.min(count, present < fewest ? present : count)} inputs, expected ${expected}`,
    );
  }
  if ((outputs[0] ?? "") === "") fail("bad-graph", `${describe(node)} has no output`);
}
