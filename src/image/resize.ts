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

/** The source pixels that destination pixels are made of, along one axis: of each the first, how many, and weights. */
interface Windows {
  readonly starts: Int32Array;
  readonly lengths: Int32Array;
  /** `most` weights a pixel. */
  readonly weights: Int32Array;
  readonly most: number;
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
  const first = rows.starts[0];
  const last = rows.starts.length - 1;
  const bottom = rows.starts[last] + rows.lengths[last];
  return resizeRows(resizeColumns(picture, first, bottom, columns), rows, first);
}

/** Half of the last place that is kept: sums start with it, so that they are rounded. */
const HALF = 1 << (PRECISION_BITS - 1);

/** Weights are positive and sum to 1, so that sums lie in 0..255, rounding apart. */
function toByte(sum: number): number {
  const byte = sum >> PRECISION_BITS;
  return byte > 255 ? 255 : byte;
}

/** The rows from `top` to `bottom`, which are those that are needed. */
function resizeColumns(picture: Image, top: number, bottom: number, windows: Windows): Image {
  const { channels } = picture;
  const width = windows.starts.length;
  const height = bottom - top;
  const resized = new Uint8Array(width * height * channels);
  for (let y = 0; y < height; y++) {
    const from = (top + y) * picture.width * channels;
    const to = y * width * channels;
    if (channels === 1) resizeGrayRow(picture.data, from, resized, to, windows);
    else resizeColorRow(picture.data, from, resized, to, channels, windows);
  }
  return { width, height, channels, data: resized };
}

function resizeGrayRow(data: Uint8Array, from: number, resized: Uint8Array, to: number, windows: Windows): void {
  const { starts, lengths, weights, most } = windows;
  for (let x = 0; x < starts.length; x++) {
    const first = from + starts[x];
    let sum = HALF;
    for (let i = 0; i < lengths[x]; i++) sum += data[first + i] * weights[x * most + i];
    resized[to + x] = toByte(sum);
  }
}

function resizeColorRow(
  data: Uint8Array,
  from: number,
  resized: Uint8Array,
  to: number,
  channels: 3 | 4,
  { starts, lengths, weights, most }: Windows,
): void {
  let next = to;
  for (let x = 0; x < starts.length; x++) {
    let at = from + starts[x] * channels;
    const firstWeight = x * most;
    const end = firstWeight + lengths[x];
    let red = HALF;
    let green = HALF;
    let blue = HALF;
    let alpha = HALF;
    for (let i = firstWeight; i < end; i++, at += channels) {
      const weight = weights[i];
      red += data[at] * weight;
      green += data[at + 1] * weight;
      blue += data[at + 2] * weight;
      if (channels === 4) alpha += data[at + 3] * weight;
    }
    resized[next] = toByte(red);
    resized[next + 1] = toByte(green);
    resized[next + 2] = toByte(blue);
    if (channels === 4) resized[next + 3] = toByte(alpha);
    next += channels;
  }
}

/** @param first Row of the whole picture that the one given begins with. */
function resizeRows(picture: Image, { starts, lengths, weights, most }: Windows, first: number): Image {
  const { width, channels, data } = picture;
  const rowBytes = width * channels;
  const height = starts.length;
  const resized = new Uint8Array(rowBytes * height);
  const sums = new Int32Array(rowBytes);
  for (let y = 0; y < height; y++) {
    sums.fill(HALF);
    for (let i = 0; i < lengths[y]; i++) {
      const from = (starts[y] - first + i) * rowBytes;
      const weight = weights[y * most + i];
      for (let x = 0; x < rowBytes; x++) sums[x] += data[from + x] * weight;
    }
    const to = y * rowBytes;
    for (let x = 0; x < rowBytes; x++) resized[to + x] = toByte(sums[x]);
  }
  return { width, height, channels, data: resized };
}

/**
 * Triangle filter windows of `count` pixels, the first of them `first`, where an axis of `from` pixels becomes one of
 * `to`.
 */
function filterWindows(from: number, to: number, first: number, count: number): Windows {
  const scale = from / to;
  const support = Math.max(scale, 1);
  const most = Math.min(Math.ceil(2 * support) + 1, from);
  const starts = new Int32Array(count);
  const lengths = new Int32Array(count);
  const weights = new Int32Array(count * most);
  for (let index = 0; index < count; index++) {
    const center = (first + index + 0.5) * scale;
    const start = Math.max(Math.trunc(center - support + 0.5), 0);
    const length = Math.min(Math.trunc(center + support + 0.5), from) - start;
    const raw = (i: number) => Math.max(1 - Math.abs(start + i + 0.5 - center) / support, 0);
    let total = 0;
    for (let i = 0; i < length; i++) total += raw(i);
    for (let i = 0; i < length; i++) {
      weights[index * most + i] = Math.trunc((raw(i) / total) * 2 ** PRECISION_BITS + 0.5);
    }
    starts[index] = start;
    lengths[index] = length;
  }
  return { starts, lengths, weights, most };
}
