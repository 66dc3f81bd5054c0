/** The pass that moves signs into what computes the values they are of. */
import { compose } from "../affine.js";
import { countReads, endsInAffine, producers, type Sign } from "../ir.js";
import { type FusableOp, hasEpilogue, type Op } from "../ops/index.js";

/** An operation whose one effect is sign(affine(input)). */
function bareSign(op: Op): Sign | null {
  if (op.kind !== "pointwise" || op.sign === null || op.value !== null) return null;
  const { affine } = op.epilogue;
  if (!endsInAffine(op.epilogue)) return null;
  if (affine === null) return op.sign;
  return { bits: op.sign.bits, affine: op.sign.affine === null ? affine : compose(affine, op.sign.affine) };
}

/**
 * Moves each sign into the operation that computes what it reads, which then writes the bits in the same pass. Where
 * nobody else reads the float value it is not written at all: a convolution, batch norm and sign in a row become
 * integer thresholds on the counts, a batch norm and sign a threshold on floats. Each fusion may make the next one
 * possible, so it goes on until nothing changes.
 */
export function fuseSign(ops: readonly Op[], kept: ReadonlySet<string>): Op[] {
  let current = [...ops];
  for (;;) {
    const next = fuseOnce(current, kept);
    if (next === null) return current;
    current = next;
  }
}

function fuseOnce(ops: readonly Op[], kept: ReadonlySet<string>): Op[] | null {
  const reads = countReads(ops, kept);
  const producer = producers(ops);
  const replacement = new Map<Op, Op>();
  const removed = new Set<Op>();
  for (const op of ops) {
    const sign = bareSign(op);
    if (sign === null || op.kind !== "pointwise") continue;
    const source = producer.get(op.input);
    if (source === undefined || !hasEpilogue(source) || source.sign !== null) continue;
    if (replacement.has(source) || removed.has(source)) continue;
    const value = reads.get(op.input) === 1 ? null : source.value;
    const fused: FusableOp = { ...source, sign, value };
    replacement.set(source, fused);
    removed.add(op);
  }
  if (removed.size === 0) return null;
  return ops.filter((op) => !removed.has(op)).map((op) => replacement.get(op) ?? op);
}
