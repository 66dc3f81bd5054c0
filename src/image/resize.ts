import { XnorkitError } from "../errors.js";
import type { Image } from "./image.js";

/**
 * Filter weights in 22 fractional bits: 255 * 2^22 is below 2^31, so a sum of weighted bytes stays in 32 bits. It is PIL's
 * precision (libImaging/Resample.c); the arithmetic here is the same, compared with it through the sample images, not bit by bit.
 */
const PRECISION_BITS = 22;

/** The source pixels that one destination pixel is made of, along one axis. */
interface Window {
  readonly start: number;
  readonly weights: Int32Array;
}

/**
 * Bilinear resize with antialiasing, as PIL's `resize((width, height), BILINEAR)`: pixel centres at half positions, the triangle
 * filter widened by the factor of reduction, columns first, then rows, each pass rounded to bytes. Alpha is filtered like a
 * colour: lay pictures on white before.
 * @throws XnorkitError `bad-option` where a side is not a positive integer.
 */
export function resize(picture: Image, width: number, height: number): Image {
  for (const side of [width, height]) {
    if (!Number.isSafeInteger(side) || side < 1) {
      throw new XnorkitError(
        "bad-option",
        `a picture cannot be resized to ${width}x${height}: sides are positive integers`,
      );
    }
  }
  return resizeRows(resizeColumns(picture, width), height);
}

function resizeColumns(picture: Image, width: number): Image {
  if (width === picture.width) return picture;
  const { height, channels, data } = picture;
  const windows = filterWindows(picture.width, width);
  const resized = new Uint8Array(width * height * channels);
  let next = 0;
  for (let y = 0; y < height; y++) {
    for (const { start, weights } of windows) {
      const first = (y * picture.width + start) * channels;
      for (let channel = 0; channel < channels; channel++) {
        resized[next++] = weightedByte(data, first + channel, channels, weights);
      }
    }
  }
  return { width, height, channels, data: resized };
}

function resizeRows(picture: Image, height: number): Image {
  if (height === picture.height) return picture;
  const { width, channels, data } = picture;
  const rowBytes = width * channels;
  const resized = new Uint8Array(rowBytes * height);
  let next = 0;
  for (const { start, weights } of filterWindows(picture.height, height)) {
    for (let i = 0; i < rowBytes; i++) resized[next++] = weightedByte(data, start * rowBytes + i, rowBytes, weights);
  }
  return { width, height, channels, data: resized };
}

/** The sum of weights times bytes `step` apart, rounded; weights are positive and sum to 1, so it lies in 0..255. */
function weightedByte(data: Uint8Array, first: number, step: number, weights: Int32Array): number {
  let sum = 1 << (PRECISION_BITS - 1);
  for (let i = 0; i < weights.length; i++) sum += data[first + i * step] * weights[i];
  return Math.min(sum >> PRECISION_BITS, 255);
}

/** Triangle filter windows that map an axis of `from` pixels to `to` pixels. */
function filterWindows(from: number, to: number): readonly Window[] {
  const scale = from / to;
  const support = Math.max(scale, 1);
  return Array.from({ length: to }, (_, i) => {
    const center = (i + 0.5) * scale;
    const start = Math.max(Math.trunc(center - support + 0.5), 0);
    const end = Math.min(Math.trunc(center + support + 0.5), from);
    const distances = Array.from({ length: end - start }, (_, j) => Math.abs(start + j + 0.5 - center) / support);
    const raw = distances.map((distance) => Math.max(1 - distance, 0));
    const total = raw.reduce((sum, weight) => sum + weight, 0);
    return {
      start,
      weights: Int32Array.from(raw, (weight) => Math.trunc((weight / total) * 2 ** PRECISION_BITS + 0.5)),
    };
  });
}
