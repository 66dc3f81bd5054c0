/**
 * A network that the user names, as cases beside those that the benchmarks have: on floats, and on bytes if it states
 * a preprocessing.
 */
import { basename } from "node:path";
import type { BenchOptions } from "../../src/cli/bench_report.js";
import { findModel, readModelWeights } from "../../src/cli/load_model.js";
import { randomWeights } from "../../src/index.js";
import { formatShape } from "../../src/tensor.js";
import { bytePicture, floatPicture } from "./inputs.js";
import { type ModelCase, modelCases } from "./model_cases.js";

const SEED = 1;

/** How the user names it. */
export type OwnModel = Pick<BenchOptions, "model" | "weights" | "input-shape">;

/**
 * The cases of `--model M`; a network without weights gets random ones, which take the same time.
 * @throws XnorkitError as the command line does when it opens a model.
 */
export async function ownCases(options: OwnModel): Promise<readonly ModelCase[]> {
  const { model, weights: weightsPath } = options;
  if (model === undefined) return [];
  const found = await findModel({ model, weights: weightsPath, "input-shape": options["input-shape"] });
  const { graph } = found;
  const weights = found.weights.kind === "none" ? randomWeights(graph, SEED) : (await readModelWeights(found)).weights;
  const name = `${basename(model)} ${formatShape(graph.inputShape.slice(1))}`;
  const shared = { name, graph, weights, relaxed: false, byteStem: false };
  const floats = { ...shared, variant: "float input", input: floatPicture(graph.inputShape, SEED) };
  if (graph.preprocess === undefined) return [floats];
  return [floats, { ...shared, variant: "byte input", input: bytePicture(graph.inputShape, SEED) }];
}

/** The network that is measured where one is: the user's, else the first of `bench models`. */
export async function networkOf(options: BenchOptions): Promise<ModelCase> {
  const [own] = await ownCases(options);
  return own ?? modelCases(options.filter)[0];
}
