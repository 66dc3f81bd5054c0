/** A model from wherever it is, with its labels and its preprocessing: all that is decided before a session is made. */
import { type FileBytes, kindOf, objectArgument, refuseArgument } from "../arguments.js";
import { isAddress } from "../fetch/address.js";
import type { UrlLike } from "../fetch/types.js";
import { checkGraph } from "../graph/read_graph.js";
import type { Graph } from "../graph/types.js";
import type { Model } from "../model.js";
import type { ClassifierOptions } from "./classifier_options.js";
import { checkLabels, splitLabels } from "./labels.js";
import { openFile, openWeights } from "./model_file.js";
import { atInputShape, type ModelFileOptions, type ModelSource, type OpenedModel } from "./model_source.js";
import { resizeFor } from "./prepare.js";
import { choosePreprocess } from "./preprocess.js";

const MODEL = "a model, the bytes of one, or its URL";

async function openSource(model: ModelSource, { weights, inputShape }: ModelFileOptions): Promise<OpenedModel> {
  const callee = "createClassifier";
  if (isAddress(model) || ArrayBuffer.isView(model) || /^(Shared)?ArrayBuffer$/.test(kindOf(model))) {
    const file = await openFile(callee, "model", model as FileBytes);
    const { readModel } = await import("./read_model.js");
    return readModel(file, { weights: await openWeights(callee, weights), inputShape });
  }
  const { graph, weights: own } = objectArgument(callee, "model", MODEL, model as Model);
  if (typeof graph !== "object" || graph === null) refuseArgument(callee, "model", MODEL, model);
  checkGraph(graph);
  const { notes = [] } = model as Partial<OpenedModel>;
  return atInputShape({ graph, weights: own, notes: Array.isArray(notes) ? notes : [] }, inputShape);
}

async function readLabels(graph: Graph, labels: ClassifierOptions["labels"]): Promise<readonly string[] | undefined> {
  if (labels === undefined) return graph.labels;
  if (Array.isArray(labels)) return checkLabels(graph, labels, "the option labels");
  const { bytes } = await openFile("createClassifier", "the option labels", labels as UrlLike);
  return checkLabels(graph, splitLabels(new TextDecoder().decode(bytes)), "the option labels");
}

/**
 * The model with the labels and the preprocessing that are the model's own or the caller's.
 * @throws XnorkitError as `createClassifier`.
 */
export async function resolveModel(source: ModelSource, options: ClassifierOptions): Promise<OpenedModel> {
  const { graph, weights, notes } = await openSource(source, options);
  const labels = await readLabels(graph, options.labels);
  resizeFor(graph, options.resize);
  const preprocess = choosePreprocess("createClassifier", graph, options.preprocess);
  return { graph: { ...graph, preprocess, ...(labels && { labels }) }, weights, notes };
}
