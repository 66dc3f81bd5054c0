/**
 * Constant folding and shape inference in one sweep: each node's outputs get their shapes, and what is the same in
 * every run is computed now. Exporters leave much of that in a file: the signs and means of weights, and shape
 * arithmetic around every Reshape.
 *
 * Numbers are rounded to the file's types after each operator, as a runtime would. What folding may compute and hold at
 * a time is bounded by the size of the file.
 */
import { formatShape, type Shape, sameShape } from "../../tensor.js";
import { describe, fail } from "./messages.js";
import type { Network, OnnxNode } from "./network.js";
import { readers } from "./network.js";
import { shapeConstant } from "./ops/constants.js";
import { scalarFunction } from "./ops/elementwise.js";
import { inputAt, type Known } from "./ops/row.js";
import { operatorRow } from "./ops/table.js";
import { bytesOf, type ElementType, type OnnxTensor } from "./tensors.js";

export interface Folded {
  /** Without the nodes that were computed; their results are among the constants. */
  readonly network: Network;
  /** The shapes of values; absent if they cannot be told. */
  readonly shapes: ReadonlyMap<string, Shape>;
}

/** Folding holds no more than this many bytes and 6 times the file. */
const HELD_BYTES = 32 << 20;
const HELD_FACTOR = 6;
/** It computes no more than this many elements and 16 for each byte of the file: 64 operators on every float of it. */
const COMPUTED = 1 << 24;
const COMPUTED_FACTOR = 16;

/** What folding has used up so far. */
interface Budget {
  readonly reserve: (node: OnnxNode, type: ElementType, elements: number) => void;
  readonly release: (tensor: OnnxTensor) => void;
}

function createBudget(fileBytes: number): Budget {
  let held = 0;
  let computed = 0;
  const mostHeld = HELD_BYTES + HELD_FACTOR * fileBytes;
  const mostComputed = COMPUTED + COMPUTED_FACTOR * fileBytes;
  return {
    reserve(node, type, elements) {
      held += elements * bytesOf(type);
      computed += elements;
      if (held <= mostHeld && computed <= mostComputed) return;
      fail(
        "out-of-memory",
        `${describe(node)} computes constants of ${elements} elements: ` +
          `more than a file of ${fileBytes} bytes may ask for`,
      );
    },
    release({ type, data }) {
      held -= data.length * bytesOf(type);
    },
  };
}

/**
 * True for an Expand whose result only meets values that have its shape already: then the smaller tensor does, since
 * operators broadcast. A bias of ReActNet's signs is expanded to the whole map before it is added.
 */
function isNeedlessExpand(
  output: string,
  target: Shape,
  network: ReadonlyMap<string, readonly OnnxNode[]>,
  shapeOf: (value: string) => Shape | null,
): boolean {
  return (network.get(output) ?? []).every((reader) => {
    if (scalarFunction(reader) === null) return false;
    const others = reader.inputs.filter((input) => input !== output && input !== "");
    return others.some((input) => {
      const shape = shapeOf(input);
      return shape !== null && sameShape(shape, target);
    });
  });
}

/**
 * Computes what can be computed without the input.
 * @param inputShape The shape of the network's input, batch included: shape arithmetic is done with it.
 * @param fileBytes The size of the file and what lies beside it.
 * @throws XnorkitError `bad-shape` or `bad-graph` with the node for what does not fit, `out-of-memory` for constants
 *   beyond all measure.
 */
export function foldConstants(network: Network, inputShape: Shape, fileBytes: number): Folded {
  const budget = createBudget(fileBytes);
  const constants = new Map(network.constants);
  const shapes = new Map<string, Shape>([[network.input, inputShape]]);
  const readersOf = readers(network.nodes);
  const computed = new Set<string>();
  const open = new Map([...readersOf].map(([value, nodes]) => [value, nodes.length]));
  const kept: OnnxNode[] = [];

  const shapeOf = (value: string) => constants.get(value)?.shape ?? shapes.get(value) ?? null;
  const knownOf = (value: string): Known | null =>
    value === "" ? null : { shape: shapeOf(value), constant: constants.get(value) ?? null };

  function define(value: string, tensor: OnnxTensor): void {
    if (value === "") return;
    constants.set(value, tensor);
    computed.add(value);
  }

  function foldNode(node: OnnxNode, inputs: readonly (Known | null)[]): boolean {
    const isShape = node.domain === "" && (node.op === "Shape" || node.op === "Size");
    if (isShape) {
      const { shape } = inputAt(node, inputs, 0);
      if (shape === null) return false;
      define(node.outputs[0], shapeConstant(node, shape));
      return true;
    }
    if (inputs.some((input) => input !== null && input.constant === null)) return false;
    const row = operatorRow(node);
    if (row?.fold === undefined) return false;
    const tensors = inputs.map((input) => input?.constant ?? null);
    if (node.op === "Expand" && tensors[0] !== null) {
      const [target] = row.shapes(node, inputs);
      if (target !== null && isNeedlessExpand(node.outputs[0], target, readersOf, shapeOf)) {
        define(node.outputs[0], tensors[0]);
        return true;
      }
    }
    const results = row.fold(node, tensors, (type, elements) => budget.reserve(node, type, elements));
    for (const [index, value] of node.outputs.entries()) {
      if (index < results.length) define(value, results[index]);
      else if (readersOf.has(value)) fail("unsupported", `${describe(node)} is read for its output ${index}`);
    }
    return true;
  }

  function releaseInputs(node: OnnxNode): void {
    for (const value of new Set(node.inputs)) {
      const left = (open.get(value) ?? 0) - 1;
      open.set(value, left);
      if (left > 0 || !computed.has(value) || value === network.output) continue;
      budget.release(constants.get(value)!);
      constants.delete(value);
      computed.delete(value);
    }
  }

  for (const node of network.nodes) {
    const inputs = node.inputs.map(knownOf);
    if (foldNode(node, inputs)) {
      releaseInputs(node);
      continue;
    }
    kept.push(node);
    const found = operatorRow(node)?.shapes(node, inputs) ?? [];
    for (const [index, shape] of found.entries()) {
      const value = node.outputs[index] ?? "";
      if (shape !== null && value !== "") shapes.set(value, shape);
    }
  }
  if (constants.has(network.output)) {
    const shape = formatShape(constants.get(network.output)!.shape);
    fail("unsupported", `the network's output is a constant of ${shape}: it does not depend on the input`);
  }
  return { network: { ...network, nodes: kept, constants }, shapes };
}
