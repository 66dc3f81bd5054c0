/** AWNAS's configuration files. */
import { parse } from "yaml";
import { XnorkitError } from "../../errors.js";
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

/** PyYAML, which AWNAS reads with, knows YAML 1.1: `no` is false there. */
function parseYaml(text: string): unknown {
  try {
    return parse(text, { version: "1.1", logLevel: "error" });
  } catch (cause) {
    const [problem] = (cause as Error).message.split("\n");
    throw new XnorkitError("bad-file", `the AWNAS configuration is not YAML: ${problem}`, { cause });
  }
}

/**
 * Builds the network of an AWNAS configuration file: `search_space_cfg` and `final_model_cfg` (or `model_cfg`) are
 * read, the objects that concern training and search are passed over.
 * @throws XnorkitError `bad-file` for text that is not YAML, and what `awnasFromDescription` throws.
 */
export function awnasFromYaml(text: string, { inputShape, name }: YamlOptions = {}): Graph {
  const configuration = readObject("the AWNAS configuration", parseYaml(text));
  return buildDescription({
    ...configuration,
    ...(inputShape !== undefined && { input_shape: inputShape }),
    ...(name !== undefined && { name }),
  });
}
