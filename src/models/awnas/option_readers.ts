/**
 * Readers of options that come from JSON or YAML: an absent value (or null) is the default, a wrong one is refused by
 * its key.
 */
import { isAbsent } from "../description_readers.js";
import { checkCount, checkFlag, refuseOption } from "../options.js";

export function readCount(place: string, value: unknown, otherwise: number, maximum: number): number {
  if (isAbsent(value)) return otherwise;
  checkCount(place, value, maximum);
  return value;
}

export function readFlag(place: string, value: unknown, otherwise: boolean): boolean {
  if (isAbsent(value)) return otherwise;
  checkFlag(place, value);
  return value;
}

export function readText(place: string, value: unknown, otherwise: string): string {
  if (isAbsent(value)) return otherwise;
  if (typeof value !== "string") refuseOption(place, "a string", value);
  return value;
}

/** Integers from 0 on; null if absent. */
export function readIndices(place: string, value: unknown, maxLength: number): readonly number[] | null {
  if (isAbsent(value)) return null;
  const fits = Array.isArray(value) && value.length <= maxLength;
  if (!fits || !value.every((element) => Number.isInteger(element) && element >= 0)) {
    refuseOption(place, `an array of at most ${maxLength} integers from 0 on`, value);
  }
  return value as readonly number[];
}
