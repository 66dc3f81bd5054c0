import { XnorkitError } from "../errors.js";
import type { Image } from "./image.js";
import { resize } from "./resize.js";

/** A rectangle of pixels; `left` and `top` may lie outside the picture where it is padded. */
export interface Box {
  readonly left: number;
  readonly top: number;
  readonly width: number;
  readonly height: number;
}

/** Cuts a rectangle out of a picture; what lies outside the picture is `background`. */
export function crop(picture: Image, box: Box, background = 0): Image {
  const { channels } = picture;
  const data = new Uint8Array(box.width * box.height * channels).fill(background);
  const firstColumn = Math.max(box.left, 0);
  const lastColumn = Math.min(box.left + box.width, picture.width);
  if (firstColumn < lastColumn) {
    for (let y = Math.max(box.top, 0); y < Math.min(box.top + box.height, picture.height); y++) {
      const row = picture.data.subarray(
        (y * picture.width + firstColumn) * channels,
        (y * picture.width + lastColumn) * channels,
      );
      data.set(row, ((y - box.top) * box.width + firstColumn - box.left) * channels);
    }
  }
  return { width: box.width, height: box.height, channels, data };
}

/** Resizes so that the shorter side has `side` pixels, the longer one in proportion, rounded. */
export function resizeShortSide(picture: Image, side: number): Image {
  const { width, height } = picture;
  return width <= height
    ? resize(picture, side, Math.round((side * height) / width))
    : resize(picture, Math.round((side * width) / height), side);
}

/**
 * The middle `width` x `height` pixels.
 * @throws XnorkitError `bad-shape` where the picture is smaller.
 */
export function centerCrop(picture: Image, width: number, height: number): Image {
  if (picture.width < width || picture.height < height) {
    throw new XnorkitError(
      "bad-shape",
      `a picture of ${picture.width}x${picture.height} pixels has no middle of ${width}x${height}: resize it first`,
    );
  }
  const left = Math.floor((picture.width - width) / 2);
  const top = Math.floor((picture.height - height) / 2);
  return crop(picture, { left, top, width, height });
}

/**
 * What an ImageNet network sees of a picture: the short side resized to 8/7 of the input's (256 for 224), then the middle cut out.
 */
export function imagenetCrop(picture: Image, width: number, height: number): Image {
  return centerCrop(resizeShortSide(picture, Math.round((Math.max(width, height) * 256) / 224)), width, height);
}
