// biome-ignore-all format: generated from assembly/ by `npm run generate`, lines are filled
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
export interface KernelExports {
  // assembly/scale_rows.ts
  /** `data` in place; both 4-byte aligned. */
  scaleRowsF32(data: number, scales: number, rows: number, length: number): void;
  // assembly/conv_f32.ts
  /** OIHW f32 -> the convolution's tiled order; sizes by `convF32WeightBytes`. */
  convF32Pack(
    src: number, dst: number, channels: number, inputsPerGroup: number, kernelHeight: number, kernelWidth: number,
    groups: number,
  ): void;
  /**
   * Zero-padded float convolution of maps, bias added (f32, padded with zeros to the output map's stride), max(v, 0) if
   * `relu` is not 0. `scratch` is `convF32ScratchBytes` bytes.
   */
  convF32(
    src: number, dst: number, weights: number, bias: number, scratch: number, batch: number, height: number,
    width: number, inChannels: number, outHeight: number, outWidth: number, outChannels: number, kernelHeight: number,
    kernelWidth: number, strideHeight: number, strideWidth: number, dilationHeight: number, dilationWidth: number,
    padTop: number, padLeft: number, groups: number, relu: number,
  ): void;
  // assembly/winograd_pack.ts
  /**
   * OIHW f32 -> the filters' values at Winograd's points, rounded once, zeros past a group's last channel; sizes by
   * `winogradF32WeightBytes`.
   */
  winogradF32Pack(
    src: number, dst: number, channels: number, inputs: number, kernelHeight: number, kernelWidth: number,
    strideHeight: number, strideWidth: number, groups: number,
  ): void;
  // assembly/winograd_f32.ts
  /**
   * What convF32 computes, within its rounding, by Winograd's tiles of 3x3 outputs: no dilation, at most 4 * stride
   * taps along each axis, groups at stride 1 only. `scratch` is `winogradF32ScratchBytes` bytes.
   */
  winogradF32(
    src: number, dst: number, weights: number, bias: number, scratch: number, batch: number, height: number,
    width: number, inChannels: number, outHeight: number, outWidth: number, outChannels: number, kernelHeight: number,
    kernelWidth: number, strideHeight: number, strideWidth: number, padTop: number, padLeft: number, groups: number,
    relu: number,
  ): void;
  // assembly/conv_u8.ts
  /**
   * Byte image, NCHW u8 planes or, if `interleaved` is not 0, NHWC, not aligned -> map of scale[n] * dot +
   * bias[class][n], max(v, 0) if `relu` is not 0; dot is the exact integer convolution with the i16 `weights`, zeros
   * outside the image. What quantizeStem returns goes in as it is: weights in its order, scale and each class of bias
   * `convU8Lanes` floats, class `rowClass[y] * colClasses + colClass[x]`, u16 an output row and column. `scratch` is
   * `convU8ScratchBytes` bytes. A channel's rows begin `planeHeight` rows after the last one's: `height`, or more where
   * the rows that are meant are the last of one image.
   */
  convU8(
    src: number, dst: number, weights: number, scale: number, bias: number, rowClass: number, colClass: number,
    colClasses: number, scratch: number, batch: number, height: number, width: number, inChannels: number,
    outHeight: number, outWidth: number, outChannels: number, kernelHeight: number, kernelWidth: number,
    strideHeight: number, strideWidth: number, dilationHeight: number, dilationWidth: number, padTop: number,
    padLeft: number, relu: number, interleaved: number, planeHeight: number,
  ): void;
  // assembly/dense_f32.ts
  /** `[units][inputs]` f32 -> the dense layer's order; sizes by `denseF32WeightBytes`. */
  denseF32Pack(src: number, dst: number, units: number, inputs: number): void;
  /**
   * dst[b][u] = bias[u] + sum over i of src[b][i] * W[u][i]; strides in floats, multiples of 4; bias padded to
   * dstStride.
   */
  denseF32(
    src: number, dst: number, weights: number, bias: number, batch: number, inputs: number, units: number,
    srcStride: number, dstStride: number,
  ): void;
  // assembly/pool.ts
  /** Maximum over each window, -infinity outside the map; NaN in a window gives NaN. */
  maxPoolF32(
    src: number, dst: number, batch: number, height: number, width: number, channels: number, outHeight: number,
    outWidth: number, kernelHeight: number, kernelWidth: number, strideHeight: number, strideWidth: number,
    padTop: number, padLeft: number,
  ): void;
  /**
   * Mean over each window; the divisor is the kernel's area if `countIncludePad` is not 0, else the taps inside the
   * map. The mean of an empty window is 0.
   */
  avgPoolF32(
    src: number, dst: number, batch: number, height: number, width: number, channels: number, outHeight: number,
    outWidth: number, kernelHeight: number, kernelWidth: number, strideHeight: number, strideWidth: number,
    padTop: number, padLeft: number, countIncludePad: number,
  ): void;
  /**
   * Mean over all `plane` pixels of each image: a map of `batch` pixels. Both maps have `mapChannels` channels: the
   * `channels` that are meant, or more.
   */
  globalAvgPoolF32(src: number, dst: number, batch: number, plane: number, channels: number, mapChannels: number): void;
  // assembly/max_pool_epilogue.ts
  /**
   * maxPoolF32 and epilogueF32 (without residuals) in one pass, bit for bit: v = scale[c] * maximum + shift[c]; if
   * `relu` is not 0, v = max(v, 0); v is stored to the map `dst` and its sign bits to `bits`, each if its pointer is
   * not 0. Parameters as epilogueF32 has them.
   */
  maxPoolEpilogueF32(
    src: number, batch: number, height: number, width: number, channels: number, outHeight: number, outWidth: number,
    kernelHeight: number, kernelWidth: number, strideHeight: number, strideWidth: number, padTop: number,
    padLeft: number, scale: number, shift: number, relu: number, dst: number, bits: number, signThreshold: number,
    signFlip: number,
  ): void;
  // assembly/elementwise.ts
  /**
   * NCHW f32 -> map of scale[c] * (x - center[c]) + shift[c]; all three padded with zeros to the map's stride. `src` is
   * 4-byte aligned. A channel's pixels begin `srcPlane` after the last one's: `plane`, or more if some pixels of one
   * image are meant.
   */
  nchwToMapF32(
    src: number, dst: number, batch: number, channels: number, plane: number, center: number, scale: number,
    shift: number, srcPlane: number,
  ): void;
  /**
   * NCHW u8 -> map of scale[c] * (x - center[c]) + shift[c]; all three padded with zeros to the map's stride. `src`
   * need not be aligned. A channel's pixels begin `srcPlane` after the last one's: `plane`, or more if some pixels of
   * one image are meant.
   */
  nchwToMapU8(
    src: number, dst: number, batch: number, channels: number, plane: number, center: number, scale: number,
    shift: number, srcPlane: number,
  ): void;
  /**
   * map -> NCHW f32 without padding, which is also the flattening of a map. A channel's pixels begin `dstPlane` after
   * the last one's: `plane`, or more where some pixels of one image are meant.
   */
  mapToNchwF32(src: number, dst: number, batch: number, channels: number, plane: number, dstPlane: number): void;
  /** dst map (dstChannels) channels [offset, offset + srcChannels) += src map; any offset. */
  addChannelsF32(
    dst: number, src: number, pixels: number, dstChannels: number, srcChannels: number, offset: number,
  ): void;
  /** Copies bytes that do not overlap. */
  copyBytes(dst: number, src: number, bytes: number): void;
  // assembly/bitpack.ts
  /** map -> bits of sign(x). */
  packSignF32(src: number, dst: number, pixels: number, channels: number): void;
  /**
   * map -> bits of (x ^ flip[c]) > threshold[c], 0 for NaN; threshold f32 and flip u32, both padded to the map's
   * stride. x > 0 is threshold 0, flip 0.
   */
  packGreaterF32(src: number, dst: number, pixels: number, channels: number, threshold: number, flip: number): void;
  /** map -> bits of !((x ^ flip[c]) < threshold[c]); threshold f32 and flip u32, both padded to the map's stride. */
  packThresholdF32(src: number, dst: number, pixels: number, channels: number, threshold: number, flip: number): void;
  /**
   * bits -> map of -1 and +1, zero past the last channel: what a quantised activation is, for taps and for float layers
   * that read it.
   */
  unpackSignF32(src: number, dst: number, pixels: number, channels: number): void;
  /**
   * Rows of ceil(channels / 8) bytes at any address, as a packed weight stores a tap -> rows of ceil(channels / 64) u64
   * words; bits past the last channel are dropped.
   */
  widenRows(src: number, dst: number, rows: number, channels: number): void;
  // assembly/im2col.ts
  /**
   * One image of bits -> rows for the GEMM: for output pixels [firstPixel, firstPixel + pixelCount) of a map `outWidth`
   * wide a row holds kernelHeight * kernelWidth * words u64, taps in row-major order. Taps outside the image read the
   * `words` words at `border`: all zero for -1, ones up to the last channel for +1.
   */
  im2colBits(
    src: number, dst: number, height: number, width: number, words: number, kernelHeight: number, kernelWidth: number,
    strideHeight: number, strideWidth: number, dilationHeight: number, dilationWidth: number, padTop: number,
    padLeft: number, outWidth: number, firstPixel: number, pixelCount: number, border: number,
  ): void;
  /**
   * Joins taps of at most 32 channels: `rows` rows of `taps` u64, `channels` bits each -> rows of ceil(taps / floor(64
   * / channels)) u64, the taps of a word side by side; `dst` may be `src`.
   */
  joinTaps(src: number, dst: number, rows: number, taps: number, channels: number): void;
  // assembly/xnor_gemm.ts
  /**
   * Weights `[channels][words]` u64 -> panels of four channels, interleaved by word, missing channels of the last panel
   * zero; sizes by `xnorGemmWeightBytes`.
   */
  xnorGemmPack(src: number, dst: number, channels: number, words: number): void;
  /**
   * counts[m][n] (i32) = popcount(rows[m] XOR weights[n]) over `words` u64; `weights` in the order of xnorGemmPack.
   * Exact for any K < 2^31.
   */
  xnorGemm(
    rows: number, weights: number, counts: number, rowCount: number, channels: number, words: number,
    countStride: number,
  ): void;
  // assembly/bn_sign.ts
  /** i32 counts -> bits of (count <= threshold[c]) XOR flip[c]; threshold i32, flip one bit a channel in u64 words. */
  thresholdCountsI32(
    counts: number, dst: number, pixels: number, channels: number, countStride: number, threshold: number, flip: number,
  ): void;
  /** u16 counts -> bits of (count <= threshold[c]) XOR flip[c]; threshold u16, flip one bit a channel in u64 words. */
  thresholdCountsU16(
    counts: number, dst: number, pixels: number, channels: number, countStride: number, threshold: number, flip: number,
  ): void;
  // assembly/epilogue.ts
  /**
   * v = scale[c] * (count - middle) + shift[c], or if `center` is not 0 scale[c] * (count - middle - center[c]) +
   * shift[c]; if `low` is not 0, v = min(max(v, low[c]), high[c]); if `first` is not 0, v += first; if `relu` is not 0,
   * v = max(v, 0); if `second` is not 0, v += second. v is stored to the map `dst` and its bits !((v ^ signFlip[c]) <
   * signThreshold[c]) to `bits`, each if its pointer is not 0. If `signThreshold` is 0 the bits are those of sign(v),
   * faster, and `signFlip` is not read. `first`, `second` and `dst` are maps of the same channels, and `dst` may be any
   * of the inputs. center, scale, shift, low, high, signThreshold (f32) and signFlip (u32) are padded with zeros to the
   * map's stride. Subtract, multiply and add round separately.
   */
  epilogueI32(
    counts: number, countStride: number, pixels: number, channels: number, middle: number, center: number,
    scale: number, shift: number, low: number, high: number, first: number, relu: number, second: number, dst: number,
    bits: number, signThreshold: number, signFlip: number,
  ): void;
  /** What epilogueI32 does, on u16 counts; `middle` 0 to 65535. */
  epilogueU16(
    counts: number, countStride: number, pixels: number, channels: number, middle: number, center: number,
    scale: number, shift: number, low: number, high: number, first: number, relu: number, second: number, dst: number,
    bits: number, signThreshold: number, signFlip: number,
  ): void;
  /** What epilogueI32 does, on the map `src` in place of counts, whose middle is 0. */
  epilogueF32(
    src: number, pixels: number, channels: number, center: number, scale: number, shift: number, low: number,
    high: number, first: number, relu: number, second: number, dst: number, bits: number, signThreshold: number,
    signFlip: number,
  ): void;
  // assembly/table_conv.ts
  /**
   * bits of `batch` images -> selectors of the padded images, `[batch][paddedHeight][paddedWidth][words][16]` u8.
   * Pixels of the border read the `words` words at `border`: zeros for -1 and for zero padding (which
   * tableConvZeroBorder completes), ones up to the last channel for +1. Sizes by `tableConvSelectorBytes`; a
   * convolution that pads nothing needs selectors too. A pixel of `bits` has `pixelWords` words, of which the `words`
   * from that address on are read: those of some groups, or all.
   */
  tableConvSelectors(
    bits: number, pixelWords: number, selectors: number, batch: number, height: number, width: number, words: number,
    padTop: number, padLeft: number, padBottom: number, padRight: number, border: number,
  ): void;
  /**
   * Weights `[channels][kernelHeight * kernelWidth][words]` u64 (as widenRows writes them) -> the table builder's
   * order, channels filled up with zeros to a multiple of 64. The order depends on dilationWidth (runs above). Sizes by
   * `tableConvWeightBytes`.
   */
  tableConvPack(
    src: number, dst: number, channels: number, kernelHeight: number, kernelWidth: number, words: number,
    dilationWidth: number,
  ): void;
  /**
   * Selectors and packed weights -> u16 counts of batch * outHeight * outWidth pixels, `countStride` u16 from pixel to
   * pixel, of which ceil(outChannels / 64) * 64 are written, those past the last channel meaningless; exact while K <=
   * 65535 (`tableConvIsExact`). The padded image must hold every tap. If `masks` is not 0, only products count whose
   * bit is set there; they lie as the weights do. `rowBand` >= 1 changes the speed alone (`tableConvRowBand`).
   */
  tableConv(
    selectors: number, weights: number, masks: number, counts: number, countStride: number, batch: number,
    paddedHeight: number, paddedWidth: number, words: number, outHeight: number, outWidth: number, outChannels: number,
    kernelHeight: number, kernelWidth: number, strideHeight: number, strideWidth: number, dilationHeight: number,
    dilationWidth: number, rowBand: number,
  ): void;
  // assembly/table_conv_border.ts
  /**
   * Weights `[outChannels][taps][words]` u64, as for tableConvPack -> corrections for zero padding; `taps` is
   * kernelHeight * kernelWidth. Sizes by `tableConvCorrectionBytes`.
   */
  tableConvCorrections(
    src: number, dst: number, outChannels: number, taps: number, words: number, inChannels: number,
  ): void;
  /**
   * Counts of tableConv over a border of zeros -> counts of zero padding, in place: a tap outside the image adds 0 to
   * the dot product. inChannels even: dot = K - 2 * count. inChannels odd: every count is doubled, since a tap outside
   * is worth half a mismatch, and dot = K - count. K = taps * inChannels at the border too. `scratch` is
   * `tableConvCorrectionBytes` of one tap. Bands of rows as zeroBorderI32 has them.
   */
  tableConvZeroBorder(
    counts: number, corrections: number, scratch: number, batch: number, height: number, width: number,
    inChannels: number, outHeight: number, outWidth: number, outChannels: number, kernelHeight: number,
    kernelWidth: number, strideHeight: number, strideWidth: number, dilationHeight: number, dilationWidth: number,
    padTop: number, padLeft: number,
  ): void;
  // assembly/zero_border.ts
  /**
   * Takes off the counts of each output pixel, in place, corrections[tap][c] for every tap outside the image; any i32
   * values, sums modulo 2^32. counts `[batch * outHeight * outWidth][countStride]` i32, corrections
   * `[tap][countStride]` i32, `scratch` countStride i32. A band of output rows from row y on is one image of so many
   * rows, its padTop less by y * strideHeight, which may make it negative.
   */
  zeroBorderI32(
    counts: number, corrections: number, scratch: number, batch: number, height: number, width: number,
    countStride: number, outHeight: number, outWidth: number, kernelHeight: number, kernelWidth: number,
    strideHeight: number, strideWidth: number, dilationHeight: number, dilationWidth: number, padTop: number,
    padLeft: number,
  ): void;
  // assembly/counts.ts
  /** dst += src << shift, i32; shift 0 to 31. */
  addCountsI32(dst: number, src: number, elements: number, shift: number): void;
  /** dst += src << shift, u16 into i32; shift 0 to 31. */
  addCountsU16(dst: number, src: number, elements: number, shift: number): void;
  /** u16 -> i32. */
  widenCountsU16(src: number, dst: number, elements: number): void;
  // assembly/rearrange.ts
  /**
   * dst map (dstChannels) channels [dstOffset, dstOffset + count) = src map (srcChannels) channels [srcOffset,
   * srcOffset + count); any offset, other channels untouched. If they are the last ones of `dst`, its tail lanes become
   * zero, so that the copies of a concat, or one of a slice, make a whole map. The maps must not overlap.
   */
  copyChannelsF32(
    dst: number, src: number, pixels: number, dstChannels: number, dstOffset: number, srcChannels: number,
    srcOffset: number, count: number,
  ): void;
  /** dst[c] = src[order[c]]; order u32, each below `channels`. The maps must not overlap. */
  permuteChannelsF32(src: number, dst: number, pixels: number, channels: number, order: number): void;
  /**
   * dst[y][x] = src[y - top][x - left] if that is inside `src`, else `value`: pads, or crops if top or left is
   * negative. The maps must not overlap.
   */
  windowF32(
    src: number, dst: number, batch: number, height: number, width: number, channels: number, outHeight: number,
    outWidth: number, top: number, left: number, value: number,
  ): void;
  // assembly/arithmetic.ts
  /** dst = a * b, maps of the same shape; `dst` may be either. */
  mulF32(a: number, b: number, dst: number, pixels: number, channels: number): void;
  /** dst[p][c] = a[p][c] * plane[p]; `plane` is a map of one channel, `dst` may be `a`. */
  mulPlaneF32(a: number, plane: number, dst: number, pixels: number, channels: number): void;
  /**
   * Every pixel of an image times the image's gate, a map of `batch` pixels (squeeze-and-excitation); `plane` pixels an
   * image, `dst` may be a.
   */
  mulGateF32(a: number, gate: number, dst: number, batch: number, plane: number, channels: number): void;
  /** Mean of |x| over the channels of each pixel: a map of one channel. */
  absMeanF32(src: number, dst: number, pixels: number, channels: number): void;
  // assembly/activation.ts
  /**
   * dst = f(src), in place too. Functions: 0 tanh, 1 sigmoid, 2 softrelu log(1 + e^x), 3 softsign x / (1 + |x|), 4 clip
   * to [-1, 1], 5 leaky_clip (0.1 x outside [-1, 1]), 6 approx_sign. 0 to 2 are the nearest float but for one value in
   * more than 10,000; 3 to 6 are MXNet's bits. NaN gives NaN; approx_sign(NaN) is 1 as in MXNet.
   */
  activationF32(src: number, dst: number, pixels: number, channels: number, kind: number): void;
  /**
   * e^(x - max) / sum of the same over the channels of each pixel, in place too. A NaN, or an infinity that is the
   * largest, makes the whole pixel NaN.
   */
  softmaxF32(src: number, dst: number, pixels: number, channels: number): void;
  // assembly/planes.ts
  /**
   * map -> planes of q = round(clip(x, 0, 1) * (2^bits - 1)), half away from zero, in f32 (BMXNet's `round`); bits 1 to
   * 8; NaN is level 0.
   */
  packRoundF32(src: number, dst: number, pixels: number, channels: number, bits: number, planeBytes: number): void;
  /**
   * map -> planes of q = round((0.5 * (tanh(x) / largest) + 0.5) * (2^bits - 1)), half away from zero, in f32 (BMXNet's
   * `dorefa`, whose value is 2 q / (2^bits - 1) - 1); bits 1 to 8; `largest` points to the f32 that maxAbsTanhF32 wrote
   * for the whole tensor. NaN, and every x if `largest` is 0, is level 0.
   */
  packDorefaF32(
    src: number, dst: number, pixels: number, channels: number, bits: number, planeBytes: number, largest: number,
  ): void;
  /**
   * Largest |x| of a part of a map -> a pixel of four channels, the largest of every fourth channel, NaN passed over:
   * such pixels are a map whose maxAbsTanhF32 is that of all parts.
   */
  maxAbsF32(src: number, dst: number, pixels: number, channels: number): void;
  /** Largest |tanh(x)| of a whole map -> one f32 at `dst`: tanh of the largest |x|, NaN passed over. */
  maxAbsTanhF32(src: number, dst: number, pixels: number, channels: number): void;
  /**
   * planes -> map of q * scale + beta; scale and beta are f64 and the result is rounded once: scale 1 / (2^bits - 1)
   * and beta 0 give the floats nearest to the levels of `round`, 2 / (2^bits - 1) and -1 those of `dorefa`.
   */
  unpackPlanesF32(
    src: number, dst: number, pixels: number, channels: number, bits: number, planeBytes: number, scale: number,
    beta: number,
  ): void;
  // assembly/ternary_planes.ts
  /**
   * map -> two planes of torch's sign, whose value is half the sum of their signs: plane 0 is x > 0 and plane 1 is !(x
   * < 0); NaN is 0. The i32 at `zeroFlag` becomes 1 if any value is 0, else 0: then plane 0 alone is the sign.
   */
  packTernaryF32(
    src: number, dst: number, pixels: number, channels: number, planeBytes: number, zeroFlag: number,
  ): void;
  // assembly/levels.ts
  /**
   * dst = round(clip(x, 0, 1) * v) / v, v = 2^bits - 1, half away from zero, in f32, in place too; bits 1 to 31. NaN
   * stays NaN.
   */
  roundF32(src: number, dst: number, pixels: number, channels: number, bits: number): void;
  /**
   * dst = 2 * round((0.5 * (tanh(x) / largest) + 0.5) * v) / v - 1, v = 2^bits - 1, half away from zero, in f32, in
   * place too; bits 1 to 31; `largest` points to the f32 that maxAbsTanhF32 wrote for the whole tensor. NaN stays NaN;
   * a largest of 0 gives NaN.
   */
  dorefaF32(src: number, dst: number, pixels: number, channels: number, bits: number, largest: number): void;
  // assembly/rearrange_bits.ts
  /**
   * bits -> bits: channels [srcOffset, srcOffset + count) of `src` become channels [dstOffset, dstOffset + count) of
   * `dst`, any offsets, count at least 1; the other channels of `dst` are untouched. If these are its last channels the
   * bits past them become zero, so that the copies of a concat, or one of a slice, make whole bits of memory that held
   * anything. No overlap.
   */
  copyBits(
    dst: number, src: number, pixels: number, dstChannels: number, dstOffset: number, srcChannels: number,
    srcOffset: number, count: number,
  ): void;
  /** bits -> bits: channel c of `dst` is channel order[c] (u32, below `channels`) of `src`. No overlap. */
  permuteBits(src: number, dst: number, pixels: number, channels: number, order: number): void;
  /**
   * bits -> bits: dst[y][x] = src[y - top][x - left] if that is inside `src`, else the `words` words at `border` (zeros
   * for -1, ones up to the last channel for +1): with top and left >= 0 it pads, below 0 it crops. No overlap.
   */
  windowBits(
    src: number, dst: number, batch: number, height: number, width: number, words: number, outHeight: number,
    outWidth: number, top: number, left: number, border: number,
  ): void;
  // assembly/pool_bits.ts
  /** bits -> bits of the largest value in each window, -1 if a window is empty. */
  maxPoolBits(
    src: number, dst: number, batch: number, height: number, width: number, words: number, outHeight: number,
    outWidth: number, kernelHeight: number, kernelWidth: number, strideHeight: number, strideWidth: number,
    padTop: number, padLeft: number,
  ): void;
  // assembly/flatten_bits.ts
  /**
   * bits of `batch` images of `plane` pixels -> a row of plane * channels bits an image, channel by channel. No
   * overlap.
   */
  flattenBitsNchw(src: number, dst: number, batch: number, plane: number, channels: number): void;
  /**
   * bits of `batch` images of `plane` pixels -> a row of plane * channels bits an image, pixel by pixel. No overlap.
   */
  flattenBitsNhwc(src: number, dst: number, batch: number, plane: number, channels: number): void;
  // assembly/nhwc.ts
  /**
   * NHWC f32 -> map of scale[c] * (x - center[c]) + shift[c]; all three padded with zeros to the map's stride. `src`
   * 4-byte aligned. Pixels count the batch.
   */
  nhwcToMapF32(
    src: number, dst: number, pixels: number, channels: number, center: number, scale: number, shift: number,
  ): void;
  /**
   * NHWC u8 -> map of scale[c] * (x - center[c]) + shift[c]; all three padded with zeros to the map's stride. `src`
   * need not be aligned.
   */
  nhwcToMapU8(
    src: number, dst: number, pixels: number, channels: number, center: number, scale: number, shift: number,
  ): void;
  /** map -> NHWC f32 without padding. Pixels count the batch; `dst` 4-byte aligned. */
  mapToNhwcF32(src: number, dst: number, pixels: number, channels: number): void;
  // assembly/fake_quantize.ts
  /**
   * dst = (clamp(round(x / scale) + zeroPoint, low, high) - zeroPoint) * scale, in place too; halves away from zero if
   * `halfAway` is not 0, else to even. All numbers are f32; NaN stays NaN.
   */
  fakeQuantizeF32(
    src: number, dst: number, pixels: number, channels: number, scale: number, zeroPoint: number, low: number,
    high: number, halfAway: number,
  ): void;
  // assembly/log_softmax.ts
  /** log softmax over the channels of each pixel; `dst` may be `src`. */
  logSoftmaxF32(src: number, dst: number, pixels: number, channels: number): void;
  // assembly/prelu.ts
  /** dst = x >= 0 ? x : slope[c] * x; slope f32, padded with zeros to the map's stride. `dst` may be `src`. */
  preluF32(src: number, dst: number, pixels: number, channels: number, slope: number): void;
  // assembly/checksum.ts
  /** The sums of `bytes` bytes, a multiple of 16: 32 bytes at `dst`. */
  checksumWords(src: number, dst: number, bytes: number): void;
}

/** The names of each kernel's arguments, in their order. */
export const argumentNames = {
  scaleRowsF32: ["data", "scales", "rows", "length"],
  convF32Pack: ["src", "dst", "channels", "inputsPerGroup", "kernelHeight", "kernelWidth", "groups"],
  convF32: [
    "src", "dst", "weights", "bias", "scratch", "batch", "height", "width", "inChannels", "outHeight", "outWidth",
    "outChannels", "kernelHeight", "kernelWidth", "strideHeight", "strideWidth", "dilationHeight", "dilationWidth",
    "padTop", "padLeft", "groups", "relu",
  ],
  winogradF32Pack: [
    "src", "dst", "channels", "inputs", "kernelHeight", "kernelWidth", "strideHeight", "strideWidth", "groups",
  ],
  winogradF32: [
    "src", "dst", "weights", "bias", "scratch", "batch", "height", "width", "inChannels", "outHeight", "outWidth",
    "outChannels", "kernelHeight", "kernelWidth", "strideHeight", "strideWidth", "padTop", "padLeft", "groups", "relu",
  ],
  convU8: [
    "src", "dst", "weights", "scale", "bias", "rowClass", "colClass", "colClasses", "scratch", "batch", "height",
    "width", "inChannels", "outHeight", "outWidth", "outChannels", "kernelHeight", "kernelWidth", "strideHeight",
    "strideWidth", "dilationHeight", "dilationWidth", "padTop", "padLeft", "relu", "interleaved", "planeHeight",
  ],
  denseF32Pack: ["src", "dst", "units", "inputs"],
  denseF32: ["src", "dst", "weights", "bias", "batch", "inputs", "units", "srcStride", "dstStride"],
  maxPoolF32: [
    "src", "dst", "batch", "height", "width", "channels", "outHeight", "outWidth", "kernelHeight", "kernelWidth",
    "strideHeight", "strideWidth", "padTop", "padLeft",
  ],
  avgPoolF32: [
    "src", "dst", "batch", "height", "width", "channels", "outHeight", "outWidth", "kernelHeight", "kernelWidth",
    "strideHeight", "strideWidth", "padTop", "padLeft", "countIncludePad",
  ],
  globalAvgPoolF32: ["src", "dst", "batch", "plane", "channels", "mapChannels"],
  maxPoolEpilogueF32: [
    "src", "batch", "height", "width", "channels", "outHeight", "outWidth", "kernelHeight", "kernelWidth",
    "strideHeight", "strideWidth", "padTop", "padLeft", "scale", "shift", "relu", "dst", "bits", "signThreshold",
    "signFlip",
  ],
  nchwToMapF32: ["src", "dst", "batch", "channels", "plane", "center", "scale", "shift", "srcPlane"],
  nchwToMapU8: ["src", "dst", "batch", "channels", "plane", "center", "scale", "shift", "srcPlane"],
  mapToNchwF32: ["src", "dst", "batch", "channels", "plane", "dstPlane"],
  addChannelsF32: ["dst", "src", "pixels", "dstChannels", "srcChannels", "offset"],
  copyBytes: ["dst", "src", "bytes"],
  packSignF32: ["src", "dst", "pixels", "channels"],
  packGreaterF32: ["src", "dst", "pixels", "channels", "threshold", "flip"],
  packThresholdF32: ["src", "dst", "pixels", "channels", "threshold", "flip"],
  unpackSignF32: ["src", "dst", "pixels", "channels"],
  widenRows: ["src", "dst", "rows", "channels"],
  im2colBits: [
    "src", "dst", "height", "width", "words", "kernelHeight", "kernelWidth", "strideHeight", "strideWidth",
    "dilationHeight", "dilationWidth", "padTop", "padLeft", "outWidth", "firstPixel", "pixelCount", "border",
  ],
  joinTaps: ["src", "dst", "rows", "taps", "channels"],
  xnorGemmPack: ["src", "dst", "channels", "words"],
  xnorGemm: ["rows", "weights", "counts", "rowCount", "channels", "words", "countStride"],
  thresholdCountsI32: ["counts", "dst", "pixels", "channels", "countStride", "threshold", "flip"],
  thresholdCountsU16: ["counts", "dst", "pixels", "channels", "countStride", "threshold", "flip"],
  epilogueI32: [
    "counts", "countStride", "pixels", "channels", "middle", "center", "scale", "shift", "low", "high", "first", "relu",
    "second", "dst", "bits", "signThreshold", "signFlip",
  ],
  epilogueU16: [
    "counts", "countStride", "pixels", "channels", "middle", "center", "scale", "shift", "low", "high", "first", "relu",
    "second", "dst", "bits", "signThreshold", "signFlip",
  ],
  epilogueF32: [
    "src", "pixels", "channels", "center", "scale", "shift", "low", "high", "first", "relu", "second", "dst", "bits",
    "signThreshold", "signFlip",
  ],
  tableConvSelectors: [
    "bits", "pixelWords", "selectors", "batch", "height", "width", "words", "padTop", "padLeft", "padBottom",
    "padRight", "border",
  ],
  tableConvPack: ["src", "dst", "channels", "kernelHeight", "kernelWidth", "words", "dilationWidth"],
  tableConv: [
    "selectors", "weights", "masks", "counts", "countStride", "batch", "paddedHeight", "paddedWidth", "words",
    "outHeight", "outWidth", "outChannels", "kernelHeight", "kernelWidth", "strideHeight", "strideWidth",
    "dilationHeight", "dilationWidth", "rowBand",
  ],
  tableConvCorrections: ["src", "dst", "outChannels", "taps", "words", "inChannels"],
  tableConvZeroBorder: [
    "counts", "corrections", "scratch", "batch", "height", "width", "inChannels", "outHeight", "outWidth",
    "outChannels", "kernelHeight", "kernelWidth", "strideHeight", "strideWidth", "dilationHeight", "dilationWidth",
    "padTop", "padLeft",
  ],
  zeroBorderI32: [
    "counts", "corrections", "scratch", "batch", "height", "width", "countStride", "outHeight", "outWidth",
    "kernelHeight", "kernelWidth", "strideHeight", "strideWidth", "dilationHeight", "dilationWidth", "padTop",
    "padLeft",
  ],
  addCountsI32: ["dst", "src", "elements", "shift"],
  addCountsU16: ["dst", "src", "elements", "shift"],
  widenCountsU16: ["src", "dst", "elements"],
  copyChannelsF32: ["dst", "src", "pixels", "dstChannels", "dstOffset", "srcChannels", "srcOffset", "count"],
  permuteChannelsF32: ["src", "dst", "pixels", "channels", "order"],
  windowF32: ["src", "dst", "batch", "height", "width", "channels", "outHeight", "outWidth", "top", "left", "value"],
  mulF32: ["a", "b", "dst", "pixels", "channels"],
  mulPlaneF32: ["a", "plane", "dst", "pixels", "channels"],
  mulGateF32: ["a", "gate", "dst", "batch", "plane", "channels"],
  absMeanF32: ["src", "dst", "pixels", "channels"],
  activationF32: ["src", "dst", "pixels", "channels", "kind"],
  softmaxF32: ["src", "dst", "pixels", "channels"],
  packRoundF32: ["src", "dst", "pixels", "channels", "bits", "planeBytes"],
  packDorefaF32: ["src", "dst", "pixels", "channels", "bits", "planeBytes", "largest"],
  maxAbsF32: ["src", "dst", "pixels", "channels"],
  maxAbsTanhF32: ["src", "dst", "pixels", "channels"],
  unpackPlanesF32: ["src", "dst", "pixels", "channels", "bits", "planeBytes", "scale", "beta"],
  packTernaryF32: ["src", "dst", "pixels", "channels", "planeBytes", "zeroFlag"],
  roundF32: ["src", "dst", "pixels", "channels", "bits"],
  dorefaF32: ["src", "dst", "pixels", "channels", "bits", "largest"],
  copyBits: ["dst", "src", "pixels", "dstChannels", "dstOffset", "srcChannels", "srcOffset", "count"],
  permuteBits: ["src", "dst", "pixels", "channels", "order"],
  windowBits: ["src", "dst", "batch", "height", "width", "words", "outHeight", "outWidth", "top", "left", "border"],
  maxPoolBits: [
    "src", "dst", "batch", "height", "width", "words", "outHeight", "outWidth", "kernelHeight", "kernelWidth",
    "strideHeight", "strideWidth", "padTop", "padLeft",
  ],
  flattenBitsNchw: ["src", "dst", "batch", "plane", "channels"],
  flattenBitsNhwc: ["src", "dst", "batch", "plane", "channels"],
  nhwcToMapF32: ["src", "dst", "pixels", "channels", "center", "scale", "shift"],
  nhwcToMapU8: ["src", "dst", "pixels", "channels", "center", "scale", "shift"],
  mapToNhwcF32: ["src", "dst", "pixels", "channels"],
  fakeQuantizeF32: ["src", "dst", "pixels", "channels", "scale", "zeroPoint", "low", "high", "halfAway"],
  logSoftmaxF32: ["src", "dst", "pixels", "channels"],
  preluF32: ["src", "dst", "pixels", "channels", "slope"],
  checksumWords: ["src", "dst", "bytes"],
} as const;
