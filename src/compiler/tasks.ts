/**
 * How a step is cut into tasks for several workers: as many as its cost is worth, of pixels, of output rows, or of
 * images, all of about the same size.
 */
import type { MapShape } from "./context.js";

/**
 * A task shorter than this is worth less than handing it over. For one worker tasks gain nothing but scratch that stays
 * in the cache, and cost a microsecond each.
 */
const shortestTask = 6_000;
const shortestAlone = 250_000;

/** Tasks a worker: enough to keep all busy to the end, few enough to cost nothing. */
const mostTasks = 8;
const mostAlone = 16;

/** Tasks that a step of so many nanoseconds is worth: the same number for each worker, where there are many. */
export function tasksOf(nanoseconds: number, workers: number): number {
  const [shortest, most] = workers === 1 ? [shortestAlone, mostAlone] : [shortestTask, mostTasks * workers];
  const tasks = Math.max(1, Math.min(most, Math.floor(nanoseconds / shortest)));
  return tasks < workers ? tasks : Math.floor(tasks / workers) * workers;
}

/** A stretch of a sequence. */
export interface Stretch {
  readonly first: number;
  readonly count: number;
}

/** `total` things in at most `parts` stretches of equal numbers of units; the last unit may be less than whole. */
export function cut(total: number, parts: number, unit = 1): readonly Stretch[] {
  const units = Math.ceil(total / unit);
  const count = Math.min(parts, units);
  const begin = (i: number) => Math.min(total, Math.floor((i * units) / count) * unit);
  return Array.from({ length: count }, (_, i) => ({ first: begin(i), count: begin(i + 1) - begin(i) }));
}

/** The pixels of a map in stretches for a step of so many nanoseconds that treats each pixel by itself. */
export function pixelTasks(pixels: number, nanoseconds: number, workers: number): readonly Stretch[] {
  return cut(pixels, tasksOf(nanoseconds, workers), 16);
}

/** `rows` output rows from `row` on of `images` images: all rows if it is more than one image. */
export interface Band {
  readonly image: number;
  readonly images: number;
  readonly row: number;
  readonly rows: number;
}

type Sizes = Pick<MapShape, "batch" | "height">;

/** The output in bands of at most `rows` rows of an image, or of at most `images` whole images. */
export function bandsOf({ batch, height }: Sizes, rows: number, images: number): readonly Band[] {
  const bands: Band[] = [];
  const count = rows < height ? 1 : images;
  for (let image = 0; image < batch; image += count)
    for (let row = 0; row < height; row += rows) {
      bands.push({ image, images: Math.min(count, batch - image), row, rows: Math.min(rows, height - row) });
    }
  return bands;
}

/** The output in about `parts` bands: groups of images if those are enough, else rows of each image. */
export function partsOf({ batch, height }: Sizes, parts: number, unit = 1): readonly Band[] {
  if (parts <= batch) return bandsOf({ batch, height }, height, Math.floor(batch / parts));
  const rows = cut(height, Math.ceil(parts / batch), unit);
  return Array.from({ length: batch }, (_, image) =>
    rows.map(({ first, count }) => ({ image, images: 1, row: first, rows: count })),
  ).flat();
}

/** The output in bands for a step of so many nanoseconds; bands of rows begin at multiples of `unit`. */
export function rowTasks(output: Sizes, nanoseconds: number, workers: number, unit = 1): readonly Band[] {
  return partsOf(output, tasksOf(nanoseconds, workers), unit);
}

/** The first output pixel of a band, and how many it has. */
export function pixelsOf({ image, images, row, rows }: Band, { height, width }: MapShape): Stretch {
  return { first: (image * height + row) * width, count: images * rows * width };
}
