/** One arena for all activations: buffers that are never alive at the same time share bytes. */

export interface Lifetime {
  readonly bytes: number;
  /** Index of the first and of the last step that uses the buffer. */
  readonly first: number;
  readonly last: number;
}

export interface Placement {
  /** Byte offset of each buffer, in the order given. */
  readonly offsets: readonly number[];
  readonly arenaBytes: number;
}

/** Kernels load and store 16 bytes; 64 keeps buffers from sharing cache lines. */
const alignment = 64;

/**
 * Places buffers by size, largest first, each at the lowest offset that is free during its lifetime ("greedy by size"
 * for tensor arenas, Pisarchyk and Lee 2020).
 */
export function placeBuffers(lifetimes: readonly Lifetime[]): Placement {
  const offsets = new Array<number>(lifetimes.length).fill(0);
  const order = lifetimes.map((_, index) => index).sort((a, b) => lifetimes[b].bytes - lifetimes[a].bytes || a - b);
  const placed: number[] = [];
  let arenaBytes = 0;
  for (const index of order) {
    const { bytes, first, last } = lifetimes[index];
    const size = Math.ceil(bytes / alignment) * alignment;
    const neighbours = placed
      .filter((other) => lifetimes[other].first <= last && first <= lifetimes[other].last)
      .map((other) => ({ start: offsets[other], end: offsets[other] + lifetimes[other].bytes }))
      .sort((a, b) => a.start - b.start);
    let offset = 0;
    for (const { start, end } of neighbours) {
      if (offset + size <= start) break;
      offset = Math.max(offset, Math.ceil(end / alignment) * alignment);
    }
    offsets[index] = offset;
    placed.push(index);
    arenaBytes = Math.max(arenaBytes, offset + size);
  }
  return { offsets, arenaBytes };
}
