/**
 * The kernels' exports as the host sees them: pointers (byte addresses) and sizes in, numbers out.
 *
 * Layouts shared by all of them; every pointer is 16-byte aligned unless a kernel says otherwise:
 *
 *   map    f32 activations, NHWC: `[pixel][stride]`, stride = ceil(channels / 4) * 4 floats, the lanes past the last channel zero.
 *          pixel counts batch, rows and columns.
 *   bits   sign bits: `[pixel][words]` of u64, words = ceil(channels / 64), channel c in bit c % 64 of word floor(c / 64), 1 where
 *          the value is >= 0 (NaN and -0 included), bits past the last channel zero.
 *   counts mismatches of a binary convolution: `[pixel][countStride]` of i32 (popcount GEMM) or u16 (table convolution);
 *          count = popcount(activation XOR weight) over all K = kernel area * channels, so dot = K - 2 * count and the XNOR
 *          popcount (dot + K) / 2 = K - count.
 *
 * Sign decisions on floats are written `bit = !((x ^ flip) < threshold)` with `flip` 0 or 0x80000000 a channel: exact for any
 * threshold, 1 for NaN; sign(x) is threshold 0, flip 0; x <= t is flip 0x80000000, threshold -t.
 *
 *   planes few-bit activations: plane i, a map of sign bits, at dst + i * planeBytes; the level q = sum_i 2^i * bit_i, a value is
 *          q * scale + beta. With s_i = 2 * bit_i - 1: q = sum_i 2^(i-1) * s_i + (2^bits - 1) / 2.
 */
export interface KernelExports {
  // bitpack.ts
  /** map -> bits of sign(x). */
  packSignF32(src: number, dst: number, pixels: number, channels: number): void;
  /** map -> bits of !((x ^ flip[c]) < threshold[c]); threshold f32, flip u32, both padded to the map's stride. */
  packThresholdF32(src: number, dst: number, pixels: number, channels: number, threshold: number, flip: number): void;
  /** u8 NHWC without padding (`[pixel][channels]`) -> bits of x >= threshold[c]; threshold u16 a channel, 0 gives det_sign. */
  packThresholdU8(src: number, dst: number, pixels: number, channels: number, threshold: number): void;
  /** bits -> map of -1 and +1 (what a quantised activation is, for taps and for float layers that read it). */
  unpackSignF32(src: number, dst: number, pixels: number, channels: number): void;
  /** Rows of ceil(channels / 8) bytes, as a packed weight stores a tap -> rows of ceil(channels / 64) u64 words. */
  widenRows(src: number, dst: number, rows: number, channels: number): void;

  // im2col.ts
  /**
   * One image of bits -> rows for the GEMM: for output pixels [firstPixel, firstPixel + pixelCount) of a map `outWidth` wide, a
   * row holds kernelHeight * kernelWidth * words u64, taps in row-major order. Taps outside the image read the `words` words at
   * `border` (all zero for -1, ones up to the last channel for +1).
   */
  im2colBits(
    src: number,
    dst: number,
    height: number,
    width: number,
    words: number,
    kernelHeight: number,
    kernelWidth: number,
    strideHeight: number,
    strideWidth: number,
    dilationHeight: number,
    dilationWidth: number,
    padTop: number,
    padLeft: number,
    outWidth: number,
    firstPixel: number,
    pixelCount: number,
    border: number,
  ): void;

  /**
   * Rows of `taps` u64 with `channels` <= 32 bits each -> rows of ceil(taps / floor(64 / channels)) u64, the taps of a word side by
   * side; `dst` may be `src`.
   */
  joinTaps(src: number, dst: number, rows: number, taps: number, channels: number): void;

  // xnor_gemm.ts
  /** Weights `[channels][words]` u64 -> the GEMM's tiled order; sizes by `xnorGemmWeightBytes` in compiler/kernel_sizes.ts. */
  xnorGemmPack(src: number, dst: number, channels: number, words: number): void;
  /** counts[m][n] (i32) = popcount(rows[m] XOR weights[n]) over `words` u64; `weights` in the tiled order. Exact for any K < 2^31. */
  xnorGemm(
    rows: number,
    weights: number,
    counts: number,
    rowCount: number,
    channels: number,
    words: number,
    countStride: number,
  ): void;

  // bn_sign.ts
  /** counts -> bits of (count <= threshold[c]) XOR flip[c]; threshold of the counts' type, flip one bit a channel in u64 words. */
  thresholdCountsI32(
    counts: number,
    dst: number,
    pixels: number,
    channels: number,
    countStride: number,
    threshold: number,
    flip: number,
  ): void;
  thresholdCountsU16(
    counts: number,
    dst: number,
    pixels: number,
    channels: number,
    countStride: number,
    threshold: number,
    flip: number,
  ): void;
  /**
   * v = scale[c] * x + shift[c]; where `first` is not 0, v += first; where `relu` is not 0, v = max(v, 0); where `second` is not 0,
   * v += second; then v is stored to the map `dst` and its bits !((v ^ signFlip[c]) < signThreshold[c]) to `bits`, each where its
   * pointer is not 0; where `signThreshold` is 0 the bits are those of sign(v), faster, and `signFlip` is not read. x is a count as
   * i32 or u16, or a map (`F32`, whose stride is the map's). `first`, `second` and `dst` are maps of the same channels; `dst` may be
   * any of the inputs. scale, shift, signThreshold (f32) and signFlip (u32) are padded with zeros to the map's stride. Multiply and
   * add round separately (no fused multiply-add).
   */
  epilogueI32(
    counts: number,
    countStride: number,
    pixels: number,
    channels: number,
    scale: number,
    shift: number,
    first: number,
    relu: number,
    second: number,
    dst: number,
    bits: number,
    signThreshold: number,
    signFlip: number,
  ): void;
  epilogueU16(
    counts: number,
    countStride: number,
    pixels: number,
    channels: number,
    scale: number,
    shift: number,
    first: number,
    relu: number,
    second: number,
    dst: number,
    bits: number,
    signThreshold: number,
    signFlip: number,
  ): void;
  epilogueF32(
    src: number,
    pixels: number,
    channels: number,
    scale: number,
    shift: number,
    first: number,
    relu: number,
    second: number,
    dst: number,
    bits: number,
    signThreshold: number,
    signFlip: number,
  ): void;

  // conv_f32.ts
  /** OIHW f32 -> the convolution's tiled order; sizes by `convF32WeightBytes`. */
  convF32Pack(
    src: number,
    dst: number,
    channels: number,
    inputsPerGroup: number,
    kernelHeight: number,
    kernelWidth: number,
    groups: number,
  ): void;
  /**
   * Zero-padded float convolution of maps, bias added (f32, padded with zeros to the output map's stride), max(v, 0) where
   * `relu` is not 0. `scratch` is `convF32ScratchBytes` bytes.
   */
  convF32(
    src: number,
    dst: number,
    weights: number,
    bias: number,
    scratch: number,
    batch: number,
    height: number,
    width: number,
    inChannels: number,
    outHeight: number,
    outWidth: number,
    outChannels: number,
    kernelHeight: number,
    kernelWidth: number,
    strideHeight: number,
    strideWidth: number,
    dilationHeight: number,
    dilationWidth: number,
    padTop: number,
    padLeft: number,
    groups: number,
    relu: number,
  ): void;

  // winograd_f32.ts
  /** OIHW f32 -> the filters' values at Winograd's points; sizes by `winogradF32WeightBytes` in compiler/winograd.ts. */
  winogradF32Pack(
    src: number,
    dst: number,
    channels: number,
    inputs: number,
    kernelHeight: number,
    kernelWidth: number,
    strideHeight: number,
    strideWidth: number,
    groups: number,
  ): void;
  /**
   * What convF32 computes, within its rounding, by Winograd's tiles of 3x3 outputs: no dilation, at most 4 * stride taps along each axis,
   * groups at stride 1 only. `scratch` is `winogradF32ScratchBytes` bytes.
   */
  winogradF32(
    src: number,
    dst: number,
    weights: number,
    bias: number,
    scratch: number,
    batch: number,
    height: number,
    width: number,
    inChannels: number,
    outHeight: number,
    outWidth: number,
    outChannels: number,
    kernelHeight: number,
    kernelWidth: number,
    strideHeight: number,
    strideWidth: number,
    padTop: number,
    padLeft: number,
    groups: number,
    relu: number,
  ): void;

  // conv_u8.ts
  /**
   * Byte image, NCHW u8 planes, not aligned -> map of scale[n] * dot + bias[class][n], max(v, 0) where `relu` is not 0; dot is the
   * exact integer convolution with the i16 `weights`, zeros outside the image. What quantizeStem (compiler/quantize_stem.ts) returns
   * goes in as it is: weights in its order, scale and each class of bias `convU8Lanes` floats, class
   * `rowClass[y] * colClasses + colClass[x]`, u16 an output row and column. `scratch` is `convU8ScratchBytes` bytes.
   */
  convU8(
    src: number,
    dst: number,
    weights: number,
    scale: number,
    bias: number,
    rowClass: number,
    colClass: number,
    colClasses: number,
    scratch: number,
    batch: number,
    height: number,
    width: number,
    inChannels: number,
    outHeight: number,
    outWidth: number,
    outChannels: number,
    kernelHeight: number,
    kernelWidth: number,
    strideHeight: number,
    strideWidth: number,
    dilationHeight: number,
    dilationWidth: number,
    padTop: number,
    padLeft: number,
    relu: number,
  ): void;

  // dense_f32.ts
  /** `[units][inputs]` f32 -> the dense layer's order; sizes by `denseF32WeightBytes`. */
  denseF32Pack(src: number, dst: number, units: number, inputs: number): void;
  /** dst[b][u] = bias[u] + sum_i src[b][i] * W[u][i]; strides in floats, multiples of 4; bias padded to dstStride. */
  denseF32(
    src: number,
    dst: number,
    weights: number,
    bias: number,
    batch: number,
    inputs: number,
    units: number,
    srcStride: number,
    dstStride: number,
  ): void;

  // pool.ts
  /** Maximum over each window, -infinity outside the map; NaN in a window gives NaN. */
  maxPoolF32(
    src: number,
    dst: number,
    batch: number,
    height: number,
    width: number,
    channels: number,
    outHeight: number,
    outWidth: number,
    kernelHeight: number,
    kernelWidth: number,
    strideHeight: number,
    strideWidth: number,
    padTop: number,
    padLeft: number,
  ): void;
  // max_pool_epilogue.ts
  /**
   * maxPoolF32 and epilogueF32 (without residuals) in one pass, bit for bit: v = scale[c] * maximum + shift[c]; where `relu` is not 0,
   * v = max(v, 0); v is stored to the map `dst` and its sign bits to `bits`, each where its pointer is not 0. Parameters as
   * epilogueF32 has them.
   */
  maxPoolEpilogueF32(
    src: number,
    batch: number,
    height: number,
    width: number,
    channels: number,
    outHeight: number,
    outWidth: number,
    kernelHeight: number,
    kernelWidth: number,
    strideHeight: number,
    strideWidth: number,
    padTop: number,
    padLeft: number,
    scale: number,
    shift: number,
    relu: number,
    dst: number,
    bits: number,
    signThreshold: number,
    signFlip: number,
  ): void;

  /** Mean over each window; the divisor is the kernel's area where `countIncludePad` is not 0, else the taps inside the map. */
  avgPoolF32(
    src: number,
    dst: number,
    batch: number,
    height: number,
    width: number,
    channels: number,
    outHeight: number,
    outWidth: number,
    kernelHeight: number,
    kernelWidth: number,
    strideHeight: number,
    strideWidth: number,
    padTop: number,
    padLeft: number,
    countIncludePad: number,
  ): void;
  /** Mean over all `plane` pixels of each image, of max(x, 0) where `relu` is not 0: a map of `batch` pixels. */
  globalAvgPoolF32(src: number, dst: number, batch: number, plane: number, channels: number, relu: number): void;

  // elementwise.ts
  /** NCHW f32 -> map of x * scale[c] + shift[c]; scale and shift padded with zeros to the map's stride. `src` 4-byte aligned. */
  nchwToMapF32(
    src: number,
    dst: number,
    batch: number,
    channels: number,
    plane: number,
    scale: number,
    shift: number,
  ): void;
  /** NCHW u8 -> map of x * scale[c] + shift[c]. `src` need not be aligned. */
  nchwToMapU8(
    src: number,
    dst: number,
    batch: number,
    channels: number,
    plane: number,
    scale: number,
    shift: number,
  ): void;
  /** map -> NCHW f32 without padding (also the flattening of a map). */
  mapToNchwF32(src: number, dst: number, batch: number, channels: number, plane: number): void;
  /** dst map (dstChannels) channels [offset, offset + srcChannels) += src map; any offset. */
  addChannelsF32(
    dst: number,
    src: number,
    pixels: number,
    dstChannels: number,
    srcChannels: number,
    offset: number,
  ): void;
  /** Copies bytes (non-overlapping). */
  copyBytes(dst: number, src: number, bytes: number): void;

  // table_conv.ts
  /**
   * bits of `batch` images -> selectors of the padded images, `[batch][paddedHeight][paddedWidth][words][16]` u8. Pixels of the
   * border read the `words` words at `border` (all zero for -1 and for zero padding, ones up to the last channel for +1). Sizes by
   * `tableConvSelectorBytes`; a convolution that pads nothing needs selectors too.
   */
  tableConvSelectors(
    bits: number,
    selectors: number,
    batch: number,
    height: number,
    width: number,
    words: number,
    padTop: number,
    padLeft: number,
    padBottom: number,
    padRight: number,
    border: number,
  ): void;
  /**
   * Weights `[channels][kernelHeight * kernelWidth][words]` u64 (as widenRows writes them) -> the table builder's order, which
   * depends on dilationWidth; sizes by `tableConvWeightBytes`.
   */
  tableConvPack(
    src: number,
    dst: number,
    channels: number,
    kernelHeight: number,
    kernelWidth: number,
    words: number,
    dilationWidth: number,
  ): void;
  /**
   * counts (u16, countStride = ceil(outChannels / 64) * 64, the channels past the last one meaningless) of batch * outHeight *
   * outWidth pixels; exact while K <= 65535 (`tableConvIsExact`). The padded image must hold every tap. `rowBand` >= 1 changes
   * the speed alone (`tableConvRowBand`).
   */
  tableConv(
    selectors: number,
    weights: number,
    counts: number,
    batch: number,
    paddedHeight: number,
    paddedWidth: number,
    words: number,
    outHeight: number,
    outWidth: number,
    outChannels: number,
    kernelHeight: number,
    kernelWidth: number,
    strideHeight: number,
    strideWidth: number,
    dilationHeight: number,
    dilationWidth: number,
    rowBand: number,
  ): void;

  // table_conv_border.ts
  /** Weights as for tableConvPack -> corrections for zero padding; sizes by `tableConvCorrectionBytes`. */
  tableConvCorrections(
    src: number,
    dst: number,
    outChannels: number,
    taps: number,
    words: number,
    inChannels: number,
  ): void;
  /**
   * Counts over a border of zeros -> counts of zero padding, in place, where a tap outside the image adds 0 to the dot product.
   * inChannels even: dot = K - 2 * count. inChannels odd: every count is doubled, since a tap outside is worth half a mismatch,
   * and dot = K - count. K = taps * inChannels at the border too. Writes to the last row of `corrections`.
   */
  tableConvZeroBorder(
    counts: number,
    corrections: number,
    batch: number,
    height: number,
    width: number,
    inChannels: number,
    outHeight: number,
    outWidth: number,
    outChannels: number,
    kernelHeight: number,
    kernelWidth: number,
    strideHeight: number,
    strideWidth: number,
    dilationHeight: number,
    dilationWidth: number,
    padTop: number,
    padLeft: number,
  ): void;

  // zero_border.ts
  /**
   * Takes off the counts of each output pixel, in place, corrections[tap][c] for every tap outside the image; any i32 values, sums
   * modulo 2^32. counts `[batch * outHeight * outWidth][countStride]` i32, corrections `[tap][countStride]` i32 and one more row that
   * is written to: `zeroBorderCorrectionBytes`.
   */
  zeroBorderI32(
    counts: number,
    corrections: number,
    batch: number,
    height: number,
    width: number,
    countStride: number,
    outHeight: number,
    outWidth: number,
    kernelHeight: number,
    kernelWidth: number,
    strideHeight: number,
    strideWidth: number,
    dilationHeight: number,
    dilationWidth: number,
    padTop: number,
    padLeft: number,
  ): void;

  // counts.ts
  /** dst += src << shift, i32; shift 0 to 31. */
  addCountsI32(dst: number, src: number, elements: number, shift: number): void;
  /** dst += src << shift, u16 into i32; shift 0 to 31. */
  addCountsU16(dst: number, src: number, elements: number, shift: number): void;
  /** u16 -> i32. */
  widenCountsU16(src: number, dst: number, elements: number): void;

  // rearrange.ts
  /**
   * dst map (dstChannels) channels [dstOffset, dstOffset + count) = src map (srcChannels) channels [srcOffset, srcOffset + count); any
   * offset, other channels untouched. Where they are the last ones of `dst`, its tail lanes become zero. No overlap.
   */
  copyChannelsF32(
    dst: number,
    src: number,
    pixels: number,
    dstChannels: number,
    dstOffset: number,
    srcChannels: number,
    srcOffset: number,
    count: number,
  ): void;
  /** dst[c] = src[order[c]]; order u32, each below `channels`. No overlap. */
  permuteChannelsF32(src: number, dst: number, pixels: number, channels: number, order: number): void;
  /** dst[y][x] = src[y - top][x - left] where that is inside `src`, else `value`: pads, or crops where top or left is negative. */
  windowF32(
    src: number,
    dst: number,
    batch: number,
    height: number,
    width: number,
    channels: number,
    outHeight: number,
    outWidth: number,
    top: number,
    left: number,
    value: number,
  ): void;

  // arithmetic.ts
  /** dst = a * b, maps of the same shape; `dst` may be either. */
  mulF32(a: number, b: number, dst: number, pixels: number, channels: number): void;
  /** dst[p][c] = a[p][c] * plane[p]; `plane` is a map of one channel, `dst` may be a. */
  mulPlaneF32(a: number, plane: number, dst: number, pixels: number, channels: number): void;
  /** Mean of |x| over the channels: a map of one channel. */
  absMeanF32(src: number, dst: number, pixels: number, channels: number): void;

  // activation.ts
  /**
   * dst = f(src), in place too. Functions: 0 tanh, 1 sigmoid, 2 softrelu log(1 + e^x), 3 softsign x / (1 + |x|), 4 clip to [-1, 1],
   * 5 leaky_clip (0.1 x outside [-1, 1]), 6 approx_sign. 0 to 2 are the nearest float but for one value in more than 10,000; 3 to 6
   * are MXNet's bits. NaN gives NaN, approx_sign(NaN) is 1 as in MXNet.
   */
  activationF32(src: number, dst: number, pixels: number, channels: number, kind: number): void;
  /** e^(x - max) / sum over the channels of each pixel, in place too. */
  softmaxF32(src: number, dst: number, pixels: number, channels: number): void;

  // planes.ts
  /** map -> planes of q = round(clip(x, 0, 1) * (2^bits - 1)), half away from zero, in f32; bits 1 to 8; NaN is level 0. */
  packRoundF32(src: number, dst: number, pixels: number, channels: number, bits: number, planeBytes: number): void;
  /** Largest |tanh(x)| of a whole map -> one f32 at `dst`; NaN is passed over. */
  maxAbsTanhF32(src: number, dst: number, pixels: number, channels: number): void;
  /**
   * map -> planes of q = round((0.5 * (tanh(x) / largest) + 0.5) * (2^bits - 1)), half away from zero, in f32; `largest` points to what
   * maxAbsTanhF32 wrote. NaN, and every x where `largest` is 0, is level 0.
   */
  packDorefaF32(
    src: number,
    dst: number,
    pixels: number,
    channels: number,
    bits: number,
    planeBytes: number,
    largest: number,
  ): void;
  /** planes -> map of q * scale + beta; scale and beta are f64, the result is rounded once. */
  unpackPlanesF32(
    src: number,
    dst: number,
    pixels: number,
    channels: number,
    bits: number,
    planeBytes: number,
    scale: number,
    beta: number,
  ): void;

  // levels.ts
  /** dst = round(clip(x, 0, 1) * v) / v, v = 2^bits - 1, half away from zero, in f32, in place too; bits 1 to 31. NaN stays NaN. */
  roundF32(src: number, dst: number, pixels: number, channels: number, bits: number): void;
  /**
   * dst = 2 * round((0.5 * (tanh(x) / largest) + 0.5) * v) / v - 1, v = 2^bits - 1, half away from zero, in f32, in place too; bits 1 to
   * 31; `largest` points to what maxAbsTanhF32 wrote. NaN stays NaN; a largest of 0 gives NaN.
   */
  dorefaF32(src: number, dst: number, pixels: number, channels: number, bits: number, largest: number): void;

  // ternary_planes.ts
  /**
   * map -> two planes of torch's sign, whose value is half the sum of their signs: with y = x ^ flip[c], plane 0 is y > threshold[c] and
   * plane 1 is !(y < threshold[c]). A threshold of -Infinity is +1 for any y above, Infinity -1 for any y below, NaN is always 0; NaN in
   * x is 0. threshold f32, flip u32, padded to the map's stride; a threshold pointer of 0 is sign(x), and flip is not read then. The i32
   * at `zeroFlag` becomes 1 if any value is 0, else 0: then plane 0 alone is the sign.
   */
  packTernaryF32(
    src: number,
    dst: number,
    pixels: number,
    channels: number,
    planeBytes: number,
    threshold: number,
    flip: number,
    zeroFlag: number,
  ): void;
}
