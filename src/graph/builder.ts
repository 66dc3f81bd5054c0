/**
 * Builds graphs the way the frameworks build networks: blocks nested in blocks, each registered under a name in its
 * parent. A block that is a layer adds one node, which takes the block's path as its name; what a block computes beside
 * its children (a residual addition) is named after the operation, `features.3.0.add`.
 */
import { XnorkitError } from "../errors.js";
import type { Shape } from "../tensor.js";
import { createAssembler } from "./assemble.js";
import type { Graph, Operation } from "./types.js";

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

/**
 * Runs a network's block on an input of the given shape, [batch, channels, height, width], and returns the graph.
 * Shapes are checked as layers are added.
 * @throws XnorkitError `bad-shape` if a layer cannot read its input, `bad-graph` if names collide.
 */
export function buildGraph(name: string, inputShape: Shape, network: Block): Graph {
  const assembler = createAssembler({ name, inputShape });
  const modules: { path: string; type: string; output: string }[] = [];
  const paths = new Set<string>();

  function place(path: string, block: Block, input: string): string {
    if (paths.has(path)) throw new XnorkitError("bad-graph", `${name} has two modules named ${path}`);
    paths.add(path);
    const module = { path, type: block.type, output: input };
    modules.push(module);
    const first = modules.length;
    module.output = block.forward(scopeAt(path), input);
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
        if (!/^[^.\s]+$/.test(child)) {
          throw new XnorkitError(
            "bad-graph",
            `"${child}" cannot name a child of ${path || name}: no dots, no blanks, not empty`,
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
        return assembler.add(operation, inputs, nodeName, path);
      },
    };
  }

  const output = place("", network, assembler.input);
  return assembler.finish({ output, modules });
}
