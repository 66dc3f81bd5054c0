/**
 * Model descriptions of AWNAS: its YAML's objects as JSON, `{ "framework": "awnas", "search_space_cfg", "model_cfg" }`.
 */
import { XnorkitError } from "../../errors.js";
import type { Graph } from "../../graph/types.js";
import { isAbsent, type JsonObject, readObject } from "../description_readers.js";
import { readDescription, readPlace, withRecords } from "../description_records.js";
import { refuseOption } from "../options.js";
import { awnas } from "./model.js";

/** What AWNAS's files may name beside the configurations; other types have other options and other networks. */
const supportedTypes = {
  search_space_type: ["cnn"],
  final_model_type: ["cnn_final_model", "bnn_final_model"],
} as const;

function checkTypes(description: JsonObject): void {
  for (const [key, supported] of Object.entries(supportedTypes)) {
    const value = description[key];
    if (isAbsent(value) || (supported as readonly unknown[]).includes(value)) continue;
    throw new XnorkitError(
      "unsupported",
      `${key} ${JSON.stringify(value)} is not built by this version: ${supported.join(" and ")} are`,
    );
  }
}

/** Builds the network of a description that is known to be AWNAS's. */
export function buildDescription(description: JsonObject): Graph {
  checkTypes(description);
  const graph = awnas({
    searchSpace: readObject("search_space_cfg", description.search_space_cfg),
    model: readObject("model_cfg", description.model_cfg ?? description.final_model_cfg),
    ...readPlace(description),
  });
  return withRecords(graph, description);
}

/**
 * Builds the network that a description (JSON text or the value parsed from it) with `"framework": "awnas"` describes.
 * The model is `model_cfg`, or `final_model_cfg` as AWNAS's files call it. Read beside: `name`, `input_shape`,
 * `preprocess` as `{ mean, std }`, `labels`; other keys are records and ignored.
 * @throws XnorkitError `bad-option` that names the key with a wrong type or value, `bad-file` for text that is not
 *   JSON, `unsupported` for other search spaces and models of AWNAS, and what `awnas` throws.
 */
export function awnasFromDescription(json: unknown): Graph {
  const description = readDescription(json);
  if (description.framework !== "awnas") refuseOption("framework", '"awnas"', description.framework);
  return buildDescription(description);
}
