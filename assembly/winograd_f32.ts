/**
 * Full-precision convolution by Winograd's minimal filtering, three outputs at a time along each axis: the 7x7 stem
 * with stride 2 takes 40.3 multiplies an output in place of 147, a 3x3 layer 2.8 in place of 9, one of stride 2 5.4.
 *
 * PHASES. A convolution of stride s is a sum of s * s convolutions of stride 1, one for each phase (py, px) of the
 * image,
 *
 *   image_p[y][x] = image[y * s + py][x * s + px]        filter_p[i][j] = filter[i * s + py][j * s + px]
 *
 * so that a kernel of up to 4 s taps an axis has phases of at most 4: 7 taps with stride 2 are 4 (even) and 3 (odd).
 *
 * IDENTITY. Three outputs of four taps are the coefficients of a product of polynomials, found from its values at six
 * points; of two taps at four. With d the inputs of a tile and g the filter, both of one phase and channel,
 *
 *   out = A^T (sum over phases and channels of (G g G^T) * (B^T d B)) A          * element by element
 *
 *   points      B^T: values of the inputs            G: values of the filter        A^T: back to three outputs
 *     0         [1  3/2  -2   -3/2   1    0]         [ 1    0    0    0] / 1         [1  1  1  1   1    0]
 *     1         [0  -1   -5/2 -1/2   1    0]         [ 1    1    1    1] / -3        [0  1 -1  2  -1/2  0]
 *    -1         [0   1    1/2 -5/2   1    0]         [ 1   -1    1   -1] / 3         [0  1  1  4   1/4  1]
 *     2         [0 -1/2  -1    1/2   1    0]         [ 1    2    4    8] / 15
 *   -1/2        [0   2   -1   -2     1    0]         [ 1  -1/2  1/4 -1/8] * -16/15
 *   infinity    [0   1   3/2  -2   -3/2   1]         [ 0    0    0    1]
 *
 *     0         [-1  0  1  0]                          [ 1    0] / -1                [1  1  1  0]
 *     1         [ 0  1  1  0]                          [ 1    1] / 2                 [0  1 -1  0]
 *    -1         [ 0 -1  1  0]                          [ 1   -1] / 2                 [0  1  1  1]
 *   infinity    [ 0 -1  0  1]                          [ 0    1]
 *
 * A kernel of at most two taps a phase takes the second table. The value of a filter at infinity is its last tap's, so
 * a phase that has one tap less than the table (three, or one) has no product there and none is computed.
 *
 * ERROR. Not the direct sum's roundings, but no more of them on photographs through a trained stem; on white noise
 * through random weights 2.7 times as much. The points and the size of the tile were chosen for it
 * (docs/measurements.md). A NaN or an infinity of the image reaches all nine outputs of its tiles as NaN.
 *
 * LAYOUTS.
 *
 *   rows      [phase y][point y][column][stride]           B^T along y of one row of tiles, zeros outside the image
 *   values    [point][tile][phase][channel], then a tail   B^T d B of a band of tiles, the phases that have the point
 *   weights   [group][block of 8 channels][point][phase][channel][8]
 *   products  [tile][point][8]                             of one block; winograd_transform.ts makes nine outputs of 36
 *
 * A band is as many rows of tiles as keep the values in the second-level cache. Cost: 0.47 of the direct convolution's
 * time for the stem; two thirds of it are products, and transforms weigh more the fewer channels there are.
 *
 * GROUPS. A group's channels of one phase are a run of the values, so groups are served at stride 1.
 */
import { TILE_CHANNELS } from "./conv_tile_f32";
import { ownScratch } from "./layout";
import { zeroTails } from "./pad_f32";
import { mapStride } from "./sign_bits";
import { farPhases, nearPoints, phasesAt } from "./winograd_pack";
import { pointProducts } from "./winograd_products";
import { storeTiles, TILE_BYTES, transformColumns, transformRows } from "./winograd_transform";

/** Where the bias of a block is copied to: a group's channels need not be aligned. */
// @ts-ignore: decorator
@inline
function blockBias(): usize {
  return ownScratch() + 512;
}

/** Tiles of a band, as far as their values leave room. @host WINOGRAD_BAND_TILES */
const BAND_TILES: i32 = 80;

/**
 * Values of a band's transformed inputs. src/abi/sizes.ts sizes the scratch by the same rule. @host
 * WINOGRAD_BAND_VALUES
 */
const BAND_VALUES: i32 = 65536;

/**
 * What convF32 computes, within its rounding, by Winograd's tiles of 3x3 outputs: no dilation, at most 4 * stride taps
 * along each axis, groups at stride 1 only. `scratch` is `winogradF32ScratchBytes` bytes.
 */
export function winogradF32(
  src: usize,
  dst: usize,
  weights: usize,
  bias: usize,
  scratch: usize,
  batch: i32,
  height: i32,
  width: i32,
  inChannels: i32,
  outHeight: i32,
  outWidth: i32,
  outChannels: i32,
  kernelHeight: i32,
  kernelWidth: i32,
  strideHeight: i32,
  strideWidth: i32,
  padTop: i32,
  padLeft: i32,
  groups: i32,
  relu: i32,
): void {
  const pixelBytes = mapStride(inChannels) << 2;
  const rowBytes = <usize>width * pixelBytes;
  const outStep = mapStride(outChannels) << 2;
  const outRow = <usize>outWidth * outStep;
  const nearY = nearPoints(kernelHeight, strideHeight);
  const nearX = nearPoints(kernelWidth, strideWidth);
  const farY = farPhases(kernelHeight, strideHeight);
  const farX = farPhases(kernelWidth, strideWidth);

  const tilesY = (outHeight + 2) / 3;
  const tilesX = (outWidth + 2) / 3;
  const columns = strideWidth * (3 * tilesX + 3);
  const pointPhases = (nearY * strideHeight + farY) * (nearX * strideWidth + farX);
  const bandRows = max(1, min(BAND_TILES, BAND_VALUES / (pointPhases * inChannels)) / tilesX);
  const bandTiles = <usize>((bandRows * tilesX + 3) & ~3);
  const channelBytes = (<usize>inChannels) << 2;
  // Vectors of four channels write past the last one: the next phase overwrites that, and the last phase has a tail for
  // it.
  const tail = (<usize>(-inChannels & 3)) << 2;

  const outputs = outChannels / groups;
  const blocks = (outputs + TILE_CHANNELS - 1) / TILE_CHANNELS;
  const groupBytes = channelBytes / <usize>groups;

  const zeroRow = scratch;
  const rows = zeroRow + rowBytes;
  const rowStep = <usize>columns * pixelBytes;
  const values = rows + <usize>(6 * strideHeight) * rowStep;
  const products = values + (<usize>pointPhases * channelBytes + 36 * tail) * bandTiles;
  memory.fill(scratch, 0, products - scratch);

  const copied = <usize>max(0, min(width, columns - padLeft)) * pixelBytes;
  const map = dst;
  for (let image = 0; image < batch; ++image) {
    for (let first = 0; first < tilesY; first += bandRows) {
      const last = min(tilesY, first + bandRows);
      for (let tileY = first; tileY < last; ++tileY) {
        for (let py = 0; py < strideHeight; ++py) {
          transformRows(
            src,
            zeroRow,
            rows + <usize>(6 * py) * rowStep + <usize>padLeft * pixelBytes,
            rowStep,
            copied,
            3 * tileY * strideHeight + py - padTop,
            strideHeight,
            height,
            rowBytes,
            nearY == 5,
            py < farY,
          );
        }
        let plane = values;
        const tile = <usize>((tileY - first) * tilesX);
        for (let a = 0; a < 6; ++a) {
          const phasesY = phasesAt(a, nearY, strideHeight, farY);
          const near = <usize>(phasesY * strideWidth) * channelBytes + tail;
          const far = <usize>(phasesY * farX) * channelBytes + tail;
          const farPlane = plane + <usize>nearX * near * bandTiles;
          for (let phase = 0; phase < phasesY * strideWidth; ++phase) {
            const py = phase / strideWidth;
            const px = phase % strideWidth;
            transformColumns(
              rows + <usize>(6 * py + a) * rowStep + <usize>px * pixelBytes,
              <usize>strideWidth * pixelBytes,
              tilesX,
              channelBytes,
              plane + tile * near + <usize>phase * channelBytes,
              near * bandTiles,
              near,
              nearX == 5,
              px < farX ? farPlane + tile * far + <usize>(py * farX + px) * channelBytes : 0,
              far,
            );
          }
          plane = farPlane + far * bandTiles;
        }
      }

      const tiles = (last - first) * tilesX;
      let w = weights;
      for (let block = 0; block < groups * blocks; ++block) {
        const group = block / blocks;
        const n = (block % blocks) * TILE_CHANNELS;
        let v = values + <usize>group * groupBytes;
        let m = products;
        for (let point = 0; point < 36; ++point) {
          const phasesY = phasesAt(point / 6, nearY, strideHeight, farY);
          const phases = <usize>(phasesY * phasesAt(point % 6, nearX, strideWidth, farX));
          const tileBytes = phases * channelBytes + tail;
          if (phases > 0) {
            const bytes = phases * groupBytes;
            pointProducts(v, tileBytes, w, m, tiles, bytes);
            w += bytes * TILE_CHANNELS;
          }
          // Planes of values lie as they were written: one for each near point and one more in every row of points.
          if (point % 6 < nearX || point % 6 == 5) v += tileBytes * bandTiles;
          m += TILE_CHANNELS << 2;
        }
        const channel = (<usize>(group * outputs + n)) << 2;
        memory.copy(blockBias(), bias + channel, (<usize>min(TILE_CHANNELS, outputs - n)) << 2);
        m = products;
        for (let tileY = first; tileY < last; ++tileY) {
          storeTiles(
            m,
            nearY == 5,
            nearX == 5,
            farY > 0,
            farX > 0,
            blockBias(),
            relu != 0,
            dst + <usize>(3 * tileY) * outRow + channel,
            outRow,
            outStep,
            outHeight - 3 * tileY,
            outWidth,
            outputs - n,
          );
          m += <usize>tilesX * TILE_BYTES;
        }
      }
    }
    src += <usize>height * rowBytes;
    dst += <usize>outHeight * outRow;
  }
  zeroTails(map, batch * outHeight * outWidth, outChannels);
}
