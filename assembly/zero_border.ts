/**
 * Corrections of counts at the border: from the counts of every output pixel takes correction[tap] for each of its taps
 * that falls outside the image. What a tap outside is worth is the caller's, in the corrections; here it is only
 * decided which taps are outside.
 *
 *   counts       [batch][row][column][channel] of T
 *   corrections  [tap][channel] of T         scratch  [channel] of T, written to
 *
 * All lanes of a pixel are treated alike. Sums wrap modulo 2^16 or 2^32 and come back, as long as the result fits T.
 *
 * COST: a pixel whose taps are all inside is not touched. One at the border loads, subtracts and stores its counts
 * once: the corrections of the taps outside are summed once for each stretch of pixels that miss the same taps, into
 * `scratch`.
 */

/**
 * Takes off the counts of each output pixel, in place, corrections[tap][c] for every tap outside the image; any i32
 * values, sums modulo 2^32. counts `[batch * outHeight * outWidth][countStride]` i32, corrections `[tap][countStride]`
 * i32, `scratch` countStride i32. A band of output rows from row y on is one image of so many rows, its padTop less by
 * y * strideHeight, which may make it negative.
 */
export function zeroBorderI32(
  counts: usize,
  corrections: usize,
  scratch: usize,
  batch: i32,
  height: i32,
  width: i32,
  countStride: i32,
  outHeight: i32,
  outWidth: i32,
  kernelHeight: i32,
  kernelWidth: i32,
  strideHeight: i32,
  strideWidth: i32,
  dilationHeight: i32,
  dilationWidth: i32,
  padTop: i32,
  padLeft: i32,
): void {
  subtractOutside<i32>(
    counts,
    corrections,
    scratch,
    (<usize>countStride) << 2,
    batch,
    height,
    width,
    outHeight,
    outWidth,
    kernelHeight,
    kernelWidth,
    strideHeight,
    strideWidth,
    dilationHeight,
    dilationWidth,
    padTop,
    padLeft,
  );
}

/** Counts of u16 or i32, `pixelBytes` bytes a pixel and in `scratch`. */
export function subtractOutside<T>(
  counts: usize,
  corrections: usize,
  scratch: usize,
  pixelBytes: usize,
  batch: i32,
  height: i32,
  width: i32,
  outHeight: i32,
  outWidth: i32,
  kernelHeight: i32,
  kernelWidth: i32,
  strideHeight: i32,
  strideWidth: i32,
  dilationHeight: i32,
  dilationWidth: i32,
  padTop: i32,
  padLeft: i32,
): void {
  const rowBytes = <usize>outWidth * pixelBytes;
  const imageBytes = <usize>outHeight * rowBytes;
  const reachHeight = (kernelHeight - 1) * dilationHeight;
  const reachWidth = (kernelWidth - 1) * dilationWidth;

  // Rows that miss taps above or below: stretches along the row.
  for (let y = 0; y < outHeight; ++y) {
    const top = y * strideHeight - padTop;
    if (top >= 0 && top + reachHeight < height) continue;
    for (let x = 0; x < outWidth; ++x) {
      const left = x * strideWidth - padLeft;
      const inside = left >= 0 && left + reachWidth < width;
      const previous = left - strideWidth;
      if (!inside || x == 0 || previous < 0) {
        sumOutside<T>(
          corrections,
          scratch,
          pixelBytes,
          kernelHeight,
          kernelWidth,
          top,
          height,
          dilationHeight,
          left,
          width,
          dilationWidth,
        );
      }
      const pixel = counts + <usize>y * rowBytes + <usize>x * pixelBytes;
      for (let image = 0; image < batch; ++image) subtract<T>(pixel + <usize>image * imageBytes, scratch, pixelBytes);
    }
  }

  // Columns that miss taps left or right, in the other rows: stretches along the column.
  for (let x = 0; x < outWidth; ++x) {
    const left = x * strideWidth - padLeft;
    if (left >= 0 && left + reachWidth < width) continue;
    sumOutside<T>(
      corrections,
      scratch,
      pixelBytes,
      kernelHeight,
      kernelWidth,
      0,
      reachHeight + 1,
      dilationHeight,
      left,
      width,
      dilationWidth,
    );
    for (let y = 0; y < outHeight; ++y) {
      const top = y * strideHeight - padTop;
      if (top < 0 || top + reachHeight >= height) continue;
      const pixel = counts + <usize>y * rowBytes + <usize>x * pixelBytes;
      for (let image = 0; image < batch; ++image) subtract<T>(pixel + <usize>image * imageBytes, scratch, pixelBytes);
    }
  }
}

/** sum = corrections of the taps that fall outside the image when the first one is at (top, left). */
function sumOutside<T>(
  corrections: usize,
  sum: usize,
  bytes: usize,
  kernelHeight: i32,
  kernelWidth: i32,
  top: i32,
  height: i32,
  dilationHeight: i32,
  left: i32,
  width: i32,
  dilationWidth: i32,
): void {
  memory.fill(sum, 0, bytes);
  for (let ky = 0; ky < kernelHeight; ++ky) {
    const yOutside = <u32>(top + ky * dilationHeight) >= <u32>height;
    for (let kx = 0; kx < kernelWidth; ++kx) {
      const xOutside = <u32>(left + kx * dilationWidth) >= <u32>width;
      if (yOutside || xOutside) {
        let i: usize = 0;
        for (; i + 16 <= bytes; i += 16) {
          v128.store(sum + i, v128.add<T>(v128.load(sum + i), v128.load(corrections + i)));
        }
        for (; i < bytes; i += sizeof<T>()) store<T>(sum + i, load<T>(sum + i) + load<T>(corrections + i));
      }
      corrections += bytes;
    }
  }
}

function subtract<T>(counts: usize, correction: usize, bytes: usize): void {
  let i: usize = 0;
  for (; i + 16 <= bytes; i += 16) {
    v128.store(counts + i, v128.sub<T>(v128.load(counts + i), v128.load(correction + i)));
  }
  for (; i < bytes; i += sizeof<T>()) store<T>(counts + i, load<T>(counts + i) - load<T>(correction + i));
}
