/**
 * What the byte-image convolution reads: the image interleaved, widened to i16, with zeros around, and strips of it.
 *
 *   image    [channel][row][column] u8
 *   padded   [row][column][channel] i16, zero outside the image
 *   strip    [column][kernel row][channel] i16
 *
 * Three planes go 8 pixels a step: a shuffle picks its bytes from r0..r7 g0..g7 and b0..b7 0..0, zeros between them, so
 * widening costs nothing.
 *
 *   r0 . g0 . b0 . r1 . g1 . b1 . r2 . g2 .
 *   b2 . r3 . g3 . b3 . r4 . g4 . b4 . r5 .
 *   g5 . b5 . r6 . g6 . b6 . r7 . g7 . b7 .
 *
 * src/abi/sizes.ts (convU8ScratchBytes) sizes both.
 */

/**
 * Copies rows [-padTop, paddedHeight - padTop) and columns [-padLeft, paddedWidth - padLeft) of an image, zeros outside
 * it. Planes of channels begin `plane` bytes apart; the image is `interleaved` if it is [row][column][channel] already.
 */
export function padImageU8(
  src: usize,
  plane: usize,
  dst: usize,
  height: i32,
  width: i32,
  channels: i32,
  paddedHeight: i32,
  paddedWidth: i32,
  padTop: i32,
  padLeft: i32,
  interleaved: bool,
): void {
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
    dst = fillZeros(dst, <usize>left * pixelBytes);
    const from = src + <usize>y * <usize>width;
    if (channels == 1) widenRow(from, dst, columns);
    else if (interleaved) widenRow(src + <usize>(y * width * channels), dst, columns * channels);
    else if (channels == 3) interleaveRow3(from, from + plane, from + 2 * plane, dst, columns);
    else interleaveRow(from, plane, dst, columns, channels);
    dst += <usize>columns * pixelBytes;
    dst = fillZeros(dst, <usize>right * pixelBytes);
  }
}

/**
 * Zeroes a few bytes, an even number, and returns their end: memory.fill is a call out of the module, as long as a
 * row's copy.
 */
// @ts-ignore: decorator
@inline
function fillZeros(dst: usize, bytes: usize): usize {
  const end = dst + bytes;
  for (; dst < end; dst += 2) store<u16>(dst, 0);
  return end;
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

/** Makes a strip of `rows` rows of the padded copy, `rowStep` bytes apart. */
export function buildStrip(src: usize, dst: usize, columns: i32, channels: i32, rows: i32, rowStep: usize): void {
  const columnBytes = (<usize>(rows * channels)) << 1;
  let row = 0;
  if (channels == 3) {
    // Two rows at a time, and 4 values for 3 that are needed, which the next row overwrites: half the time.
    for (; row + 2 < rows; row += 2) {
      copyRows3(src, dst, columns, rowStep, columnBytes);
      src += 2 * rowStep;
      dst += 12;
    }
  }
  for (; row < rows; ++row) {
    copyRow(src, dst, columns, channels, columnBytes);
    src += rowStep;
    dst += (<usize>channels) << 1;
  }
}

/** Two rows of 3-channel pixels to `step` bytes a pixel; writes 2 bytes past the second. */
function copyRows3(src: usize, dst: usize, columns: i32, rowStep: usize, step: usize): void {
  const end = src + <usize>columns * 6;
  for (; src < end; src += 6) {
    store<u64>(dst, load<u64>(src));
    store<u64>(dst, load<u64>(src + rowStep), 6);
    dst += step;
  }
}

/** One row of pixels to `step` bytes a pixel. */
function copyRow(src: usize, dst: usize, columns: i32, channels: i32, step: usize): void {
  const pixelBytes = (<usize>channels) << 1;
  const end = src + <usize>columns * pixelBytes;
  if (channels == 3) {
    for (; src < end; src += 6) {
      store<u32>(dst, load<u32>(src));
      store<u16>(dst, load<u16>(src, 4), 4);
      dst += step;
    }
    return;
  }
  for (; src < end; src += pixelBytes) {
    for (let i: usize = 0; i < pixelBytes; i += 2) store<u16>(dst + i, load<u16>(src + i));
    dst += step;
  }
}
