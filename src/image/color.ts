/** Pictures in grey or in colour, and what is transparent in them laid on white. */
import { type Image, imageArgument } from "./image.js";

/** True if no pixel of these bytes of an RGBA picture lets its background through. */
export function isOpaque(rgba: Uint8Array, from: number, end: number): boolean {
  let alpha = 255;
  for (let at = from + 3; at < end; at += 4) alpha &= rgba[at];
  return alpha === 255;
}

/** Lays these bytes of an RGBA picture on a background of this level. */
export function composeColors(rgba: Uint8Array, from: number, end: number, background: number, rgb: Uint8Array): void {
  for (let at = from, to = 0; at < end; at += 4, to += 3) {
    const alpha = rgba[at + 3];
    if (alpha === 255) {
      rgb[to] = rgba[at];
      rgb[to + 1] = rgba[at + 1];
      rgb[to + 2] = rgba[at + 2];
      continue;
    }
    for (let channel = 0; channel < 3; channel++) {
      rgb[to + channel] = Math.round((rgba[at + channel] * alpha + background * (255 - alpha)) / 255);
    }
  }
}

/** Lays a picture with alpha on a background of this level and drops the alpha; others stay as they are. */
function compose(picture: Image, background: number): Image {
  if (picture.channels !== 4) return picture;
  const { width, height, data } = picture;
  const composed = new Uint8Array(width * height * 3);
  composeColors(data, 0, data.length, background, composed);
  return { width, height, channels: 3, data: composed };
}

/** Lays a picture with alpha on white and drops the alpha; others stay as they are. */
export function composeOnWhite(picture: Image): Image {
  return compose(imageArgument("composeOnWhite", picture), 255);
}

/** The mean luma of what is seen of a picture, 0 to 255; 0 where nothing is. */
function visibleLuma({ data }: Image): number {
  let opacity = 0;
  let luma = 0;
  for (let at = 0; at < data.length; at += 4) {
    const alpha = data[at + 3];
    opacity += alpha;
    luma += alpha * (0.299 * data[at] + 0.587 * data[at + 1] + 0.114 * data[at + 2]);
  }
  return opacity === 0 ? 0 : luma / opacity;
}

/**
 * Grey, as `toGray` makes it, of a drawing: on transparency a dark one lies on white and a light one on black, for a
 * white drawing on white is none.
 */
export function drawingToGray(picture: Image): Image {
  return grayOn(picture, () => (visibleLuma(picture) < 128 ? 255 : 0));
}

/**
 * Grey by the luma of ITU-R BT.601 (0.299 R + 0.587 G + 0.114 B, in 16 fractional bits as PIL's mode L), alpha on
 * white.
 */
export function toGray(picture: Image): Image {
  return grayOn(imageArgument("toGray", picture), () => 255);
}

/** Grey; the background is asked for where a picture is clear in places. */
function grayOn(picture: Image, background: () => number): Image {
  const { width, height, channels, data } = picture;
  if (channels === 1) return picture;
  const gray = new Uint8Array(width * height);
  let alpha = 255;
  for (let pixel = 0, at = 0; pixel < gray.length; pixel++, at += channels) {
    gray[pixel] = (19595 * data[at] + 38470 * data[at + 1] + 7471 * data[at + 2] + 32768) >> 16;
    if (channels === 4) alpha &= data[at + 3];
  }
  if (alpha !== 255) return grayOn(compose(picture, background()), background);
  return { width, height, channels: 1, data: gray };
}

/** Three channels: grey three times, alpha on white. */
export function toRgb(picture: Image): Image {
  const composed = composeOnWhite(picture);
  if (composed.channels === 3) return composed;
  const { width, height, data } = composed;
  const rgb = new Uint8Array(width * height * 3);
  for (let pixel = 0; pixel < data.length; pixel++) rgb.fill(data[pixel], 3 * pixel, 3 * pixel + 3);
  return { width, height, channels: 3, data: rgb };
}
