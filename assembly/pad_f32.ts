/**
 * The padded copy of an image that the float convolution reads, and the tail lanes of maps.
 *
 *   map      [row][column][stride]                    stride = ceil(channels / 4) * 4
 *   padded   [group][row][column][channels / groups]  zeros outside the map, no tail lanes, then 16 bytes of slack
 *
 * src/abi/sizes.ts (convF32ScratchBytes) sizes the copy by the same rules.
 */

/**
 * Whether a convolution reads a copy: always when taps fall outside the map; else when a kernel of more than one tap
 * would read short pieces in place (tail lanes or other groups between the pixels).
 */
// @ts-ignore: decorator
@inline
export function needsCopy(padded: bool, area: i32, channels: i32, groups: i32): bool {
  return padded || (area > 1 && (groups > 1 || (channels & 3) != 0));
}

/**
 * Copies rows [-padTop, paddedHeight - padTop) and columns [-padLeft, paddedWidth - padLeft) of a map, zeros outside
 * it.
 */
export function padImage(
  src: usize,
  dst: usize,
  height: i32,
  width: i32,
  channels: i32,
  paddedHeight: i32,
  paddedWidth: i32,
  padTop: i32,
  padLeft: i32,
  groups: i32,
): void {
  const perGroup = channels / groups;
  const pixelBytes = (<usize>perGroup) << 2;
  const srcPixel = (<usize>((channels + 3) & ~3)) << 2;
  const left = min(padLeft, paddedWidth);
  const columns = max(0, min(width, paddedWidth - padLeft));
  const right = paddedWidth - left - columns;
  const first = max(0, -padTop);
  const rows = max(0, min(height, paddedHeight - padTop) - first);
  const above = rows > 0 ? first + padTop : paddedHeight;
  const below = paddedHeight - above - rows;
  const rowBytes = <usize>width * srcPixel;
  for (let group = 0; group < groups; ++group) {
    let from = src + <usize>group * pixelBytes + <usize>first * rowBytes;
    // Zeros from one row's last pixel to the next one's first.
    let outside = above * paddedWidth + (rows > 0 ? left : 0);
    for (let row = 0; ; ++row) {
      const bytes = <usize>outside * pixelBytes;
      memory.fill(dst, 0, bytes);
      dst += bytes;
      if (row == rows) break;
      copyPixels(from, dst, columns, perGroup, srcPixel, groups == 1);
      from += rowBytes;
      dst += <usize>columns * pixelBytes;
      outside = right + (row + 1 < rows ? left : below * paddedWidth);
    }
  }
}

/**
 * Packs `pixels` pieces of `floats` floats, `srcStep` bytes apart. `whole` says that reading up to the next multiple of
 * four floats stays inside the source; the surplus lanes land where the next piece, the border or the slack is written
 * later.
 */
function copyPixels(src: usize, dst: usize, pixels: i32, floats: i32, srcStep: usize, whole: bool): void {
  const vectors = whole ? (floats + 3) >> 2 : floats >> 2;
  const rest = whole ? 0 : floats & 3;
  const dstStep = (<usize>floats) << 2;
  if (vectors == 1 && rest == 0) {
    // An image of 1 to 4 channels: half the time of the general loop.
    for (let pixel = 0; pixel < pixels; ++pixel) {
      v128.store(dst, v128.load(src));
      src += srcStep;
      dst += dstStep;
    }
    return;
  }
  for (let pixel = 0; pixel < pixels; ++pixel) {
    let from = src;
    let to = dst;
    for (let i = 0; i < vectors; ++i) {
      v128.store(to, v128.load(from));
      from += 16;
      to += 16;
    }
    if ((rest & 2) != 0) {
      store<u64>(to, load<u64>(from));
      from += 8;
      to += 8;
    }
    if ((rest & 1) != 0) store<u32>(to, load<u32>(from));
    src += srcStep;
    dst += dstStep;
  }
}

/** Writes zeros to the lanes past the last channel of a map. */
export function zeroTails(map: usize, pixels: i32, channels: i32): void {
  const tail = -channels & 3;
  zeroLanes(map + ((<usize>channels) << 2), pixels, tail, (<usize>(channels + tail)) << 2);
}

/** Writes zeros to `count` lanes, 0 to 3, from `lane` on, in each of `pixels` pixels, `step` bytes apart. */
// @ts-ignore: decorator
@inline
export function zeroLanes(lane: usize, pixels: i32, count: i32, step: usize): void {
  if (count == 0) return;
  for (let pixel = 0; pixel < pixels; ++pixel) {
    if ((count & 1) != 0) store<f32>(lane, 0);
    if ((count & 2) != 0) store<u64>(lane + ((<usize>(count & 1)) << 2), 0);
    lane += step;
  }
}
