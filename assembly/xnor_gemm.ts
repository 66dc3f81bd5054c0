/**
 * XNOR-popcount GEMM: the portable path of binary convolutions, and what the faster ones are checked against.
 *
 *   counts[m][n] = popcount(rows[m] XOR weights[n])        dot of the +-1 vectors = K - 2 * counts[m][n]
 *
 * Mismatches are counted instead of matches, so that tail bits (zero in both operands) contribute nothing for any K.
 * Counts are summed in u64 and stored as i32: exact for every K < 2^31.
 *
 *   rows     [rowCount][words] u64
 *   weights  [ceil(channels / 4)][words][4] u64:       counts   [rowCount][countStride] i32
 *
 *            | n0.w0 n1.w0 n2.w0 n3.w0 | n0.w1 n1.w1 n2.w1 n3.w1 | ... | then channels 4 to 7 ...
 *
 * A tile is 2 rows by 4 channels: 2 + 4 loads feed 8 times (xor, popcnt, add), 8 sums in registers. Rows go in blocks
 * of 16 KiB, so that they and one panel of weights stay in the first-level cache for any layer.
 *
 * Cost: 3 instructions and 0.75 loads per 64 bit products. A tile of 2x2 is up to 3 % faster in V8, but has more loads
 * a product, which costs where bounds are checked in code. Other tiles, vectors and carry-save adders lost:
 * docs/measurements.md.
 */

/** Rows of one block: 16 KiB of them. */
// @ts-ignore: decorator
@inline
const BLOCK_BYTES: usize = 16384;

/** Output channels of one panel of weights. @host XNOR_GEMM_PANEL */
// @ts-ignore: decorator
@inline
const PANEL: i32 = 4;

/**
 * Weights `[channels][words]` u64 -> panels of four channels, interleaved by word, missing channels of the last panel
 * zero; sizes by `xnorGemmWeightBytes`.
 */
export function xnorGemmPack(src: usize, dst: usize, channels: i32, words: i32): void {
  const rowBytes = (<usize>words) << 3;
  for (let panel = 0; panel < channels; panel += PANEL) {
    for (let j = 0; j < PANEL; ++j) {
      const row = src + <usize>(panel + j) * rowBytes;
      const present = panel + j < channels;
      for (let word = 0; word < words; ++word) {
        const bits = present ? load<u64>(row + ((<usize>word) << 3)) : 0;
        store<u64>(dst + ((<usize>(word * PANEL + j)) << 3), bits);
      }
    }
    dst += rowBytes * PANEL;
  }
}

/**
 * counts[m][n] (i32) = popcount(rows[m] XOR weights[n]) over `words` u64; `weights` in the order of xnorGemmPack. Exact
 * for any K < 2^31.
 */
export function xnorGemm(
  rows: usize,
  weights: usize,
  counts: usize,
  rowCount: i32,
  channels: i32,
  words: i32,
  countStride: i32,
): void {
  const rowBytes = (<usize>words) << 3;
  const panelBytes = rowBytes * PANEL;
  const countBytes = (<usize>countStride) << 2;
  const block = max<i32>(2, <i32>(BLOCK_BYTES / max<usize>(rowBytes, 8)));
  for (let first = 0; first < rowCount; first += block) {
    const end = min(first + block, rowCount);
    let panel = weights;
    for (let n = 0; n < channels; n += PANEL) {
      for (let m = first; m < end; m += 2) {
        // An odd last row is paired with itself: the same counts are stored twice, and no second loop is needed.
        const other = min(m + 1, end - 1);
        let a0 = rows + <usize>m * rowBytes;
        let a1 = rows + <usize>other * rowBytes;
        const stop = a0 + rowBytes;
        let w = panel;
        let sum00: u64 = 0;
        let sum01: u64 = 0;
        let sum02: u64 = 0;
        let sum03: u64 = 0;
        let sum10: u64 = 0;
        let sum11: u64 = 0;
        let sum12: u64 = 0;
        let sum13: u64 = 0;
        while (a0 != stop) {
          const x0 = load<u64>(a0);
          const x1 = load<u64>(a1);
          const w0 = load<u64>(w);
          sum00 += popcnt(x0 ^ w0);
          sum10 += popcnt(x1 ^ w0);
          const w1 = load<u64>(w, 8);
          sum01 += popcnt(x0 ^ w1);
          sum11 += popcnt(x1 ^ w1);
          const w2 = load<u64>(w, 16);
          sum02 += popcnt(x0 ^ w2);
          sum12 += popcnt(x1 ^ w2);
          const w3 = load<u64>(w, 24);
          sum03 += popcnt(x0 ^ w3);
          sum13 += popcnt(x1 ^ w3);
          a0 += 8;
          a1 += 8;
          w += 32;
        }
        const out = counts + ((<usize>n) << 2);
        storeCounts(out + <usize>m * countBytes, channels - n, sum00, sum01, sum02, sum03);
        storeCounts(out + <usize>other * countBytes, channels - n, sum10, sum11, sum12, sum13);
      }
      panel += panelBytes;
    }
  }
}

/** Stores the first `left` of four counts. */
// @ts-ignore: decorator
@inline
function storeCounts(out: usize, left: i32, sum0: u64, sum1: u64, sum2: u64, sum3: u64): void {
  store<i32>(out, <i32>sum0);
  if (left > 1) store<i32>(out, <i32>sum1, 4);
  if (left > 2) store<i32>(out, <i32>sum2, 8);
  if (left > 3) store<i32>(out, <i32>sum3, 12);
}
