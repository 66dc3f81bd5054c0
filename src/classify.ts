/**
 * From a picture to an answer: decoding, resizing, preprocessing, the network, and names with probabilities.
 *
 * ```ts
 * const classify = await createClassifier(bytes, { labels, topK: 5 });
 * const [{ label, index, probability }] = await classify(picture);
 * ```
 */
export { type Classifier, createClassifier } from "./classify/classifier.js";
export type { ClassifierOptions } from "./classify/classifier_options.js";
export { type FetchModelOptions, fetchModel } from "./classify/fetch_model.js";
export type { ModelFileOptions, ModelSource, OpenedModel } from "./classify/model_source.js";
export type * from "./classify/picture.js";
export { type PictureResize, pictureResizes } from "./classify/prepare.js";
export type { Guess } from "./classify/probabilities.js";
export type { DecodePicture } from "./classify/read_picture.js";
export type * from "./fetch/types.js";
