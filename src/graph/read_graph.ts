/**
 * Reads the fields of a graph, from JSON or as a caller without types hands it over: types, names, the order of nodes.
 * Whether shapes fit is for shape inference to say.
 */
import { objectArgument } from "../arguments.js";
import { XnorkitError } from "../errors.js";
import {
  readArray,
  readFloat,
  readInteger,
  readName,
  readObject,
  readOneOf,
  readOptional,
  readPositiveFloat,
  readText,
  refuse,
} from "./json_readers.js";
import type { TensorLayout } from "./layout.js";
import { MAX_CHANNELS, MAX_ELEMENTS, MAX_LABELS, MAX_MODULES, MAX_NODES } from "./limits.js";
import type { Node } from "./nodes/index.js";
import { checkFields, readNode } from "./read_node.js";
import { quoteName } from "./suggest.js";
import type { Graph, Module, Preprocess } from "./types.js";

const readModules = readOptional(readArray(readModule, 0, MAX_MODULES));
const readLayout = readOptional(readOneOf<TensorLayout>("NCHW", "NHWC"));
const readLabels = readOptional(readArray(readText, 1, MAX_LABELS));
const readPixels = readOptional(readPreprocess);

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
    mean: readArray(readFloat, 1, MAX_CHANNELS)(fields.mean, `${place}.mean`),
    std: readArray(readPositiveFloat, 1, MAX_CHANNELS)(fields.std, `${place}.std`),
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

/**
 * Reads a graph from a value of unknown origin. Paddings come back in their canonical form.
 * @throws XnorkitError `bad-graph` with the place (`nodes[3].kernel`), what it must be and what was found.
 */
export function readGraph(value: unknown): Graph {
  const fields = readObject(value, "the root", [
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
  const preprocess = readPixels(fields.preprocess, "preprocess");
  const labels = readLabels(fields.labels, "labels");
  const graph: Graph = {
    name: readText(fields.name, "name"),
    inputShape: readArray(readInteger(1, MAX_ELEMENTS), 2, 4)(fields.inputShape, "inputShape"),
    ...(layout === undefined ? {} : { layout }),
    nodes: readArray(readNode, 1, MAX_NODES)(fields.nodes, "nodes"),
    output: readName(fields.output, "output"),
    modules: readModules(fields.modules, "modules") ?? [],
    ...(preprocess === undefined ? {} : { preprocess }),
    ...(labels === undefined ? {} : { labels }),
  };
  checkNodes(graph);
  return graph;
}

/** Graphs whose fields are known to be right: graphs are plain data that nobody changes. */
const read = new WeakSet<Graph>();

/** Notes that the fields of a graph are right. */
export function noteRead(graph: Graph): void {
  read.add(graph);
}

function checkNode(node: Node, index: number): void {
  const place = `nodes[${index}]`;
  if (typeof node !== "object" || node === null) refuse(place, "a node", node);
  readName(node.name, `${place}.name`);
  checkFields(node);
  readArray(readName, 0, MAX_NODES)(node.inputs, `inputs of layer ${quoteName(node.name)}`);
  readOptional(readText)(node.module, `module of layer ${quoteName(node.name)}`);
}

/**
 * Checks the fields of a graph that a caller hands over, once. That its layers fit together is for shape inference to
 * see.
 * @throws XnorkitError `bad-graph` with the place or the layer.
 */
export function checkGraph(graph: Graph): void {
  objectArgument("the network", "the graph", "what getModel, graphFromJson or an importer gives", graph);
  if (read.has(graph)) return;
  readText(graph.name, "name");
  readName(graph.output, "output");
  readLayout(graph.layout, "layout");
  readArray((node) => node, 1, MAX_NODES)(graph.nodes, "nodes");
  graph.nodes.forEach(checkNode);
  readModules(graph.modules, "modules");
  readPixels(graph.preprocess, "preprocess");
  readLabels(graph.labels, "labels");
  noteRead(graph);
}
