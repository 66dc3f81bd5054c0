/**
 * The rows of a PNG picture: filters undone, samples unpacked, colours painted (PNG specification, third edition,
 * sections 7, 9, 13).
 */
import { type PngChunks, refusePng } from "./png_chunks.js";

/** Samples a pixel by colour type: grey, RGB, palette index, grey and alpha, RGB and alpha. */
export const SAMPLES: ReadonlyMap<number, number> = new Map([
  [0, 1],
  [2, 3],
  [3, 1],
  [4, 2],
  [6, 4],
]);

/** The neighbour that is nearest to left + above - corner. */
function paeth(left: number, above: number, corner: number): number {
  const toLeft = Math.abs(above - corner);
  const toAbove = Math.abs(left - corner);
  const toCorner = Math.abs(left + above - 2 * corner);
  if (toLeft <= toAbove && toLeft <= toCorner) return left;
  return toAbove <= toCorner ? above : corner;
}

/**
 * Undoes a row's filter in place, section 9.2; false for a filter that does not exist. What lies left of the row counts
 * as 0.
 */
export function unfilterRow(type: number, row: Uint8Array, above: Uint8Array, pixelBytes: number): boolean {
  switch (type) {
    case 0:
      return true;
    case 1:
      for (let i = pixelBytes; i < row.length; i++) row[i] += row[i - pixelBytes];
      return true;
    case 2:
      for (let i = 0; i < row.length; i++) row[i] += above[i];
      return true;
    case 3:
      for (let i = 0; i < pixelBytes; i++) row[i] += above[i] >> 1;
      for (let i = pixelBytes; i < row.length; i++) row[i] += (row[i - pixelBytes] + above[i]) >> 1;
      return true;
    case 4:
      for (let i = 0; i < pixelBytes; i++) row[i] += above[i];
      for (let i = pixelBytes; i < row.length; i++) {
        row[i] += paeth(row[i - pixelBytes], above[i], above[i - pixelBytes]);
      }
      return true;
    default:
      return false;
  }
}

/** Samples of 1, 2, 4 or 16 bits, the first in the highest bits. */
export function unpackRow(row: Uint8Array, depth: number, samples: Uint16Array): void {
  if (depth === 16) {
    for (let i = 0; i < samples.length; i++) samples[i] = (row[2 * i] << 8) | row[2 * i + 1];
  } else {
    const mask = (1 << depth) - 1;
    for (let i = 0; i < samples.length; i++) {
      const bit = i * depth;
      samples[i] = (row[bit >> 3] >> (8 - depth - (bit & 7))) & mask;
    }
  }
}

/** Writes a row of samples as RGBA, its first pixel at `to`, the others `step` bytes apart. */
export type RowPainter = (samples: Uint8Array | Uint16Array, to: number, step: number) => void;

/** The painter for a picture's colour type. */
export function rowPainter({ header, palette, transparency }: PngChunks, rgba: Uint8Array, name: string): RowPainter {
  const { colorType, depth } = header;
  if (colorType === 3) return palettePainter(palette, transparency, rgba, name);
  const count = SAMPLES.get(colorType)!;
  const alpha = colorType === 4 || colorType === 6 ? count - 1 : null;
  const green = colorType === 2 || colorType === 6 ? 1 : 0;
  const isClear = alpha === null && transparency.length >= 2 * count ? clearColor(transparency, count) : null;
  if (depth === 8 && isClear === null) return bytePainter(count, green, alpha, rgba);
  const levels = Uint8Array.from({ length: 2 ** depth }, (_, sample) => Math.round((255 * sample) / (2 ** depth - 1)));
  return (samples, to, step) => {
    for (let i = 0, at = to; i < samples.length; i += count, at += step) {
      rgba[at] = levels[samples[i]];
      rgba[at + 1] = levels[samples[i + green]];
      rgba[at + 2] = levels[samples[i + 2 * green]];
      rgba[at + 3] = alpha !== null ? levels[samples[i + alpha]] : isClear?.(samples, i) ? 0 : 255;
    }
  };
}

/** Of samples that are levels: what most pictures have. */
function bytePainter(count: number, green: number, alpha: number | null, rgba: Uint8Array): RowPainter {
  return (samples, to, step) => {
    for (let i = 0, at = to; i < samples.length; i += count, at += step) {
      rgba[at] = samples[i];
      rgba[at + 1] = samples[i + green];
      rgba[at + 2] = samples[i + 2 * green];
      rgba[at + 3] = alpha === null ? 255 : samples[i + alpha];
    }
  };
}

function palettePainter(palette: Uint8Array, transparency: Uint8Array, rgba: Uint8Array, name: string): RowPainter {
  return (samples, to, step) => {
    for (let i = 0, at = to; i < samples.length; i++, at += step) {
      const color = 3 * samples[i];
      if (color + 3 > palette.length) {
        refusePng(name, `a pixel has colour ${samples[i]} of a palette of ${Math.floor(palette.length / 3)}`);
      }
      rgba[at] = palette[color];
      rgba[at + 1] = palette[color + 1];
      rgba[at + 2] = palette[color + 2];
      rgba[at + 3] = transparency[samples[i]] ?? 255;
    }
  };
}

/** Tests for the one colour that a tRNS chunk makes transparent (section 11.3.1.1). */
function clearColor(
  transparency: Uint8Array,
  count: number,
): (samples: Uint8Array | Uint16Array, from: number) => boolean {
  const clear = Array.from({ length: count }, (_, i) => (transparency[2 * i] << 8) | transparency[2 * i + 1]);
  return (samples, from) => clear.every((sample, i) => samples[from + i] === sample);
}
