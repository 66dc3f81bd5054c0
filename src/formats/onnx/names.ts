/**
 * Names of layers and the modules that they are in, from the names in the file (scopes.ts), so that trees, taps and
 * profiles read as the training code does. A scope with one operator is a layer of that name (`layers.0.conv`); beside
 * others an operator is named after itself (`layers.0.Sign`). Without scopes the parameters tell: `features.3.weight`
 * belongs to `features.3`.
 */
import type { Network, OnnxNode } from "./network.js";
import { placeName, splitPlace } from "./scopes.js";

export interface LayerName {
  readonly name: string;
  /** Path of the innermost module; "" is the network. */
  readonly module: string;
}

export interface Names {
  /** The name of the network's input. */
  readonly input: string;
  readonly of: (node: OnnxNode) => LayerName;
  /** The class of a module: the framework's where the file tells it, else the operator of a module that is one. */
  readonly typeOf: (path: string) => string | undefined;
}

interface Place {
  readonly scopes: readonly string[];
  readonly leaf: string;
}

/** Operators that become no layer of their own as a rule, and need no module. */
const SILENT = new Set(["Transpose", "Reshape", "Flatten", "Squeeze", "Unsqueeze", "Identity", "Pad", "Cast"]);
/** Operators that are modules in every framework. */
const LAYERS = new Set(["Conv", "Gemm", "MatMul", "BatchNormalization", "PRelu", "XnorPopcount"]);
const MAX_SCOPES = 48;
const MAX_PART = 100;

/** A part of a path: without dots, blanks and control characters, not too long. */
function part(text: string): string {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: names of files may hold any
  const plain = text.replaceAll(/[.\s\u0000-\u001f\u007f]+/g, "_").slice(0, MAX_PART);
  return plain === "" ? "_" : plain;
}

/** The strings of a list as Python prints it. */
function pythonStrings(text: string): readonly string[] {
  return [...text.matchAll(/'((?:[^'\\]|\\.)*)'|"((?:[^"\\]|\\.)*)"/g)].map(([, single, double]) => single ?? double);
}

/** `features.3` of `features.3.weight`; null for names that are not made so. */
function moduleOfParameter(name: string): string | null {
  const [, path] = /^([A-Za-z_]\w*(?:\.\w+)*)\.[A-Za-z_]\w*$/.exec(name) ?? [];
  return path ?? null;
}

function placeOf(node: OnnxNode, network: Network): Place {
  const paths = pythonStrings(node.modules?.paths ?? "");
  if (paths.length >= 2) {
    const [path, leaf] = paths.slice(-2);
    return { scopes: path.split(".").filter((scope) => scope !== ""), leaf };
  }
  const place = placeName(node);
  if (place.includes("/")) return splitPlace(place);
  for (const input of node.inputs) {
    const path = network.constants.has(input) ? moduleOfParameter(input) : null;
    if (path !== null) return { scopes: path.split("."), leaf: node.op };
  }
  return { scopes: [], leaf: place === "" ? node.op : place };
}

/** How many scopes all places share: a whole network in one scope needs no name for it. */
function sharedScopes(places: readonly Place[]): number {
  if (places.length < 2) return 0;
  let count = 0;
  const [{ scopes }] = places;
  while (count < scopes.length && places.every((place) => place.scopes[count] === scopes[count])) count++;
  return count;
}

/** The classes that the exporter states, by path. */
function statedClasses(nodes: readonly OnnxNode[]): Map<string, string> {
  const classes = new Map<string, string>();
  for (const { modules } of nodes) {
    if (modules === undefined) continue;
    const [paths, names] = [pythonStrings(modules.paths), pythonStrings(modules.classes)];
    if (paths.length !== names.length) continue;
    for (const [index, path] of paths.slice(0, -1).entries()) {
      classes.set(path, part(names[index].slice(names[index].lastIndexOf(".") + 1)));
    }
  }
  return classes;
}

/** Names for all nodes of a network; two nodes may get one name, which the graph's assembly numbers. */
export function planNames(network: Network): Names {
  const { nodes } = network;
  const places = new Map(nodes.map((node) => [node, placeOf(node, network)]));
  const loud = nodes.filter(({ op, part: piece }) => !SILENT.has(op) && piece === undefined);
  const isStated = nodes.some(({ modules }) => modules !== undefined);
  const shared = isStated ? 0 : sharedScopes(loud.map((node) => places.get(node)!));
  const pathOf = (node: OnnxNode) =>
    places
      .get(node)!
      .scopes.slice(shared, shared + MAX_SCOPES)
      .map(part)
      .join(".");
  const inScope = new Map<string, number>();
  const outer = new Set<string>();
  for (const node of loud) {
    const path = pathOf(node);
    inScope.set(path, (inScope.get(path) ?? 0) + 1);
    for (let end = path.lastIndexOf("."); end > 0; end = path.lastIndexOf(".", end - 1)) outer.add(path.slice(0, end));
  }
  const isLayer = (path: string) => path !== "" && inScope.get(path) === 1 && !outer.has(path);
  const types = statedClasses(nodes);
  const named = new Map<OnnxNode, LayerName>();
  for (const node of nodes) {
    const path = pathOf(node);
    const suffix = node.part === undefined ? "" : `.${node.part}`;
    if (isLayer(path) && !SILENT.has(node.op)) {
      named.set(node, { name: `${path}${suffix}`, module: path });
      if (suffix === "" && !types.has(path)) types.set(path, node.op);
      continue;
    }
    const leaf = part(places.get(node)!.leaf.replace(/:\d+$/, ""));
    const name = `${path === "" ? leaf : `${path}.${leaf}`}${suffix}`;
    const isModule = LAYERS.has(node.op);
    named.set(node, { name, module: isModule ? name : path });
    if (isModule && !types.has(name)) types.set(name, node.op);
  }
  return {
    input: network.input.slice(0, MAX_PART) || "input",
    of: (node) => named.get(node) ?? { name: part(node.op), module: "" },
    typeOf: (path) => types.get(path) ?? (path === "" ? "OnnxModel" : undefined),
  };
}
