/**
 * Checksum of a program's constants: for each lane l of 4, of the u32 word w_i of vector i of n,
 *
 *   first_l = sum over i of w_i,   second_l = sum over i of (n - i) * w_i,   modulo 2^32
 *
 * the sum of words and the sum of its partial sums. A change of one word changes first, an exchange of two that differ
 * changes second if they are of one lane, first if they are not.
 *
 *   dst  | first: 4 x u32 | second: 4 x u32 |
 *
 * Cost of 16 bytes: a load and two additions.
 */

/** The sums of `bytes` bytes, a multiple of 16: 32 bytes at `dst`. */
export function checksumWords(src: usize, dst: usize, bytes: usize): void {
  let first = i32x4.splat(0);
  let second = i32x4.splat(0);
  for (let at: usize = 0; at < bytes; at += 16) {
    first = i32x4.add(first, v128.load(src + at));
    second = i32x4.add(second, first);
  }
  v128.store(dst, first);
  v128.store(dst, second, 16);
}
