/**
 * Where things lie in the linear memory, which the host owns. The module allocates nothing: everything above
 * RESERVED_BYTES is the host's, everything below belongs to the kernels.
 *
 *   0        1 KiB      32 KiB         64 KiB          128 KiB
 *   |  null  |  statics  |   scratch    |    tables     |  host: weights, arena ...
 *
 * SEVERAL INSTANCES ON ONE MEMORY (the shared build, for threads). All read the statics, which none writes and each
 * instantiation writes anew with the same bytes. Scratch and tables are one instance's own: the first has those above,
 * every other a region of INSTANCE_BYTES that the host gives it, in the same order, and adds the distance:
 *
 *   0       32 KiB       64 KiB     128 KiB        region          + 32 KiB
 *   | ..... |  scratch   |  tables  |  host ...    |   scratch     |   tables    |  host ...
 *           |<- first instance's -->|              |<- second instance's ------->|
 *           |<---------- instance ---------------->|
 *
 * Other builds have one instance: the distance is the constant 0 there, and the compiler takes it away.
 */

/** Scratch of the kernels: partial results that must be stored to be scheduled well, never read by the host. */
export const SCRATCH_BASE: usize = 32768;

/**
 * Tables of the table convolution, at a constant address so that loads have constant offsets. With threads an
 * instance's distance is added to what the offsets count from.
 */
export const TABLE_BASE: usize = 65536;

/** The first byte that the host may use. @host RESERVED_BYTES */
export const RESERVED_BYTES: usize = 131072;

/** Bytes from the scratch to the end of the tables: the region of another instance. @host INSTANCE_BYTES */
export const INSTANCE_BYTES: usize = 98304;

/** How far this instance's scratch and tables lie from the first instance's. */
let instance: usize = 0;

/** What an instance that shares its memory adds to the addresses of scratch and tables. */
// @ts-ignore: decorator
@inline
export function ownDistance(): usize {
  return ASC_FEATURE_THREADS ? instance : 0;
}

/** The scratch of this instance. */
// @ts-ignore: decorator
@inline
export function ownScratch(): usize {
  return SCRATCH_BASE + ownDistance();
}

/** The tables of this instance. */
// @ts-ignore: decorator
@inline
export function ownTables(): usize {
  return TABLE_BASE + ownDistance();
}

/** Gives this instance the region at `region` for its scratch and tables (shared.ts). */
export function moveInstance(region: usize): void {
  instance = region - SCRATCH_BASE;
}
