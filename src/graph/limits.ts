/**
 * The sizes up to which graphs are read and built: far above any network, low enough that checking one takes no time.
 */

/** ResNetE-152 with 8 slices has 3000 nodes. */
export const MAX_NODES = 100_000;
export const MAX_MODULES = 200_000;
/** Levels of the module tree. */
export const MAX_DEPTH = 64;
/** Characters of the name of a layer, a parameter or a module. */
export const MAX_NAME_LENGTH = 4096;
export const MAX_LABELS = 1_000_000;
export const MAX_CHANNELS = 1 << 20;
/** Rows or columns of a kernel, a stride, a border. */
export const MAX_EXTENT = 1 << 16;
/** Inputs of one concat; a DARTS cell joins 4. */
export const MAX_JOINED = 1024;
/** Of one value or parameter: WebAssembly addresses 2^32 bytes, that is 2^30 floats. */
export const MAX_ELEMENTS = 2 ** 30;
