/**
 * All operations, and the two tables of the compiler: what each kind of node becomes, and how each kind of operation is
 * lowered.
 */
import type { Node, NodeKind } from "../../graph/types.js";
import { type BinaryConv2dOp, binaryConvolutionOps } from "./binary_convolution.js";
import { type BordersOp, bordersNodes, bordersOps } from "./borders.js";
import { type ChannelsOp, channelsNodes, channelsOps } from "./channels.js";
import { type Conv2dOp, convolutionNodes, convolutionOps } from "./convolution.js";
import { type DenseOp, denseNodes, denseOps } from "./dense.js";
import { type ElementwiseOp, elementwiseNodes, elementwiseOps } from "./elementwise.js";
import { fewBitsOps, type PlanesConv2dOp } from "./few_bits.js";
import { type MovedBitsOp, movedBitsOp, movedBitsOps } from "./moved_bits.js";
import { type GlobalAvgPoolOp, type PoolOp, poolingNodes, poolingOps } from "./pooling.js";
import { type InputOp, portsNodes } from "./ports.js";
import { type QuantizeOp, quantizeNodes, quantizeOps } from "./quantize.js";
import { quantizedLayerNodes } from "./quantized_layer.js";
import type { NodeContext, NodeOf, OpRecord, OpRecords, ValueKind } from "./record.js";

/** An operation that is computed from others. The input is lowered by itself, for what a run gives. */
export type ComputedOp =
  | Conv2dOp
  | BinaryConv2dOp
  | PlanesConv2dOp
  | PoolOp
  | GlobalAvgPoolOp
  | DenseOp
  | ElementwiseOp
  | QuantizeOp
  | ChannelsOp
  | BordersOp
  | MovedBitsOp;

export type Op = InputOp | ComputedOp;

/** Operations that end in the epilogue pipeline. */
export type FusableOp = Extract<Op, { readonly epilogue: unknown }>;

/** True for operations that end in the epilogue pipeline. */
export function hasEpilogue(op: Op): op is FusableOp {
  return "epilogue" in op;
}

const nodes: { readonly [K in NodeKind]: (node: NodeOf<K>, context: NodeContext) => readonly Op[] } = {
  ...portsNodes,
  ...convolutionNodes,
  ...quantizedLayerNodes,
  ...quantizeNodes,
  ...poolingNodes,
  ...denseNodes,
  ...elementwiseNodes,
  ...channelsNodes,
  ...bordersNodes,
};

const records: OpRecords<ComputedOp> = {
  ...convolutionOps,
  ...binaryConvolutionOps,
  ...fewBitsOps,
  ...quantizeOps,
  ...poolingOps,
  ...denseOps,
  ...elementwiseOps,
  ...channelsOps,
  ...bordersOps,
  ...movedBitsOps,
};

/** The operations that a node becomes: on bits, if it moves them. */
export function operationsOf(node: Node, context: NodeContext): readonly Op[] {
  const moved = movedBitsOp(node, context);
  if (moved !== null) return [moved];
  return (nodes[node.kind] as (node: Node, context: NodeContext) => readonly Op[])(node, context);
}

/** The record of an operation's kind. */
export function recordOf(op: ComputedOp): OpRecord<ComputedOp> {
  return records[op.kind] as unknown as OpRecord<ComputedOp>;
}

/** What an operation works on, beside the maps that its epilogue adds. */
export function readsKind(op: Op): ValueKind {
  return op.kind === "input" ? "map" : (recordOf(op).reads ?? "map");
}

/** What the values are that an operation writes. */
export function writesKinds(op: Op): readonly (readonly [value: string, kind: ValueKind])[] {
  if (!hasEpilogue(op)) return [[op.value, op.kind === "input" ? "map" : (recordOf(op).writes ?? "map")]];
  const value = op.value === null ? [] : [[op.value, "map"] as const];
  return op.sign === null ? value : [...value, [op.sign.bits, "bits"]];
}
