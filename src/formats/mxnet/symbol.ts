/**
 * MXNet's `-symbol.json`: the operators of a network and their attributes. What the operators compute is in
 * mxnet_ops*.ts.
 *
 *   { "nodes": [{ "op", "name", "inputs": [[node, output, version]], "attrs": { key: text } }],
 *     "heads": [[node, output]] }
 *
 * `op` "null" is a variable: the input, a parameter or a label. Attributes stand under `attrs` (1.x), `attr` (0.9) or
 * `param` (up to 0.8, beside `attr`).
 */
import { XnorkitError } from "../../errors.js";
import { describeClosest, quoteName } from "../../graph/suggest.js";
import { parseJson } from "../../json/parse.js";

/** One output of a node. */
export interface SymbolEntry {
  readonly node: SymbolNode;
  readonly output: number;
}

export interface SymbolNode {
  /** The operator's name, "null" for a variable. */
  readonly op: string;
  readonly name: string;
  readonly inputs: readonly SymbolEntry[];
  readonly attributes: ReadonlyMap<string, string>;
}

export interface MxnetSymbol {
  /** What the head needs, each node after those it reads. */
  readonly nodes: readonly SymbolNode[];
  readonly head: SymbolEntry;
}

/** Far above any network, low enough that reading one takes no time. */
const MAX_NODES = 100_000;

function fail(problem: string): never {
  throw new XnorkitError("bad-graph", problem);
}

interface Reference {
  readonly node: number;
  readonly output: number;
}

interface RawNode extends Omit<SymbolNode, "inputs"> {
  readonly inputs: readonly Reference[];
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** `[node, output]` or `[node, output, version]`. */
function readReference(value: unknown, count: number, place: string): Reference {
  const [node, output] = Array.isArray(value) && value.length >= 2 ? (value as readonly unknown[]) : [];
  const isIndex = (index: unknown): index is number => Number.isSafeInteger(index) && (index as number) >= 0;
  if (!isIndex(node) || !isIndex(output)) {
    return fail(`${place} of the symbol is no [node, output, version]: the file is damaged`);
  }
  if (node >= count) return fail(`${place} of the symbol is node ${node}, but there are only ${count} nodes`);
  return { node, output };
}

function readAttributes(node: Readonly<Record<string, unknown>>, place: string): ReadonlyMap<string, string> {
  const attributes = new Map<string, string>();
  for (const field of ["param", "attr", "attrs"]) {
    const found = node[field];
    if (found === undefined) continue;
    if (!isRecord(found)) return fail(`${place}.${field} of the symbol must be an object of texts`);
    for (const [key, value] of Object.entries(found)) {
      if (typeof value !== "string")
        return fail(`attribute ${quoteName(key)} of ${place} of the symbol must be a text`);
      attributes.set(key, value);
    }
  }
  return attributes;
}

function readNode(value: unknown, index: number, count: number): RawNode {
  const place = `nodes[${index}]`;
  if (!isRecord(value)) return fail(`${place} of the symbol must be an object`);
  const { op, name, inputs } = value;
  if (typeof op !== "string" || typeof name !== "string" || name === "" || !Array.isArray(inputs)) {
    return fail(`${place} of the symbol must have "op", "name" and "inputs"`);
  }
  return {
    op,
    name,
    inputs: inputs.map((input, i) => readReference(input, count, `inputs[${i}] of ${quoteName(name)}`)),
    attributes: readAttributes(value, `${place} (${quoteName(name)})`),
  };
}

function readHead(heads: unknown, nodes: readonly RawNode[], output: string | undefined): Reference {
  if (!Array.isArray(heads) || heads.length === 0) return fail(`"heads" of the symbol must list what it returns`);
  const found = heads.map((head, i) => readReference(head, nodes.length, `heads[${i}]`));
  if (output !== undefined) {
    const node = nodes.findIndex(({ op, name }) => op !== "null" && (name === output || `${name}_output` === output));
    if (node >= 0) return { node, output: 0 };
    const names = nodes.filter(({ op }) => op !== "null").map(({ name }) => name);
    throw new XnorkitError(
      "unknown-name",
      `the symbol has no operator named ${quoteName(output)}: ${describeClosest(output, names)}`,
    );
  }
  if (found.length > 1) {
    const names = found.map(({ node }) => quoteName(nodes[node].name));
    return fail(`the symbol returns ${found.length} values (${names.slice(0, 8).join(", ")}): name one as output`);
  }
  return found[0];
}

const BATCH_NORM = /^(BatchNorm(_v1)?|CuDNNBatchNorm)$/;

/**
 * Symbols up to MXNet 0.8 leave a layer's states out of its inputs; the loader of later versions adds them by their
 * default names (MXNet `legacy_json_util.cc`, UpgradeJSON_000800_000900).
 */
function missingStates({ op, name, inputs }: RawNode): readonly SymbolEntry[] {
  if (!BATCH_NORM.test(op) || inputs.length !== 3) return [];
  return ["moving_mean", "moving_var"].map((state) => ({
    node: { op: "null", name: `${name}_${state}`, inputs: [], attributes: new Map() },
    output: 0,
  }));
}

/** Depth first from the head, without recursion: a chain may be as long as the file. */
function sortNodes(nodes: readonly RawNode[], head: Reference): MxnetSymbol {
  const done = new Map<number, SymbolNode>();
  const path: { readonly index: number; next: number }[] = [{ index: head.node, next: 0 }];
  const onPath = new Set([head.node]);
  while (path.length > 0) {
    const step = path[path.length - 1];
    const node = nodes[step.index];
    if (step.next === node.inputs.length) {
      const inputs = node.inputs.map((input) => ({ node: done.get(input.node)!, output: input.output }));
      done.set(step.index, { ...node, inputs: [...inputs, ...missingStates(node)] });
      onPath.delete(step.index);
      path.pop();
      continue;
    }
    const input = node.inputs[step.next++].node;
    if (done.has(input)) continue;
    if (onPath.has(input)) {
      const cycle = path.slice(path.findIndex(({ index }) => index === input)).map(({ index }) => nodes[index].name);
      return fail(
        `the symbol has a cycle, ${quoteName(cycle[0])} needs its own output` +
          `${cycle.length > 1 ? ` by way of ${cycle.slice(1, 4).map(quoteName).join(", ")}` : ""}: ` +
          "no order computes it",
      );
    }
    onPath.add(input);
    path.push({ index: input, next: 0 });
  }
  return { nodes: [...done.values()], head: { node: done.get(head.node)!, output: head.output } };
}

/**
 * Reads a `-symbol.json` and puts what its head needs into an order in which it can be computed.
 *
 * @param output Name of the operator to return instead of the head; needed where a symbol has several heads.
 * @throws XnorkitError `bad-graph` with the node if the text is no symbol or has a cycle; `unknown-name` for an
 *   output that is not there.
 */
export function parseMxnetSymbol(text: string, output?: string): MxnetSymbol {
  const root = parseJson(text, "the symbol", "bad-graph");
  if (!isRecord(root) || !Array.isArray(root.nodes)) {
    return fail(`an MXNet symbol is an object with "nodes" and "heads", which this is not`);
  }
  const { nodes: rawNodes, heads } = root;
  if (rawNodes.length === 0 || rawNodes.length > MAX_NODES) {
    return fail(`the symbol has ${rawNodes.length} nodes, expected 1 to ${MAX_NODES}`);
  }
  const nodes = rawNodes.map((node, index) => readNode(node, index, rawNodes.length));
  return sortNodes(nodes, readHead(heads, nodes, output));
}
