/** The pass that moves signs into what computes the values they are of. */
import { type Affine, compose } from "../affine.js";
import { countReads, endsInAffine, isEmpty, noEpilogue, producers, type Sign } from "../ir.js";
import { type FusableOp, hasEpilogue, type Op } from "../ops/index.js";

/** An operation whose one effect is sign(affine(input)). */
function bareSign(op: Op): Sign | null {
  if (op.kind !== "pointwise" || op.sign === null || op.value !== null) return null;
  const { affine } = op.epilogue;
  if (!endsInAffine(op.epilogue)) return null;
  return affine === null ? op.sign : behind(affine, op.sign);
}

/** The sign of what the affine gives, as one of what the affine reads. */
function behind(affine: Affine, sign: Sign): Sign {
  return { ...sign, affine: sign.affine === null ? affine : compose(affine, sign.affine) };
}

/** A batch norm that nothing but the sign reads, left to the sign: floats have thresholds, which round nothing. */
function leftToSign(source: FusableOp, sign: Sign): FusableOp | null {
  const { affine } = source.epilogue;
  if (source.kind !== "pointwise" || affine === null || !endsInAffine(source.epilogue)) return null;
  return { ...source, epilogue: noEpilogue, sign: behind(affine, sign), value: null };
}

/**
 * The operation that writes a greater sign of a value that nobody else reads, or null if it has no thresholds for it:
 * counts have them, if nothing but their affine and a clamp come between.
 */
function withGreater(source: FusableOp, sign: Sign): FusableOp | null {
  const { epilogue, kind } = source;
  if (kind !== "binaryConv2d" && kind !== "planesConv2d") return null;
  return isEmpty({ ...epilogue, affine: null, bounds: null }) ? { ...source, sign, value: null } : null;
}

/** The operation that writes the sign of its value too, null if it cannot; `dies` if nobody else reads the value. */
function withSign(source: FusableOp, sign: Sign, dies: boolean): FusableOp | null {
  if (!dies) return sign.greater ? null : { ...source, sign };
  const left = leftToSign(source, sign);
  if (left !== null) return left;
  return sign.greater ? withGreater(source, sign) : { ...source, sign, value: null };
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
    const fused = withSign(source, sign, reads.get(op.input) === 1);
    if (fused === null) continue;
    replacement.set(source, fused);
    removed.add(op);
  }
  if (removed.size === 0) return null;
  return ops.filter((op) => !removed.has(op)).map((op) => replacement.get(op) ?? op);
}
