/** Readers of the attributes of nodes; each checks what it reads and names the node if it is not what it must be. */
import { describe, fail, show } from "./messages.js";
import type { Attribute, OnnxNode } from "./network.js";
import type { OnnxTensor } from "./tensors.js";

function wrong(node: OnnxNode, name: string, expected: string, found: string): never {
  return fail("bad-graph", `${describe(node)} has the attribute ${name} = ${found}, expected ${expected}`);
}

function find<K extends Attribute["kind"]>(
  node: OnnxNode,
  name: string,
  kind: K,
): Extract<Attribute, { kind: K }> | undefined {
  const attribute = node.attributes.get(name);
  if (attribute === undefined) return undefined;
  if (attribute.kind === kind) return attribute as Extract<Attribute, { kind: K }>;
  return wrong(node, name, `a value of type ${kind}`, `a value of type ${attribute.kind}`);
}

/** A whole number from `minimum` to `maximum`. */
export function intAttribute(node: OnnxNode, name: string, fallback: number, minimum: number, maximum: number): number {
  const value = find(node, name, "int")?.value ?? fallback;
  if (Number.isSafeInteger(value) && value >= minimum && value <= maximum) return value;
  return wrong(node, name, `an integer from ${minimum} to ${maximum}`, String(value));
}

export function boolAttribute(node: OnnxNode, name: string, fallback: boolean): boolean {
  return intAttribute(node, name, fallback ? 1 : 0, 0, 1) === 1;
}

export function floatAttribute(node: OnnxNode, name: string, fallback: number): number {
  const value = find(node, name, "float")?.value ?? fallback;
  return Number.isFinite(value) ? value : wrong(node, name, "a finite number", String(value));
}

export function stringAttribute(node: OnnxNode, name: string, fallback: string): string {
  return find(node, name, "string")?.value ?? fallback;
}

/** One of the words that the attribute may be. */
export function wordAttribute<T extends string>(node: OnnxNode, name: string, fallback: T, words: readonly T[]): T {
  const value = stringAttribute(node, name, fallback);
  return words.find((word) => word === value) ?? wrong(node, name, `one of ${words.join(", ")}`, show(value));
}

/** A list of integers, null if the attribute is absent. */
export function intsAttribute(node: OnnxNode, name: string): readonly number[] | null {
  return find(node, name, "ints")?.value ?? null;
}

/** `count` integers from `minimum` to `maximum`. */
export function countedInts(
  node: OnnxNode,
  name: string,
  fallback: readonly number[],
  minimum: number,
  maximum: number,
): readonly number[] {
  const values = intsAttribute(node, name) ?? fallback;
  const isFine =
    values.length === fallback.length &&
    values.every((value) => Number.isSafeInteger(value) && value >= minimum && value <= maximum);
  if (isFine) return values;
  const shown = `[${values.slice(0, 8).join(", ")}${values.length > 8 ? ", ..." : ""}]`;
  return wrong(node, name, `${fallback.length} integers from ${minimum} to ${maximum}`, shown);
}

export function tensorAttribute(node: OnnxNode, name: string): OnnxTensor | null {
  return find(node, name, "tensor")?.value ?? null;
}
