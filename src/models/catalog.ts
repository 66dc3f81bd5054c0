/**
 * The models of both frameworks by name and by description, for programs that know them all, as the command line does.
 */
import type { Graph } from "../graph/types.js";
import { awnasFromDescription } from "./awnas/description.js";
import { type AwnasResnetOptions, awnasModelNames, getAwnasModel } from "./awnas/resnet.js";
import { fromDescription } from "./description.js";
import { readDescription } from "./description_records.js";
import { getModel, type ModelOptions, modelNames } from "./registry.js";

/** The names of `getModel` and of `getAwnasModel`. */
export function allModelNames(): readonly string[] {
  return [...modelNames(), ...awnasModelNames()];
}

/**
 * Builds a network by its name with options in its framework's words.
 * @throws XnorkitError what `getModel` and `getAwnasModel` throw.
 */
export function getAnyModel(name: string, options: Readonly<Record<string, unknown>> = {}): Graph {
  return awnasModelNames().includes(name)
    ? getAwnasModel(name, options as AwnasResnetOptions)
    : getModel(name, options as ModelOptions);
}

/**
 * Builds the network of a description of either framework.
 * @throws XnorkitError what `fromDescription` and `awnasFromDescription` throw.
 */
export function fromAnyDescription(json: unknown): Graph {
  const description = readDescription(json);
  return description.framework === "awnas" ? awnasFromDescription(description) : fromDescription(description);
}
