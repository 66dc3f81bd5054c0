/**
 * Operations as text, one a line: what is written, by which operation, from what.
 *
 *   value, bits: sign(affine) = kind(input) affine clamp +first relu +second
 *
 * `greater` in place of `sign` for bits of v > 0.
 */
import { readsOf, type Sign } from "./ir.js";
import { hasEpilogue, type Op } from "./ops/index.js";

function printSign({ affine, greater }: Sign): string {
  const decision = greater ? "greater" : "sign";
  return affine === null ? decision : `${decision}(affine)`;
}

/** One operation. */
export function printOp(op: Op): string {
  if (!hasEpilogue(op)) return `${op.value} = ${op.kind}(${readsOf(op).join(", ")})`;
  const { affine, bounds, first, relu, second } = op.epilogue;
  // Every convolution on bits has one, which turns its counts into numbers.
  const counts = op.kind === "binaryConv2d" || op.kind === "planesConv2d";
  const kernel = op.kind === "conv2d" && op.end !== null ? [...(op.end.affine === null ? [] : ["affine"]), "relu"] : [];
  const steps = [
    ...kernel,
    ...(affine === null || counts ? [] : ["affine"]),
    ...(bounds === null ? [] : ["clamp"]),
    ...(first === null ? [] : [`+${first}`]),
    ...(relu ? ["relu"] : []),
    ...(second === null ? [] : [`+${second}`]),
  ];
  const sign = op.sign === null ? [] : [`${op.sign.bits}: ${printSign(op.sign)}`];
  const value = op.value === null ? [] : [op.value];
  return `${[...value, ...sign].join(", ")} = ${[`${op.kind}(${op.input})`, ...steps].join(" ")}`;
}

/** All of a program. */
export function printOps(ops: readonly Op[]): string {
  return ops.map((op) => `${printOp(op)}\n`).join("");
}
