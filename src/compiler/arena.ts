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

/** Up to so many buffers are compared with each other, which takes quadratic time; networks have hundreds. */
const MAX_COMPARED = 8192;

function aligned(bytes: number): number {
  return Math.ceil(bytes / alignment) * alignment;
}

/**
 * Places buffers so that none overlaps another of its time: by size if they are as many as networks have, else in the
 * order of time.
 */
export function placeBuffers(lifetimes: readonly Lifetime[]): Placement {
  return lifetimes.length <= MAX_COMPARED ? placeBySize(lifetimes) : placeByTime(lifetimes);
}

/**
 * Largest first, each at the lowest offset that is free during its lifetime ("greedy by size" for tensor arenas,
 * Pisarchyk and Lee 2020).
 */
function placeBySize(lifetimes: readonly Lifetime[]): Placement {
  const offsets = new Array<number>(lifetimes.length).fill(0);
  const order = lifetimes.map((_, index) => index).sort((a, b) => lifetimes[b].bytes - lifetimes[a].bytes || a - b);
  const placed: number[] = [];
  let arenaBytes = 0;
  for (const index of order) {
    const { bytes, first, last } = lifetimes[index];
    const size = aligned(bytes);
    const neighbours = placed
      .filter((other) => lifetimes[other].first <= last && first <= lifetimes[other].last)
      .map((other) => ({ start: offsets[other], end: offsets[other] + lifetimes[other].bytes }))
      .sort((a, b) => a.start - b.start);
    let offset = 0;
    for (const { start, end } of neighbours) {
      if (offset + size <= start) break;
      offset = Math.max(offset, aligned(end));
    }
    offsets[index] = offset;
    placed.push(index);
    arenaBytes = Math.max(arenaBytes, offset + size);
  }
  return { offsets, arenaBytes };
}

/** Sizes that share places: four to an octave, so that at most a quarter of a place is left over. */
function placeSize(bytes: number): number {
  const size = Math.max(bytes, alignment);
  const quarter = 2 ** Math.max(Math.floor(Math.log2(size)) - 2, Math.log2(alignment));
  return Math.ceil(size / quarter) * quarter;
}

/**
 * In the order of their first use, each in the place that a dead one of about its size has left, else behind all
 * others: takes more memory than by size, and time in proportion to the buffers but for the sorting.
 */
export function placeByTime(lifetimes: readonly Lifetime[]): Placement {
  const offsets = new Array<number>(lifetimes.length).fill(0);
  const indices = lifetimes.map((_, index) => index);
  const byFirst = [...indices].sort((a, b) => lifetimes[a].first - lifetimes[b].first || a - b);
  const byLast = indices.sort((a, b) => lifetimes[a].last - lifetimes[b].last || a - b);
  const free = new Map<number, number[]>();
  let arenaBytes = 0;
  let dead = 0;
  for (const index of byFirst) {
    const { bytes, first } = lifetimes[index];
    for (; lifetimes[byLast[dead]].last < first; dead++) {
      const size = placeSize(lifetimes[byLast[dead]].bytes);
      const places = free.get(size) ?? [];
      free.set(size, places);
      places.push(offsets[byLast[dead]]);
    }
    const size = placeSize(bytes);
    const place = free.get(size)?.pop();
    offsets[index] = place ?? arenaBytes;
    if (place === undefined) arenaBytes += size;
  }
  return { offsets, arenaBytes };
}
