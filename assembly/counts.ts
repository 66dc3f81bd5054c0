/**
 * Sums of counts. A convolution of few-bit planes is a sum of binary ones, sum over i of 2^i * counts_i: each plane's
 * counts are computed as ever, then added with a shift.
 *
 * Elements follow one another; rows and strides are the caller's, and any number of elements is allowed. Sums wrap like
 * the type.
 *
 * Cost of 4 counts: 2 loads, a shift, an addition and a store; of u16 half a load less and one instruction more to
 * widen.
 */

/** dst += src << shift, i32; shift 0 to 31. */
export function addCountsI32(dst: usize, src: usize, elements: i32, shift: i32): void {
  const bytes = (<usize>elements) << 2;
  let at: usize = 0;
  for (; at + 16 <= bytes; at += 16) {
    v128.store(dst + at, i32x4.add(v128.load(dst + at), i32x4.shl(v128.load(src + at), shift)));
  }
  for (; at < bytes; at += 4) store<i32>(dst + at, load<i32>(dst + at) + (load<i32>(src + at) << shift));
}

/** dst += src << shift, u16 into i32; shift 0 to 31. */
export function addCountsU16(dst: usize, src: usize, elements: i32, shift: i32): void {
  for (let left = elements; left >= 8; left -= 8) {
    const counts = v128.load(src);
    const low = i32x4.shl(i32x4.extend_low_i16x8_u(counts), shift);
    const high = i32x4.shl(i32x4.extend_high_i16x8_u(counts), shift);
    v128.store(dst, i32x4.add(v128.load(dst), low));
    v128.store(dst, i32x4.add(v128.load(dst, 16), high), 16);
    src += 16;
    dst += 32;
  }
  for (let left = elements & 7; left > 0; --left) {
    store<i32>(dst, load<i32>(dst) + ((<i32>load<u16>(src)) << shift));
    src += 2;
    dst += 4;
  }
}

/** u16 -> i32. */
export function widenCountsU16(src: usize, dst: usize, elements: i32): void {
  for (let left = elements; left >= 8; left -= 8) {
    const counts = v128.load(src);
    v128.store(dst, i32x4.extend_low_i16x8_u(counts));
    v128.store(dst, i32x4.extend_high_i16x8_u(counts), 16);
    src += 16;
    dst += 32;
  }
  for (let left = elements & 7; left > 0; --left) {
    store<i32>(dst, <i32>load<u16>(src));
    src += 2;
    dst += 4;
  }
}
