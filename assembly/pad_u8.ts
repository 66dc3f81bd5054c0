/**
 * The copy of a byte image that its convolution reads: planes interleaved, widened to i16, zeros around.
 *
 *   image    [channel][row][column] u8
 *   padded   [row][column][channel] i16, zero outside the image
 *
 * Three planes, 8 pixels a step: a shuffle takes its bytes from r0..r7 g0..g7 and b0..b7 0..0, so widening costs nothing.
 *
 *   r0 . g0 . b0 . r1 . g1 . b1 . r2 . g2 . | b2 . r3 . g3 . b3 . r4 . g4 . b4 . r5 . | g5 . b5 . r6 . g6 . b6 . r7 . g7 . b7 .
 *
 * src/compiler/kernel_sizes.ts (convU8ScratchBytes) sizes the copy.
 */

/** Copies rows [-padTop, paddedHeight - padTop) and columns [-padLeft, paddedWidth - padLeft) of an image, zeros outside it. */
export function padImageU8(
  src: usize,
  dst: usize,
  height: i32,
  width: i32,
  channels: i32,
  paddedHeight: i32,
  paddedWidth: i32,
  padTop: i32,
  padLeft: i32,
): void {
  const plane = <usize>height * <usize>width;
  const pixelBytes = (<usize>channels) << 1;
  const left = min(padLeft, paddedWidth);
  const columns = max(0, min(width, paddedWidth - padLeft));
  const right = paddedWidth - left - columns;
  for (let row = 0; row < paddedHeight; ++row) {
    const y = row - padTop;
    if (y < 0 || y >= height) {
      memory.fill(dst, 0, <usize>paddedWidth * pixelBytes);
      dst += <usize>paddedWidth * pixelBytes;
      continue;
    }
    memory.fill(dst, 0, <usize>left * pixelBytes);
    dst += <usize>left * pixelBytes;
    const from = src + <usize>y * <usize>width;
    if (channels == 1) widenRow(from, dst, columns);
    else if (channels == 3) interleaveRow3(from, from + plane, from + 2 * plane, dst, columns);
    else interleaveRow(from, plane, dst, columns, channels);
    dst += <usize>columns * pixelBytes;
    memory.fill(dst, 0, <usize>right * pixelBytes);
    dst += <usize>right * pixelBytes;
  }
}

function widenRow(src: usize, dst: usize, columns: i32): void {
  let x = 0;
  for (; x + 8 <= columns; x += 8) v128.store(dst + ((<usize>x) << 1), v128.load8x8_u(src + <usize>x));
  for (; x < columns; ++x) store<u16>(dst + ((<usize>x) << 1), load<u8>(src + <usize>x));
}

function interleaveRow3(red: usize, green: usize, blue: usize, dst: usize, columns: i32): void {
  let x: usize = 0;
  const end = <usize>columns;
  for (; x + 8 <= end; x += 8) {
    const rg = v128.load64_lane(green + x, v128.load64_zero(red + x), 1);
    const b0 = v128.load64_zero(blue + x);
    v128.store(dst, v128.shuffle<u8>(rg, b0, 0, 24, 8, 24, 16, 24, 1, 24, 9, 24, 17, 24, 2, 24, 10, 24));
    v128.store(dst, v128.shuffle<u8>(rg, b0, 18, 24, 3, 24, 11, 24, 19, 24, 4, 24, 12, 24, 20, 24, 5, 24), 16);
    v128.store(dst, v128.shuffle<u8>(rg, b0, 13, 24, 21, 24, 6, 24, 14, 24, 22, 24, 7, 24, 15, 24, 23, 24), 32);
    dst += 48;
  }
  for (; x < end; ++x) {
    store<u16>(dst, load<u8>(red + x));
    store<u16>(dst, load<u8>(green + x), 2);
    store<u16>(dst, load<u8>(blue + x), 4);
    dst += 6;
  }
}

function interleaveRow(src: usize, plane: usize, dst: usize, columns: i32, channels: i32): void {
  const pixelBytes = (<usize>channels) << 1;
  for (let c = 0; c < channels; ++c) {
    let to = dst + ((<usize>c) << 1);
    for (let x = 0; x < columns; ++x) {
      store<u16>(to, load<u8>(src + <usize>x));
      to += pixelBytes;
    }
    src += plane;
  }
}
