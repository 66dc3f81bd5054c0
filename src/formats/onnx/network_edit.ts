/** Tools of passes that rewrite a network: fresh names, small constants, plain nodes. */
import type { Shape } from "../../tensor.js";
import { fail } from "./messages.js";
import { type Attribute, type Network, NO_ATTRIBUTES, type OnnxNode, OWN_DOMAIN } from "./network.js";
import { MAX_NODES } from "./schema.js";
import { type OnnxTensor, scalarTensor } from "./tensors.js";

/** The operators of `OWN_DOMAIN`. */
export type OwnOperator =
  /** -1 below zero, +1 above, the attribute `zero` at zero. */
  | "Sign"
  /** (clamp(round(x / scale) + zeroPoint, low, high) - zeroPoint) * scale, half to even. */
  | "FakeQuantize"
  /** (x W + K) / 2 on +-1 values and weights: how many of them agree. */
  | "XnorPopcount"
  /** Mean over the axis `axis` of |x|, which stays with size 1. */
  | "AbsMean"
  /** The channels of `groups` groups take turns. */
  | "ChannelShuffle";

/** Nodes and constants that a pass adds. */
export interface Edit {
  readonly constants: Map<string, OnnxTensor>;
  readonly shapes: Map<string, Shape>;
  readonly nodes: OnnxNode[];
  /** A name that no value has. */
  readonly fresh: (near: string) => string;
  readonly constant: (tensor: OnnxTensor, near: string) => string;
  readonly scalar: (value: number, near: string) => string;
  /** Adds a node that does a part of what `origin` does; its value has the shape of `like`. */
  readonly add: (
    origin: OnnxNode,
    part: string,
    op: string,
    inputs: readonly string[],
    like: string,
    output?: string,
  ) => string;
  /** Adds an own operator that does the main part of what `origin` does. */
  readonly addOwn: (
    origin: OnnxNode,
    op: OwnOperator,
    inputs: readonly string[],
    attributes: Readonly<Record<string, number>>,
    like: string,
    output?: string,
  ) => string;
}

/** Starts an edit; names count on from pass to pass, since a value keeps its name. */
export function startEdit(network: Network, shapes: ReadonlyMap<string, Shape>): Edit {
  const constants = new Map(network.constants);
  const edited = new Map(shapes);
  const nodes: OnnxNode[] = [];
  const taken = new Set([network.input, ...constants.keys(), ...network.nodes.flatMap(({ outputs }) => outputs)]);

  function fresh(near: string): string {
    let count = 0;
    let name = `${near}'`;
    while (taken.has(name)) name = `${near}'${++count}`;
    taken.add(name);
    return name;
  }

  function constant(tensor: OnnxTensor, near: string): string {
    const name = fresh(near);
    constants.set(name, tensor);
    return name;
  }

  function push(node: OnnxNode, like: string): string {
    if (nodes.length >= MAX_NODES) fail("bad-graph", `the graph becomes more than ${MAX_NODES} nodes`);
    nodes.push(node);
    const shape = edited.get(like);
    if (shape !== undefined) edited.set(node.outputs[0], shape);
    return node.outputs[0];
  }

  return {
    constants,
    shapes: edited,
    nodes,
    fresh,
    constant,
    scalar: (value, near) => constant(scalarTensor(value), near),
    add(origin, part, op, inputs, like, output = fresh(like)) {
      const version = origin.domain === "" ? origin.version : 13;
      const node = { ...origin, domain: "", op, version, inputs, outputs: [output], attributes: NO_ATTRIBUTES, part };
      return push(node, like);
    },
    addOwn(origin, op, inputs, attributes, like, output = fresh(like)) {
      const entries = Object.entries(attributes).map(([name, value]): [string, Attribute] => [
        name,
        { kind: "float", value },
      ]);
      const node = {
        ...origin,
        domain: OWN_DOMAIN,
        op,
        version: 1,
        inputs,
        outputs: [output],
        attributes: new Map(entries),
      };
      return push(node, like);
    },
  };
}

/** A number of an own operator's attribute. */
export function ownNumber(node: OnnxNode, name: string): number {
  const attribute = node.attributes.get(name);
  if (attribute?.kind === "float") return attribute.value;
  throw new TypeError(`${node.op} lacks its ${name}`);
}

/** The one number that all elements of a tensor are; null if they differ or there are none. */
export function uniformValue({ data }: OnnxTensor): number | null {
  const [first] = data;
  return data.length > 0 && data.every((value) => value === first) ? first : null;
}
