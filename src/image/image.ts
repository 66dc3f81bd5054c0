import { XnorkitError } from "../errors.js";

/** A picture: rows of pixels from the top left, channels interleaved (grey, RGB or RGBA), 0..255, alpha not premultiplied. */
export interface Image {
  readonly width: number;
  readonly height: number;
  readonly channels: 1 | 3 | 4;
  readonly data: Uint8Array;
}

/**
 * Makes a picture and checks that the data fills it.
 * @throws XnorkitError `bad-shape` where a side is not a positive integer or the data has another length.
 */
export function image(width: number, height: number, channels: 1 | 3 | 4, data: Uint8Array): Image {
  const sidesAreGood = [width, height].every((side) => Number.isSafeInteger(side) && side >= 1);
  if (!sidesAreGood || data.length !== width * height * channels) {
    throw new XnorkitError(
      "bad-shape",
      `a picture of ${width}x${height} pixels with ${channels} channels holds width * height * channels bytes, but the data has ${data.length}`,
    );
  }
  return { width, height, channels, data };
}
