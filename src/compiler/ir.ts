/**
 * What the compiler's passes rewrite: the graph's nodes as operations on two kinds of values, float maps and bits, with
 * the parameters resolved to constants. Each file in ops/ says what its operations hold; here is what all of them have,
 * and what passes need to know.
 *
 * Every operation that ends in an epilogue computes
 *
 *   v = affine(x);  v = clamp(v, bounds);  v += first;  v = max(v, 0);  v += second;
 *   value = v;  sign.bits = sign(sign.affine(v))
 *
 * and each part may be absent. That is the one pipeline that the epilogue kernels run (assembly/epilogue.ts), so a
 * pass that moves a batch norm, an addition or a sign into the operation before it only fills a slot.
 */
import type { Affine } from "./affine.js";
import type { Bounds } from "./bounds.js";

export interface Epilogue {
  readonly affine: Affine | null;
  readonly bounds: Bounds | null;
  readonly first: string | null;
  readonly relu: boolean;
  readonly second: string | null;
}

/** A second output of an operation: the sign bits of its value, after an affine of their own if there is one. */
export interface Sign {
  readonly bits: string;
  readonly affine: Affine | null;
  /**
   * Bits of v > 0, clear at zero and NaN, in place of !(v < 0). Thresholds of the epilogue kernels are of the second
   * kind alone, so these are of bare maps, or of counts that nothing but their affine and a clamp follow.
   */
  readonly greater: boolean;
}

interface OpBase {
  readonly kind: string;
  /** The graph node that the operation stands for; of several fused ones the convolution or pool. */
  readonly name: string;
}

/** An operation that writes one value. */
export interface ValueOp extends OpBase {
  /** The values read, all maps or all bits (OpRecord). */
  readonly inputs: readonly string[];
  readonly value: string;
}

/** An operation on one value. */
export interface UnaryOp extends ValueOp {
  readonly inputs: readonly [string];
}

/** An operation that ends in the epilogue pipeline. */
export interface EpilogueOp extends OpBase {
  /** The map read, or the bits if its kernels count them. */
  readonly input: string;
  readonly epilogue: Epilogue;
  /** The map written; null if only the bits are read by anybody. */
  readonly value: string | null;
  readonly sign: Sign | null;
}

export type AnyOp = ValueOp | EpilogueOp;

export const noEpilogue: Epilogue = { affine: null, bounds: null, first: null, relu: false, second: null };

/** True for an epilogue that changes nothing. */
export function isEmpty({ affine, bounds, first, relu, second }: Epilogue): boolean {
  return affine === null && bounds === null && first === null && !relu && second === null;
}

/** True for an epilogue that is nothing but an affine, or not even that: another affine or a clamp can follow it. */
export function endsInAffine(epilogue: Epilogue): boolean {
  return isEmpty({ ...epilogue, affine: null });
}

/** Names of the values that an operation reads. */
export function readsOf(op: AnyOp): readonly string[] {
  if (!("epilogue" in op)) return op.inputs;
  const reads = [op.input];
  if (op.epilogue.first !== null) reads.push(op.epilogue.first);
  if (op.epilogue.second !== null) reads.push(op.epilogue.second);
  return reads;
}

/** Names of the values that an operation writes. */
export function writesOf(op: AnyOp): readonly string[] {
  if (!("epilogue" in op)) return [op.value];
  const writes: string[] = [];
  if (op.value !== null) writes.push(op.value);
  if (op.sign !== null) writes.push(op.sign.bits);
  return writes;
}

/** The value whose shape is that of an epilogue operation's outputs. */
export function outputOf({ value, sign }: EpilogueOp): string {
  return value ?? sign!.bits;
}

/** The operation reading other values: `input` renames what it works on, `residual` what its epilogue adds. */
export function renameReads<O extends AnyOp>(
  op: O,
  input: (value: string) => string,
  residual: (value: string) => string,
): O {
  if (!("epilogue" in op)) return { ...op, inputs: op.inputs.map(input) };
  const { first, second } = op.epilogue;
  const epilogue = {
    ...op.epilogue,
    first: first === null ? null : residual(first),
    second: second === null ? null : residual(second),
  };
  return { ...op, input: input(op.input), epilogue };
}

/** How often each value is read; what is `kept` (outputs, taps) counts as read once more. */
export function countReads(ops: readonly AnyOp[], kept: ReadonlySet<string>): Map<string, number> {
  const counts = new Map<string, number>();
  for (const name of kept) counts.set(name, 1);
  for (const op of ops) for (const name of readsOf(op)) counts.set(name, (counts.get(name) ?? 0) + 1);
  return counts;
}

/** Which operation writes each value. */
export function producers<O extends AnyOp>(ops: readonly O[]): Map<string, O> {
  const map = new Map<string, O>();
  for (const op of ops) for (const name of writesOf(op)) map.set(name, op);
  return map;
}
