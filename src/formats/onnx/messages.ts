/** How messages of this importer name what stands in a file: escaped, and cut if it is long. */
import { XnorkitError } from "../../errors.js";

/** Longest name that a message repeats. */
const SHOWN = 60;

/** A name of the file in quotes: line breaks and other control characters escaped, long ones cut. */
export function show(name: string): string {
  return JSON.stringify(name.length <= SHOWN ? name : `${name.slice(0, SHOWN)}...`).replaceAll(
    /[\u007f-\u009f\u2028\u2029]/g,
    (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, "0")}`,
  );
}

/** What a message says of an operator: `Conv "/layer1/conv"`. */
export function describe({ op, name, outputs }: { op: string; name: string; outputs: readonly string[] }): string {
  const known = name !== "" ? name : (outputs.find((output) => output !== "") ?? "");
  return `${/^\w{1,60}$/.test(op) ? op : show(op)} ${show(known)}`;
}

/** Names one after the other, as many as a message can hold, and how many others there are. */
export function list(names: readonly string[], room = 320): string {
  let length = 0;
  let count = 0;
  while (count < names.length && (count === 0 || length + names[count].length + 2 <= room)) {
    length += names[count].length + 2;
    count++;
  }
  const rest = names.length - count;
  return `${names.slice(0, count).join(", ")}${rest > 0 ? ` and ${rest} more` : ""}`;
}

type Code = ConstructorParameters<typeof XnorkitError>[0];

/** @throws XnorkitError with the message. */
export function fail(code: Code, message: string): never {
  throw new XnorkitError(code, message);
}
