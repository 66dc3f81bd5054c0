/** What a model description of any framework holds beside the network: name, input shape, preprocessing, labels. */
import type { Graph, Preprocess } from "../graph/types.js";
import { parseJson } from "../json/parse.js";
import type { Shape } from "../tensor.js";
import {
  checkNumbers,
  checkSizes,
  checkText,
  checkTexts,
  isAbsent,
  type JsonObject,
  optional,
  readObject,
} from "./description_readers.js";
import { refuseOption } from "./options.js";

/** JSON text, or the value parsed from it, as an object. */
export function readDescription(json: unknown): JsonObject {
  return readObject(
    "the model description",
    typeof json === "string" ? parseJson(json, "the model description", "bad-file") : json,
  );
}

/** What the builders take. */
export function readPlace(description: JsonObject): { readonly inputShape?: Shape; readonly name?: string } {
  return {
    inputShape: optional("input_shape", description.input_shape, checkSizes),
    name: optional("name", description.name, checkText),
  };
}

/** `{ mean, std }`; a string is a remark for people and ignored. */
function readPreprocess(value: unknown): Preprocess | undefined {
  if (isAbsent(value) || typeof value === "string") return undefined;
  const { mean, std } = readObject("preprocess", value);
  checkNumbers("preprocess.mean", mean);
  checkNumbers("preprocess.std", std);
  if (std.some((deviation) => deviation <= 0)) refuseOption("preprocess.std", "numbers above 0", std);
  return { mean, std };
}

/** The graph with the description's preprocessing and labels. */
export function withRecords(graph: Graph, description: JsonObject): Graph {
  const preprocess = readPreprocess(description.preprocess);
  const labels = optional("labels", description.labels, checkTexts);
  return { ...graph, ...(preprocess && { preprocess }), ...(labels && { labels }) };
}
