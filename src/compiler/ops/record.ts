/**
 * The form of what the files here hold: for kinds of nodes, what operations they become; for kinds of operations, what
 * they read and write and how they are lowered to kernel calls. index.ts joins them to two tables that miss no kind.
 */
import { XnorkitError } from "../../errors.js";
import type { Node, NodeKind } from "../../graph/types.js";
import type { Shape } from "../../tensor.js";
import type { FloatWeight, Weight } from "../../weights.js";
import type { ActivationCode } from "../binary/codes.js";
import type { LowerContext } from "../context.js";
import type { Held } from "../held_values.js";
import type { AnyOp } from "../ir.js";

/** What a node's operations are made from, beside the node. */
export interface NodeContext {
  /** @throws XnorkitError `missing-weight` */
  weight(name: string): Weight;
  shapeOf(value: string): Shape;
  /** Whether a value is bits or a map. */
  heldAs(value: string): Held;
  /** The code of a value that is bits, null for maps. */
  codeOf(value: string): ActivationCode | null;
}

export type NodeOf<K extends NodeKind> = Extract<Node, { readonly kind: K }>;

/**
 * What makes operations of the nodes of some kinds, for their own shapes and parameters; nothing is fused yet. An
 * operation reads the values that its node reads by their own names.
 */
export type FromNodes<K extends NodeKind> = {
  readonly [P in K]: (node: NodeOf<P>, context: NodeContext) => readonly AnyOp[];
};

export type ValueKind = "map" | "bits";

/** What the compiler knows of a kind of operation. */
export interface OpRecord<O extends AnyOp> {
  /** What `inputs` or `input` are; maps if this is absent. Residuals of an epilogue are maps always. */
  readonly reads?: ValueKind;
  /** What `value` is; a map if this is absent. */
  readonly writes?: ValueKind;
  /** The shape of a value that no node has. */
  readonly shape?: (op: O, input: Shape) => Shape;
  /** Emits the steps that compute the operation, and says where its outputs are. */
  readonly lower: (context: LowerContext, op: O) => void;
}

/** A record for each kind of a union of operations: a kind that is missing is a type error. */
export type OpRecords<O extends AnyOp> = {
  readonly [K in O["kind"]]: OpRecord<Extract<O, { readonly kind: K }>>;
};

/** A parameter in float; weights are checked against the graph before they come here. */
export function floatsOf({ weight }: NodeContext, name: string): FloatWeight {
  const found = weight(name);
  if (found.kind === "f32") return found;
  throw new XnorkitError("bad-value", `parameter ${name} is packed to bits, but the layer computes in float`);
}

export function optionalFloats(context: NodeContext, name: string | null): FloatWeight | null {
  return name === null ? null : floatsOf(context, name);
}
