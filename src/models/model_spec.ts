/**
 * A network as people write it on one line: its name, then its options, `resnet18_e1 useFp initialLayers=grouped_stem`.
 */
import { XnorkitError } from "../errors.js";
import { quoteName } from "../graph/suggest.js";

/** A name and options, `inputShape` and numbers read. */
export interface ModelSpec {
  readonly name: string;
  readonly options: Readonly<Record<string, unknown>>;
}

/** Options of the binary layer configuration, which stand beside the others here. */
const BINARY: ReadonlySet<string> = new Set([
  "bits",
  "bitsA",
  "activation",
  "weightQuantization",
  "approximation",
  "gradCancel",
]);

function readValue(text: string): unknown {
  if (text === "true" || text === "false") return text === "true";
  if (/^-?\d+(\.\d+)?$/.test(text)) return Number(text);
  if (/^\d+(x\d+)+$/.test(text)) return text.split("x").map(Number);
  if (/^\d+(,\d+)+$/.test(text)) return text.split(",").map(Number);
  return text;
}

/**
 * Reads `NAME option option=value ...`. An option alone is true; numbers, true and false, and sizes like `1x3x224x224`
 * or `2,2,2,2` are read as such; bits, bitsA, activation, weightQuantization, approximation and gradCancel set the
 * binary layer configuration.
 * @throws XnorkitError `bad-option` for an option without a name and for one that stands twice.
 */
export function parseModelSpec(text: string): ModelSpec {
  const [name = "", ...words] = text.trim().split(/\s+/);
  const options: Record<string, unknown> = {};
  const binary: Record<string, unknown> = {};
  for (const word of words) {
    const equals = word.indexOf("=");
    const key = equals < 0 ? word : word.slice(0, equals);
    const own = BINARY.has(key) ? binary : options;
    if (key === "" || Object.hasOwn(own, key)) {
      throw new XnorkitError(
        "bad-option",
        `${quoteName(text)}: ` +
          `${key === "" ? `${quoteName(word)} has no name` : `option ${quoteName(key)} stands twice`}`,
      );
    }
    own[key] = equals < 0 ? true : readValue(word.slice(equals + 1));
  }
  return { name, options: Object.keys(binary).length > 0 ? { ...options, binary } : options };
}
