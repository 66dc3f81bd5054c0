/** Pictures to what networks read. */
import { refuseArgument } from "../arguments.js";
import { XnorkitError } from "../errors.js";
import type { Tensor } from "../tensor.js";
import { type Image, imageArgument } from "./image.js";
import { placePicture, planes } from "./placement.js";

/**
 * Pictures of one size as a u8 tensor [pictures, channels, height, width]: RGB planes or one grey plane, alpha on
 * white. The graph's `preprocess` turns the pixels into numbers.
 * @throws XnorkitError `bad-shape` if there is no picture or the sizes differ.
 */
export function toTensor(pictures: readonly Image[], channels: 1 | 3): Tensor {
  if (!Array.isArray(pictures)) refuseArgument("toTensor", "pictures", "a list of pictures", pictures);
  if (channels !== 1 && channels !== 3) refuseArgument("toTensor", "channels", "1 or 3", channels);
  for (const picture of pictures) imageArgument("toTensor", picture);
  if (pictures.length === 0) throw new XnorkitError("bad-shape", "a tensor needs at least one picture");
  const [{ width, height }] = pictures;
  const positions = width * height;
  const data = new Uint8Array(pictures.length * channels * positions);
  for (const [index, picture] of pictures.entries()) {
    if (picture.width !== width || picture.height !== height) {
      throw new XnorkitError(
        "bad-shape",
        `picture ${index} is ${picture.width}x${picture.height}, but picture 0 is ${width}x${height}: ` +
          "resize or crop them alike",
      );
    }
    placePicture(picture, channels, planes(data, index * channels * positions, positions));
  }
  return { shape: [pictures.length, channels, height, width], data };
}
