/** Checks of options that come from JavaScript callers or from JSON, where types promise nothing. */
import { describeArgument, objectArgument } from "../arguments.js";
import { XnorkitError } from "../errors.js";
import { describeClosest, quoteName } from "../graph/suggest.js";

/** A value of an option as a message repeats it. */
export function showOption(value: unknown): string {
  const text = typeof value === "string" ? JSON.stringify(value) : describeOption(value);
  return text.length <= 60 ? text : `${text.slice(0, 60)}...`;
}

function describeOption(value: unknown): string {
  if (typeof value !== "object" || value === null) return typeof value === "bigint" ? `${value}n` : String(value);
  try {
    return JSON.stringify(value);
  } catch {
    return describeArgument(value); // it holds what JSON does not, or itself
  }
}

export function refuseOption(option: string, expected: string, value: unknown): never {
  throw new XnorkitError("bad-option", `${option} is ${showOption(value)}: it must be ${expected}`);
}

/** @throws XnorkitError `bad-option` unless an integer from 1 to `maximum`. */
export function checkCount(option: string, value: unknown, maximum: number): asserts value is number {
  if (Number.isInteger(value) && (value as number) >= 1 && (value as number) <= maximum) return;
  refuseOption(option, `an integer from 1 to ${maximum}`, value);
}

/** @throws XnorkitError `bad-option` unless a non-empty array of integers from 1 to `maximum`. */
export function checkCounts(
  option: string,
  value: unknown,
  maxLength: number,
  maximum: number,
): asserts value is readonly number[] {
  if (!Array.isArray(value) || value.length < 1 || value.length > maxLength) {
    refuseOption(option, `an array of 1 to ${maxLength} integers`, value);
  }
  value.forEach((element, index) => {
    checkCount(`${option}[${index}]`, element, maximum);
  });
}

/** @throws XnorkitError `bad-option` unless true or false. */
export function checkFlag(option: string, value: unknown): asserts value is boolean {
  if (typeof value !== "boolean") refuseOption(option, "true or false", value);
}

/** @throws XnorkitError `bad-option` that names a key which is not among the known ones. */
export function checkKeys(place: string, value: object, known: readonly string[]): void {
  objectArgument(place, "what is given", "an object of options", value);
  const unknown = Object.keys(value).find((key) => !known.includes(key));
  if (unknown === undefined) return;
  throw new XnorkitError(
    "bad-option",
    `${place} has the unknown key ${quoteName(unknown)}: ${describeClosest(unknown, known)}`,
  );
}
