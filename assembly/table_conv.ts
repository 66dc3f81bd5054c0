/**
 * Binary convolution by four-Russians tables: the fast path. It counts mismatches, popcount(activation XOR weight),
 * over all taps and channels; xnor_gemm.ts computes the same numbers and checks it.
 *
 * IDENTITY. Four activation bits (a nibble) have 16 values. For 32 output channels and one position in K, a table holds
 * the 16 possible partial counts of every channel, T[v] = popcount(w XOR v), so that one 16-byte load answers
 * 4 * 32 = 128 bit products:
 *
 *   entry T[v], 16 bytes       byte b = count of channel b | count of channel b + 16 << 4   (0 <= b < 16, counts 0..4)
 *   count[n] = sum over positions j of T_j[nibble j of the activations][n]
 *
 * The table of a position is the sum over its bits i of (bit i of v is set ? 1 - w_i : w_i): it starts from
 * T[0] = popcount(w) and every other entry is one addition of d_i = 1 - 2 * w_i away, for both channels of a byte at
 * once (0x11 - 2 * w_i).
 *
 * RANGES. A pixel takes a chunk of at most 48 positions at a time, three by three:
 *
 *   y = T_j + T_j+1 + T_j+2    nibbles <= 3 * 4 = 12: no carry from the low nibble to the high one
 *   x = sum of y mod 256       = low + 16 * high mod 256, low and high being the sums of the low and the high nibbles
 *   h = y & 0xf0               = 16 * (high nibble); a tree of avgr_u, (a + b + 1) >> 1, halves at each of its four
 *                              levels: exact, because after l halvings a node is a multiple of 2^(4-l), so a + b is
 *                              even, and the root is `high` itself
 *   low = x - 16 * high mod 256
 *
 * low, high <= 48 * 4 = 192 < 256, so u8 is exact. The chunks' counts are added in u16, exact while K = taps * channels
 * <= 65535; the host keeps longer ones on the GEMM. Bits past the last channel are 0 on both sides and match.
 *
 * LAYOUTS.
 *
 *   selectors  [batch][padded row][padded column][words][16] u8: byte i of a word of 64 channels is low nibble i * 16
 *              (i < 8) or high nibble (i - 8) * 16: the byte offset of an entry in a table of 256 bytes
 *
 *              |<- word 0 ---------------->|<- word 1 ...
 *              | lo0 lo1 .. lo7 hi0 .. hi7 | lo0 ..           x 16
 *
 *   The taps of a kernel row lie side by side there (dilation 1), so that a kernel row is one run of
 *   kernelWidth * words * 16 selectors: no im2col and no pointers to taps. Under dilation a run is one tap. A run is
 *   cut into chunks of 48, 32 or 16 (3 words, 2, 1).
 *
 *   weights    [block of 64 channels][kernel row][run][chunk][half 0..1][j < chunk][b < 16] u8, 1 bit a weight:
 *              byte = nibble of channel 64 * block + 32 * half + b | nibble of that channel + 16 << 4
 *   tables     [half][j][v < 16][b < 16] u8 at TABLE_BASE, at most 24,576 bytes: with selectors and counts streaming by
 *              they stay in a 32 KiB L1. A constant address makes every load's offset an immediate
 *   counts     [batch][row][column][ceil(N/64) * 64] u16
 *
 * GROUPS. Output channels that all read the same words, and all of their channels, are a convolution of their own:
 * selectors of these words, counts beside the others' in the same pixels. Else a block of 64 reads the words that its
 * groups need, and `masks`, one more bit a weight, tell which channels are its own: a product that does not count is w
 * = d = 0 in the table, 0.2 % more time at 28 x 28.
 *
 * COST of 128 bit products: 4.1 instructions (scalar popcnt 8, i8x16.popcnt about 10 without AVX-512). A table costs 16
 * stores and is rebuilt for each (band of output rows, block, chunk), which is about 2 % of the work at 1568 pixels a
 * band and 27 % at 7 x 7 = 49; the images of a batch share it.
 *
 * FENCES. After every triple the row kernels branch, never taken, to stores of x and of the newest node of the tree. V8
 * up to 12 keeps loads in the order of the code but sinks arithmetic to its use: with nothing that needs the sums, all
 * 96 loads of a pixel come first and spill. What the stores read is computed before the branch. Without fences Node 20
 * takes 1.8 times as long.
 *
 * CONSTANTS. Newer V8 makes a constant vector again wherever it is used, in three instructions, 32 times a pixel here:
 * 0xf0 is loaded from memory before the loop, and Node 24 is a quarter faster.
 *
 * SELECTORS are loaded two at a time, by u16. What else was tried, wider tables and wider loads among it:
 * docs/measurements.md.
 */
import { ownTables } from "./layout";
import { rowAdd16, rowAdd32, rowAdd48, rowSet16, rowSet32, rowSet48 } from "./table_conv_rows";

/** Output channels that one pass over the selectors counts, and of a block of weights. @host TABLE_CONV_BLOCK */
const BLOCK: i32 = 64;

/** Selectors of a word of 64 channels, a byte each. @host TABLE_CONV_WORD_BYTES */
const WORD_NIBBLES: i32 = 16;

/** The most selectors whose sums fit u8 and whose tables fit the L1 cache. */
const CHUNK: i32 = 48;

// @ts-ignore: decorator
@inline
function storeSelectors(dst: usize, word: usize): void {
  const bits = v128.load64_splat(word);
  const nibbles = i8x16.shuffle(i16x8.shl(bits, 4), bits, 0, 1, 2, 3, 4, 5, 6, 7, 24, 25, 26, 27, 28, 29, 30, 31);
  v128.store(dst, v128.and(nibbles, i8x16.splat(<i8>0xf0)));
}

/**
 * bits of `batch` images -> selectors of the padded images, `[batch][paddedHeight][paddedWidth][words][16]` u8. Pixels
 * of the border read the `words` words at `border`: zeros for -1 and for zero padding (which tableConvZeroBorder
 * completes), ones up to the last channel for +1. Sizes by `tableConvSelectorBytes`; a convolution that pads nothing
 * needs selectors too. A pixel of `bits` has `pixelWords` words, of which the `words` from that address on are read:
 * those of some groups, or all.
 */
export function tableConvSelectors(
  bits: usize,
  pixelWords: i32,
  selectors: usize,
  batch: i32,
  height: i32,
  width: i32,
  words: i32,
  padTop: i32,
  padLeft: i32,
  padBottom: i32,
  padRight: i32,
  border: usize,
): void {
  const paddedWidth = padLeft + width + padRight;
  // Pixels that lie one after the other are one run.
  const whole = pixelWords == words;
  const runs = whole ? 1 : width;
  const runWords = whole ? width * words : words;
  const runBytes = (<usize>(whole ? runWords : pixelWords)) << 3;
  let dst = selectors;
  for (let image = 0; image < batch; ++image) {
    let outside = padTop * paddedWidth + padLeft;
    for (let y = 0; ; ++y) {
      const pieces = outside + (y < height ? runs : 0);
      for (let piece = 0; piece < pieces; ++piece) {
        const inside = piece >= outside;
        let word = inside ? bits : border;
        const end = word + ((<usize>(inside ? runWords : words)) << 3);
        for (; word < end; word += 8) {
          storeSelectors(dst, word);
          dst += WORD_NIBBLES;
        }
        if (inside) bits += runBytes;
      }
      if (y == height) break;
      outside = padRight + (y + 1 < height ? padLeft : padBottom * paddedWidth);
    }
  }
}

// @ts-ignore: decorator
@inline
function runsPerRow(kernelWidth: i32, dilationWidth: i32): i32 {
  return dilationWidth == 1 ? 1 : kernelWidth;
}

/**
 * Weights `[channels][kernelHeight * kernelWidth][words]` u64 (as widenRows writes them) -> the table builder's order,
 * channels filled up with zeros to a multiple of 64. The order depends on dilationWidth (runs above). Sizes by
 * `tableConvWeightBytes`.
 */
export function tableConvPack(
  src: usize,
  dst: usize,
  channels: i32,
  kernelHeight: i32,
  kernelWidth: i32,
  words: i32,
  dilationWidth: i32,
): void {
  const rowBytes = (<usize>(kernelHeight * kernelWidth * words)) << 3;
  const runs = kernelHeight * runsPerRow(kernelWidth, dilationWidth);
  const runWords = (kernelHeight * kernelWidth * words) / runs;
  for (let block = 0; block < channels; block += BLOCK) {
    for (let run = 0; run < runs; ++run) {
      for (let word = 0; word < runWords;) {
        const chunk = min(runWords - word, CHUNK / WORD_NIBBLES);
        const column = src + ((<usize>(run * runWords + word)) << 3);
        for (let half = 0; half < 2; ++half) {
          for (let i = 0; i < chunk; ++i) {
            for (let b = 0; b < 16; ++b) {
              const channel = block + 32 * half + b;
              const at = column + <usize>channel * rowBytes + ((<usize>i) << 3);
              const first = channel < channels ? load<u64>(at) : 0;
              const second = channel + 16 < channels ? load<u64>(at + 16 * rowBytes) : 0;
              storeNibbles(dst + b, first, second);
            }
            dst += 16 * WORD_NIBBLES;
          }
        }
        word += chunk;
      }
    }
  }
}

/** The nibbles of a word of two channels as 16 bytes, 16 bytes apart, in the order of the selectors. */
function storeNibbles(dst: usize, first: u64, second: u64): void {
  let low = (first & 0x0f0f0f0f0f0f0f0f) | ((second & 0x0f0f0f0f0f0f0f0f) << 4);
  let high = ((first >> 4) & 0x0f0f0f0f0f0f0f0f) | (second & 0xf0f0f0f0f0f0f0f0);
  for (let i = 0; i < 8; ++i) {
    store<u8>(dst, <u8>low);
    store<u8>(dst, <u8>high, 128);
    low >>= 8;
    high >>= 8;
    dst += 16;
  }
}

/** The lowest bit of both nibbles in every byte; CONSTANTS at the top says why it is loaded. */
const LOW_BITS = memory.data<u64>([0x1111111111111111, 0x1111111111111111], 16);

/** Builds `count` tables of 256 bytes at TABLE_BASE from as many vectors of weights; `masks` 0 counts all of them. */
function buildTables(weights: usize, masks: usize, count: i32): void {
  const ones = v128.load(LOW_BITS);
  const end = weights + ((<usize>count) << 4);
  let t = ownTables();
  if (masks == 0) {
    for (; weights < end; weights += 16) {
      const w = v128.load(weights);
      const w0 = v128.and(w, ones);
      const w1 = v128.and(i16x8.shr_u(w, 1), ones);
      const w2 = v128.and(i16x8.shr_u(w, 2), ones);
      const w3 = v128.and(i16x8.shr_u(w, 3), ones);
      storeTable(t, w0, w1, w2, w3, step(ones, w0), step(ones, w1), step(ones, w2), step(ones, w3));
      t += 256;
    }
    return;
  }
  for (; weights < end; weights += 16) {
    const w = v128.load(weights);
    const m = v128.load(masks);
    const m0 = v128.and(m, ones);
    const m1 = v128.and(i16x8.shr_u(m, 1), ones);
    const m2 = v128.and(i16x8.shr_u(m, 2), ones);
    const m3 = v128.and(i16x8.shr_u(m, 3), ones);
    const w0 = v128.and(w, m0);
    const w1 = v128.and(i16x8.shr_u(w, 1), m1);
    const w2 = v128.and(i16x8.shr_u(w, 2), m2);
    const w3 = v128.and(i16x8.shr_u(w, 3), m3);
    storeTable(t, w0, w1, w2, w3, step(m0, w0), step(m1, w1), step(m2, w2), step(m3, w3));
    masks += 16;
    t += 256;
  }
}

/** What setting an activation's bit adds to a count: 1 - 2 w, or nothing under a mask of 0. */
// @ts-ignore: decorator
@inline
function step(mask: v128, weight: v128): v128 {
  return i8x16.sub(mask, i8x16.add(weight, weight));
}

/** The 16 entries of a table. */
// @ts-ignore: decorator
@inline
function storeTable(t: usize, w0: v128, w1: v128, w2: v128, w3: v128, d0: v128, d1: v128, d2: v128, d3: v128): void {
  const t0 = i8x16.add(i8x16.add(w0, w1), i8x16.add(w2, w3));
  const t1 = i8x16.add(t0, d0);
  const t2 = i8x16.add(t0, d1);
  const t3 = i8x16.add(t1, d1);
  v128.store(t, t0);
  v128.store(t, t1, 16);
  v128.store(t, t2, 32);
  v128.store(t, t3, 48);
  v128.store(t, i8x16.add(t0, d2), 64);
  v128.store(t, i8x16.add(t1, d2), 80);
  v128.store(t, i8x16.add(t2, d2), 96);
  v128.store(t, i8x16.add(t3, d2), 112);
  const t8 = i8x16.add(t0, d3);
  const t9 = i8x16.add(t1, d3);
  const t10 = i8x16.add(t2, d3);
  const t11 = i8x16.add(t3, d3);
  v128.store(t, t8, 128);
  v128.store(t, t9, 144);
  v128.store(t, t10, 160);
  v128.store(t, t11, 176);
  v128.store(t, i8x16.add(t8, d2), 192);
  v128.store(t, i8x16.add(t9, d2), 208);
  v128.store(t, i8x16.add(t10, d2), 224);
  v128.store(t, i8x16.add(t11, d2), 240);
}

// @ts-ignore: decorator
@inline
function countRow(
  chunk: i32,
  first: bool,
  pixels: i32,
  selectors: usize,
  selectorStep: usize,
  counts: usize,
  countStep: usize,
): void {
  if (chunk == 48) {
    if (first) rowSet48(pixels, selectors, selectorStep, counts, countStep);
    else rowAdd48(pixels, selectors, selectorStep, counts, countStep);
  } else if (chunk == 32) {
    if (first) rowSet32(pixels, selectors, selectorStep, counts, countStep);
    else rowAdd32(pixels, selectors, selectorStep, counts, countStep);
  } else {
    if (first) rowSet16(pixels, selectors, selectorStep, counts, countStep);
    else rowAdd16(pixels, selectors, selectorStep, counts, countStep);
  }
}

/**
 * Selectors and packed weights -> u16 counts of batch * outHeight * outWidth pixels, `countStride` u16 from pixel to
 * pixel, of which ceil(outChannels / 64) * 64 are written, those past the last channel meaningless; exact while K <=
 * 65535 (`tableConvIsExact`). The padded image must hold every tap. If `masks` is not 0, only products count whose bit
 * is set there; they lie as the weights do. `rowBand` >= 1 changes the speed alone (`tableConvRowBand`).
 *
 * It is the number of output rows, over all images, that a table serves before the next one is built: more rows build
 * less often, fewer keep selectors and counts in the L2 cache. Some blocks of 64 channels are the weights and counts
 * from there on.
 */
export function tableConv(
  selectors: usize,
  weights: usize,
  masks: usize,
  counts: usize,
  countStride: i32,
  batch: i32,
  paddedHeight: i32,
  paddedWidth: i32,
  words: i32,
  outHeight: i32,
  outWidth: i32,
  outChannels: i32,
  kernelHeight: i32,
  kernelWidth: i32,
  strideHeight: i32,
  strideWidth: i32,
  dilationHeight: i32,
  dilationWidth: i32,
  rowBand: i32,
): void {
  const pixelBytes = <usize>(words * WORD_NIBBLES);
  const rowBytes = <usize>paddedWidth * pixelBytes;
  const imageBytes = <usize>paddedHeight * rowBytes;
  const rowStep = <usize>strideHeight * rowBytes;
  const step = <usize>strideWidth * pixelBytes;
  const blocks = (outChannels + BLOCK - 1) / BLOCK;
  const countStep = (<usize>countStride) << 1;
  const runs = runsPerRow(kernelWidth, dilationWidth);
  const runNibbles = (kernelWidth / runs) * words * WORD_NIBBLES;
  const rows = batch * outHeight;

  for (let bandStart = 0; bandStart < rows; bandStart += rowBand) {
    const bandEnd = min(rows, bandStart + rowBand);
    const image = bandStart / outHeight;
    const bandOffset = <usize>image * imageBytes + <usize>(bandStart - image * outHeight) * rowStep;
    let w = weights;
    for (let block = 0; block < blocks; ++block) {
      let first = true;
      for (let ky = 0; ky < kernelHeight; ++ky) {
        for (let run = 0; run < runs; ++run) {
          const tap = selectors + <usize>(ky * dilationHeight) * rowBytes + <usize>(run * dilationWidth) * pixelBytes;
          for (let nibble = 0; nibble < runNibbles;) {
            const chunk = min(CHUNK, runNibbles - nibble);
            buildTables(w, masks == 0 ? 0 : masks + (w - weights), 2 * chunk);
            w += (<usize>chunk) << 5;
            let source = tap + <usize>nibble + bandOffset;
            let target = counts + <usize>(bandStart * outWidth) * countStep + <usize>(block * BLOCK * 2);
            let y = bandStart % outHeight;
            for (let row = bandStart; row < bandEnd; ++row) {
              countRow(chunk, first, outWidth, source, step, target, countStep);
              source += rowStep;
              target += <usize>outWidth * countStep;
              if (++y == outHeight) {
                y = 0;
                source += imageBytes - <usize>outHeight * rowStep;
              }
            }
            first = false;
            nibble += chunk;
          }
        }
      }
    }
  }
}
