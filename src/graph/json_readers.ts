/**
 * Readers of untrusted JSON: each checks one value and names its place (`nodes[3].kernel[0]`) if it is not what it must
 * be.
 */
import { XnorkitError } from "../errors.js";
import { MAX_NAME_LENGTH } from "./limits.js";
import { canonicalPadding, type Padding, type Pair, type Sides } from "./window.js";

export type Reader<T> = (value: unknown, place: string) => T;

/** Longest value that an error message repeats. */
const MAX_SHOWN = 60;

function show(value: unknown): string {
  if (value === undefined) return "nothing";
  if (Array.isArray(value)) return `an array of ${value.length}`;
  if (typeof value === "object" && value !== null) return "an object";
  const text = typeof value === "string" ? JSON.stringify(value) : String(value);
  return text.length <= MAX_SHOWN ? text : `${text.slice(0, MAX_SHOWN)}...`;
}

export function refuse(place: string, expected: string, value: unknown): never {
  throw new XnorkitError("bad-graph", `${place} of the graph must be ${expected}, found ${show(value)}`);
}

export const readBoolean: Reader<boolean> = (value, place) =>
  typeof value === "boolean" ? value : refuse(place, "true or false", value);

export const readText: Reader<string> = (value, place) =>
  typeof value === "string" && value.length <= MAX_NAME_LENGTH
    ? value
    : refuse(place, `a string of at most ${MAX_NAME_LENGTH} characters`, value);

export const readName: Reader<string> = (value, place) =>
  value === "" ? refuse(place, "a name", value) : readText(value, place);

export const readNumber: Reader<number> = (value, place) =>
  typeof value === "number" && Number.isFinite(value) ? value : refuse(place, "a finite number", value);

/** A number that is used as a float32: one that is finite as such. */
export const readFloat: Reader<number> = (value, place) =>
  Number.isFinite(Math.fround(readNumber(value, place)))
    ? (value as number)
    : refuse(place, "a number that float32 can hold", value);

/** A number above 0 that is divided by in float32: it and its inverse are finite there and not 0. */
export function readPositiveFloat(value: unknown, place: string): number {
  const number = readPositive(value, place);
  const isUsable = [number, 1 / number].every(
    (factor) => Number.isFinite(Math.fround(factor)) && Math.fround(factor) > 0,
  );
  return isUsable ? number : refuse(place, "a number above 0 that float32 can hold and divide by", value);
}

export function readPositive(value: unknown, place: string): number {
  const number = readNumber(value, place);
  return number > 0 ? number : refuse(place, "a number above 0", value);
}

/* @__NO_SIDE_EFFECTS__ */
export function readInteger(minimum: number, maximum: number): Reader<number> {
  return (value, place) =>
    Number.isSafeInteger(value) && (value as number) >= minimum && (value as number) <= maximum
      ? (value as number)
      : refuse(place, `an integer from ${minimum} to ${maximum}`, value);
}

/* @__NO_SIDE_EFFECTS__ */
export function readOneOf<T extends string | number>(...allowed: readonly T[]): Reader<T> {
  const names = allowed.map((choice) => JSON.stringify(choice)).join(", ");
  return (value, place) => allowed.find((choice) => choice === value) ?? refuse(place, `one of ${names}`, value);
}

/* @__NO_SIDE_EFFECTS__ */
export function readNullable<T>(reader: Reader<T>): Reader<T | null> {
  return (value, place) => (value === null ? null : reader(value, place));
}

/** For a field that may be absent. */
/* @__NO_SIDE_EFFECTS__ */
export function readOptional<T>(reader: Reader<T>): Reader<T | undefined> {
  return (value, place) => (value === undefined ? undefined : reader(value, place));
}

/* @__NO_SIDE_EFFECTS__ */
export function readArray<T>(reader: Reader<T>, minimum: number, maximum: number): Reader<readonly T[]> {
  return (value, place) => {
    if (!Array.isArray(value) || value.length < minimum || value.length > maximum) {
      const count = minimum === maximum ? `${minimum}` : `${minimum} to ${maximum}`;
      return refuse(place, `an array of ${count} elements`, value);
    }
    return value.map((element, index) => reader(element, `${place}[${index}]`));
  };
}

/* @__NO_SIDE_EFFECTS__ */
export function readPair(minimum: number, maximum: number): Reader<Pair> {
  const read = readArray(readInteger(minimum, maximum), 2, 2);
  return (value, place) => {
    const [height, width] = read(value, place);
    return [height, width];
  };
}

/** A padding in its canonical form: two numbers, four numbers that are not equal by axis, or "same". */
/* @__NO_SIDE_EFFECTS__ */
export function readPadding(maximum: number): Reader<Padding> {
  const read = readArray(readInteger(0, maximum), 2, 4);
  return (value, place) => {
    if (value === "same") return value;
    if (!Array.isArray(value) || (value.length !== 2 && value.length !== 4)) {
      return refuse(place, 'two numbers (height, width), four (top, left, bottom, right) or "same"', value);
    }
    return canonicalPadding(read(value, place) as Pair | Sides);
  };
}

/** A plain object whose keys are all among `keys`. */
export function readObject(value: unknown, place: string, keys: readonly string[]): Readonly<Record<string, unknown>> {
  if (typeof value !== "object" || value === null || Array.isArray(value)) return refuse(place, "an object", value);
  const unknown = Object.keys(value).find((key) => !keys.includes(key));
  if (unknown !== undefined) {
    throw new XnorkitError(
      "bad-graph",
      `${place} of the graph has the unknown field ${show(unknown)}: known are ${keys.join(", ")}`,
    );
  }
  return value as Readonly<Record<string, unknown>>;
}
