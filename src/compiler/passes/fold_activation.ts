/** The pass that moves an activation between two affine maps into the convolution that computes the first. */
import { compose } from "../affine.js";
import { boundsBehind, makeBounds } from "../bounds.js";
import { countReads, endsInAffine, isEmpty, noEpilogue, producers } from "../ir.js";
import type { BinaryConv2dOp } from "../ops/binary_convolution.js";
import type { Conv2dOp } from "../ops/convolution.js";
import type { PointwiseOp } from "../ops/elementwise.js";
import type { Op } from "../ops/index.js";

function isPointwise(op: Op | undefined): op is PointwiseOp {
  return op?.kind === "pointwise" && op.sign === null && op.value !== null;
}

/** A ReLU or a clamp alone. */
function isActivation(op: Op | undefined): op is PointwiseOp {
  if (!isPointwise(op)) return false;
  const { bounds, relu } = op.epilogue;
  return (bounds !== null) !== relu && isEmpty({ ...op.epilogue, bounds: null, relu: false });
}

function isAffine(op: Op): op is PointwiseOp {
  return isPointwise(op) && op.epilogue.affine !== null && endsInAffine(op.epilogue);
}

/**
 * On counts: the affine map behind the activation composes with the one before it, and the activation becomes a clamp
 * behind both, since a map of each channel keeps order or turns it round.
 */
function onCounts(conv: BinaryConv2dOp, activation: PointwiseOp, after: PointwiseOp): BinaryConv2dOp {
  const affine = after.epilogue.affine!;
  const bounds = activation.epilogue.bounds ?? makeBounds(affine.scale.length, 0, null);
  const composed = compose(conv.epilogue.affine!, affine);
  const epilogue = { ...noEpilogue, affine: composed, bounds: boundsBehind(affine, bounds) };
  return { ...conv, epilogue, value: after.value };
}

/** In float: the kernel ends with the first affine and the ReLU, the epilogue behind it takes the second. */
function inFloat(conv: Conv2dOp, after: PointwiseOp): Conv2dOp {
  const end = { affine: conv.epilogue.affine, relu: true };
  return { ...conv, end, epilogue: after.epilogue, value: after.value };
}

/**
 * convolution, activation, affine -> convolution, if nobody else reads the values between: what LCE's layers compute
 * (activation, multiplier, bias), and a batch norm behind the ReLU of a float layer.
 */
export function foldActivation(ops: readonly Op[], kept: ReadonlySet<string>): readonly Op[] {
  const reads = countReads(ops, kept);
  const producer = producers(ops);
  const folded = new Map<Op, Op>();
  const removed = new Set<Op>();
  for (const op of ops) {
    if (!isAffine(op) || reads.get(op.input) !== 1) continue;
    const activation = producer.get(op.input);
    if (!isActivation(activation) || reads.get(activation.input) !== 1) continue;
    const conv = producer.get(activation.input);
    if (conv === undefined || folded.has(conv)) continue;
    if (conv.kind === "binaryConv2d" && conv.sign === null && endsInAffine(conv.epilogue)) {
      folded.set(conv, onCounts(conv, activation, op));
    } else if (conv.kind === "conv2d" && conv.sign === null && conv.end === null && activation.epilogue.relu) {
      if (!endsInAffine(conv.epilogue)) continue;
      folded.set(conv, inFloat(conv, op));
    } else {
      continue;
    }
    removed.add(activation);
    removed.add(op);
  }
  return ops.filter((op) => !removed.has(op)).map((op) => folded.get(op) ?? op);
}
