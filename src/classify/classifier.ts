/** From a picture to an answer: a network, its preprocessing, its labels and everything between them. */
import { type FileBytes, numberArgument, objectArgument, optionsArgument, refuseArgument } from "../arguments.js";
import { isAddress } from "../fetch/address.js";
import type { UrlLike } from "../fetch/types.js";
import { checkGraph } from "../graph/read_graph.js";
import type { Graph, Preprocess } from "../graph/types.js";
import type { PresetName } from "../image/presets.js";
import type { Model } from "../model.js";
import { createSession, type SessionOptions } from "../runtime/session.js";
import { checkLabels, splitLabels } from "./labels.js";
import { openFile, openWeights } from "./model_file.js";
import {
  atInputShape,
  MODEL_FILE_OPTIONS,
  type ModelFileOptions,
  type ModelSource,
  type OpenedModel,
} from "./model_source.js";

import type { Picture } from "./picture.js";
import { type PictureResize, pictureInput, pictureResizes, resizeFor } from "./prepare.js";
import { choosePreprocess } from "./preprocess.js";
import { type Guess, topGuesses } from "./probabilities.js";
import { type DecodePicture, MAX_PIXELS, readPicture } from "./read_picture.js";

/** What `createClassifier` takes beside the model; all of it optional where the model says it. */
export interface ClassifierOptions extends ModelFileOptions {
  /** Class names in the order of the outputs, or the URL of a text with one a line. By default the model's own. */
  readonly labels?: readonly string[] | UrlLike;
  /** How many classes an answer holds, likeliest first. Default 3. */
  readonly topK?: number;
  /**
   * How pixels of 0..255 become the network's input: a preset, or mean and standard deviation. By default the model's
   * own; a model that states none needs one.
   */
  readonly preprocess?: PresetName | Preprocess;
  /** How pictures come to the network's size. Default `digit` for inputs of MNIST's size, else `torchvision`. */
  readonly resize?: PictureResize;
  /** The most pixels that a picture may have. Default 100 million. */
  readonly maxPixels?: number;
  /** Decodes picture files in place of the browser or of xnorkit/decode; for hosts that compile no WebAssembly. */
  readonly decode?: DecodePicture;
  /** Options of the session that runs the network. */
  readonly session?: SessionOptions;
}

const OPTIONS: readonly (keyof ClassifierOptions)[] = [
  ...MODEL_FILE_OPTIONS,
  "labels",
  "topK",
  "preprocess",
  "resize",
  "maxPixels",
  "decode",
  "session",
];

const DEFAULT_TOP = 3;

/** The call alone; see `Classifier`. */
interface Answer {
  (picture: Picture): Promise<readonly Guess[]>;
  (pictures: readonly Picture[]): Promise<readonly (readonly Guess[])[]>;
}

/** Says what pictures show. */
export interface Classifier {
  /**
   * The likeliest classes of a picture, likeliest first.
   * @throws XnorkitError `bad-option` if it is no picture, `bad-file` where it cannot be read, `bad-shape` if it does
   *   not fit, `bad-value` if it shows no digit where one is looked for.
   */
  (picture: Picture): Promise<readonly Guess[]>;
  /** The same of each of several pictures, which run as one batch. */
  (pictures: readonly Picture[]): Promise<readonly (readonly Guess[])[]>;
  /** The network, with the preprocessing and the labels that were chosen. */
  readonly graph: Graph;
  /** What the reader of the model's file decided by itself, in sentences. */
  readonly notes: readonly string[];
  /** Gives the memory back; the classifier cannot be used any more. */
  dispose(): void;
}

const MODEL = "a model, the bytes of one, or its URL";

/** Options with their defaults, checked before anything is fetched. */
function readOptions(options: ClassifierOptions) {
  const callee = "createClassifier";
  const {
    topK = DEFAULT_TOP,
    maxPixels = MAX_PIXELS,
    resize,
    decode,
    labels,
    session,
  } = optionsArgument(callee, OPTIONS, options);
  if (!Number.isSafeInteger(topK) || topK < 1) {
    refuseArgument(callee, "the option topK", "an integer of at least 1", topK);
  }
  if (!(numberArgument(callee, "the option maxPixels", maxPixels) >= 1)) {
    refuseArgument(callee, "the option maxPixels", "a number of at least 1", maxPixels);
  }
  if (resize !== undefined && !pictureResizes.includes(resize)) {
    refuseArgument(callee, "the option resize", `one of ${pictureResizes.join(", ")}`, resize);
  }
  if (decode !== undefined && typeof decode !== "function") {
    refuseArgument(callee, "the option decode", "a function, as pictureDecoder gives it", decode);
  }
  const isList = Array.isArray(labels) && labels.every((label) => typeof label === "string");
  if (labels !== undefined && !isList && (typeof labels === "string" || !isAddress(labels))) {
    refuseArgument(callee, "the option labels", "a list of names, or the URL of a text with one a line", labels);
  }
  return { ...options, topK, maxPixels, resize, session };
}

async function openSource(model: ModelSource, { weights, inputShape }: ModelFileOptions): Promise<OpenedModel> {
  const callee = "createClassifier";
  const isFile = isAddress(model) || model instanceof ArrayBuffer || ArrayBuffer.isView(model);
  if (isFile || Object.prototype.toString.call(model) === "[object ArrayBuffer]") {
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
 * Opens a classifier: a model in memory, the bytes of a file of any format that is read, or its URL.
 *
 * ```ts
 * const classify = await createClassifier(new URL("quicknet.tflite", import.meta.url), { preprocess: "larq" });
 * const [{ label, index, probability }] = await classify(new URL("cat.jpg", import.meta.url));
 * ```
 *
 * @param model Texts are URLs; others are relative to the page and, where there is none, paths of files. For progress,
 *   a cache and integrity give what `fetchModel` returns.
 * @throws XnorkitError `bad-option` for wrong options, and where the model states no preprocessing and the options name
 *   none; `unsupported` if the network does not read pictures; what `fetchModel` and `createSession` throw.
 */
export async function createClassifier(model: ModelSource, options: ClassifierOptions = {}): Promise<Classifier> {
  const { topK, maxPixels, resize, decode, session: sessionOptions, ...rest } = readOptions(options);
  const { graph: stated, weights, notes } = await openSource(model, rest);
  const labels = await readLabels(stated, rest.labels);
  const way = resizeFor(stated, resize);
  const preprocess = choosePreprocess("createClassifier", stated, rest.preprocess);
  const graph: Graph = { ...stated, preprocess, ...(labels && { labels }) };
  const session = await createSession({ graph, weights }, sessionOptions);

  async function classify(given: Picture | readonly Picture[]) {
    const isList = Array.isArray(given);
    const pictures: readonly Picture[] = isList ? given : [given as Picture];
    if (pictures.length === 0) refuseArgument("classify", "the pictures", "a list of at least one", given);
    const name = (index: number) => (isList ? `picture ${index}` : "the picture");
    const images = await Promise.all(
      pictures.map((picture, index) => readPicture("classify", picture, name(index), { maxPixels, decode })),
    );
    const answers = topGuesses(graph, session.run(pictureInput(images, graph, way)), topK);
    return isList ? answers : answers[0];
  }

  return Object.assign(classify as Answer, {
    graph,
    notes,
    dispose: () => session.dispose(),
  });
}
