/** The nodes of a graph in the making: unique names, and the shape of each value as it is added. */
import { XnorkitError } from "../../errors.js";
import { MAX_ELEMENTS } from "../../graph/limits.js";
import { inferNodeShape } from "../../graph/shapes.js";
import type { Node, Operation } from "../../graph/types.js";
import { elementCount, formatShape, type Shape } from "../../tensor.js";

export interface NodeList {
  readonly nodes: readonly Node[];
  readonly node: (name: string) => Node;
  /** NCHW or [N, C]. */
  readonly shape: (name: string) => Shape;
  /** A name like this one that nothing has yet, and that nothing else will get. */
  readonly reserve: (name: string) => string;
  /** Adds a node under a name that is reserved. */
  readonly add: (operation: Operation, inputs: readonly string[], name: string, module: string) => void;
}

/** QuickNet has 87; a file's operators become up to eight each. */
const MAX_NODES = 30_000;

/** A list that holds the input. */
export function createNodeList(input: string, inputShape: Shape): NodeList {
  const nodes: Node[] = [{ kind: "input", name: input, inputs: [], module: "" }];
  const byName = new Map<string, Node>([[input, nodes[0]]]);
  const shapes = new Map<string, Shape>([[input, inputShape]]);
  const reserved = new Set<string>([input]);
  /** The next number to try of a name that is taken: many tensors of a file can have one name. */
  const copies = new Map<string, number>();

  return {
    nodes,
    node: (name) => byName.get(name)!,
    shape: (name) => shapes.get(name)!,
    reserve(name) {
      let unique = name;
      let copy = copies.get(name) ?? 1;
      while (reserved.has(unique)) unique = `${name}_${copy++}`;
      copies.set(name, copy);
      reserved.add(unique);
      return unique;
    },
    add(operation, inputs, name, module) {
      if (nodes.length >= MAX_NODES) {
        throw new XnorkitError("bad-graph", `the .tflite file becomes more than ${MAX_NODES} layers`);
      }
      const node = { ...operation, name, inputs, module };
      const shape = inferNodeShape(
        node,
        inputs.map((value) => shapes.get(value)!),
      );
      if (!(elementCount(shape) <= MAX_ELEMENTS)) {
        throw new XnorkitError("bad-shape", `layer ${name} gives ${formatShape(shape)}: more than memory can hold`);
      }
      nodes.push(node);
      byName.set(name, node);
      shapes.set(name, shape);
    },
  };
}
