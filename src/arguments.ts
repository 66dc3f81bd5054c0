/**
 * What callers without types may hand over by mistake, told in one sentence that names the argument. Values are judged
 * by what they are called, not by their class: those of another realm (a frame, a test's sandbox) have classes of their
 * own.
 */
import { XnorkitError } from "./errors.js";
import { describeClosest, quoteName } from "./graph/suggest.js";

/** A file's contents as callers have them; `bytesArgument` makes one kind of them. */
export type FileBytes = Uint8Array | ArrayBuffer;

/** The built-in kind of a value: `Uint8Array`, `ArrayBuffer`, `Map`; `Object` of plain ones. */
export function kindOf(value: unknown): string {
  return Object.prototype.toString.call(value).slice(8, -1);
}

/** A value as an error message calls it. */
export function describeArgument(value: unknown): string {
  if (value === undefined || value === null) return String(value);
  if (typeof value === "string") return `the text ${quoteName(value)}`;
  if (typeof value === "bigint") return `the bigint ${value}`;
  if (typeof value !== "object" && typeof value !== "function") return `the ${typeof value} ${String(value)}`;
  const kind = kindOf(value);
  return kind === "Object" ? "an object" : `a value of the kind ${kind}`;
}

/** @throws XnorkitError `bad-option`: `argument` of `callee` must be `expected`. */
export function refuseArgument(callee: string, argument: string, expected: string, value: unknown): never {
  throw new XnorkitError(
    "bad-option",
    `${argument} of ${callee} must be ${expected}, found ${describeArgument(value)}`,
  );
}

/**
 * The contents of a file, however they were read: a Uint8Array (Node's Buffer is one), an ArrayBuffer, or another view
 * of one.
 * @throws XnorkitError `bad-option` if it is none of these.
 */
export function bytesArgument(callee: string, argument: string, value: unknown): Uint8Array {
  const kind = kindOf(value);
  if (kind === "Uint8Array" && value instanceof Uint8Array) return value;
  if (kind === "ArrayBuffer" || kind === "SharedArrayBuffer") return new Uint8Array(value as ArrayBuffer);
  if (ArrayBuffer.isView(value)) return new Uint8Array(value.buffer, value.byteOffset, value.byteLength);
  return refuseArgument(callee, argument, "a Uint8Array or an ArrayBuffer", value);
}

/** @throws XnorkitError `bad-option` if the value is no string. */
export function textArgument(callee: string, argument: string, value: unknown): string {
  return typeof value === "string" ? value : refuseArgument(callee, argument, "a text", value);
}

/** @throws XnorkitError `bad-option` if the value is no object with fields. */
export function objectArgument<T extends object>(callee: string, argument: string, expected: string, value: T): T {
  const isObject = typeof value === "object" && value !== null && !Array.isArray(value) && !ArrayBuffer.isView(value);
  return isObject && kindOf(value) !== "ArrayBuffer" ? value : refuseArgument(callee, argument, expected, value);
}

/** @throws XnorkitError `bad-option` if the value is no Map. */
export function mapArgument<T extends ReadonlyMap<string, unknown>>(
  callee: string,
  argument: string,
  expected: string,
  value: T,
): T {
  return kindOf(value) === "Map" ? value : refuseArgument(callee, argument, expected, value);
}

/**
 * Options as they are, checked for names that nobody reads.
 * @param names All that the callee has.
 * @throws XnorkitError `bad-option` if they are no object, or one is unknown, with the closest names.
 */
export function optionsArgument<T extends object>(callee: string, names: readonly string[], options: T): T {
  objectArgument(callee, "options", "an object", options);
  const unknown = Object.keys(options).find((name) => !names.includes(name));
  if (unknown === undefined) return options;
  throw new XnorkitError(
    "bad-option",
    `${callee} has no option ${quoteName(unknown)}: ` +
      `${names.length === 0 ? "it takes none" : describeClosest(unknown, names)}`,
  );
}

/**
 * What another function of the library gave, told by the lists that it holds.
 * @param maker That function's name.
 * @throws XnorkitError `bad-option` if one of the lists is not there.
 */
export function resultArgument<T extends object>(
  callee: string,
  argument: string,
  maker: string,
  lists: readonly (keyof T & string)[],
  value: T,
): T {
  const expected = `what ${maker} gives`;
  objectArgument(callee, argument, expected, value);
  return lists.every((list) => Array.isArray(value[list])) ? value : refuseArgument(callee, argument, expected, value);
}

/** @throws XnorkitError `bad-option` if the value is none of the choices. */
export function choiceArgument<T extends string>(callee: string, argument: string, choices: readonly T[], value: T): T {
  return choices.includes(value) ? value : refuseArgument(callee, argument, `one of ${choices.join(", ")}`, value);
}

/** @throws XnorkitError `bad-option` if the value is no number. */
export function numberArgument(callee: string, argument: string, value: number): number {
  return typeof value === "number" && !Number.isNaN(value)
    ? value
    : refuseArgument(callee, argument, "a number", value);
}
