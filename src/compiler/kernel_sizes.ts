/**
 * Bytes that the kernels' layouts take, as assembly/ defines them. The host owns all memory, so the plan must know every size
 * before a kernel runs.
 */

/** Floats from one pixel of a map to the next. */
export function mapStride(channels: number): number {
  return Math.ceil(channels / 4) * 4;
}

/** Bytes of a float map. */
export function mapBytes(pixels: number, channels: number): number {
  return pixels * mapStride(channels) * 4;
}

/** u64 words that hold the bits of one pixel. */
export function bitWords(channels: number): number {
  return Math.ceil(channels / 64);
}

/** Bytes of a map of sign bits. */
export function bitBytes(pixels: number, channels: number): number {
  return pixels * bitWords(channels) * 8;
}
