/** The checksum of constants, in the debug build. */
import { checksumWords } from "../../assembly/checksum";

describe("checksumWords", () => {
  it("adds words and partial sums of each lane, and writes 32 bytes", () => {
    const words = 48;
    const src = heap.alloc(words * 4);
    const dst = heap.alloc(36);
    store<i32>(dst + 32, -77);
    for (let i = 0; i < words; ++i) store<u32>(src + i * 4, <u32>(i + 1) * 2654435761);
    checksumWords(src, dst, words * 4);
    for (let lane = 0; lane < 4; ++lane) {
      let first: u32 = 0;
      let second: u32 = 0;
      for (let i = lane; i < words; i += 4) {
        first += load<u32>(src + i * 4);
        second += first;
      }
      expect<u32>(load<u32>(dst + lane * 4)).toBe(first);
      expect<u32>(load<u32>(dst + 16 + lane * 4)).toBe(second);
    }
    expect<i32>(load<i32>(dst + 32)).toBe(-77);
    heap.free(src);
    heap.free(dst);
  });
});
