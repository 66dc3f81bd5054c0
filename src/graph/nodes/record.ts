/**
 * The form of a node kind: an interface that says what a node holds, and one record that says the rest. The files
 * beside this one hold both, kind by kind; JSON, shapes, parameters and costs are loops over the records.
 */
import { XnorkitError } from "../../errors.js";
import { formatShape, type Shape, sameShape } from "../../tensor.js";
import type { Reader } from "../json_readers.js";
import type { NodeParameter } from "../parameter_spec.js";

/** What nodes of all kinds hold. */
export interface NodeBase {
  /** Unique in the graph, and the name of the value it computes. Leaf modules use their module path. */
  readonly name: string;
  /** Names of the values read, in order. */
  readonly inputs: readonly string[];
  /** Path of the innermost module that the node belongs to. */
  readonly module: string;
}

interface AnyNode extends NodeBase {
  readonly kind: string;
}

/** What a node holds beside its kind and its place in the graph. */
export type Fields<N extends AnyNode> = Omit<N, "kind" | keyof NodeBase>;

/** Multiply-accumulates, by what computes them. */
export interface MacCounts {
  /** Of convolutions with 1-bit weights. */
  readonly binaryMacs?: number;
  /** Of all other convolutions. */
  readonly floatMacs?: number;
  /** Of dense layers. */
  readonly denseMacs?: number;
}

/** All that the graph knows of a kind of node. */
export interface NodeRecord<N extends AnyNode> {
  /**
   * The fields with what reads them from JSON, in the order in which they are written. An optional one has a reader
   * that gives undefined.
   */
  readonly fields: { readonly [F in keyof Fields<N>]-?: Reader<Fields<N>[F]> };
  /** How many values it reads, at least and at most; one, if this is absent. */
  readonly inputs?: readonly [minimum: number, maximum: number];
  /**
   * The shape of its value from the shapes of what it reads.
   * @throws XnorkitError `bad-shape` that names the layer.
   */
  readonly shape: (node: N, inputs: readonly Shape[]) => Shape;
  /**
   * Its parameters in the framework's order of registration, for a first input of this shape; none, if this is absent.
   */
  readonly parameters?: (node: N, input: Shape) => readonly NodeParameter[];
  /** What it costs, from its first input and its own shape; nothing, if this is absent. */
  readonly macs?: (node: N, input: Shape, output: Shape) => MacCounts;
  /**
   * Present if each number that it gives is one of those it reads, or one of the constants that this lists (of a pad).
   * Signs stay signs then: bits can be moved and need not be unpacked.
   */
  readonly moves?: (node: N) => readonly number[];
}

/** A record for each kind of a union of nodes: a kind or a field that is missing is a type error. */
export type NodeRecords<N extends AnyNode> = {
  readonly [K in N["kind"]]: NodeRecord<Extract<N, { readonly kind: K }>>;
};

/** The value of `moves` for nodes that add no constant. */
export const movesOnly = (): readonly number[] => [];

/** @throws XnorkitError `bad-shape` that names the layer. */
export function failShape(node: AnyNode, problem: string): never {
  throw new XnorkitError("bad-shape", `layer ${node.name} (${node.kind}) ${problem}`);
}

/** @throws XnorkitError `bad-graph` that names the layer, for fields that contradict each other. */
export function failFields(node: AnyNode, problem: string): never {
  throw new XnorkitError("bad-graph", `layer ${node.name} (${node.kind}) ${problem}`);
}

/** The shape, if it is that of a map. */
export function mapShape(node: AnyNode, shape: Shape): Shape {
  if (shape.length !== 4) {
    failShape(
      node,
      `needs an image map [batch, channels, height, width], but ${node.inputs[0]} is ${formatShape(shape)}`,
    );
  }
  return shape;
}

/** The shape, if it has channels. */
export function channelShape(node: AnyNode, shape: Shape): Shape {
  if (shape.length < 2) failShape(node, `needs channels, but ${node.inputs[0]} is ${formatShape(shape)}`);
  return shape;
}

/** The shape with another number of channels (axis 1). */
export function withChannels(shape: Shape, channels: number): Shape {
  return [shape[0], channels, ...shape.slice(2)];
}

/** All axes but the channels, for comparing two maps. */
export function besideChannels(shape: Shape): string {
  return formatShape(shape.filter((_, axis) => axis !== 1));
}

/** True if the second value of a `mul` has one number for each channel of the first, and not its shape. */
export function isGate(first: Shape, second: Shape): boolean {
  if (first.length !== 4 || sameShape(first, second)) return false;
  const channels = first.slice(0, 2);
  return sameShape(second, channels) || sameShape(second, [...channels, 1, 1]);
}
