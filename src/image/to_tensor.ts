/** Pictures to what networks read. */
import { refuseArgument } from "../arguments.js";
import { XnorkitError } from "../errors.js";
import type { Tensor } from "../tensor.js";
import { toGray, toRgb } from "./color.js";
import { type Image, imageArgument } from "./image.js";

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
    const source = channels === 1 ? toGray(picture) : toRgb(picture);
    writePlanes(source.data, channels, data.subarray(index * channels * positions, (index + 1) * channels * positions));
  }
  return { shape: [pictures.length, channels, height, width], data };
}

/** Interleaved pixels as one plane a channel. */
function writePlanes(pixels: Uint8Array, channels: 1 | 3, planes: Uint8Array): void {
  if (channels === 1) {
    planes.set(pixels);
    return;
  }
  const positions = planes.length / 3;
  for (let at = 0, from = 0; at < positions; at++, from += 3) {
    planes[at] = pixels[from];
    planes[positions + at] = pixels[from + 1];
    planes[2 * positions + at] = pixels[from + 2];
  }
}
