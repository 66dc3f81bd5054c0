/** The function that says what pictures show, and how one is opened. */
import { refuseArgument } from "../arguments.js";
import { type DisposedByScope, disposable } from "../disposable.js";
import type { Graph } from "../graph/types.js";
import { type ClassifierOptions, readClassifierOptions } from "./classifier_options.js";
import type { ModelSource, OpenedModel } from "./model_source.js";
import type { Picture } from "./picture.js";
import { openPipeline, type Pipeline } from "./pipeline.js";
import type { Guess } from "./probabilities.js";
import { resolveModel } from "./resolve.js";

/** The call alone; see `Classifier`. */
interface Answer {
  (picture: Picture): Promise<readonly Guess[]>;
  (pictures: readonly Picture[]): Promise<readonly (readonly Guess[])[]>;
}

/** Says what pictures show. `using` disposes of it at the end of its scope. */
export interface Classifier extends DisposedByScope {
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

/** A pipeline as the function that callers have. */
export function classifierOf({ graph, notes }: OpenedModel, { answer, dispose }: Pipeline): Classifier {
  async function classify(given: Picture | readonly Picture[]) {
    const isList = Array.isArray(given);
    const pictures: readonly Picture[] = isList ? given : [given as Picture];
    if (pictures.length === 0) refuseArgument("classify", "the pictures", "a list of at least one", given);
    const names = pictures.map((_, index) => (isList ? `picture ${index}` : "the picture"));
    const answers = await answer(pictures, names);
    return isList ? answers : answers[0];
  }
  return disposable<Classifier>(Object.assign(classify as Answer, { graph, notes, dispose }));
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
  const read = readClassifierOptions(options);
  const resolved = await resolveModel(model, options);
  return classifierOf(resolved, await openPipeline(resolved, read));
}
