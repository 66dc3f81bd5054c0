/** Graphs as JSON, as a packed model file stores them. What is read is untrusted: every field is checked before it is used. */
import { XnorkitError } from "../errors.js";
import { elementCount, formatShape } from "../tensor.js";
import {
  type Reader,
  readArray,
  readBoolean,
  readInteger,
  readName,
  readNullable,
  readNumber,
  readObject,
  readOneOf,
  readPair,
  readPositive,
  readText,
  refuse,
} from "./json_readers.js";
import { parameterSpecs } from "./parameters.js";
import { inferShapes } from "./shapes.js";
import { describeClosest, quoteName } from "./suggest.js";
import type { Graph, Module, Node, Preprocess } from "./types.js";

/** Far above any network (ResNetE-152 with 8 slices has 3000 nodes), low enough that checking one takes no time. */
const MAX_NODES = 100_000;
const MAX_MODULES = 200_000;
/** Levels of the module tree. */
const MAX_DEPTH = 64;
const MAX_LABELS = 1_000_000;
const MAX_CHANNELS = 1 << 20;
const MAX_EXTENT = 1 << 16;
/** Inputs of one concat; a DARTS cell joins 4. */
const MAX_JOINED = 1024;
/** WebAssembly addresses 2^32 bytes, that is 2^30 floats. */
const MAX_ELEMENTS = 2 ** 30;

type Kind = Node["kind"];
type Fields<K extends Kind> = Omit<Extract<Node, { kind: K }>, "kind" | "name" | "inputs" | "module">;
type FieldReaders = { readonly [K in Kind]: { readonly [F in keyof Fields<K>]: Reader<Fields<K>[F]> } };

const convolution = {
  weight: readName,
  channels: readInteger(1, MAX_CHANNELS),
  kernel: readPair(1, MAX_EXTENT),
  stride: readPair(1, MAX_EXTENT),
  padding: readPair(0, MAX_EXTENT),
  dilation: readPair(1, MAX_EXTENT),
  groups: readInteger(1, MAX_CHANNELS),
};

const pool = { kernel: readPair(1, MAX_EXTENT), stride: readPair(1, MAX_EXTENT), padding: readPair(0, MAX_EXTENT) };

const dense = { weight: readName, bias: readNullable(readName), units: readInteger(1, MAX_CHANNELS) };

const weightQuantizer = {
  quantizer: readOneOf("det_sign", "sign_approx_sign", "sign", "dorefa", "identity"),
  bits: readInteger(1, 32),
};

const extent = readInteger(0, MAX_EXTENT);

/** What each kind of node holds beside kind, name, inputs and module; the order is the order in which fields are written. */
const nodeFields: FieldReaders = {
  input: {},
  conv2d: { ...convolution, bias: readNullable(readName) },
  binaryConv2d: {
    ...convolution,
    padValue: readOneOf(-1, 0, 1),
    ...weightQuantizer,
    scaling: readOneOf("none", "channel", "tensor"),
    offset: readBoolean,
  },
  quantize: {
    method: readOneOf(
      "det_sign",
      "sign_approx_sign",
      "sign",
      "round",
      "dorefa",
      "identity",
      "relu",
      "clip",
      "leaky_clip",
      "approx_sign",
    ),
    bits: readInteger(1, 32),
  },
  batchNorm: {
    gamma: readNullable(readName),
    beta: readNullable(readName),
    mean: readName,
    variance: readName,
    epsilon: readPositive,
    fixGamma: readBoolean,
  },
  relu: {},
  add: { channelOffset: readInteger(0, MAX_CHANNELS) },
  maxPool: pool,
  avgPool: { ...pool, countIncludePad: readBoolean },
  globalAvgPool: {},
  flatten: {},
  dense,
  concat: {},
  mul: {},
  scale: { factor: readNumber },
  absMean: {},
  channelShuffle: { groups: readInteger(1, MAX_CHANNELS) },
  sliceChannels: { begin: readInteger(0, MAX_CHANNELS), end: readInteger(1, MAX_CHANNELS) },
  pad: { top: extent, left: extent, bottom: extent, right: extent, value: readNumber },
  crop: { top: extent, left: extent },
  activation: { function: readOneOf("tanh", "sigmoid", "softrelu", "softsign") },
  softmax: {},
  binaryDense: { ...dense, ...weightQuantizer, offset: readBoolean },
};

const kinds = Object.keys(nodeFields) as readonly Kind[];

function inputCounts(kind: Kind): readonly [minimum: number, maximum: number] {
  if (kind === "input") return [0, 0];
  if (kind === "concat") return [1, MAX_JOINED];
  return kind === "add" || kind === "mul" ? [2, 2] : [1, 1];
}

function readNode(value: unknown, place: string): Node {
  if (typeof value !== "object" || value === null || Array.isArray(value)) return refuse(place, "an object", value);
  const found = (value as { readonly kind?: unknown }).kind;
  const kind = kinds.find((known) => known === found);
  if (kind === undefined) {
    const hint = typeof found === "string" ? `: ${describeClosest(found, kinds)}` : "";
    throw new XnorkitError(
      "bad-graph",
      `${place} of the graph has the unknown kind ${typeof found === "string" ? quoteName(found) : typeof found}${hint}`,
    );
  }
  const readers: Readonly<Record<string, Reader<unknown>>> = nodeFields[kind];
  const fields = readObject(value, place, ["kind", "name", "inputs", "module", ...Object.keys(readers)]);
  return {
    kind,
    name: readName(fields.name, `${place}.name`),
    inputs: readArray(readName, ...inputCounts(kind))(fields.inputs, `${place}.inputs`),
    module: readText(fields.module, `${place}.module`),
    ...Object.fromEntries(
      Object.entries(readers).map(([field, read]) => [field, read(fields[field], `${place}.${field}`)]),
    ),
  } as Node;
}

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
  const paths = new Set(graph.modules.map(({ path }) => path));
  graph.nodes.forEach((node, index) => {
    const place = `nodes[${index}] (${quoteName(node.name)}) of the graph`;
    if ((node.kind === "input") !== (index === 0)) {
      bad(`${place} is of kind ${node.kind}: the first node, and no other, is the input`);
    }
    if (known.has(node.name)) bad(`${place} has the name of an earlier node`);
    if (!paths.has(node.module))
      bad(`${place} belongs to module ${quoteName(node.module)}, which is not among the modules`);
    for (const input of node.inputs) {
      if (known.has(input)) continue;
      bad(
        all.has(input)
          ? `${place} reads ${quoteName(input)}, which is not computed before it: nodes must be in topological order, without cycles`
          : `${place} reads ${quoteName(input)}, which no node computes`,
      );
    }
    known.add(node.name);
  });
  if (!known.has(graph.output)) bad(`output of the graph is ${quoteName(graph.output)}, which no node computes`);
}

function checkModules(graph: Graph): void {
  const nodes = new Set(graph.nodes.map(({ name }) => name));
  const paths = new Set(graph.modules.map(({ path }) => path));
  const seen = new Set<string>();
  graph.modules.forEach(({ path, output }, index) => {
    const place = `modules[${index}] (${quoteName(path)}) of the graph`;
    if ((path === "") !== (index === 0))
      bad(`${place} is misplaced: the first module, and no other, is the network with path ""`);
    if (seen.has(path)) bad(`${place} has the path of an earlier module`);
    if (!nodes.has(output)) bad(`${place} returns ${quoteName(output)}, which no node computes`);
    const steps = path.split(".");
    if (steps.length > MAX_DEPTH)
      bad(`${place} is nested ${steps.length} deep: at most ${MAX_DEPTH} levels are allowed`);
    for (let depth = 1; depth < steps.length; depth++) {
      const parent = steps.slice(0, depth).join(".");
      if (paths.has(parent) && !seen.has(parent)) bad(`${place} comes before its parent ${quoteName(parent)}`);
    }
    seen.add(path);
  });
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

/** A graph as JSON text; `graphFromJson` gives an equal graph back. */
export function graphToJson(graph: Graph): string {
  return JSON.stringify(graph);
}

/**
 * Reads a graph from JSON text or from the value parsed from it, and checks all of it: fields and types, names and order of
 * nodes, shapes, sizes.
 * @throws XnorkitError `bad-graph` with the place (`nodes[3].kernel`), what it must be and what was found; `bad-shape` where a
 * layer cannot read the shape that its input has.
 */
export function graphFromJson(json: unknown): Graph {
  const fields = readObject(typeof json === "string" ? parse(json) : json, "the root", [
    "name",
    "inputShape",
    "nodes",
    "output",
    "modules",
    "preprocess",
    "labels",
  ]);
  const graph: Graph = {
    name: readText(fields.name, "name"),
    inputShape: readArray(readInteger(1, MAX_ELEMENTS), 2, 4)(fields.inputShape, "inputShape"),
    nodes: readArray(readNode, 1, MAX_NODES)(fields.nodes, "nodes"),
    output: readName(fields.output, "output"),
    modules: readArray(readModule, 1, MAX_MODULES)(fields.modules, "modules"),
    ...(fields.preprocess === undefined ? {} : { preprocess: readPreprocess(fields.preprocess, "preprocess") }),
    ...(fields.labels === undefined ? {} : { labels: readArray(readText, 1, MAX_LABELS)(fields.labels, "labels") }),
  };
  checkNodes(graph);
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
