/** The network for digits that the package carries. */
import { loadModel } from "../formats/packed_model.js";
import { digitsModel as packed } from "../generated/digits_model.js";
import type { Model } from "../model.js";
import { base64Bytes } from "../runtime/base64.js";

/**
 * The network that the package carries: a binary ResNetE1 for handwritten digits, trained on MNIST by models/training.
 * Input [N, 1, 32, 32], light digit on black, as `digitInput` makes it of a picture; u8 pixels are preprocessed, labels
 * are 0 to 9.
 */
export function digitsModel(): Model {
  return loadModel(base64Bytes(packed));
}
