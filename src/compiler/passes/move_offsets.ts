/**
 * The pass that takes common offsets out of stored values: a (dot + K) / 2 lies at K / 2, far from 0 for its deviation,
 * and a mean or a sum of such in float32 loses the digits that a batch norm behind it needs.
 *
 *   x = conv(s)       ->  y = mean, sum, concat ...     ->  batch norm of y
 *   x' = conv(s) - c  ->  y' = y - d, the same of x'    ->  batch norm of y' + d
 *
 * The convolution's affine and that of the batch norm take the offset into their shifts, so that a run does nothing
 * else than before. What lies between carries it along: of maps less constants, a mean inside the map is the mean less
 * the constants, a maximum too, and sums, concats and permutations are theirs.
 */
import type { Affine } from "../affine.js";
import { floatCenters } from "../centers.js";
import { type Epilogue, endsInAffine, isEmpty, readsOf } from "../ir.js";
import type { Op } from "../ops/index.js";
import type { PoolOp } from "../ops/pooling.js";

/** How many channels a value has, undefined if no node of the graph has it. */
export type ChannelsOf = (value: string) => number | undefined;

/** Offsets of all values together; a graph with more, from a file that is made for it, keeps what it has. */
const maxNumbers = 2 ** 24;

/** True if only taps inside the map count; each window has some, since padding is smaller than kernels. */
function keepsConstants({ kind, window: { padding }, countIncludePad }: PoolOp): boolean {
  if (kind === "maxPool" || !countIncludePad) return true;
  return padding !== "same" && padding.every((side) => side === 0);
}

/** An operation that writes what it reads less constants, if it reads it less constants. */
function carries(op: Op): boolean {
  switch (op.kind) {
    case "concat":
    case "permute":
    case "slice":
    case "addChannels":
    case "globalAvgPool":
      return true;
    case "pointwise":
      return op.sign === null && op.epilogue.first !== null && isEmpty({ ...op.epilogue, first: null });
    case "maxPool":
    case "avgPool":
      return op.sign === null && isEmpty(op.epilogue) && keepsConstants(op);
    default:
      return false;
  }
}

/** The affine of an operation that puts back what its input lacks; null if it has none. */
function taker(op: Op): Affine | null {
  if (op.kind === "pointwise") return op.epilogue.affine;
  return (op.kind === "maxPool" || op.kind === "avgPool") && keepsConstants(op) ? op.epilogue.affine : null;
}

/** The offset of what a convolution computes: what its affine gives where dot products are 0. */
function ownOffset(op: Op): Float64Array | null {
  if (op.kind !== "binaryConv2d" && op.kind !== "planesConv2d" && op.kind !== "conv2d") return null;
  const { affine } = op.epilogue;
  if (affine === null || op.value === null || op.sign !== null || !endsInAffine(op.epilogue)) return null;
  if (op.kind === "conv2d" && op.end !== null) return null;
  const offset = affine.scale.map((scale, c) => Math.fround(scale * affine.center[c] + affine.shift[c]));
  return offset.every((x) => Number.isFinite(x)) && offset.some((x) => x !== 0) ? offset : null;
}

/** affine(x) - offset. */
function less({ scale, shift, center }: Affine, offset: Float64Array): Affine {
  const root = scale.map((s, c) => (s === 0 ? Number.NaN : center[c] + (offset[c] - (s * center[c] + shift[c])) / s));
  return { scale, shift: shift.map((b, c) => b - offset[c]), root, center };
}

/** affine(x + offset). */
function behind({ scale, shift, root, center }: Affine, offset: Float64Array): Affine {
  return {
    scale,
    shift: shift.map((b, c) => b + scale[c] * offset[c]),
    root: root.map((x, c) => x - offset[c]),
    center: center.map((x, c) => x - offset[c]),
  };
}

interface Verdict {
  /** Everybody who reads the value can do without its offset. */
  readonly free: boolean;
  /** Somebody's affine cancels digits with it. */
  readonly wanted: boolean;
}

const nobodys: Verdict = { free: false, wanted: false };

/** Of all values, from the last to the first. */
function verdicts(ops: readonly Op[], kept: ReadonlySet<string>, channelsOf: ChannelsOf): Map<string, Verdict> {
  const found = new Map<string, Verdict>();
  const of = (value: string) => found.get(value) ?? { free: !kept.has(value), wanted: false };
  for (const op of [...ops].reverse()) {
    const affine = taker(op);
    const reads = readsOf(op);
    const out = "value" in op && op.value !== null ? of(op.value) : nobodys;
    const carried = carries(op) && out.free && [...reads, op.value!].every((value) => channelsOf(value) !== undefined);
    for (const value of reads) {
      const { free, wanted } = of(value);
      if (affine !== null && reads.length === 1) {
        found.set(value, { free, wanted: wanted || floatCenters(affine) !== null });
      } else {
        found.set(value, carried ? { free, wanted: wanted || out.wanted } : { free: false, wanted });
      }
    }
  }
  return found;
}

/** The offset of what a carrier writes, of those that its inputs have. */
function carriedOffset(op: Op, offsetOf: (value: string) => Float64Array, channels: number): Float64Array {
  const inputs = readsOf(op).map(offsetOf);
  const sum = inputs[0].slice();
  switch (op.kind) {
    case "concat": {
      const joined = new Float64Array(channels);
      let at = 0;
      for (const input of inputs) {
        joined.set(input, at);
        at += input.length;
      }
      return joined;
    }
    case "permute":
      return sum.map((_, c) => inputs[0][op.order[c]]);
    case "slice":
      return inputs[0].slice(op.begin, op.begin + channels);
    case "addChannels":
      inputs[1].forEach((x, c) => {
        sum[op.offset + c] += x;
      });
      return sum;
    default:
      return inputs.length === 1 ? sum : sum.map((x, c) => x + inputs[1][c]);
  }
}

function withAffine<O extends Op & { readonly epilogue: Epilogue }>(op: O, affine: Affine): O {
  return { ...op, epilogue: { ...op.epilogue, affine } };
}

/**
 * Moves the offsets of convolutions to the affines behind them, if all who read a value can do without, and if one of
 * the affines would cancel digits with it (`floatCenters`).
 */
export function moveOffsets(ops: readonly Op[], kept: ReadonlySet<string>, channelsOf: ChannelsOf): readonly Op[] {
  const verdict = verdicts(ops, kept, channelsOf);
  const offsets = new Map<string, Float64Array>();
  let numbers = 0;
  const moved: Op[] = [];
  for (const op of ops) {
    const affine = taker(op);
    const reads = readsOf(op);
    let result = op;
    const { free, wanted } = ("value" in op && op.value !== null && verdict.get(op.value)) || nobodys;
    const own = free && wanted ? ownOffset(op) : null;
    if (own !== null && "epilogue" in op) {
      result = withAffine(op, less(op.epilogue.affine!, own));
      offsets.set(op.value!, own);
    } else if (reads.some((value) => offsets.has(value))) {
      if (affine !== null && "epilogue" in op) {
        result = withAffine(op, behind(affine, offsets.get(op.input)!));
      } else {
        const zeros = (value: string) => new Float64Array(channelsOf(value)!);
        const channels = channelsOf(op.value!)!;
        numbers += channels;
        if (numbers > maxNumbers) return ops;
        offsets.set(
          op.value!,
          carriedOffset(op, (value) => offsets.get(value) ?? zeros(value), channels),
        );
      }
    }
    moved.push(result);
  }
  return moved;
}
