/** What must hold of operations between passes; tests check it after each. */
import { isEmpty, readsOf, writesOf } from "./ir.js";
import { type FusableOp, hasEpilogue, type Op, readsKind, writesKinds } from "./ops/index.js";

/** True if an operation has thresholds for signs of v > 0. */
function decidesGreater({ kind, epilogue, value }: FusableOp): boolean {
  if (value !== null) return false;
  if (kind === "pointwise") return isEmpty(epilogue);
  return (kind === "binaryConv2d" || kind === "planesConv2d") && isEmpty({ ...epilogue, affine: null, bounds: null });
}

/**
 * The first thing that does not hold, as a sentence; null if all do:
 *
 *   every value has one producer, and every read and kept value has one; kept values are maps
 *   an operation reads bits where its kernels count them, maps everywhere else
 *   an operation with an epilogue writes something, and does not read what it writes
 *   counts are turned into numbers: a convolution on bits has an affine
 *   a greater sign is that of a bare map, or of counts with their affine and a clamp alone
 */
export function check(ops: readonly Op[], kept: ReadonlySet<string>): string | null {
  const kinds = new Map<string, "map" | "bits">();
  for (const op of ops) {
    for (const [value, kind] of writesKinds(op)) {
      if (kinds.has(value)) return `${value} is written twice, by ${op.name} too`;
      kinds.set(value, kind);
    }
  }
  for (const value of kept)
    if (kinds.get(value) !== "map") return `${value} is kept, but no operation writes it as a map`;
  for (const op of ops) {
    const residuals = hasEpilogue(op) ? readsOf(op).slice(1) : [];
    const worked = hasEpilogue(op) ? [op.input] : op.inputs;
    for (const [values, kind] of [
      [worked, readsKind(op)],
      [residuals, "map"],
    ] as const) {
      for (const value of values) {
        const found = kinds.get(value);
        if (found === undefined) return `${op.kind} ${op.name} reads ${value}, which nothing writes`;
        if (found !== kind) return `${op.kind} ${op.name} reads ${value} as ${kind}, but it is ${found}`;
      }
    }
    const writes = writesOf(op);
    if (writes.length === 0) return `${op.kind} ${op.name} writes nothing`;
    const own = readsOf(op).find((value) => writes.includes(value));
    if (own !== undefined) return `${op.kind} ${op.name} reads ${own}, which it writes`;
    if (hasEpilogue(op) && op.sign?.greater && !decidesGreater(op)) return `${op.kind} ${op.name} cannot tell > 0`;
    if ((op.kind === "binaryConv2d" || op.kind === "planesConv2d") && op.epilogue.affine === null) {
      return `${op.kind} ${op.name} has no affine`;
    }
  }
  return null;
}
