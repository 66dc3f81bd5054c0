/**
 * Builds graphs the way the frameworks build networks: blocks nested in blocks, each registered under a name in its
 * parent. A block that is a layer adds one node, which takes the block's path as its name; what a block computes beside
 * its children (a residual addition) is named after the operation, `features.3.0.add`.
 */
import { describeArgument, objectArgument, optionsArgument, textArgument } from "../arguments.js";
import { XnorkitError } from "../errors.js";
import type { Shape } from "../tensor.js";
import { createAssembler } from "./assemble.js";
import { readArray, readName } from "./json_readers.js";
import { checkLabels } from "./labels.js";
import type { TensorLayout } from "./layout.js";
import { MAX_JOINED } from "./limits.js";
import { checkGraph } from "./read_graph.js";
import { checkFields } from "./read_node.js";
import { quoteName } from "./suggest.js";
import type { Graph, Node, Operation, Preprocess } from "./types.js";

/** A network, or a part of one, that can be placed under a name in a parent. */
export interface Block {
  /** The framework's class name. */
  readonly type: string;
  /** Names of its children in registration order, if they run in another one; children not named come after these. */
  readonly children?: readonly string[];
  /** Adds the block's nodes and returns the name of the value that the block computes from `input`. */
  readonly forward: (scope: Scope, input: string) => string;
}

/** The place in the module tree where a block puts its children, nodes and parameters. */
export interface Scope {
  /** Dotted path of the block, "" for the network. */
  readonly path: string;
  /** Registers a block under a name and runs it on a value; returns its output value. */
  readonly child: (name: string, block: Block, input: string) => string;
  /** Adds a node and returns its value; without `name` the node is the block itself and takes its path. */
  readonly add: (operation: Operation, inputs: readonly string[], name?: string) => string;
  /** The full name of a parameter of this block. */
  readonly parameter: (name: string) => string;
  readonly shape: (value: string) => Shape;
}

/** Position of a module in the registration order of the block it belongs to. */
function childRank(children: readonly string[], path: string, modulePath: string): number {
  const [child] = modulePath.slice(path === "" ? 0 : path.length + 1).split(".");
  const rank = children.indexOf(child);
  return rank < 0 ? children.length : rank;
}

function join(path: string, name: string): string {
  return path === "" ? name : `${path}.${name}`;
}

const readInputs = readArray(readName, 0, MAX_JOINED);

/** The names of the values that a layer reads. */
function readValues(inputs: readonly string[], node: string): readonly string[] {
  return readInputs(inputs, `inputs of layer ${quoteName(node)}`);
}

/** What a graph may hold beside its layers. */
export interface GraphOptions {
  /** The layout of the input, of outputs and of taps that are maps; NCHW if absent. */
  readonly layout?: TensorLayout;
  /** How a Uint8 input becomes numbers; without it (or with null) pixels go in as 0..255. */
  readonly preprocess?: Preprocess | null;
  /** Class names in the order of the outputs. */
  readonly labels?: readonly string[] | null;
}

const OPTIONS: readonly (keyof GraphOptions)[] = ["layout", "preprocess", "labels"];

/** True for what functions of layers give, and for blocks that a caller has written. */
export function isBlock(value: unknown): value is Block {
  const { type, children = [], forward } = (value ?? {}) as Partial<Block>;
  return typeof type === "string" && typeof forward === "function" && Array.isArray(children);
}

/**
 * Runs a network's block on an input of the given shape, in the layout at the ports ([batch, channels, height, width]
 * as a rule), and returns the graph. Layers are checked as they are added.
 * @throws XnorkitError `bad-shape` if a layer cannot read its input, `bad-graph` if names collide, a field of a layer
 *   is not what it must be or a block gives no value, `bad-option` for arguments of another kind; all by name.
 */
export function buildGraph(name: string, inputShape: Shape, network: Block, options: GraphOptions = {}): Graph {
  textArgument("buildGraph", "the name", name);
  const { layout, preprocess, labels } = optionsArgument("buildGraph", OPTIONS, options);
  const assembler = createAssembler({ name, inputShape, layout });
  const modules: { path: string; type: string; output: string }[] = [];
  const paths = new Set<string>();

  function place(path: string, block: Block, input: string): string {
    if (paths.has(path)) throw new XnorkitError("bad-graph", `${name} has two modules named ${quoteName(path)}`);
    if (!isBlock(block)) {
      throw new XnorkitError(
        "bad-graph",
        `${path === "" ? `the network of ${name}` : `the module ${quoteName(path)}`} must be a block, ` +
          `{ type, forward } as the functions of layers give it, found ${describeArgument(block)}`,
      );
    }
    paths.add(path);
    const module = { path, type: block.type, output: input };
    modules.push(module);
    const first = modules.length;
    module.output = block.forward(scopeAt(path), input);
    if (typeof module.output !== "string") {
      throw new XnorkitError(
        "bad-graph",
        `the forward of ${path === "" ? name : quoteName(path)} (${block.type}) must return the name of a value, as ` +
          `scope.add and scope.child give it, found ${describeArgument(module.output)}`,
      );
    }
    assembler.shape(module.output);
    const { children } = block;
    if (children !== undefined) {
      const rank = (descendant: { readonly path: string }) => childRank(children, path, descendant.path);
      modules.push(...modules.splice(first).sort((a, b) => rank(a) - rank(b)));
    }
    return module.output;
  }

  function scopeAt(path: string): Scope {
    return {
      path,
      shape: assembler.shape,
      parameter: (parameter) => join(path, parameter),
      child(child, block, input) {
        if (typeof child !== "string" || !/^[^.\s]+$/.test(child)) {
          throw new XnorkitError(
            "bad-graph",
            `${typeof child === "string" ? quoteName(child) : describeArgument(child)} cannot name a child of ` +
              `${path || name}: no dots, no blanks, not empty`,
          );
        }
        return place(join(path, child), block, input);
      },
      add(operation, inputs, operationName) {
        const nodeName = operationName === undefined ? path : join(path, operationName);
        if (nodeName === "") {
          throw new XnorkitError(
            "bad-graph",
            `a layer of ${name} has no name: place it in a block, as a child with a name`,
          );
        }
        objectArgument(`layer ${quoteName(nodeName)}`, "the operation", "{ kind, ... }", operation);
        const node = { ...operation, name: nodeName, inputs, module: path } as Node;
        checkFields(node);
        return assembler.add(operation, readValues(inputs, nodeName), nodeName, path);
      },
    };
  }

  const output = place("", network, assembler.input);
  const graph = assembler.finish({
    output,
    modules,
    preprocess: preprocess ?? undefined,
    labels: labels ?? undefined,
  });
  checkGraph(graph);
  checkLabels(graph);
  return graph;
}
