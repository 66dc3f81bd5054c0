/** Networks from AWNAS's YAML configuration files. */
import { type Document, isScalar, parseDocument, visit } from "yaml";
import { optionsArgument, textArgument } from "../../arguments.js";
import { XnorkitError } from "../../errors.js";
import { quoteName } from "../../graph/suggest.js";
import type { Graph } from "../../graph/types.js";
import type { Shape } from "../../tensor.js";
import { readObject } from "../description_readers.js";
import { buildDescription } from "./description.js";

/** What AWNAS's configuration files do not say. */
export interface YamlOptions {
  /** [batch, 3, height, width]; AWNAS's files do not say it. Default as for `awnas`. */
  readonly inputShape?: Shape;
  readonly name?: string;
}

/** Configurations have some kB; a parser of YAML takes hundreds of bytes for one of text. */
const MAX_CHARACTERS = 2 ** 16;

/** Brackets within brackets: the parser calls itself for each. */
const MAX_DEPTH = 100;

/** @throws XnorkitError for more brackets within each other than any configuration has. */
function checkDepth(text: string): void {
  let depth = 0;
  for (const [bracket] of text.matchAll(/[[\]{}]/g)) {
    depth = Math.max(depth + (bracket === "[" || bracket === "{" ? 1 : -1), 0);
    if (depth > MAX_DEPTH) fail("nests too deep to be read");
  }
}

function fail(problem: string, cause?: unknown): never {
  throw new XnorkitError("bad-file", `the AWNAS configuration ${problem}`, { cause });
}

/** Compares each key with those before it by a set: the parser's own comparison takes quadratic time. */
function checkKeys(document: Document.Parsed): void {
  visit(document, {
    Map(_, { items }) {
      const seen = new Set<unknown>();
      for (const { key } of items) {
        const name = isScalar(key) ? key.value : key;
        if (seen.has(name)) fail(`has the key ${quoteName(String(name))} twice in one place`);
        seen.add(name);
      }
    },
  });
}

/** PyYAML, which AWNAS reads with, knows YAML 1.1: `no` is false there. */
function parseYaml(text: string): unknown {
  if (text.length > MAX_CHARACTERS) {
    fail(`has ${text.length} characters, expected ${MAX_CHARACTERS} at most: is it another file?`);
  }
  checkDepth(text);
  try {
    const document = parseDocument(text, { version: "1.1", logLevel: "error", uniqueKeys: false });
    const [error] = document.errors;
    if (error !== undefined) throw error;
    checkKeys(document);
    return document.toJS({ maxAliasCount: 100 });
  } catch (cause) {
    if (cause instanceof XnorkitError) throw cause;
    if (/call stack/i.test((cause as Error).message)) return fail("nests too deep to be read", cause);
    const [problem] = (cause as Error).message.split("\n");
    return fail(`is not YAML: ${problem}`, cause);
  }
}

/**
 * Builds the network of an AWNAS configuration file: `search_space_cfg` and `final_model_cfg` (or `model_cfg`) are
 * read, the objects that concern training and search are passed over.
 * @throws XnorkitError `bad-file` for text that is not YAML, and what `awnasFromDescription` throws.
 */
export function awnasFromYaml(text: string, options: YamlOptions = {}): Graph {
  const { inputShape, name } = optionsArgument("awnasFromYaml", ["inputShape", "name"], options);
  textArgument("awnasFromYaml", "text", text);
  const configuration = readObject("the AWNAS configuration", parseYaml(text));
  return buildDescription({
    ...configuration,
    ...(inputShape !== undefined && { input_shape: inputShape }),
    ...(name !== undefined && { name }),
  });
}
