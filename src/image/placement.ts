/** Where pixels go in an array: interleaved or a plane for each channel, from any place on. */
import { composeOnWhite, isOpaque, toGray } from "./color.js";
import type { Image } from "./image.js";

/** Places of pixels, row after row without gaps. */
export interface Placement {
  readonly data: Uint8Array;
  /** Place of the first channel of the first pixel. */
  readonly first: number;
  /** From a pixel to the next. */
  readonly pixelStep: number;
  /** From a channel to the next. */
  readonly channelStep: number;
}

/** All channels of a pixel side by side. */
export function interleaved(data: Uint8Array, first: number, channels: number): Placement {
  return { data, first, pixelStep: channels, channelStep: 1 };
}

/** Planes of so many pixels, one a channel. */
export function planes(data: Uint8Array, first: number, pixels: number): Placement {
  return { data, first, pixelStep: 1, channelStep: pixels };
}

/** Writes a picture in grey, or as red, green and blue; what is transparent lies on white. */
export function placePicture(picture: Image, channels: 1 | 3, to: Placement): void {
  if (channels === 1) {
    to.data.set(toGray(picture).data, to.first);
    return;
  }
  const { data } = picture;
  const seen = picture.channels === 4 && !isOpaque(data, 0, data.length) ? composeOnWhite(picture) : picture;
  placeColors(seen, to);
}

/** Grey is all three colours; alpha is left out. */
function placeColors({ data, channels }: Image, { data: placed, first, pixelStep, channelStep }: Placement): void {
  const green = channels === 1 ? 0 : 1;
  const blue = 2 * green;
  for (let from = 0, to = first; from < data.length; from += channels, to += pixelStep) {
    placed[to] = data[from];
    placed[to + channelStep] = data[from + green];
    placed[to + 2 * channelStep] = data[from + blue];
  }
}
