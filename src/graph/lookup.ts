/** Values by the names of modules and layers. */
import { XnorkitError } from "../errors.js";
import { modulesOf } from "./modules.js";
import { describeClosest, quoteName } from "./suggest.js";
import type { Graph } from "./types.js";

/**
 * The value that a name stands for: a module path stands for what the module returns (`features.3.0.body.0` is the
 * output of the activated convolution there), a node name for the node's own value.
 * @throws XnorkitError `unknown-name` with the closest names if the graph has neither.
 */
export function findValue(graph: Graph, name: string): string {
  const modules = modulesOf(graph);
  const module = modules.find(({ path }) => path === name && path !== "");
  if (module !== undefined) return module.output;
  if (graph.nodes.some((node) => node.name === name)) return name;

  const names = new Set([...modules.map(({ path }) => path), ...graph.nodes.map((node) => node.name)]);
  names.delete("");
  throw new XnorkitError(
    "unknown-name",
    `${graph.name} has no module or layer named ${quoteName(name)}: ${describeClosest(name, names)}`,
  );
}
