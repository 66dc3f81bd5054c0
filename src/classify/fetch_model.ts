/** Networks from a URL. */
import { optionsArgument } from "../arguments.js";
import { addressArgument } from "../fetch/address.js";
import type { FetchOptions, UrlLike } from "../fetch/types.js";
import { openWeights } from "./model_file.js";
import { MODEL_FILE_OPTIONS, type ModelFileOptions, type OpenedModel } from "./model_source.js";

/** What `fetchModel` takes beside the URL; all of it optional. Progress and integrity are those of the model's file. */
export interface FetchModelOptions extends FetchOptions, ModelFileOptions {}

/**
 * Fetches a network of any format that is read: packed models, ONNX, TensorFlow Lite, MXNet symbols and descriptions
 * with `weights`. Files beside it that an ONNX model names are fetched from beside its URL.
 * @param url A URL, or a text with one; other texts are relative to the page and, where there is none, paths of files.
 * @throws XnorkitError `bad-file` where there is no such file, it is too large, its hash is another, or it holds no
 *   network; `interrupted` if the connection breaks; `bad-option` for wrong options; what the format's reader throws.
 *   An abort is thrown as the signal's reason.
 */
export async function fetchModel(url: string | UrlLike, options: FetchModelOptions = {}): Promise<OpenedModel> {
  const { FETCH_OPTIONS, fetchFile } = await import("../fetch/fetch_file.js");
  optionsArgument("fetchModel", [...FETCH_OPTIONS, ...MODEL_FILE_OPTIONS], options);
  const { weights, inputShape, ...fetching } = options;
  const file = await fetchFile("fetchModel", await addressArgument("fetchModel", "url", url), fetching);
  const { signal } = fetching;
  const { readModel } = await import("./read_model.js");
  return readModel(file, { weights: await openWeights("fetchModel", weights, fetching), inputShape, signal });
}
