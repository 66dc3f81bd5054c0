/** The popcount GEMM in the debug build, beside counts bit by bit. */
import { xnorGemm, xnorGemmPack } from "../../assembly/xnor_gemm";

/** Reproducible words; `kind` 0: mixed, 1: all zero, 2: all ones. */
function fillWords(pointer: usize, count: i32, seed: u64, kind: i32): void {
  let state: u64 = seed * 0x9e3779b97f4a7c15 + 1;
  for (let i = 0; i < count; ++i) {
    state ^= state << 13;
    state ^= state >> 7;
    state ^= state << 17;
    store<u64>(pointer + i * 8, kind == 0 ? state : kind == 1 ? 0 : u64.MAX_VALUE);
  }
}

/** Mismatching bits, one at a time. */
function naiveCount(a: usize, b: usize, words: i32): i32 {
  let count = 0;
  for (let bit = 0; bit < words * 64; ++bit) {
    const byte = bit >> 3;
    const differ = <i32>(load<u8>(a + byte) ^ load<u8>(b + byte));
    count += (differ >> (bit & 7)) & 1;
  }
  return count;
}

/** Number of counts that differ from the naive ones, or of lanes between channels and stride that were written. */
function wrongCounts(rowCount: i32, channels: i32, words: i32, surplus: i32, rowKind: i32, weightKind: i32): i32 {
  const stride = channels + surplus;
  const panels = ((channels + 3) >> 2) * 4;
  const rows = heap.alloc(rowCount * words * 8);
  const weights = heap.alloc(channels * words * 8);
  const tiled = heap.alloc(panels * words * 8);
  const counts = heap.alloc(rowCount * stride * 4 + 4);
  fillWords(rows, rowCount * words, 1, rowKind);
  fillWords(weights, channels * words, 2, weightKind);
  memory.fill(counts, 0xa5, rowCount * stride * 4 + 4);
  xnorGemmPack(weights, tiled, channels, words);
  xnorGemm(rows, tiled, counts, rowCount, channels, words, stride);
  let wrong = load<u32>(counts + rowCount * stride * 4) == 0xa5a5a5a5 ? 0 : 1;
  for (let m = 0; m < rowCount; ++m) {
    for (let n = 0; n < stride; ++n) {
      let expected: i32 = 0xa5a5a5a5;
      if (n < channels) expected = naiveCount(rows + m * words * 8, weights + n * words * 8, words);
      if (load<i32>(counts + (m * stride + n) * 4) != expected) ++wrong;
    }
  }
  heap.free(rows);
  heap.free(weights);
  heap.free(tiled);
  heap.free(counts);
  return wrong;
}

describe("XNOR-popcount GEMM", () => {
  test("every remainder of rows and channels", () => {
    for (let rows = 1; rows <= 7; ++rows) {
      for (let channels = 1; channels <= 9; ++channels) {
        expect(wrongCounts(rows, channels, 1 + ((rows + channels) % 5), channels % 3, 0, 0)).toBe(0);
      }
    }
  });

  test("all bits matched and all mismatched", () => {
    expect(wrongCounts(5, 6, 9, 0, 2, 2)).toBe(0);
    expect(wrongCounts(5, 6, 9, 0, 2, 1)).toBe(0);
    expect(wrongCounts(3, 5, 72, 1, 1, 2)).toBe(0);
  });

  test("rows of more than a block", () => {
    expect(wrongCounts(3, 5, 1100, 0, 0, 0)).toBe(0);
    expect(wrongCounts(131, 5, 33, 0, 0, 0)).toBe(0);
  });
});
