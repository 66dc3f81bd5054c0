/**
 * The pixels of a resized picture, row by row: rows of the picture that are needed are filtered along their columns,
 * each once, and kept while rows of the result are made of them.
 *
 *   a row, on white -> filterColors, filterChannel -> kept: `most` rows, a plane a channel -> blendRows -> its place
 *
 * Integers as PIL's: both passes sum weighted bytes in 32 bits and round to bytes.
 */
import { composeColors, isOpaque } from "./color.js";
import type { Image } from "./image.js";
import type { Placement } from "./placement.js";
import type { Windows } from "./windows.js";

/**
 * A sum of bytes with weights of 22 fractional bits as a byte. Weights are positive and sum to 1, so that sums lie in
 * 0..255, rounding apart.
 */
function toByte(sum: number): number {
  const byte = (sum + (1 << 21)) >> 22;
  return byte > 255 ? 255 : byte;
}

/** Three channels of a row, of pixels `step` bytes apart. */
function filterColors(
  data: Uint8Array,
  from: number,
  step: number,
  { starts, lengths, weights, most }: Windows,
  filtered: Uint8Array,
  to: number,
): void {
  const width = starts.length;
  for (let x = 0; x < width; x++) {
    let at = (from + starts[x] * step) | 0;
    let weight = x * most;
    const end = weight + lengths[x];
    let red = 0;
    let green = 0;
    let blue = 0;
    for (; weight < end; weight++, at += step) {
      const w = weights[weight];
      red = (red + Math.imul(data[at], w)) | 0;
      green = (green + Math.imul(data[at + 1], w)) | 0;
      blue = (blue + Math.imul(data[at + 2], w)) | 0;
    }
    filtered[to + x] = toByte(red);
    filtered[to + width + x] = toByte(green);
    filtered[to + 2 * width + x] = toByte(blue);
  }
}

/** One channel of a row. */
function filterChannel(
  data: Uint8Array,
  from: number,
  step: number,
  { starts, lengths, weights, most }: Windows,
  filtered: Uint8Array,
  to: number,
): void {
  for (let x = 0; x < starts.length; x++) {
    let at = from + starts[x] * step;
    let weight = x * most;
    const end = weight + lengths[x];
    let sum = 0;
    for (; weight < end; weight++, at += step) sum = (sum + Math.imul(data[at], weights[weight])) | 0;
    filtered[to + x] = toByte(sum);
  }
}

/** Filters a row of a picture along its columns; its channels come to lie one behind the other. */
type RowFilter = (row: number, filtered: Uint8Array, to: number) => void;

function rowFilter({ width, channels, data }: Image, isOnWhite: boolean, columns: Windows): RowFilter {
  const last = columns.starts.length - 1;
  const left = columns.starts[0];
  const right = columns.starts[last] + columns.lengths[last];
  const composed = new Uint8Array(isOnWhite ? 3 * width : 0);
  return (row, filtered, to) => {
    const from = row * width * channels;
    if (channels === 1) {
      filterChannel(data, from, 1, columns, filtered, to);
    } else if (isOnWhite && !isOpaque(data, from + 4 * left, from + 4 * right)) {
      composeColors(data, from, from + 4 * width, 255, composed);
      filterColors(composed, 0, 3, columns, filtered, to);
    } else {
      filterColors(data, from, channels, columns, filtered, to);
      if (channels === 4 && !isOnWhite) filterChannel(data, from + 3, 4, columns, filtered, to + 3 * (last + 1));
    }
  };
}

/** Adds a row, all of its channels, to sums. */
function addRow(data: Uint8Array, from: number, weight: number, sums: Int32Array): void {
  for (let x = 0; x < sums.length; x++) sums[x] += Math.imul(data[from + x], weight);
}

/** Adds four rows and writes the bytes: one channel. */
function blendRows(
  data: Uint8Array,
  rows: Int32Array,
  weights: Int32Array,
  firstWeight: number,
  sums: Int32Array,
  plane: number,
  width: number,
  placed: Uint8Array,
  to: number,
  step: number,
): void {
  const a = rows[0];
  const b = rows[1];
  const c = rows[2];
  const d = rows[3];
  const ofA = weights[firstWeight];
  const ofB = weights[firstWeight + 1];
  const ofC = weights[firstWeight + 2];
  const ofD = weights[firstWeight + 3];
  for (let x = plane, at = to; x < plane + width; x++, at += step) {
    const ofTwo = Math.imul(data[a + x], ofA) + Math.imul(data[b + x], ofB);
    placed[at] = toByte(sums[x] + ofTwo + Math.imul(data[c + x], ofC) + Math.imul(data[d + x], ofD));
  }
}

/**
 * Writes the pixels that the windows make of a picture.
 * @param channels As many as the picture has, or 3 of 4: it is laid on white then, before it is filtered.
 */
export function resample(picture: Image, channels: 1 | 3 | 4, columns: Windows, rows: Windows, to: Placement): void {
  const width = columns.starts.length;
  const { starts, lengths, weights, most } = rows;
  const kept = new Uint8Array(most * channels * width);
  const sums = new Int32Array(channels * width);
  const lastFour = new Int32Array(4);
  const filterRow = rowFilter(picture, picture.channels !== channels, columns);
  const placeOf = (row: number) => (row % most) * channels * width;
  for (let y = 0, next = starts[0]; y < starts.length; y++) {
    const start = starts[y];
    for (const end = start + lengths[y]; next < end; next++) filterRow(next, kept, placeOf(next));
    sums.fill(0);
    let i = 0;
    for (; i + 4 < lengths[y]; i++) addRow(kept, placeOf(start + i), weights[y * most + i], sums);
    for (let row = 0; row < 4; row++) lastFour[row] = placeOf(start + i + row);
    const first = to.first + y * width * to.pixelStep;
    for (let channel = 0; channel < channels; channel++) {
      const at = first + channel * to.channelStep;
      blendRows(kept, lastFour, weights, y * most + i, sums, channel * width, width, to.data, at, to.pixelStep);
    }
  }
}
