/**
 * What the importer knows of an operator before it becomes a node: the shape of its outputs, and how to compute it on
 * constants.
 */
import { elementCount, formatShape, type Shape } from "../../../tensor.js";
import { intsAttribute } from "../attributes.js";
import { describe, fail } from "../messages.js";
import type { OnnxNode } from "../network.js";
import type { ElementType, OnnxTensor } from "../tensors.js";

/** An input of a node: null if it is absent. */
export interface Known {
  /** Null if it cannot be told. */
  readonly shape: Shape | null;
  /** Its numbers, if they are the same in every run. */
  readonly constant: OnnxTensor | null;
}

export interface OperatorRow {
  /** The shapes of the outputs; null if they cannot be told. */
  readonly shapes: (node: OnnxNode, inputs: readonly (Known | null)[]) => readonly (Shape | null)[];
  /** The outputs from constants; `reserve` is asked before anything of that size is made. */
  readonly fold?: (
    node: OnnxNode,
    inputs: readonly (OnnxTensor | null)[],
    reserve: (type: ElementType, elements: number) => void,
  ) => readonly OnnxTensor[];
}

export type OperatorRows = Readonly<Record<string, OperatorRow>>;

/** WebAssembly addresses 2^32 bytes, that is 2^30 floats. */
const MAX_ELEMENTS = 2 ** 30;

/** A shape that a node was found to give. @throws XnorkitError `bad-shape` if it is none that memory could hold. */
export function checked(node: OnnxNode, shape: Shape): Shape {
  if (shape.every((size) => Number.isSafeInteger(size) && size >= 0) && elementCount(shape) <= MAX_ELEMENTS)
    return shape;
  return fail(
    "bad-shape",
    `${describe(node)} gives a value of ${formatShape(shape).slice(0, 120)}, which memory cannot hold`,
  );
}

/** @throws XnorkitError `bad-shape` that names the node. */
export function failShape(node: OnnxNode, problem: string): never {
  return fail("bad-shape", `${describe(node)} ${problem}`);
}

/** The input at an index, which must be there. */
export function inputAt<T>(node: OnnxNode, inputs: readonly (T | null)[], index: number): T {
  const input = inputs[index];
  if (input !== null && input !== undefined) return input;
  return fail("bad-graph", `${describe(node)} lacks its input ${index}`);
}

/** An axis counted from the front; negative ones count from the back. */
export function axisOf(node: OnnxNode, axis: number, rank: number): number {
  const found = axis < 0 ? axis + rank : axis;
  if (Number.isSafeInteger(found) && found >= 0 && found < rank) return found;
  return failShape(node, `names axis ${axis} of a value with ${rank} axes`);
}

/** The integers of a constant of one axis (or none), such as axes or a shape. */
export function integersOf(node: OnnxNode, tensor: OnnxTensor): readonly number[] {
  if (tensor.shape.length <= 1 && tensor.data.length <= 64) return Array.from(tensor.data);
  return failShape(node, `reads ${formatShape(tensor.shape)} numbers where a short list is needed`);
}

/** What a node's list of integers is, from an input or an attribute by its version; null if it is computed. */
export function listOf(
  node: OnnxNode,
  name: string,
  inputs: readonly (Known | null)[],
  index: number,
  inputVersion: number,
): readonly number[] | null | "absent" {
  if (node.version < inputVersion) return intsAttribute(node, name) ?? "absent";
  const input = inputs[index] ?? null;
  if (input === null) return "absent";
  return input.constant === null ? null : integersOf(node, input.constant);
}

/** A constant as an input of which all is known. */
export function known(tensor: OnnxTensor | null): Known | null {
  return tensor === null ? null : { shape: tensor.shape, constant: tensor };
}
