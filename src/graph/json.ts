/**
 * Graphs as JSON, as a packed model file stores them. What is read is untrusted: every field is checked before it is
 * used.
 */
import { XnorkitError } from "../errors.js";
import { elementCount, formatShape } from "../tensor.js";
import {
  readArray,
  readInteger,
  readName,
  readNumber,
  readObject,
  readOneOf,
  readOptional,
  readPositive,
  readText,
} from "./json_readers.js";
import type { TensorLayout } from "./layout.js";
import { MAX_CHANNELS, MAX_ELEMENTS, MAX_LABELS, MAX_MODULES, MAX_NODES } from "./limits.js";
import { checkModules, modulesOf } from "./modules.js";
import { parameterSpecs } from "./parameters.js";
import { readNode } from "./read_node.js";
import { inferShapes } from "./shapes.js";
import { quoteName } from "./suggest.js";
import type { Graph, Module, Preprocess } from "./types.js";

const readModules = readOptional(readArray(readModule, 0, MAX_MODULES));
const readLayout = readOptional(readOneOf<TensorLayout>("NCHW", "NHWC"));

function readModule(value: unknown, place: string): Module {
  const fields = readObject(value, place, ["path", "type", "output"]);
  return {
    path: readText(fields.path, `${place}.path`),
    type: readText(fields.type, `${place}.type`),
    output: readName(fields.output, `${place}.output`),
  };
}

function readPreprocess(value: unknown, place: string): Preprocess {
  const fields = readObject(value, place, ["mean", "std"]);
  return {
    mean: readArray(readNumber, 1, MAX_CHANNELS)(fields.mean, `${place}.mean`),
    std: readArray(readPositive, 1, MAX_CHANNELS)(fields.std, `${place}.std`),
  };
}

function bad(message: string): never {
  throw new XnorkitError("bad-graph", message);
}

function checkNodes(graph: Graph): void {
  const known = new Set<string>();
  const all = new Set(graph.nodes.map(({ name }) => name));
  graph.nodes.forEach((node, index) => {
    const place = `nodes[${index}] (${quoteName(node.name)}) of the graph`;
    if ((node.kind === "input") !== (index === 0)) {
      bad(`${place} is of kind ${node.kind}: the first node, and no other, is the input`);
    }
    if (known.has(node.name)) bad(`${place} has the name of an earlier node`);
    for (const input of node.inputs) {
      if (known.has(input)) continue;
      bad(
        all.has(input)
          ? `${place} reads ${quoteName(input)}, which is not computed before it: nodes must be in topological ` +
              "order, without cycles"
          : `${place} reads ${quoteName(input)}, which no node computes`,
      );
    }
    known.add(node.name);
  });
  if (!known.has(graph.output)) bad(`output of the graph is ${quoteName(graph.output)}, which no node computes`);
}

function checkSizes(graph: Graph): void {
  for (const [name, shape] of inferShapes(graph)) {
    if (elementCount(shape) <= MAX_ELEMENTS) continue;
    bad(`layer ${name} of the graph gives ${formatShape(shape)}: more than WebAssembly memory can hold`);
  }
  for (const { name, shape } of parameterSpecs(graph)) {
    if (elementCount(shape) <= MAX_ELEMENTS) continue;
    bad(`parameter ${name} of the graph is ${formatShape(shape)}: more than WebAssembly memory can hold`);
  }
}

/** A graph as JSON text, from which `graphFromJson` reads it. */
export function graphToJson(graph: Graph): string {
  return JSON.stringify(graph);
}

/**
 * Reads a graph from JSON text or from the value parsed from it, and checks all of it: fields and types, names and
 * order of nodes, shapes, sizes. Paddings come back in their canonical form, and a graph without modules gets those
 * that its nodes name.
 * @throws XnorkitError `bad-graph` with the place (`nodes[3].kernel`), what it must be and what was found; `bad-shape`
 *   if a layer cannot read the shape that its input has.
 */
export function graphFromJson(json: unknown): Graph {
  const fields = readObject(typeof json === "string" ? parse(json) : json, "the root", [
    "name",
    "inputShape",
    "layout",
    "nodes",
    "output",
    "modules",
    "preprocess",
    "labels",
  ]);
  const layout = readLayout(fields.layout, "layout");
  const read: Graph = {
    name: readText(fields.name, "name"),
    inputShape: readArray(readInteger(1, MAX_ELEMENTS), 2, 4)(fields.inputShape, "inputShape"),
    ...(layout === undefined ? {} : { layout }),
    nodes: readArray(readNode, 1, MAX_NODES)(fields.nodes, "nodes"),
    output: readName(fields.output, "output"),
    modules: readModules(fields.modules, "modules") ?? [],
    ...(fields.preprocess === undefined ? {} : { preprocess: readPreprocess(fields.preprocess, "preprocess") }),
    ...(fields.labels === undefined ? {} : { labels: readArray(readText, 1, MAX_LABELS)(fields.labels, "labels") }),
  };
  checkNodes(read);
  const graph = { ...read, modules: modulesOf(read) };
  checkModules(graph);
  checkSizes(graph);
  return graph;
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (cause) {
    throw new XnorkitError("bad-graph", `the graph is not JSON: ${(cause as Error).message}`, { cause });
  }
}
