/** What `--model M` and `--weights F` mean: from a name or a file to a graph and the place of its weights. */
import { checkLabels, splitLabels } from "../classify/labels.js";
import { XnorkitError } from "../errors.js";
import { inferShapes } from "../graph/shapes.js";
import { describeClosest, quoteName } from "../graph/suggest.js";
import type { Graph } from "../graph/types.js";
import type { Model } from "../model.js";
import { allModelNames, getAnyModel } from "../models/catalog.js";
import { parseModelSpec } from "../models/model_spec.js";
import { randomWeights } from "../models/random_weights.js";
import { checkBuildable } from "../models/registry.js";
import type { Shape } from "../tensor.js";
import { isFile, isFolder, readText } from "./files.js";
import { type FoundModel, findModelFile, readFloatFile, type WeightsFor, withWeights } from "./model_file.js";
import { badUsage, readCount, readShape } from "./options.js";
import { type PreprocessChoice, readPreprocess } from "./preprocess.js";

/** The name of the network that the package carries in itself. */
export const EMBEDDED = "digits";

/** What a command says that has read pictures and was given no model. */
export const FALLBACK_NOTE = "without --model each picture was read as one handwritten digit, by the embedded network";

/** Names that `--model` takes beside files. */
export function modelChoices(): readonly string[] {
  return [EMBEDDED, ...allModelNames()];
}

export const MODEL_HELP = `M is one of
  a name                 digits (the embedded network) or a name that summary lists; options of its framework may follow
                         in the same argument: "resnet18_e1 useFp initialLayers=grouped_stem", "awnas_resnet18
                         stem=conv_bn_relu_3x3"
  a description (.json)  the network in its framework's words, with --weights for its parameters
  an AWNAS .yaml         its configuration file, with --weights for its parameters
  an MXNet symbol        X-symbol.json, with the .params beside it or in --weights; a softmax at its end is left out
  an ONNX model          with the files of its tensors beside it; a softmax at its end is left out
  a .tflite file         of Larq Compute Engine, for one; a softmax at its end is left out
  a packed model         what convert writes
  a safetensors file     whose metadata holds a description; its tensors are the weights
--weights F is safetensors, a packed model, MXNet's .params or a torch checkpoint (.pth, .pt), told apart by content.
--preprocess mnist|unit|imagenet-torch|imagenet-mxnet|larq|none names the preprocessing of a model that states none;
--mean m[,m,m] --std s[,s,s] state one in numbers: x = (pixel - mean) / std on pixels 0..255.
--input-shape N,C,H,W states the input of a model that does not, or another one.
`;

export interface ModelChoice extends PreprocessChoice {
  readonly model?: string;
  readonly weights?: string;
  readonly "input-shape"?: string;
  /** The input that is at hand, for files that do not say theirs. */
  readonly likelyShape?: () => Promise<Shape>;
  /** A file with one name a line, or names with commas between. */
  readonly labels?: string;
}

async function findByName(
  { model = EMBEDDED, weights: weightsPath, likelyShape }: ModelChoice,
  inputShape: Shape | undefined,
): Promise<FoundModel> {
  if (model === EMBEDDED) {
    const { digitsModel } = await import("../models/digits.js");
    const { graph, weights } = digitsModel();
    return withWeights({ name: model, graph, weights: { kind: "loaded", weights }, notes: [] }, weightsPath);
  }
  if (allModelNames().includes(model.split(/\s/, 1)[0]) && !(await isFile(model))) {
    const { name, options } = parseModelSpec(model);
    const graph = getAnyModel(name, options);
    return withWeights({ name: model, graph, weights: { kind: "none" }, notes: [] }, weightsPath);
  }
  if (await isFile(model)) {
    return findModelFile(model, weightsPath, { inputShape: inputShape ?? (await likelyShape?.()) });
  }
  if (await isFolder(model))
    throw new XnorkitError("bad-file", `${model}: it is a folder, but a model is a file or a name`);
  checkBuildable(model);
  throw new XnorkitError(
    "unknown-name",
    `there is no model or file named ${quoteName(model)}: ` + `of the models ${describeClosest(model, modelChoices())}`,
  );
}

/**
 * Class names from a file (one a line) or from the command line (commas between), as many as the network has outputs.
 */
async function readLabels(graph: Graph, value: string): Promise<readonly string[]> {
  const isInline = value.includes(",") && !(await isFile(value));
  const names = isInline ? value.split(",").map((name) => name.trim()) : splitLabels(await readText(value));
  return checkLabels(graph, names, `--labels ${value}`);
}

/**
 * Finds the network that the command line names (without --model the embedded one), with the preprocessing and labels
 * stated there.
 * @throws XnorkitError `unknown-name` with the closest names, `bad-file` and others that start with the path,
 *   `bad-usage`.
 */
export async function findModel(choice: ModelChoice): Promise<FoundModel> {
  if (choice.model === undefined && choice.weights !== undefined) {
    throw badUsage("--weights is given without --model: which network are they for?");
  }
  const inputShape = readShape("--input-shape", choice["input-shape"]);
  const found = await findByName(choice, inputShape);
  if (inputShape !== undefined) inferShapes(found.graph, inputShape);
  const { preprocess, notes } = readPreprocess(found.graph, choice);
  const labels = choice.labels === undefined ? null : await readLabels(found.graph, choice.labels);
  const graph = {
    ...found.graph,
    ...(inputShape && { inputShape }),
    ...(preprocess && { preprocess }),
    ...(labels && { labels }),
  };
  return { ...found, graph, notes: [...found.notes, ...notes] };
}

/**
 * The weights of a model, checked against its graph.
 * @throws XnorkitError `bad-usage` if no file of weights is known, and what `readWeights` and `checkWeights` throw.
 */
export async function readModelWeights({ name, graph, weights }: FoundModel): Promise<WeightsFor> {
  switch (weights.kind) {
    case "loaded":
      return { weights: weights.weights, notes: [] };
    case "none":
      throw badUsage(`${name} is a network without weights: name their file with --weights F`);
    case "file":
      return readFloatFile(graph, weights.path);
  }
}

/** A model that is ready to run, and what was decided by itself on the way. */
export interface OpenedModel extends Model {
  readonly notes: readonly string[];
}

/** The network with its weights, or with random ones of the seed that `--random-weights` names. */
export async function openModel(choice: ModelChoice & { readonly "random-weights"?: string }): Promise<OpenedModel> {
  const seed = readCount("--random-weights", choice["random-weights"], 0);
  if (seed !== undefined && choice.weights !== undefined) {
    throw badUsage("--weights and --random-weights exclude each other");
  }
  const found = await findModel(choice);
  const { graph } = found;
  if (seed !== undefined) return { graph, weights: randomWeights(graph, seed), notes: found.notes };
  const { weights, notes } = await readModelWeights(found);
  return { graph, weights, notes: [...found.notes, ...notes] };
}
