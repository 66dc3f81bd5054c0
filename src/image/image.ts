/** Pictures as plain data. */
import { kindOf, objectArgument, refuseArgument } from "../arguments.js";
import { XnorkitError } from "../errors.js";

/**
 * A picture: rows of pixels from the top left, channels interleaved (grey, RGB or RGBA), 0..255, alpha not
 * premultiplied.
 */
export interface Image {
  readonly width: number;
  readonly height: number;
  readonly channels: 1 | 3 | 4;
  readonly data: Uint8Array;
}

const PICTURE = "{ width, height, channels, data }, with 1, 3 or 4 channels and bytes";

/**
 * Makes a picture and checks that the data fills it.
 * @throws XnorkitError `bad-shape` if a side is not a positive integer or the data has another length.
 */
export function image(width: number, height: number, channels: 1 | 3 | 4, data: Uint8Array): Image {
  const sidesAreGood = [width, height].every((side) => Number.isSafeInteger(side) && side >= 1);
  if (![1, 3, 4].includes(channels)) refuseArgument("image", "channels", "1, 3 or 4", channels);
  if (!sidesAreGood || data?.length !== width * height * channels) {
    throw new XnorkitError(
      "bad-shape",
      `a picture of ${width}x${height} pixels with ${channels} channels holds width * height * channels bytes, ` +
        `but the data has ${data?.length}`,
    );
  }
  return { width, height, channels, data };
}

/**
 * A picture as it is, checked where a caller hands it over.
 * @throws XnorkitError `bad-option` if it is no picture, `bad-shape` if its data do not fill it.
 */
export function imageArgument(callee: string, picture: Image): Image {
  const { width, height, channels, data } = objectArgument(callee, "picture", PICTURE, picture);
  const isBytes = kindOf(data) === "Uint8Array" || kindOf(data) === "Uint8ClampedArray";
  if (!isBytes || ![1, 3, 4].includes(channels)) refuseArgument(callee, "picture", PICTURE, picture);
  return image(width, height, channels, data);
}
