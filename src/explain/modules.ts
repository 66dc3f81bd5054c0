/** The framework's module tree beside the data flow: which module is a block, and which one holds given nodes. */
import type { Graph, Module, Node } from "../graph/types.js";
import { isWeighted } from "./flow.js";

/** Classes that only put others in a row or a list, in gluon, torch, and symbols without a tree. */
const CONTAINERS: ReadonlySet<string> = new Set([
  "HybridSequential",
  "Sequential",
  "ModuleList",
  "Module",
  "ModuleDict",
  "Symbol",
]);

/** Module paths from the outermost to the innermost that hold a node, without the network itself. */
export function enclosingModules(module: string, modules: ReadonlyMap<string, Module>): readonly Module[] {
  const found: Module[] = [];
  for (let end = module.indexOf("."); ; end = module.indexOf(".", end + 1)) {
    const path = end < 0 ? module : module.slice(0, end);
    const known = path === "" ? undefined : modules.get(path);
    if (known !== undefined) found.push(known);
    if (end < 0) return found;
  }
}

/** True if modules of a class of their own hold others. Files without modules have layers, and scopes of names. */
export function hasModuleTree({ modules }: Graph): boolean {
  const own = new Set(modules.flatMap(({ path, type }) => (path === "" || CONTAINERS.has(type) ? [] : [path])));
  return modules.some(({ path }) => own.has(path.slice(0, Math.max(path.lastIndexOf("."), 0))));
}

export function modulesByPath(graph: Graph): ReadonlyMap<string, Module> {
  return new Map(graph.modules.map((module) => [module.path, module]));
}

/**
 * The block that each node belongs to, as the framework prints blocks: the outermost module of a class of its own, with
 * several layers, one of them with a weight (BasicBlockE1, CNNGenotypeCell). Nodes outside of blocks are not in the
 * map.
 */
export function blockPaths(graph: Graph, nodes: readonly Node[]): ReadonlyMap<string, string> {
  const modules = modulesByPath(graph);
  const members = new Map<string, Node[]>();
  for (const node of nodes) {
    const block = enclosingModules(node.module, modules).find(({ type }) => !CONTAINERS.has(type));
    if (block === undefined) continue;
    const others = members.get(block.path);
    if (others === undefined) members.set(block.path, [node]);
    else others.push(node);
  }
  const paths = new Map<string, string>();
  for (const [path, own] of members) {
    if (own.length < 2 || !own.some(isWeighted)) continue;
    for (const { name } of own) paths.set(name, path);
  }
  return paths;
}

/** The innermost module that holds all of the nodes; "" is the network. */
export function commonModule(nodes: readonly Node[]): string {
  const [first, ...others] = nodes.map(({ module }) => (module === "" ? [] : module.split(".")));
  if (first === undefined) return "";
  let length = first.length;
  for (const parts of others) {
    let same = 0;
    while (same < length && parts[same] === first[same]) same++;
    length = same;
  }
  return first.slice(0, length).join(".");
}
