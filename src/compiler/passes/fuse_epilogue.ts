/** The pass that moves residual additions, ReLUs and clamps into what computes one of their inputs. */
import type { Bounds } from "../bounds.js";
import { countReads, type Epilogue, endsInAffine, producers } from "../ir.js";
import { type FusableOp, hasEpilogue, type Op } from "../ops/index.js";

/** What a pointwise operation does that does one thing. */
interface Step {
  readonly bounds: Bounds | null;
  readonly relu: boolean;
  readonly inputs: readonly string[];
}

/** A pointwise operation that only adds (`first`), only clips (`relu`) or only clamps (`bounds`). */
function single(op: Op): Step | null {
  if (op.kind !== "pointwise" || op.value === null || op.sign !== null) return null;
  const { affine, bounds, first, relu, second } = op.epilogue;
  const parts = [bounds !== null, first !== null, relu].filter(Boolean).length;
  if (affine !== null || second !== null || parts !== 1) return null;
  return { bounds, relu, inputs: first === null ? [op.input] : [op.input, first] };
}

/** The epilogue with one more step at its end, or null if the pipeline has no slot left for it. */
function append(epilogue: Epilogue, { bounds, relu }: Step, addend: string | null): Epilogue | null {
  if (bounds !== null) return endsInAffine(epilogue) ? { ...epilogue, bounds } : null;
  if (epilogue.second !== null) return null;
  if (relu) return epilogue.relu ? epilogue : { ...epilogue, relu: true };
  if (!epilogue.relu && epilogue.first === null) return { ...epilogue, first: addend };
  return { ...epilogue, second: addend };
}

/**
 * Binary convolutions take an addition before the others do: their epilogue kernel writes the next layer's bits as
 * well.
 */
function rank(op: Op | undefined): number {
  if (op === undefined || !hasEpilogue(op)) return 0;
  return { binaryConv2d: 5, planesConv2d: 4, conv2d: 3, maxPool: 2, avgPool: 2, pointwise: 1 }[op.kind];
}

/**
 * Moves residual additions, ReLUs and clamps into the epilogue of the operation that computes one of their inputs, if
 * nobody else reads that input. An operation may read its residual before the order of the graph had it computed:
 * `schedule` sorts that out.
 */
export function fuseEpilogue(ops: readonly Op[], kept: ReadonlySet<string>): Op[] {
  const reads = countReads(ops, kept);
  // The operation in `ops` that a value comes from, and what each of those has become.
  const root = producers(ops);
  const alive = new Map<Op, Op>(ops.map((op) => [op, op]));
  for (const op of ops) {
    const step = single(op);
    if (step === null || op.kind !== "pointwise") continue;
    const candidates = step.inputs
      .map((input, index) => ({
        input,
        other: step.inputs[1 - index] ?? null,
        source: alive.get(root.get(input)!),
      }))
      .filter(({ input }) => reads.get(input) === 1)
      .sort((a, b) => rank(b.source) - rank(a.source));
    for (const { input, other, source } of candidates) {
      if (source === undefined || !hasEpilogue(source) || source.sign !== null) continue;
      const epilogue = append(source.epilogue, step, other);
      if (epilogue === null) continue;
      const fused: FusableOp = { ...source, epilogue, value: op.value };
      alive.set(root.get(input)!, fused);
      alive.delete(op);
      root.set(op.value!, root.get(input)!);
      break;
    }
  }
  return ops.filter((op) => alive.has(op)).map((op) => alive.get(op)!);
}
