/**
 * Which pixels of a picture those of a resized one are made of, along one axis, and with what weights. These have 22
 * fractional bits: 255 * 2^22 is below 2^31, so a sum of weighted bytes stays in 32 bits. It is PIL's precision
 * (libImaging/Resample.c); the arithmetic here is the same, compared with it through the sample images, not bit by bit.
 */

/** The source pixels that destination pixels are made of: of each the first, how many, and weights. */
export interface Windows {
  readonly starts: Int32Array;
  readonly lengths: Int32Array;
  /** `most` a pixel, those beyond its length 0. */
  readonly weights: Int32Array;
  /** At least 4. */
  readonly most: number;
}

/**
 * Triangle filter windows of `count` pixels, the first of them `first`, where an axis of `from` pixels becomes one of
 * `to`.
 */
export function filterWindows(from: number, to: number, first: number, count: number): Windows {
  const scale = from / to;
  const support = Math.max(scale, 1);
  const most = Math.max(Math.min(Math.ceil(2 * support) + 1, from), 4);
  const starts = new Int32Array(count);
  const lengths = new Int32Array(count);
  const weights = new Int32Array(count * most);
  const triangle = new Float64Array(most);
  for (let index = 0; index < count; index++) {
    const center = (first + index + 0.5) * scale;
    const start = Math.max(Math.trunc(center - support + 0.5), 0);
    const length = Math.min(Math.trunc(center + support + 0.5), from) - start;
    let total = 0;
    for (let i = 0; i < length; i++) {
      triangle[i] = Math.max(1 - Math.abs(start + i + 0.5 - center) / support, 0);
      total += triangle[i];
    }
    for (let i = 0; i < length; i++) {
      weights[index * most + i] = Math.trunc((triangle[i] / total) * 2 ** 22 + 0.5);
    }
    starts[index] = start;
    lengths[index] = length;
  }
  return { starts, lengths, weights, most };
}
