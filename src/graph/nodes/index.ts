/** All kinds of nodes: the union of their interfaces and the table of their records. */
import { XnorkitError } from "../../errors.js";
import { describeClosest, quoteName } from "../suggest.js";
import { type BordersNode, bordersNodes } from "./borders.js";
import { type ChannelsNode, channelsNodes } from "./channels.js";
import { type ConvolutionNode, convolutionNodes } from "./convolution.js";
import { type DenseLayerNode, denseNodes } from "./dense.js";
import { type ElementwiseNode, elementwiseNodes } from "./elementwise.js";
import { type PoolingNode, poolingNodes } from "./pooling.js";
import { type QuantizingNode, quantizingNodes } from "./quantize.js";
import { failShape, type NodeBase, type NodeRecord, type NodeRecords } from "./record.js";

/** The network's input, of the graph's `inputShape`. */
export interface InputNode extends NodeBase {
  readonly kind: "input";
}

/** A node that computes its value from others. */
export type ComputedNode =
  | ConvolutionNode
  | DenseLayerNode
  | PoolingNode
  | ElementwiseNode
  | QuantizingNode
  | ChannelsNode
  | BordersNode;

/** One operation of a network; `kind` says which. */
export type Node = InputNode | ComputedNode;

/** The name of a kind of node. */
export type NodeKind = Node["kind"];

/** A node without its name, inputs and module: what it computes, wherever it stands. */
export type Operation = ComputedNode extends infer Each
  ? Each extends ComputedNode
    ? Omit<Each, "name" | "inputs" | "module">
    : never
  : never;

const records: NodeRecords<Node> = {
  input: {
    fields: {},
    inputs: [0, 0],
    shape: (node) => failShape(node, "computes nothing: its shape is the graph's inputShape"),
  },
  ...convolutionNodes,
  ...quantizingNodes,
  ...elementwiseNodes,
  ...poolingNodes,
  ...denseNodes,
  ...channelsNodes,
  ...bordersNodes,
};

/** The names of all kinds. */
export const nodeKinds = Object.keys(records) as readonly NodeKind[];

/** True for the name of a kind of node. */
export function isNodeKind(kind: unknown): kind is NodeKind {
  return typeof kind === "string" && Object.hasOwn(records, kind);
}

/** The record of a kind. */
export function recordOfKind(kind: NodeKind): NodeRecord<Node> {
  return records[kind] as unknown as NodeRecord<Node>;
}

/**
 * The record of a node's kind.
 * @throws XnorkitError `bad-graph` for a kind that does not exist, which a graph made by hand may have.
 */
export function recordOf({ kind, name }: Node): NodeRecord<Node> {
  if (isNodeKind(kind)) return recordOfKind(kind);
  throw unknownKind(`layer ${quoteName(String(name))}`, kind);
}

/** The error for a kind that does not exist. */
export function unknownKind(place: string, kind: unknown): XnorkitError {
  const found = typeof kind === "string" ? quoteName(kind) : typeof kind;
  const hint = typeof kind === "string" ? `: ${describeClosest(kind, nodeKinds)}` : "";
  return new XnorkitError("bad-graph", `${place} has the unknown kind ${found}${hint}`);
}

/** True if the node gives nothing but numbers that it reads and constants that are signs: a compiler may move bits. */
export function keepsSigns(node: Node): boolean {
  return (
    recordOf(node)
      .moves?.(node)
      .every((value) => Math.abs(value) === 1) ?? false
  );
}
