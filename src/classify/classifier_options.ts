/** What a classifier is told beside its model, and what it is by default. */
import { numberArgument, objectArgument, optionsArgument, refuseArgument } from "../arguments.js";
import { isAddress } from "../fetch/address.js";
import type { UrlLike } from "../fetch/types.js";
import type { Preprocess } from "../graph/types.js";
import type { PresetName } from "../image/presets.js";
import type { SessionOptions, ThreadChoice } from "../runtime/session.js";
import { MODEL_FILE_OPTIONS, type ModelFileOptions } from "./model_source.js";
import { type PictureResize, pictureResizes } from "./prepare.js";
import { type DecodePicture, MAX_PIXELS } from "./read_picture.js";

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
  /** How many threads compute; see the option of `createSession`. */
  readonly threads?: ThreadChoice;
  /** Other options of the session that runs the network. */
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
  "threads",
  "session",
];

const DEFAULT_TOP = 3;

/** Options with their defaults, checked before anything is fetched. */
export function readClassifierOptions(options: ClassifierOptions) {
  const callee = "createClassifier";
  const {
    topK = DEFAULT_TOP,
    maxPixels = MAX_PIXELS,
    resize,
    decode,
    labels,
    threads,
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
  if (session !== undefined) objectArgument(callee, "the option session", "an object", session);
  return { topK, maxPixels, resize, decode, session: threads === undefined ? session : { ...session, threads } };
}
