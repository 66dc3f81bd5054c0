/** A worker has 128 MB for all requests that are under way: of a picture with a million pixels it holds about 12 MB at a time. */
export const MAX_PIXELS = 1e6;

export const MAX_BYTES = 2 ** 20;
