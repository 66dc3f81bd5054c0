/** The pass that moves batch norms into what feeds them. */
import { compose } from "../affine.js";
import { countReads, endsInAffine, producers } from "../ir.js";
import type { PointwiseOp } from "../ops/elementwise.js";
import { hasEpilogue, type Op } from "../ops/index.js";

/** A batch norm that nothing else has been fused with: a pointwise affine that writes a value. */
function isBareAffine(op: Op): op is PointwiseOp {
  if (op.kind !== "pointwise") return false;
  return op.epilogue.affine !== null && endsInAffine(op.epilogue) && op.sign === null;
}

/**
 * Moves each batch norm into the operation that feeds it, if nobody else reads the value between: into a float
 * convolution (its weights and bias are scaled when they are packed), a binary convolution (its epilogue), a pool's
 * epilogue, the input's conversion, or another batch norm. A batch norm before a zero-padded convolution stays where it
 * is: its shift must not reach the border.
 */
export function foldBatchNorm(ops: readonly Op[], kept: ReadonlySet<string>): Op[] {
  const reads = countReads(ops, kept);
  const rewritten = new Map<Op, Op>();
  const removed = new Set<Op>();
  const producer = producers(ops);
  for (const op of ops) {
    if (!isBareAffine(op)) continue;
    const original = producer.get(op.input);
    if (original === undefined || reads.get(op.input) !== 1) continue;
    const source = rewritten.get(original) ?? original;
    const affine = op.epilogue.affine!;
    let folded: Op;
    if (source.kind === "input") {
      folded = {
        ...source,
        affine: source.affine === null ? affine : compose(source.affine, affine),
        value: op.value!,
      };
    } else if (hasEpilogue(source) && endsInAffine(source.epilogue) && source.sign === null) {
      const own = source.epilogue.affine;
      const composed = own === null ? affine : compose(own, affine);
      folded = { ...source, epilogue: { ...source.epilogue, affine: composed }, value: op.value };
    } else {
      continue;
    }
    rewritten.set(original, folded);
    removed.add(op);
    producer.set(op.value!, original);
  }
  return ops.filter((op) => !removed.has(op)).map((op) => rewritten.get(op) ?? op);
}
