/**
 * A network that the user names, as cases beside those that the benchmarks have: on floats, and on bytes if it states a
 * preprocessing.
 */
import { basename } from "node:path";
import { findModel, readModelWeights } from "../../src/cli/load_model.js";
import { randomWeights } from "../../src/index.js";
import { formatShape } from "../../src/tensor.js";
import { bytePicture, floatPicture } from "./inputs.js";
import type { ModelCase } from "./model_cases.js";

const SEED = 1;

/**
 * The cases of `--model M`; a network without weights gets random ones, which take the same time.
 * @throws XnorkitError as the command line does when it opens a model.
 */
export async function ownCases(model: string | undefined): Promise<readonly ModelCase[]> {
  if (model === undefined) return [];
  const found = await findModel({ model });
  const { graph } = found;
  const weights = found.weights.kind === "none" ? randomWeights(graph, SEED) : (await readModelWeights(found)).weights;
  const name = `${basename(model)} ${formatShape(graph.inputShape.slice(1))}`;
  const shared = { name, graph, weights, relaxed: false, byteStem: false };
  const floats = { ...shared, variant: "float input", input: floatPicture(graph.inputShape, SEED) };
  if (graph.preprocess === undefined) return [floats];
  return [floats, { ...shared, variant: "byte input", input: bytePicture(graph.inputShape, SEED) }];
}
