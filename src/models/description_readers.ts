/** Readers of model descriptions: JSON of which types promise nothing. Null is Python's None: the default holds. */
import { checkCount, checkCounts, checkKeys, refuseOption } from "./options.js";

export type JsonObject = Readonly<Record<string, unknown>>;

const MAX_SIZE = 2 ** 31 - 1;

export function isAbsent(value: unknown): value is undefined | null {
  return value === undefined || value === null;
}

export function readObject(place: string, value: unknown): JsonObject {
  if (typeof value !== "object" || value === null || Array.isArray(value)) refuseOption(place, "an object", value);
  return value as JsonObject;
}

/** @throws XnorkitError for a value that the key at `place` cannot have. */
export type Check = (place: string, value: unknown) => void;

/** The check of a key that may be left out. */
/* @__NO_SIDE_EFFECTS__ */
export function ifGiven(check: Check): Check {
  return (place, value) => {
    if (!isAbsent(value)) check(place, value);
  };
}

/**
 * The fields of a section that are there, under the camelCase names of the options that they become; `family` says
 * which section it is and becomes none.
 * @throws XnorkitError what a field's check throws, and `bad-option` for a key without one.
 */
export function readFields<T>(place: string, section: JsonObject, checks: Readonly<Record<string, Check>>): T {
  checkKeys(place, section, Object.keys(checks));
  const fields: Record<string, unknown> = {};
  for (const [key, check] of Object.entries(checks)) {
    const value = section[key];
    check(`${place}.${key}`, value);
    if (!isAbsent(value) && key !== "family") fields[key.replace(/_(.)/g, (_, letter) => letter.toUpperCase())] = value;
  }
  return fields as T;
}

/** @throws XnorkitError what `check` throws for a value that is there. */
export function optional<T>(
  place: string,
  value: unknown,
  check: (place: string, value: unknown) => asserts value is T,
): T | undefined {
  if (isAbsent(value)) return undefined;
  check(place, value);
  return value;
}

export function checkText(place: string, value: unknown): asserts value is string {
  if (typeof value !== "string") refuseOption(place, "a string", value);
}

export function checkNumber(place: string, value: unknown): asserts value is number {
  if (typeof value !== "number" || !Number.isFinite(value)) refuseOption(place, "a number", value);
}

export function checkSize(place: string, value: unknown): asserts value is number {
  checkCount(place, value, MAX_SIZE);
}

export function checkSizes(place: string, value: unknown): asserts value is readonly number[] {
  checkCounts(place, value, 32, MAX_SIZE);
}

export function checkTexts(place: string, value: unknown): asserts value is readonly string[] {
  if (!Array.isArray(value) || value.length === 0) refuseOption(place, "an array of strings", value);
  value.forEach((element, index) => {
    checkText(`${place}[${index}]`, element);
  });
}

export function checkNumbers(place: string, value: unknown): asserts value is readonly number[] {
  if (!Array.isArray(value) || value.length === 0) refuseOption(place, "an array of numbers", value);
  value.forEach((element, index) => {
    checkNumber(`${place}[${index}]`, element);
  });
}
