/**
 * Puts graphs together node by node, for builders and importers: names that are unique, shapes inferred as nodes are
 * added, limits kept, and a module tree in the end.
 */
import { XnorkitError } from "../errors.js";
import { elementCount, formatShape, type Shape } from "../tensor.js";
import { shapeInside, type TensorLayout } from "./layout.js";
import { MAX_ELEMENTS, MAX_NAME_LENGTH, MAX_NODES } from "./limits.js";
import { checkModules, deriveModules } from "./modules.js";
import type { ComputedNode, InputNode, Node, Operation } from "./nodes/index.js";
import { failShape } from "./nodes/record.js";
import { checkFields } from "./read_node.js";
import { checkInputShape, inferNodeShape } from "./shapes.js";
import { quoteName } from "./suggest.js";
import type { Graph, Module, Preprocess } from "./types.js";
import { canonicalPadding } from "./window.js";

/** A graph to be. */
export interface AssemblyOptions {
  readonly name: string;
  /** In the layout at the ports. */
  readonly inputShape: Shape;
  readonly layout?: TensorLayout;
  /** Name of the input, by default "input". */
  readonly input?: string;
  /** What happens to a layer whose name is taken: it is refused, as by default, or its name gets a number, `conv_1`. */
  readonly takenNames?: "refuse" | "number";
  /**
   * Each layer is a module of its own, for frameworks without a tree; by default layers without a module are the
   * network's.
   */
  readonly layersAreModules?: boolean;
}

/** What is known when all nodes are there. */
export interface AssemblyEnd {
  readonly output: string;
  /** Leave out the layers that the output does not need; false by default. */
  readonly prune?: boolean;
  /** The module tree; by default the modules that the layers name. */
  readonly modules?: readonly Module[];
  /** The framework's class name of a module that the layers name, the network's path being "". */
  readonly typeOf?: (path: string) => string | undefined;
  readonly preprocess?: Preprocess;
  readonly labels?: readonly string[];
}

/** A graph in the making; a value has the name of the node that computes it. */
export interface Assembler {
  /** Name of the input's value. */
  readonly input: string;
  /**
   * Adds a layer and returns its value.
   * @throws XnorkitError `bad-shape` if the layer cannot read its inputs or gives more than memory holds, `bad-graph`
   *   for a name that is taken, inputs that are not there, a kind that does not exist, or too many layers.
   */
  readonly add: (operation: Operation, inputs: readonly string[], name: string, module?: string) => string;
  /** True for the name of a value. */
  readonly has: (value: string) => boolean;
  /** The shape of a value, NCHW whatever the layout at the ports. */
  readonly shape: (value: string) => Shape;
  /** The node that computes a value. */
  readonly node: (value: string) => Node;
  /**
   * The graph, all fields of its nodes checked.
   * @throws XnorkitError `bad-graph` with the layer and the field.
   */
  readonly finish: (end: AssemblyEnd) => Graph;
}

/** The nodes that the output needs, and the input. */
function neededNodes(nodes: readonly Node[], output: string): readonly Node[] {
  const needed = new Set([output, nodes[0].name]);
  for (const node of [...nodes].reverse()) {
    if (needed.has(node.name)) for (const name of node.inputs) needed.add(name);
  }
  return nodes.filter(({ name }) => needed.has(name));
}

/** Paddings are written in one way, so that equal layers are equal as data. */
function canonical(operation: Operation): Operation {
  if (!("padding" in operation)) return operation;
  const padding = canonicalPadding(operation.padding);
  return padding === operation.padding ? operation : { ...operation, padding };
}

/**
 * A graph with its input alone.
 * @throws XnorkitError `bad-shape` for an input shape that is none.
 */
export function createAssembler(options: AssemblyOptions): Assembler {
  const { name: graphName, inputShape, layout, input = "input", takenNames, layersAreModules = false } = options;
  checkInputShape(inputShape, graphName, layout);
  const inputNode: InputNode = { kind: "input", name: input, inputs: [], module: "" };
  const nodes: Node[] = [inputNode];
  const byName = new Map<string, Node>([[input, inputNode]]);
  const shapes = new Map<string, Shape>([[input, shapeInside(inputShape, layout)]]);
  const copies = new Map<string, number>();

  function known<T>(values: ReadonlyMap<string, T>, value: string): T {
    const found = values.get(value);
    if (found !== undefined) return found;
    throw new XnorkitError("bad-graph", `${graphName} reads ${quoteName(value)} before any layer computes it`);
  }

  function freeName(name: string): string {
    if (name === "" || name.length > MAX_NAME_LENGTH) {
      throw new XnorkitError(
        "bad-graph",
        `${graphName} has a layer named ${quoteName(name)}: a name has 1 to ${MAX_NAME_LENGTH} characters`,
      );
    }
    if (!byName.has(name)) return name;
    if (takenNames !== "number") {
      throw new XnorkitError("bad-graph", `${graphName} has two layers named ${quoteName(name)}`);
    }
    let copy = copies.get(name) ?? 1;
    while (byName.has(`${name}_${copy}`)) copy++;
    copies.set(name, copy + 1);
    return `${name}_${copy}`;
  }

  function add(operation: Operation, inputs: readonly string[], name: string, module?: string): string {
    if (nodes.length >= MAX_NODES)
      throw new XnorkitError("bad-graph", `${graphName} has more than ${MAX_NODES} layers`);
    const free = freeName(name);
    const path = module ?? (layersAreModules ? free : "");
    const node: ComputedNode = { ...canonical(operation), name: free, inputs, module: path };
    const shape = inferNodeShape(
      node,
      inputs.map((value) => known(shapes, value)),
    );
    if (!(elementCount(shape) <= MAX_ELEMENTS)) {
      failShape(node, `gives ${formatShape(shape)}: more than memory can hold`);
    }
    nodes.push(node);
    byName.set(free, node);
    shapes.set(free, shape);
    return free;
  }

  function finish({ output, prune = false, modules, typeOf, preprocess, labels }: AssemblyEnd): Graph {
    known(byName, output);
    const kept = prune ? neededNodes(nodes, output) : nodes;
    for (const node of kept) checkFields(node);
    const graph: Graph = {
      name: graphName,
      inputShape: [...inputShape],
      ...(layout !== undefined && { layout }),
      nodes: kept,
      output,
      modules: modules ?? deriveModules(kept, output, typeOf),
      ...(preprocess !== undefined && { preprocess }),
      ...(labels !== undefined && { labels }),
    };
    checkModules(graph);
    return graph;
  }

  return {
    input,
    add,
    has: (value) => byName.has(value),
    shape: (value) => known(shapes, value),
    node: (value) => known(byName, value),
    finish,
  };
}
