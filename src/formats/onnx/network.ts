/**
 * An ONNX graph while it is imported: nodes in the order of computation and constants by name. Passes take one network
 * and give the next; nothing is changed in place.
 */
import { describe, fail, show } from "./messages.js";
import type { OnnxTensor } from "./tensors.js";

/**
 * An attribute of a node; `other` for kinds that no operator here has (strings in lists, subgraphs, sparse tensors,
 * types).
 */
export type Attribute =
  | { readonly kind: "float"; readonly value: number }
  | { readonly kind: "int"; readonly value: number }
  | { readonly kind: "string"; readonly value: string }
  | { readonly kind: "floats"; readonly value: readonly number[] }
  | { readonly kind: "ints"; readonly value: readonly number[] }
  | { readonly kind: "tensor"; readonly value: OnnxTensor }
  | { readonly kind: "other" };

export interface OnnxNode {
  /** As the file names it; "" if it does not. */
  readonly name: string;
  /** "" is ONNX's own; `OWN_DOMAIN` holds the canonical operators of this importer. */
  readonly domain: string;
  readonly op: string;
  /** The operator set version of its domain. */
  readonly version: number;
  /** Names of values; "" if an optional input is absent. */
  readonly inputs: readonly string[];
  readonly outputs: readonly string[];
  readonly attributes: ReadonlyMap<string, Attribute>;
  /** What part of the file's node it does, where a pass made several of one; for its name. */
  readonly part?: string;
  /**
   * The modules that PyTorch's exporter says the node is in, since version 2.6: Python lists of paths and of classes.
   */
  readonly modules?: { readonly paths: string; readonly classes: string };
}

/** An axis of the input: its size, or null if the file leaves it open. */
export type InputDims = readonly (number | null)[];

export interface Network {
  readonly name: string;
  /** Each after the nodes whose outputs it reads. */
  readonly nodes: readonly OnnxNode[];
  readonly constants: ReadonlyMap<string, OnnxTensor>;
  readonly input: string;
  readonly output: string;
}

/** Of operators that passes make, which no file can name. */
export const OWN_DOMAIN = "xnorkit";

export const NO_ATTRIBUTES: ReadonlyMap<string, Attribute> = new Map();

/** The nodes by the names of their outputs. */
export function producers(nodes: readonly OnnxNode[]): ReadonlyMap<string, OnnxNode> {
  const found = new Map<string, OnnxNode>();
  for (const node of nodes) for (const output of node.outputs) if (output !== "") found.set(output, node);
  return found;
}

/** The nodes that read each value. */
export function readers(nodes: readonly OnnxNode[]): ReadonlyMap<string, readonly OnnxNode[]> {
  const found = new Map<string, OnnxNode[]>();
  for (const node of nodes) {
    for (const input of new Set(node.inputs)) {
      const others = found.get(input);
      if (others === undefined) found.set(input, [node]);
      else others.push(node);
    }
  }
  return found;
}

/** The same nodes with other names for what they read; chains of names are followed. */
export function renameInputs(nodes: readonly OnnxNode[], names: ReadonlyMap<string, string>): readonly OnnxNode[] {
  if (names.size === 0) return nodes;
  return nodes.map((node) => renameInputsOf(node, names));
}

/** One node with other names for what it reads. */
export function renameInputsOf(node: OnnxNode, names: ReadonlyMap<string, string>): OnnxNode {
  if (!node.inputs.some((input) => names.has(input))) return node;
  return { ...node, inputs: node.inputs.map((input) => resolveName(input, names)) };
}

/** The last name of a chain of names. */
export function resolveName(name: string, names: ReadonlyMap<string, string>): string {
  let last = name;
  for (let next = names.get(last); next !== undefined; next = names.get(last)) last = next;
  return last;
}

/**
 * The nodes that the output needs, each after those that it reads; where the file's order is one, it stays.
 * @param isGiven True for values that are there before any node runs.
 * @throws XnorkitError `bad-graph` for a cycle, for two nodes that compute one value, and for a value that nobody
 *   computes.
 */
export function orderNodes(
  nodes: readonly OnnxNode[],
  output: string,
  isGiven: (value: string) => boolean,
): readonly OnnxNode[] {
  const makers = new Map<string, OnnxNode>();
  for (const node of nodes) {
    for (const name of node.outputs) {
      if (name === "") continue;
      const other = makers.get(name);
      if (other !== undefined || isGiven(name)) {
        fail("bad-graph", `value ${show(name)} is computed by ${describe(node)} although it is there already`);
      }
      makers.set(name, node);
    }
  }
  const needed = neededNodes(makers, output, isGiven);
  const state = new Map<OnnxNode, "open" | "done">();
  const ordered: OnnxNode[] = [];
  for (const root of nodes) {
    if (!needed.has(root)) continue;
    const stack = [root];
    while (stack.length > 0) {
      const node = stack[stack.length - 1];
      if (state.get(node) === "done") {
        stack.pop();
        continue;
      }
      state.set(node, "open");
      let isReady = true;
      for (const input of node.inputs) {
        const maker = makers.get(input);
        if (maker === undefined || state.get(maker) === "done") continue;
        if (state.get(maker) === "open") fail("bad-graph", `${describe(node)} reads ${show(input)} in a cycle`);
        stack.push(maker);
        isReady = false;
      }
      if (!isReady) continue;
      state.set(node, "done");
      ordered.push(node);
      stack.pop();
    }
  }
  return ordered;
}

function neededNodes(
  makers: ReadonlyMap<string, OnnxNode>,
  output: string,
  isGiven: (value: string) => boolean,
): ReadonlySet<OnnxNode> {
  const needed = new Set<OnnxNode>();
  const wanted: { readonly value: string; readonly reader: OnnxNode | null }[] = [{ value: output, reader: null }];
  for (let next = wanted.pop(); next !== undefined; next = wanted.pop()) {
    const { value, reader } = next;
    if (value === "") continue;
    const maker = makers.get(value);
    if (maker === undefined) {
      if (isGiven(value)) continue;
      const who = reader === null ? "the graph returns" : `${describe(reader)} reads`;
      return fail("bad-graph", `${who} ${show(value)}, which no node computes and no tensor of the file holds`);
    }
    if (needed.has(maker)) continue;
    needed.add(maker);
    for (const input of maker.inputs) wanted.push({ value: input, reader: maker });
  }
  return needed;
}

/**
 * The network without nodes that the output does not need, and without constants that nobody reads. Its nodes are in
 * order already, as every pass leaves them.
 */
export function prune(network: Network): Network {
  const needed = new Set([network.output]);
  const kept: OnnxNode[] = [];
  for (let index = network.nodes.length - 1; index >= 0; index--) {
    const node = network.nodes[index];
    if (!node.outputs.some((output) => needed.has(output))) continue;
    kept.push(node);
    for (const input of node.inputs) needed.add(input);
  }
  if (kept.length === network.nodes.length && [...network.constants.keys()].every((name) => needed.has(name)))
    return network;
  const constants = new Map([...network.constants].filter(([name]) => needed.has(name)));
  return { ...network, nodes: kept.reverse(), constants };
}
