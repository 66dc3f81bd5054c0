/** Attributes of symbol nodes. All are texts as Python prints values: `(3, 3)`, `True`, `1e-05`, `None`. */
import { XnorkitError } from "../../errors.js";
import { quoteName } from "../../graph/suggest.js";
import type { Pair } from "../../graph/types.js";
import type { SymbolNode } from "./symbol.js";

/** Largest kernel, stride or padding. */
const MAX_EXTENT = 1 << 16;
/** Largest number of channels or units. */
export const MAX_CHANNELS = 1 << 20;

/** `qconvolution0 (QConvolution)`, as messages call a node. */
export function describeNode({ name, op }: SymbolNode): string {
  return `${quoteName(name)} (${op})`;
}

function refuse(node: SymbolNode, key: string, expected: string): never {
  const found = node.attributes.get(key);
  throw new XnorkitError(
    "bad-graph",
    `${describeNode(node)} needs ${key} to be ${expected}, found ${found === undefined ? "none" : quoteName(found)}`,
  );
}

/** The text of an attribute; undefined if it is absent or `None`. */
export function textAttribute(node: SymbolNode, key: string): string | undefined {
  const text = node.attributes.get(key)?.trim();
  return text === "None" ? undefined : text;
}

export function numberAttribute(node: SymbolNode, key: string, fallback?: number): number {
  const text = textAttribute(node, key);
  if (text === undefined && fallback !== undefined) return fallback;
  const value = text === undefined || text === "" ? Number.NaN : Number(text.replace(/[Lf]$/, ""));
  // In MXNet all of them become float32 where they are used.
  return Number.isFinite(Math.fround(value)) ? value : refuse(node, key, "a number that float32 can hold");
}

export function integerAttribute(
  node: SymbolNode,
  key: string,
  [minimum, maximum]: readonly [number, number],
  fallback?: number,
): number {
  const value = numberAttribute(node, key, fallback);
  const fits = Number.isSafeInteger(value) && value >= minimum && value <= maximum;
  return fits ? value : refuse(node, key, `an integer from ${minimum} to ${maximum}`);
}

export function booleanAttribute(node: SymbolNode, key: string, fallback: boolean): boolean {
  const text = textAttribute(node, key)?.toLowerCase();
  if (text === undefined) return fallback;
  if (text === "true" || text === "1") return true;
  return text === "false" || text === "0" ? false : refuse(node, key, "True or False");
}

export function choiceAttribute<T extends string>(
  node: SymbolNode,
  key: string,
  choices: readonly T[],
  fallback?: T,
): T {
  const text = textAttribute(node, key) ?? fallback;
  return choices.find((choice) => choice === text) ?? refuse(node, key, `one of ${choices.join(", ")}`);
}

/** The integers of a tuple or list; null if the attribute is absent, `None` or `()`. */
export function integersAttribute(
  node: SymbolNode,
  key: string,
  [minimum, maximum]: readonly [number, number],
): readonly number[] | null {
  const text = textAttribute(node, key);
  if (text === undefined) return null;
  const inner = text.replace(/^[([]\s*|\s*,?\s*[)\]]$/g, "");
  if (inner.trim() === "") return null;
  const values = inner
    .split(",")
    .map((part) => (/^\s*-?\d+L?\s*$/.test(part) ? Number.parseInt(part, 10) : Number.NaN));
  const fits = values.length <= 32 && values.every((value) => value >= minimum && value <= maximum);
  return fits ? values : refuse(node, key, `integers from ${minimum} to ${maximum}`);
}

/** Height and width: kernel, stride, dilation, padding. */
export function pairAttribute(node: SymbolNode, key: string, minimum: number, fallback?: number): Pair {
  const values =
    integersAttribute(node, key, [minimum, MAX_EXTENT]) ?? (fallback === undefined ? [] : [fallback, fallback]);
  if (values.length !== 2) return refuse(node, key, "a height and a width (only two-dimensional layers are computed)");
  return [values[0], values[1]];
}

/** Refuses an attribute that changes what is computed in a way that is not computed here. */
export function requireAttribute(node: SymbolNode, key: string, allowed: readonly string[]): void {
  const text = textAttribute(node, key);
  if (text === undefined || allowed.includes(text)) return;
  throw new XnorkitError(
    "unsupported",
    `${describeNode(node)} has ${key} = ${quoteName(text)}, of which only ${allowed.join(", ")} is computed here`,
  );
}
