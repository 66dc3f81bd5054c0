/**
 * A worker has 128 MB for all requests that are under way: eight pictures of half a million pixels take about 90 MB.
 */
export const MAX_PIXELS = 5e5;

/** Bodies of 1 MiB, 16 MiB of them at once; a worker has one thread, which the platform bounds in time. */
export const LIMITS = { maxBytes: 2 ** 20, maxInFlight: 32, maxBodyBytes: 2 ** 24 };
