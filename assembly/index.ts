/**
 * The kernels, one export a line: pointers (byte addresses) and sizes in, numbers out. What the host knows of them is
 * generated from here (`npm run generate`): an export's name, its arguments' names, the first paragraph of its doc
 * comment.
 *
 * Layouts that they share; every pointer is 16-byte aligned unless a kernel says otherwise:
 *
 *   map     f32 activations, NHWC: `[pixel][stride]`, stride = ceil(channels / 4) * 4 floats, the lanes past the last
 *           channel zero. pixel counts batch, rows and columns.
 *   bits    sign bits: `[pixel][words]` of u64, words = ceil(channels / 64), channel c in bit c % 64 of word
 *           floor(c / 64), 1 if the value is >= 0 (NaN and -0 included), bits past the last channel zero.
 *   planes  few-bit activations: plane i, a map of sign bits, at dst + i * planeBytes; the level q = sum_i 2^i * bit_i,
 *           a value is q * scale + beta. With s_i = 2 * bit_i - 1: q = sum_i 2^(i-1) * s_i + (2^bits - 1) / 2.
 *   counts  mismatches of a binary convolution: `[pixel][countStride]` of i32 (popcount GEMM) or u16 (table
 *           convolution); count = popcount(activation XOR weight) over all K = kernel area * channels, so
 *           dot = K - 2 * count and the XNOR popcount (dot + K) / 2 = K - count.
 *
 * Sign decisions on floats are written `bit = !((x ^ flip) < threshold)` with `flip` 0 or 0x80000000 a channel: exact
 * for any threshold, 1 for NaN; sign(x) is threshold 0, flip 0; x <= t is flip 0x80000000, threshold -t.
 */
export { scaleRowsF32 } from "./scale_rows";
export { convF32Pack } from "./conv_f32";
export { convF32 } from "./conv_f32";
export { winogradF32Pack } from "./winograd_pack";
export { winogradF32 } from "./winograd_f32";
export { convU8 } from "./conv_u8";
export { denseF32Pack } from "./dense_f32";
export { denseF32 } from "./dense_f32";
export { maxPoolF32 } from "./pool";
export { avgPoolF32 } from "./pool";
export { globalAvgPoolF32 } from "./pool";
export { maxPoolEpilogueF32 } from "./max_pool_epilogue";
export { nchwToMapF32 } from "./elementwise";
export { nchwToMapU8 } from "./elementwise";
export { mapToNchwF32 } from "./elementwise";
export { addChannelsF32 } from "./elementwise";
export { copyBytes } from "./elementwise";
export { packSignF32 } from "./bitpack";
export { packGreaterF32 } from "./bitpack";
export { packThresholdF32 } from "./bitpack";
export { unpackSignF32 } from "./bitpack";
export { widenRows } from "./bitpack";
export { im2colBits } from "./im2col";
export { joinTaps } from "./im2col";
export { xnorGemmPack } from "./xnor_gemm";
export { xnorGemm } from "./xnor_gemm";
export { thresholdCountsI32 } from "./bn_sign";
export { thresholdCountsU16 } from "./bn_sign";
export { epilogueI32 } from "./epilogue";
export { epilogueU16 } from "./epilogue";
export { epilogueF32 } from "./epilogue";
export { tableConvSelectors } from "./table_conv";
export { tableConvPack } from "./table_conv";
export { tableConv } from "./table_conv";
export { tableConvCorrections } from "./table_conv_border";
export { tableConvZeroBorder } from "./table_conv_border";
export { zeroBorderI32 } from "./zero_border";
export { addCountsI32 } from "./counts";
export { addCountsU16 } from "./counts";
export { widenCountsU16 } from "./counts";
export { copyChannelsF32 } from "./rearrange";
export { permuteChannelsF32 } from "./rearrange";
export { windowF32 } from "./rearrange";
export { mulF32 } from "./arithmetic";
export { mulPlaneF32 } from "./arithmetic";
export { mulGateF32 } from "./arithmetic";
export { absMeanF32 } from "./arithmetic";
export { activationF32 } from "./activation";
export { softmaxF32 } from "./activation";
export { packRoundF32 } from "./planes";
export { packDorefaF32 } from "./planes";
export { maxAbsF32 } from "./planes";
export { maxAbsTanhF32 } from "./planes";
export { unpackPlanesF32 } from "./planes";
export { packTernaryF32 } from "./ternary_planes";
export { roundF32 } from "./levels";
export { dorefaF32 } from "./levels";
export { copyBits } from "./rearrange_bits";
export { permuteBits } from "./rearrange_bits";
export { windowBits } from "./rearrange_bits";
export { maxPoolBits } from "./pool_bits";
export { flattenBitsNchw } from "./flatten_bits";
export { flattenBitsNhwc } from "./flatten_bits";
export { nhwcToMapF32 } from "./nhwc";
export { nhwcToMapU8 } from "./nhwc";
export { mapToNhwcF32 } from "./nhwc";
export { fakeQuantizeF32 } from "./fake_quantize";
export { logSoftmaxF32 } from "./log_softmax";
export { preluF32 } from "./prelu";
export { checksumWords } from "./checksum";
