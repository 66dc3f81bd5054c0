/** Generated from assembly/ by `npm run generate`: the numbers of the kernels that the host must know. */

/** The functions of activationF32. (assembly/activation.ts) */
export const activationIds = {
  tanh: 0,
  sigmoid: 1,
  softrelu: 2,
  softsign: 3,
  clip: 4,
  leaky_clip: 5,
  approx_sign: 6,
} as const;

/** Output channels of a tile, and of a block of float weights. (assembly/conv_tile_f32.ts) */
export const CONV_F32_BLOCK = 8;

/** Output channels of a tile, and of a block of i16 weights. (assembly/conv_tile_u8.ts) */
export const CONV_U8_BLOCK = 16;

/** Units that advance together in one image, four blocks. (assembly/dense_f32.ts) */
export const DENSE_F32_WIDE_UNITS = 32;

/** The first byte that the host may use. (assembly/layout.ts) */
export const RESERVED_BYTES = 131072;

/** Bytes from the scratch to the end of the tables: the region of another instance. (assembly/layout.ts) */
export const INSTANCE_BYTES = 98304;

/** Output channels that one pass over the selectors counts, and of a block of weights. (assembly/table_conv.ts) */
export const TABLE_CONV_BLOCK = 64;

/** Selectors of a word of 64 channels, a byte each. (assembly/table_conv.ts) */
export const TABLE_CONV_WORD_BYTES = 16;

/** Tiles of a band, as far as their values leave room. (assembly/winograd_f32.ts) */
export const WINOGRAD_BAND_TILES = 80;

/**
 * Values of a band's transformed inputs. src/abi/sizes.ts sizes the scratch by the same rule.
 * (assembly/winograd_f32.ts)
 */
export const WINOGRAD_BAND_VALUES = 65536;

/** Bytes of one tile's products: 6 x 6 points of 8 channels. (assembly/winograd_transform.ts) */
export const WINOGRAD_TILE_BYTES = 1152;

/** Output channels of one panel of weights. (assembly/xnor_gemm.ts) */
export const XNOR_GEMM_PANEL = 4;
