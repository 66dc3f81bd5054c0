/**
 * What the compiler's passes rewrite: the graph's nodes as operations on two kinds of values, float maps and sign bits, with the
 * parameters resolved to constants. Every operation that ends in an epilogue computes
 *
 *   v = affine(x);  v += first;  v = max(v, 0);  v += second;   value = v;   sign.bits = sign(sign.affine(v))
 *
 * where each part may be absent. That is the one pipeline that the epilogue kernels run (abi/signatures.ts), so a pass that moves a
 * batch norm, an addition or a sign into the operation before it only fills a slot.
 */
import type { BorderValue, Pair } from "../graph/types.js";
import type { BitWeight, FloatWeight } from "../weights.js";
import type { Affine } from "./affine.js";
import type { ActivationCode } from "./codes.js";
import type { WeightPlanes } from "./weight_planes.js";

/** What a convolution or pool sweeps over its input. */
export interface Window {
  readonly kernel: Pair;
  readonly stride: Pair;
  readonly padding: Pair;
}

export interface Epilogue {
  readonly affine: Affine | null;
  readonly first: string | null;
  readonly relu: boolean;
  readonly second: string | null;
}

/** A second output of an operation: the sign bits of its value, after an affine of their own where there is one. */
export interface Sign {
  readonly bits: string;
  readonly affine: Affine | null;
}

interface OpBase {
  /** The graph node that the operation stands for; of several fused ones the convolution or pool. */
  readonly name: string;
}

interface EpilogueOpBase extends OpBase {
  /** The float map read, or for a binary convolution the bits. */
  readonly input: string;
  readonly epilogue: Epilogue;
  /** The float map written; null where only the bits are read by anybody. */
  readonly value: string | null;
  readonly sign: Sign | null;
}

export interface PointwiseOp extends EpilogueOpBase {
  readonly kind: "pointwise";
}

export interface Conv2dOp extends EpilogueOpBase {
  readonly kind: "conv2d";
  readonly window: Window;
  readonly dilation: Pair;
  readonly groups: number;
  readonly weight: FloatWeight;
  /** True where few-bit values are convolved in float: their sums are whole or tie, so terms are added as they are. */
  readonly exact: boolean;
}

/** Its epilogue reads mismatch counts; `affine` is never null and turns them into the layer's numbers. */
export interface BinaryConv2dOp extends EpilogueOpBase {
  readonly kind: "binaryConv2d";
  readonly window: Window;
  readonly dilation: Pair;
  readonly padValue: BorderValue;
  readonly weight: BitWeight;
}

export interface PoolOp extends EpilogueOpBase {
  readonly kind: "maxPool" | "avgPool";
  readonly window: Window;
  readonly countIncludePad: boolean;
}

/**
 * A convolution of few-bit values: a weighted sum of binary convolutions, one for each pair of an activation plane and a weight
 * plane. `affine` reads that sum of counts.
 */
export interface PlanesConv2dOp extends EpilogueOpBase {
  readonly kind: "planesConv2d";
  readonly window: Window;
  readonly dilation: Pair;
  readonly padValue: BorderValue;
  readonly activation: ActivationCode;
  readonly weights: WeightPlanes;
}

export type EpilogueOp = PointwiseOp | Conv2dOp | BinaryConv2dOp | PlanesConv2dOp | PoolOp;

export interface InputOp extends OpBase {
  readonly kind: "input";
  readonly affine: Affine | null;
  readonly value: string;
}

/** value = inputs[0] with inputs[1] added to the channels from `offset` on. */
export interface AddChannelsOp extends OpBase {
  readonly kind: "addChannels";
  readonly inputs: readonly [string, string];
  readonly offset: number;
  readonly value: string;
}

export interface GlobalAvgPoolOp extends OpBase {
  readonly kind: "globalAvgPool";
  readonly input: string;
  readonly value: string;
}

export interface FlattenOp extends OpBase {
  readonly kind: "flatten";
  readonly input: string;
  readonly value: string;
}

export interface DenseOp extends OpBase {
  readonly kind: "dense";
  readonly input: string;
  readonly weight: FloatWeight;
  readonly bias: FloatWeight | null;
  readonly value: string;
}

/** Quantises a map to bit planes. */
export interface PackOp extends OpBase {
  readonly kind: "pack";
  readonly input: string;
  readonly code: ActivationCode;
  readonly value: string;
}

/** Bit planes as a map of the values they stand for, for readers that are not binary convolutions. */
export interface UnpackOp extends OpBase {
  readonly kind: "unpack";
  readonly input: string;
  readonly code: ActivationCode;
  readonly value: string;
}

export interface ConcatOp extends OpBase {
  readonly kind: "concat";
  readonly inputs: readonly string[];
  readonly value: string;
}

export interface MulOp extends OpBase {
  readonly kind: "mul";
  readonly inputs: readonly [string, string];
  readonly value: string;
}

/** Functions of one map that end in no epilogue. */
export type UnaryFunction =
  | { readonly kind: "absMean" }
  /** Quantisers with more bits than have planes. */
  | { readonly kind: "round" | "dorefa"; readonly bits: number }
  | { readonly kind: "softmax" }
  | { readonly kind: "activation"; readonly id: number }
  | { readonly kind: "permute"; readonly order: Uint32Array }
  | { readonly kind: "slice"; readonly begin: number }
  | { readonly kind: "window"; readonly top: number; readonly left: number; readonly value: number };

export interface UnaryOp extends OpBase {
  readonly kind: "unary";
  readonly function: UnaryFunction;
  readonly input: string;
  readonly value: string;
}

export type Op =
  | EpilogueOp
  | InputOp
  | AddChannelsOp
  | GlobalAvgPoolOp
  | FlattenOp
  | DenseOp
  | PackOp
  | UnpackOp
  | ConcatOp
  | MulOp
  | UnaryOp;

export const noEpilogue: Epilogue = { affine: null, first: null, relu: false, second: null };

/** True for operations that end in the epilogue pipeline. */
export function hasEpilogue(op: Op): op is EpilogueOp {
  return "epilogue" in op;
}

/** Names of the values that an operation reads. */
export function readsOf(op: Op): readonly string[] {
  if (op.kind === "input") return [];
  if (op.kind === "addChannels" || op.kind === "concat" || op.kind === "mul") return op.inputs;
  if (!hasEpilogue(op)) return [op.input];
  const reads = [op.input];
  if (op.epilogue.first !== null) reads.push(op.epilogue.first);
  if (op.epilogue.second !== null) reads.push(op.epilogue.second);
  return reads;
}

/** Names of the values that an operation writes. */
export function writesOf(op: Op): readonly string[] {
  if (!hasEpilogue(op)) return [op.value];
  const writes: string[] = [];
  if (op.value !== null) writes.push(op.value);
  if (op.sign !== null) writes.push(op.sign.bits);
  return writes;
}

/** How often each value is read; what is `kept` (outputs, taps) counts as read once more. */
export function countReads(ops: readonly Op[], kept: ReadonlySet<string>): Map<string, number> {
  const counts = new Map<string, number>();
  for (const name of kept) counts.set(name, 1);
  for (const op of ops) for (const name of readsOf(op)) counts.set(name, (counts.get(name) ?? 0) + 1);
  return counts;
}

/** Which operation writes each value. */
export function producers(ops: readonly Op[]): Map<string, Op> {
  const map = new Map<string, Op>();
  for (const op of ops) for (const name of writesOf(op)) map.set(name, op);
  return map;
}
