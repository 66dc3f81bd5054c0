/** Tools of passes that rewrite a network: fresh names, small constants, plain nodes. */
import type { Shape } from "../../tensor.js";
import { fail } from "./messages.js";
import { type Attribute, type Network, NO_ATTRIBUTES, type OnnxNode, OWN_DOMAIN, prune } from "./network.js";
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

/** A network and the shapes of its values. */
export interface Rewritten {
  readonly network: Network;
  readonly shapes: ReadonlyMap<string, Shape>;
}

/** Nodes and constants that a pass adds. */
export interface Edit {
  readonly constants: Map<string, OnnxTensor>;
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
  /** The network with the nodes as they are now. */
  readonly finish: () => Rewritten;
}

/**
 * Starts an edit. Most networks are not changed by most passes: what only changes need is made when the first one
 * comes.
 */
export function startEdit(network: Network, shapes: ReadonlyMap<string, Shape>): Edit {
  const constants = new Map(network.constants);
  const nodes: OnnxNode[] = [];
  const added = new Map<string, Shape>();
  let taken: Set<string> | null = null;
  const counts = new Map<string, number>();

  function fresh(near: string): string {
    taken ??= new Set([network.input, ...constants.keys(), ...network.nodes.flatMap(({ outputs }) => outputs)]);
    let count = counts.get(near) ?? 0;
    let name = `${near}'${count}`;
    while (taken.has(name)) name = `${near}'${++count}`;
    counts.set(near, count + 1);
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
    const shape = added.get(like) ?? shapes.get(like);
    if (shape !== undefined) added.set(node.outputs[0], shape);
    return node.outputs[0];
  }

  return {
    constants,
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
    finish: () => ({
      network: prune({ ...network, nodes, constants }),
      shapes: added.size === 0 ? shapes : new Map([...shapes, ...added]),
    }),
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
