/** What `--model M` and `--weights F` mean: from a name or a file to a graph and the place of its weights. */
import { XnorkitError } from "../errors.js";
import { isMxnetSymbol } from "../formats/mxnet/symbol.js";
import { isPackedModel } from "../formats/packed_layout.js";
import { loadModel } from "../formats/packed_model.js";
import { readWeights } from "../formats/read_weights.js";
import { readSafetensorsHeader } from "../formats/stream.js";
import { checkWeights } from "../graph/parameters.js";
import { inferShapes } from "../graph/shapes.js";
import { describeClosest, quoteName } from "../graph/suggest.js";
import type { Graph, Preprocess } from "../graph/types.js";
import type { Model } from "../model.js";
import { allModelNames, fromAnyDescription, getAnyModel } from "../models/catalog.js";
import { randomWeights } from "../models/random_weights.js";
import { checkBuildable } from "../models/registry.js";
import { isTorch } from "../torch.js";
import type { Weights } from "../weights.js";
import { atPath, isFile, isFolder, readBytes, readText, withFile } from "./files.js";
import { findSymbol, readMxnetWeights } from "./load_mxnet.js";
import { readTorchWeights } from "./load_torch.js";
import { badUsage, readCount, readNumbers } from "./options.js";

/** The name of the network that the package carries in itself. */
export const EMBEDDED = "digits";

export const MODEL_HELP = `M is one of
  a name                 digits (the embedded network) or a name that summary lists
  a description (.json)  the network in its framework's words, with --weights for its parameters
  an AWNAS .yaml         its configuration file, with --weights for its parameters
  an MXNet symbol        X-symbol.json, with the .params beside it or in --weights; a softmax at its end is left out
  a packed model         what convert writes
  a safetensors file     whose metadata holds a description; its tensors are the weights
--weights F is safetensors, a packed model, MXNet's .params or a torch checkpoint (.pth, .pt), told apart by content.
--mean m[,m,m] --std s[,s,s] state the preprocessing of a model that does not: x = (pixel - mean) / std on pixels 0..255.
`;

/** Where the parameters of a network are. */
export type WeightSource =
  | { readonly kind: "loaded"; readonly weights: Weights }
  | { readonly kind: "file"; readonly path: string }
  | { readonly kind: "none" };

export interface FoundModel {
  /** How messages call the model. */
  readonly name: string;
  readonly graph: Graph;
  readonly weights: WeightSource;
}

export interface ModelChoice {
  readonly model?: string;
  readonly weights?: string;
  readonly mean?: string;
  readonly std?: string;
  /** A file with one name a line, or names with commas between. */
  readonly labels?: string;
}

async function findDescription(path: string, text: string): Promise<FoundModel> {
  return { name: path, graph: await atPath(path, () => fromAnyDescription(text)), weights: { kind: "none" } };
}

/** A configuration of AWNAS; its reader is loaded only where one is given. */
async function findYaml(path: string): Promise<FoundModel> {
  const text = await readText(path);
  const { awnasFromYaml } = await import("../awnas.js");
  return { name: path, graph: await atPath(path, () => awnasFromYaml(text)), weights: { kind: "none" } };
}

/** The model with the weights that --weights names. Files of other frameworks are read at once: MXNet's names depend on the graph. */
async function withWeights(found: FoundModel, path: string | undefined): Promise<FoundModel> {
  if (path === undefined) return found;
  const weights = (await readMxnetWeights(path, found.graph)) ?? (await readTorchWeights(path, found.graph));
  return { ...found, weights: weights === null ? { kind: "file", path } : { kind: "loaded", weights } };
}

/** A packed model is read whole; of a float file, which may have gigabytes, the header alone. */
async function findSafetensors(path: string): Promise<FoundModel> {
  const { metadata } = await withFile(path, readSafetensorsHeader);
  if (isPackedModel(metadata)) {
    const bytes = await readBytes(path);
    const { graph, weights } = await atPath(path, () => loadModel(bytes));
    return { name: path, graph, weights: { kind: "loaded", weights } };
  }
  const description = metadata.get("description");
  if (description === undefined) {
    throw new XnorkitError(
      "bad-file",
      `${path}: its metadata holds no description of the network: give it as --weights ${path} beside --model NAME or DESCRIPTION.json`,
    );
  }
  return {
    name: path,
    graph: await atPath(path, () => fromAnyDescription(description)),
    weights: { kind: "file", path },
  };
}

async function findByName(model: string, weightsPath: string | undefined): Promise<FoundModel> {
  if (model === EMBEDDED) {
    const { digitsModel } = await import("../models/digits.js");
    const { graph, weights } = digitsModel();
    return withWeights({ name: model, graph, weights: { kind: "loaded", weights } }, weightsPath);
  }
  if (allModelNames().includes(model)) {
    return withWeights({ name: model, graph: getAnyModel(model), weights: { kind: "none" } }, weightsPath);
  }
  if (/\.ya?ml$/i.test(model) && (await isFile(model))) return withWeights(await findYaml(model), weightsPath);
  if (await isFile(model)) {
    const start = await withFile(model, ({ size, read }) => read(0, Math.min(size, 64)));
    const isJson = /^\uFEFF?\s*\{/.test(new TextDecoder("utf-8", { ignoreBOM: true }).decode(start));
    if (isTorch(start)) {
      throw new XnorkitError(
        "bad-file",
        `${model}: a torch checkpoint holds weights, not a network: give it as --weights ${model} beside --model NAME or DESCRIPTION.json`,
      );
    }
    if (!isJson) return withWeights(await findSafetensors(model), weightsPath);
    const text = await readText(model);
    return isMxnetSymbol(text)
      ? { name: model, ...(await findSymbol(model, text, weightsPath)) }
      : withWeights(await findDescription(model, text), weightsPath);
  }
  if (await isFolder(model))
    throw new XnorkitError("bad-file", `${model}: it is a folder, but a model is a file or a name`);
  checkBuildable(model);
  throw new XnorkitError(
    "unknown-name",
    `there is no model or file named ${quoteName(model)}: of the models ${describeClosest(model, [EMBEDDED, ...allModelNames()])}`,
  );
}

/** Number of input channels, which NCHW has second. */
function channelsOf(graph: Graph): number {
  return graph.inputShape[1];
}

/** What --mean and --std state, the absent one of both being 0 or 1; null without either. */
export function readPreprocess(graph: Graph, { mean, std }: ModelChoice): Preprocess | null {
  if (mean === undefined && std === undefined) return null;
  const preprocess = { mean: readNumbers("--mean", mean) ?? [0], std: readNumbers("--std", std) ?? [1] };
  for (const [option, values] of Object.entries(preprocess)) {
    if (values.length === 1 || values.length === channelsOf(graph)) continue;
    throw badUsage(
      `--${option} has ${values.length} numbers, expected 1 or ${channelsOf(graph)}, one for each channel of ${graph.name}`,
    );
  }
  if (preprocess.std.some((value) => value <= 0)) throw badUsage(`--std is "${std}", expected numbers above 0`);
  return preprocess;
}

/** Class names from a file (one a line) or from the command line (commas between), as many as the network has outputs. */
async function readLabels(graph: Graph, value: string): Promise<readonly string[]> {
  const isInline = value.includes(",") && !(await isFile(value));
  const names = isInline ? value.split(",") : (await readText(value)).replace(/\r?\n$/, "").split(/\r?\n/);
  const labels = names.map((name) => name.trim());
  const outputs = inferShapes(graph).get(graph.output)!.at(-1);
  if (labels.length === outputs) return labels;
  throw new XnorkitError(
    "bad-option",
    `--labels ${value}: ${labels.length} names, but ${graph.name} has ${outputs} outputs: one name a line, in the order of the outputs`,
  );
}

/**
 * Finds the network that the command line names (without --model the embedded one), with the preprocessing and labels stated there.
 * @throws XnorkitError `unknown-name` with the closest names, `bad-file` and others that start with the path, `bad-usage`.
 */
export async function findModel(choice: ModelChoice): Promise<FoundModel> {
  if (choice.model === undefined && choice.weights !== undefined) {
    throw badUsage("--weights is given without --model: which network are they for?");
  }
  const found = await findByName(choice.model ?? EMBEDDED, choice.weights);
  const preprocess = readPreprocess(found.graph, choice);
  const labels = choice.labels === undefined ? null : await readLabels(found.graph, choice.labels);
  const graph = { ...found.graph, ...(preprocess && { preprocess }), ...(labels && { labels }) };
  return { ...found, graph };
}

/**
 * Reads the weights of a model and checks them against its graph.
 * @throws XnorkitError `bad-usage` where no file of weights is known, and what `readWeights` and `checkWeights` throw.
 */
export async function readModelWeights({ name, graph, weights }: FoundModel): Promise<Weights> {
  switch (weights.kind) {
    case "loaded":
      return weights.weights;
    case "none":
      throw badUsage(`${name} is a network without weights: name their file with --weights F`);
    case "file": {
      const { path } = weights;
      const bytes = await readBytes(path);
      return atPath(path, () => {
        const read = readWeights(bytes);
        checkWeights(graph, read);
        return read;
      });
    }
  }
}

/** The network with its weights, or with random ones of the seed that `--random-weights` names. */
export async function openModel(choice: ModelChoice & { readonly "random-weights"?: string }): Promise<Model> {
  const seed = readCount("--random-weights", choice["random-weights"], 0);
  if (seed !== undefined && choice.weights !== undefined) {
    throw badUsage("--weights and --random-weights exclude each other");
  }
  const found = await findModel(choice);
  if (seed !== undefined) return { graph: found.graph, weights: randomWeights(found.graph, seed) };
  return { graph: found.graph, weights: await readModelWeights(found) };
}
