/** How a step is cut into tasks: as many as its cost is worth, of pixels, of output rows, or of images. */
import type { MapShape } from "./context.js";

/** A task shorter than this is not worth a worker's waking. */
const shortestTask = 25_000;

/** Enough to keep several workers busy to the end, few enough to cost nothing. */
const mostTasks = 16;

/** Tasks that a step of so many nanoseconds is worth. */
export function tasksOf(nanoseconds: number): number {
  return Math.max(1, Math.min(mostTasks, Math.floor(nanoseconds / shortestTask)));
}

/** A stretch of a sequence. */
export interface Stretch {
  readonly first: number;
  readonly count: number;
}

/** `total` things in at most `parts` stretches, whose beginnings are multiples of `unit`. */
export function cut(total: number, parts: number, unit = 1): readonly Stretch[] {
  const count = Math.ceil(total / parts / unit) * unit;
  const stretches: Stretch[] = [];
  for (let first = 0; first < total; first += count) stretches.push({ first, count: Math.min(count, total - first) });
  return stretches;
}

/** The pixels of a map in stretches for a step of so many nanoseconds that treats each pixel by itself. */
export function pixelTasks(pixels: number, nanoseconds: number): readonly Stretch[] {
  return cut(pixels, tasksOf(nanoseconds), 16);
}

/** `rows` output rows from `row` on of `images` images: all rows if it is more than one image. */
export interface Band {
  readonly image: number;
  readonly images: number;
  readonly row: number;
  readonly rows: number;
}

/** The output in bands of at most `rows` rows of an image, or of at most `images` whole images. */
export function bandsOf({ batch, height }: MapShape, rows: number, images: number): readonly Band[] {
  const bands: Band[] = [];
  const count = rows < height ? 1 : images;
  for (let image = 0; image < batch; image += count)
    for (let row = 0; row < height; row += rows) {
      bands.push({ image, images: Math.min(count, batch - image), row, rows: Math.min(rows, height - row) });
    }
  return bands;
}

/** The output in bands for a step of so many nanoseconds; bands of rows begin at multiples of `unit`. */
export function rowTasks(output: MapShape, nanoseconds: number, unit = 1): readonly Band[] {
  const parts = tasksOf(nanoseconds);
  const images = Math.ceil(output.batch / parts);
  const rows = Math.ceil((output.height * output.batch) / parts / unit) * unit;
  return bandsOf(output, Math.min(rows, output.height), images);
}

/** The first output pixel of a band, and how many it has. */
export function pixelsOf({ image, images, row, rows }: Band, { height, width }: MapShape): Stretch {
  return { first: (image * height + row) * width, count: images * rows * width };
}
