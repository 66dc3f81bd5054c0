/** Readers of model descriptions: JSON of which types promise nothing. Null is Python's None: the default holds. */
import { checkCount, checkCounts, refuseOption } from "./options.js";

export type JsonObject = Readonly<Record<string, unknown>>;

const MAX_SIZE = 2 ** 31 - 1;

export function isAbsent(value: unknown): value is undefined | null {
  return value === undefined || value === null;
}

export function readObject(place: string, value: unknown): JsonObject {
  if (typeof value !== "object" || value === null || Array.isArray(value)) refuseOption(place, "an object", value);
  return value as JsonObject;
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
