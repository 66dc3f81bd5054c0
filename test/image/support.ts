/** Small pictures for tests. */
import type { Image } from "../../src/image/index.js";

/** A picture whose pixel (x, y) has the level `level(x, y)` in every channel. */
export function paint(width: number, height: number, level: (x: number, y: number) => number): Image {
  const data = Uint8Array.from({ length: width * height }, (_, i) => level(i % width, Math.floor(i / width)));
  return { width, height, channels: 1, data };
}

/** A grey picture from rows of levels. */
export function gray(rows: readonly (readonly number[])[]): Image {
  return { width: rows[0].length, height: rows.length, channels: 1, data: Uint8Array.from(rows.flat()) };
}
