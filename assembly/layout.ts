/**
 * Where things lie in the linear memory, which the host owns. The module allocates nothing: everything above
 * RESERVED_BYTES is the host's, everything below belongs to the kernels.
 *
 *   0        1 KiB      32 KiB         64 KiB          128 KiB
 *   |  null  |  statics  |   scratch    |    tables     |  host: weights, arena ...
 */

/** Scratch of the kernels: partial results that must be stored to be scheduled well, never read by the host. */
export const SCRATCH_BASE: usize = 32768;

/** Tables of the table convolution, at a constant address so that loads have constant offsets. */
export const TABLE_BASE: usize = 65536;

/** The first byte that the host may use. @host RESERVED_BYTES */
export const RESERVED_BYTES: usize = 131072;
