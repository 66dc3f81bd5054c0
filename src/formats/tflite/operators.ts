/** How messages, layers and notes call the operators of a file, and the errors that name one. */
import { XnorkitError } from "../../errors.js";
import { builtinName, CUSTOM } from "./operator_names.js";
import type { TfliteOperator } from "./schema.js";

/** Text of a file in one line without control characters, cut when it is long. */
export function readable(text: string, limit = 80): string {
  const clean = text.replace(/[\p{C}\p{Z}]+/gu, " ").trim();
  return clean.length <= limit ? clean : `${clean.slice(0, limit)}...`;
}

/** `CONV_2D`, or the name of a custom operator. */
export function operatorName({ code, custom }: TfliteOperator): string {
  return code === CUSTOM ? readable(custom) : builtinName(code);
}

/** `operator 12 (LceBconv2d)`. */
export function describeOperator(op: TfliteOperator): string {
  return `operator ${op.index} (${operatorName(op)})`;
}

/** @throws XnorkitError `unsupported` that names the operator. */
export function unsupported(op: TfliteOperator, problem: string): never {
  throw new XnorkitError("unsupported", `${describeOperator(op)} of the .tflite file ${problem}`);
}

/** @throws XnorkitError `bad-file` that names the operator. */
export function badOperator(op: TfliteOperator, problem: string): never {
  throw new XnorkitError(
    "bad-file",
    `${describeOperator(op)} of the .tflite file ${problem}: is it changed or damaged?`,
  );
}
