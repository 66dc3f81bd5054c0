/**
 * Graphs as JSON, as a packed model file stores them. What is read is untrusted: every field is checked before it is
 * used.
 */
import { XnorkitError } from "../errors.js";
import { parseJson } from "../json/parse.js";
import { elementCount, formatShape } from "../tensor.js";
import { checkLabels } from "./labels.js";
import { MAX_ELEMENTS } from "./limits.js";
import { checkModules, modulesOf } from "./modules.js";
import { parameterSpecs } from "./parameters.js";
import { checkGraph, noteRead, readGraph } from "./read_graph.js";
import { inferShapes } from "./shapes.js";
import type { Graph } from "./types.js";

function bad(message: string): never {
  throw new XnorkitError("bad-graph", message);
}

function checkSizes(graph: Graph): void {
  const shapes = inferShapes(graph);
  checkLabels(graph);
  for (const [name, shape] of shapes) {
    if (elementCount(shape) <= MAX_ELEMENTS) continue;
    bad(`layer ${name} of the graph gives ${formatShape(shape)}: more than WebAssembly memory can hold`);
  }
  for (const { name, shape } of parameterSpecs(graph)) {
    if (elementCount(shape) <= MAX_ELEMENTS) continue;
    bad(`parameter ${name} of the graph is ${formatShape(shape)}: more than WebAssembly memory can hold`);
  }
}

/**
 * A graph as JSON text, from which `graphFromJson` reads it.
 * @throws XnorkitError as `graphFromJson`: what it would not read is not written.
 */
export function graphToJson(graph: Graph): string {
  checkGraph(graph);
  return JSON.stringify(graphFromJson(graph));
}

/**
 * Reads a graph from JSON text or from the value parsed from it, and checks all of it: fields and types, names and
 * order of nodes, shapes, sizes, and that there are no more labels than outputs. Paddings come back in their canonical
 * form, and a graph without modules gets those that its nodes name.
 * @throws XnorkitError `bad-graph` with the place (`nodes[3].kernel`), what it must be and what was found; `bad-shape`
 *   if a layer cannot read the shape that its input has.
 */
export function graphFromJson(json: unknown): Graph {
  const read = readGraph(typeof json === "string" ? parseJson(json, "the graph", "bad-graph") : json);
  const graph = { ...read, modules: modulesOf(read) };
  noteRead(graph);
  checkModules(graph);
  checkSizes(graph);
  return graph;
}
