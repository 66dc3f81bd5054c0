/** Pictures of other sizes. */
import { XnorkitError } from "../errors.js";
import { type Box, checkBox } from "./box.js";
import { type Image, imageArgument } from "./image.js";

/**
 * Filter weights in 22 fractional bits: 255 * 2^22 is below 2^31, so a sum of weighted bytes stays in 32 bits. It is
 * PIL's precision (libImaging/Resample.c); the arithmetic here is the same, compared with it through the sample images,
 * not bit by bit.
 */
const PRECISION_BITS = 22;

/** The source pixels that one destination pixel is made of, along one axis. */
interface Window {
  readonly start: number;
  readonly weights: Int32Array;
}

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
  const columns = filterWindows(picture.width, width, left, box.width);
  const rows = filterWindows(picture.height, height, top, box.height);
  const first = rows[0].start;
  const last = rows[rows.length - 1];
  const seen = { ...picture, top: first, bottom: last.start + last.weights.length };
  return resizeRows(resizeColumns(seen, columns), rows, first);
}

/** A picture of which the rows from `top` to `bottom` are needed. */
interface Rows extends Image {
  readonly top: number;
  readonly bottom: number;
}

function resizeColumns({ top, bottom, ...picture }: Rows, windows: readonly Window[]): Image {
  const { channels, data } = picture;
  const width = windows.length;
  const height = bottom - top;
  const resized = new Uint8Array(width * height * channels);
  let next = 0;
  for (let y = top; y < bottom; y++) {
    for (const { start, weights } of windows) {
      const first = (y * picture.width + start) * channels;
      for (let channel = 0; channel < channels; channel++) {
        resized[next++] = weightedByte(data, first + channel, channels, weights);
      }
    }
  }
  return { width, height, channels, data: resized };
}

/** @param first Row of the whole picture that the one given begins with. */
function resizeRows(picture: Image, windows: readonly Window[], first: number): Image {
  const { width, channels, data } = picture;
  const rowBytes = width * channels;
  const resized = new Uint8Array(rowBytes * windows.length);
  let next = 0;
  for (const { start, weights } of windows) {
    const from = (start - first) * rowBytes;
    for (let i = 0; i < rowBytes; i++) resized[next++] = weightedByte(data, from + i, rowBytes, weights);
  }
  return { width, height: windows.length, channels, data: resized };
}

/** The sum of weights times bytes `step` apart, rounded; weights are positive and sum to 1, so it lies in 0..255. */
function weightedByte(data: Uint8Array, first: number, step: number, weights: Int32Array): number {
  let sum = 1 << (PRECISION_BITS - 1);
  for (let i = 0; i < weights.length; i++) sum += data[first + i * step] * weights[i];
  return Math.min(sum >> PRECISION_BITS, 255);
}

/**
 * Triangle filter windows of `count` pixels, the first of them `first`, where an axis of `from` pixels becomes one of
 * `to`.
 */
function filterWindows(from: number, to: number, first: number, count: number): readonly Window[] {
  const scale = from / to;
  const support = Math.max(scale, 1);
  return Array.from({ length: count }, (_, index) => {
    const center = (first + index + 0.5) * scale;
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
