/**
 * A worker has 128 MB for all requests that are under way: eight pictures of half a million pixels take about 90 MB.
 */
export const MAX_PIXELS = 5e5;

export const MAX_BYTES = 2 ** 20;
