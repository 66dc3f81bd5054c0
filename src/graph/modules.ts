/** The module tree of a graph: derived from the paths that nodes name, and checked. */
import { XnorkitError } from "../errors.js";
import { MAX_DEPTH, MAX_MODULES } from "./limits.js";
import { quoteName } from "./suggest.js";
import type { Graph, Module, Node } from "./types.js";

function bad(message: string): never {
  throw new XnorkitError("bad-graph", message);
}

/** The paths of the modules around one, the innermost first. */
function pathsAround(path: string): readonly string[] {
  const around: string[] = [];
  for (let end = path.lastIndexOf("."); end > 0; end = path.lastIndexOf(".", end - 1)) {
    if (around.push(path.slice(0, end)) < MAX_DEPTH) continue;
    bad(`module ${quoteName(path)} of the graph is nested too deep: at most ${MAX_DEPTH} levels are allowed`);
  }
  return around;
}

/**
 * The modules that the nodes name and those around them, in the order of the nodes; each returns what its last node
 * computes, the network the graph's output. A module of one layer's name is of that layer's kind unless `typeOf` knows
 * better.
 * @param typeOf The framework's class name of a module; the network's path is "".
 */
export function deriveModules(
  nodes: readonly Node[],
  output: string,
  typeOf: (path: string) => string | undefined = () => undefined,
): readonly Module[] {
  const outputs = new Map<string, string>();
  const kinds = new Map(nodes.map(({ name, kind }) => [name, kind]));
  for (const { name, module } of nodes) {
    if (!module) continue; // a caller without types may leave it out
    for (const path of [module, ...pathsAround(module)].reverse()) outputs.set(path, name);
  }
  if (outputs.size >= MAX_MODULES) bad(`the nodes of the graph name more than ${MAX_MODULES} modules`);
  return [
    { path: "", type: typeOf("") ?? "Graph", output },
    ...[...outputs].map(([path, last]) => ({ path, type: typeOf(path) ?? kinds.get(path) ?? "Module", output: last })),
  ];
}

/** The module tree; of a graph made by hand without one the modules that its nodes name. */
export function modulesOf({ nodes, output, modules }: Graph): readonly Module[] {
  // A caller without types may leave them out.
  return (modules as Graph["modules"] | undefined)?.length ? modules : deriveModules(nodes, output);
}

/**
 * @throws XnorkitError `bad-graph` for a tree with a path twice, a child before its parent or a value that no node
 * computes.
 */
export function checkModules({ nodes, modules }: Graph): void {
  const values = new Set(nodes.map(({ name }) => name));
  const paths = new Set(modules.map(({ path }) => path));
  const seen = new Set<string>();
  modules.forEach(({ path, output }, index) => {
    const place = `modules[${index}] (${quoteName(path)}) of the graph`;
    if ((path === "") !== (index === 0)) {
      bad(`${place} is misplaced: the first module, and no other, is the network with path ""`);
    }
    if (seen.has(path)) bad(`${place} has the path of an earlier module`);
    if (!values.has(output)) bad(`${place} returns ${quoteName(output)}, which no node computes`);
    const late = pathsAround(path).find((parent) => paths.has(parent) && !seen.has(parent));
    if (late !== undefined) bad(`${place} comes before its parent ${quoteName(late)}`);
    seen.add(path);
  });
  const stray = nodes.find(({ module }) => !paths.has(module));
  if (stray === undefined) return;
  bad(
    `layer ${quoteName(stray.name)} of the graph belongs to module ${quoteName(stray.module)}, which is not among ` +
      "the modules",
  );
}
