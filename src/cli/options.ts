/** Reading the command line: strict options, and values that are checked before any work starts. */
import { type ParseArgsConfig, parseArgs } from "node:util";
import { XnorkitError } from "../errors.js";
import { likelyName } from "../graph/suggest.js";
import { MOST_THREADS } from "../runtime/open_kernels.js";
import type { Shape } from "../tensor.js";

/** What every command takes. */
export const commonOptions = {
  json: { type: "boolean" },
  verbose: { type: "boolean" },
  help: { type: "boolean", short: "h" },
} as const;

/** Options by their names, as Node's `parseArgs` takes them. */
export type Options = NonNullable<ParseArgsConfig["options"]>;
type Parsed<T extends Options> = ReturnType<
  typeof parseArgs<{ options: T & typeof commonOptions; strict: true; allowPositionals: true }>
>;

/** Options of commands that read a model. */
export const modelOptions = {
  model: { type: "string", short: "m" },
  weights: { type: "string", short: "w" },
  preprocess: { type: "string" },
  mean: { type: "string" },
  std: { type: "string" },
  "input-shape": { type: "string" },
} as const;

export function badUsage(message: string): XnorkitError {
  return new XnorkitError("bad-usage", message);
}

/** `: did you mean --input-shape?` for an option that is nearly one of those that there are. */
function hintFor(message: string, options: Options): string {
  const wrong = /^Unknown option '-{1,2}([^']+)'/.exec(message)?.[1];
  const meant = wrong === undefined ? undefined : likelyName(wrong, Object.keys(options));
  return meant === undefined ? "" : `: did you mean --${meant}?`;
}

/**
 * Splits arguments into options and positionals.
 * @throws XnorkitError `bad-usage` for options that the command does not know and for options without their value.
 */
export function parseCommand<const T extends Options>(argv: readonly string[], options: T): Parsed<T> {
  const all = { ...options, ...commonOptions };
  try {
    return parseArgs({
      args: [...argv],
      options: all,
      strict: true,
      allowPositionals: true,
    }) as Parsed<T>;
  } catch (cause) {
    const [sentence] = (cause as Error).message.split(/[.\n]\s/);
    const told = `${sentence.replace(/\.$/, "")}${hintFor(sentence, all)}`;
    throw new XnorkitError("bad-usage", `${told} (--help lists the options)`, { cause });
  }
}

/** @throws XnorkitError `bad-usage` unless there are `minimum` to `maximum` positionals. */
export function checkPositionals(
  positionals: readonly string[],
  names: string,
  minimum: number,
  maximum: number,
): void {
  if (positionals.length < minimum) {
    throw badUsage(`expected ${names}, but got ${positionals.length === 0 ? "nothing" : positionals.join(" ")}`);
  }
  if (positionals.length > maximum) {
    throw badUsage(`"${positionals[maximum]}" is one argument too many, expected ${names || "options only"}`);
  }
}

/** @throws XnorkitError `bad-usage` if the option is absent. */
export function requireOption(option: string, value: string | undefined): string {
  if (value === undefined || value === "") throw badUsage(`${option} is missing (--help shows how it is used)`);
  return value;
}

/** An integer from `minimum` to 2^31 - 1, or undefined if the option is absent. */
export function readCount(option: string, value: string | undefined, minimum = 1): number | undefined {
  if (value === undefined) return undefined;
  const count = Number(value);
  if (!/^\d+$/.test(value) || count < minimum || count >= 2 ** 31) {
    throw badUsage(`${option} is "${value}", expected a whole number from ${minimum} to ${2 ** 31 - 1}`);
  }
  return count;
}

/** `--threads`: a number, or as many as the machine runs at once; undefined if the option is absent. */
export function readThreads(value: string | undefined): number | "auto" | undefined {
  if (value === undefined || value === "auto") return value;
  if (/^\d+$/.test(value) && Number(value) >= 1 && Number(value) <= MOST_THREADS) return Number(value);
  throw badUsage(`--threads is "${value}", expected a whole number from 1 to ${MOST_THREADS}, or auto`);
}

/** Finite numbers with commas between, or undefined if the option is absent. */
export function readNumbers(option: string, value: string | undefined): readonly number[] | undefined {
  if (value === undefined) return undefined;
  const numbers = value.split(",").map((part) => (part.trim() === "" ? Number.NaN : Number(part)));
  if (!numbers.every(Number.isFinite)) {
    throw badUsage(`${option} is "${value}", expected numbers with commas between, like 123.68,116.779,103.939`);
  }
  return numbers;
}

/** A shape as `1,3,224,224` or `1x3x224x224`, or undefined if the option is absent. */
export function readShape(option: string, value: string | undefined): Shape | undefined {
  if (value === undefined) return undefined;
  const sizes = value.split(/[x,]/);
  if (!sizes.every((size) => /^[1-9]\d{0,9}$/.test(size))) {
    throw badUsage(`${option} is "${value}", expected sizes above 0 with commas between, like 1,3,224,224`);
  }
  return sizes.map(Number);
}

/** Names with commas between; none if the option is absent. */
export function readNames(option: string, value: string | undefined): readonly string[] {
  if (value === undefined) return [];
  const names = value.split(",").map((name) => name.trim());
  if (names.some((name) => name === "")) throw badUsage(`${option} is "${value}", expected names with commas between`);
  return [...new Set(names)];
}
