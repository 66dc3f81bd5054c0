/** Pictures of other sizes. */
import { XnorkitError } from "../errors.js";
import { type Box, checkBox } from "./box.js";
import { type Image, imageArgument } from "./image.js";
import { interleaved } from "./placement.js";
import { resample } from "./resample.js";
import { filterWindows } from "./windows.js";

/**
 * Bilinear resize with antialiasing, as PIL's `resize((width, height), BILINEAR)`: pixel centres at half positions, the
 * triangle filter widened by the factor of reduction, columns first, then rows, each pass rounded to bytes. Alpha is
 * filtered like a colour: lay pictures on white before.
 * @throws XnorkitError `bad-option` if a side is not a positive integer, or the picture would be larger than memory.
 */
export function resize(picture: Image, width: number, height: number): Image {
  return resizeBox(picture, width, height, { left: 0, top: 0, width, height });
}

/**
 * A rectangle of the resized picture, the same pixels as if all of it had been resized and cut. Nothing else is
 * computed, so that the work follows from the rectangle and the pixels under it, however long the whole would be.
 * @throws XnorkitError `bad-option` as `resize`, `bad-shape` if the rectangle goes beyond the resized picture.
 */
export function resizeBox(picture: Image, width: number, height: number, box: Box): Image {
  imageArgument("resize", picture);
  checkBox(box);
  if (![width, height].every((side) => Number.isSafeInteger(side) && side >= 1)) {
    throw new XnorkitError(
      "bad-option",
      `a picture cannot be resized to ${String(width)}x${String(height)}: sides are positive integers`,
    );
  }
  const { left, top } = box;
  const isInside = left >= 0 && top >= 0 && left + box.width <= width && top + box.height <= height;
  if (!isInside) {
    throw new XnorkitError(
      "bad-shape",
      `${box.width}x${box.height} pixels at ${left}, ${top} are not all in a picture of ${width}x${height}`,
    );
  }
  const data = new Uint8Array(box.width * box.height * picture.channels);
  const columns = filterWindows(picture.width, width, left, box.width);
  const rows = filterWindows(picture.height, height, top, box.height);
  resample(picture, picture.channels, columns, rows, interleaved(data, 0, picture.channels));
  return { width: box.width, height: box.height, channels: picture.channels, data };
}
