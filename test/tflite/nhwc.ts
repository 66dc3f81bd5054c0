/**
 * Plain definitions of TensorFlow Lite's operators on NHWC numbers, for tests: loops over all axes, nothing shared
 * with src/.
 */

/** Numbers [N, H, W, C]. */
export interface Map4 {
  readonly shape: readonly [number, number, number, number];
  readonly data: Float64Array;
}

export interface WindowCase {
  readonly kernel: readonly [number, number];
  readonly stride: readonly [number, number];
  readonly dilation: readonly [number, number];
  readonly padding: "SAME" | "VALID";
}

/** Places and the first pixel of the window, an axis. */
function axisOf(n: number, c: WindowCase, i: 0 | 1): { readonly out: number; readonly before: number } {
  const e = (c.kernel[i] - 1) * c.dilation[i] + 1;
  if (c.padding === "VALID") return { out: Math.floor((n + c.stride[i] - e) / c.stride[i]), before: 0 };
  const out = Math.ceil(n / c.stride[i]);
  return { out, before: Math.floor(Math.max((out - 1) * c.stride[i] + e - n, 0) / 2) };
}

/** Calls `tap` for each pixel inside the map under each place of the window. */
export function slide(
  [batch, height, width]: readonly number[],
  c: WindowCase,
  place: (at: {
    readonly pixel: number;
    readonly taps: readonly { readonly pixel: number; readonly tap: number }[];
  }) => void,
): readonly [number, number] {
  const [rows, columns] = [axisOf(height, c, 0), axisOf(width, c, 1)];
  for (let n = 0; n < batch; n++)
    for (let y = 0; y < rows.out; y++)
      for (let x = 0; x < columns.out; x++) {
        const taps: { pixel: number; tap: number }[] = [];
        for (let ky = 0; ky < c.kernel[0]; ky++)
          for (let kx = 0; kx < c.kernel[1]; kx++) {
            const row = y * c.stride[0] - rows.before + ky * c.dilation[0];
            const column = x * c.stride[1] - columns.before + kx * c.dilation[1];
            if (row < 0 || row >= height || column < 0 || column >= width) continue;
            taps.push({ pixel: (n * height + row) * width + column, tap: ky * c.kernel[1] + kx });
          }
        place({ pixel: (n * rows.out + y) * columns.out + x, taps });
      }
  return [rows.out, columns.out];
}

/** A convolution with an OHWI filter of O * kh * kw * I numbers; I divides the channels into groups. */
export function convolve(
  map: Map4,
  c: WindowCase,
  filter: ArrayLike<number>,
  inputs: number,
  bias: ArrayLike<number>,
): Map4 {
  const channels = map.shape[3];
  const outputs = bias.length;
  const area = c.kernel[0] * c.kernel[1];
  const groups = channels / inputs;
  const data: number[] = [];
  const size = slide(map.shape, c, ({ taps }) => {
    for (let o = 0; o < outputs; o++) {
      const first = Math.floor(o / (outputs / groups)) * inputs;
      let sum = bias[o];
      for (const { pixel, tap } of taps)
        for (let i = 0; i < inputs; i++)
          sum += map.data[pixel * channels + first + i] * filter[(o * area + tap) * inputs + i];
      data.push(sum);
    }
  });
  return { shape: [map.shape[0], ...size, outputs], data: Float64Array.from(data) };
}

/** A filter [1, H, W, O] of a depthwise convolution as OHWI with one input. */
export function depthwiseFilter(filter: ArrayLike<number>, outputs: number): Float64Array {
  const area = filter.length / outputs;
  return Float64Array.from({ length: filter.length }, (_, i) => filter[(i % area) * outputs + Math.floor(i / area)]);
}

/** `reduce` of the numbers inside the map under each place, a channel at a time. */
export function pool(map: Map4, c: WindowCase, reduce: (values: readonly number[]) => number): Map4 {
  const channels = map.shape[3];
  const data: number[] = [];
  const size = slide(map.shape, c, ({ taps }) => {
    for (let channel = 0; channel < channels; channel++)
      data.push(reduce(taps.map(({ pixel }) => map.data[pixel * channels + channel])));
  });
  return { shape: [map.shape[0], ...size, channels], data: Float64Array.from(data) };
}

/** Half away from zero. */
export function roundAway(x: number): number {
  return Math.sign(x) * Math.round(Math.abs(x));
}

export function clampInt8(q: number): number {
  return Math.min(Math.max(q, -128), 127);
}

/** acc times a real factor as the kernels take it: a 31-bit mantissa, one rounding shift. */
export function rescale(acc: number, factor: number): number {
  let exponent = 0;
  let mantissa = factor;
  for (; mantissa >= 1; exponent++) mantissa /= 2;
  for (; mantissa < 0.5; exponent--) mantissa *= 2;
  const multiplier = BigInt(Math.round(mantissa * 2 ** 31));
  const shift = BigInt(31 - exponent);
  return Number((BigInt(acc) * multiplier + (1n << (shift - 1n))) >> shift);
}
