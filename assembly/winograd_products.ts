/**
 * The products of the Winograd convolution at one point: a GEMM of 4 tiles times 8 output channels a step,
 *
 *   products[tile][n] = sum over k of values[tile][k] * weights[k][n]        k = phase, channel
 *
 * with the registers and the loop of conv_tile_f32.ts: 8 accumulators, 2 loads of weights and 4 broadcasts a k, three k
 * a pass. The k are few here (12 in a stem of 3 channels), so what that tile does besides (runs of inputs, pixels that
 * lie anywhere, a bias) made the products a third slower: these tiles are equally far apart, and their k are one run.
 */
import { madd } from "./madd";
import { TILE_BYTES } from "./winograd_transform";

/**
 * @param values of the first tile, `tileStep` bytes from tile to tile; groups of four are read to the end
 * @param bytes of a tile's values, 4 times the number of k
 * @param dst where the first tile's 8 products go, TILE_BYTES from tile to tile
 */
export function pointProducts(
  values: usize,
  tileStep: usize,
  weights: usize,
  dst: usize,
  tiles: i32,
  bytes: usize,
): void {
  const step2 = tileStep + tileStep;
  const step3 = step2 + tileStep;
  for (; tiles > 0; tiles -= 4) {
    let low0 = f32x4.splat(0);
    let high0 = low0;
    let low1 = low0;
    let high1 = low0;
    let low2 = low0;
    let high2 = low0;
    let low3 = low0;
    let high3 = low0;
    let w = weights;
    let a = values;
    const end = a + bytes;
    const last1 = end - 4;
    const last2 = end - 8;
    do {
      const a1 = a + tileStep;
      const a2 = a + step2;
      const a3 = a + step3;

      const wLowA = v128.load(w, 0);
      const wHighA = v128.load(w, 16);
      const x0A = v128.load32_splat(a, 0);
      low0 = madd(x0A, wLowA, low0);
      high0 = madd(x0A, wHighA, high0);
      const x1A = v128.load32_splat(a1, 0);
      low1 = madd(x1A, wLowA, low1);
      high1 = madd(x1A, wHighA, high1);
      const x2A = v128.load32_splat(a2, 0);
      low2 = madd(x2A, wLowA, low2);
      high2 = madd(x2A, wHighA, high2);
      const x3A = v128.load32_splat(a3, 0);
      low3 = madd(x3A, wLowA, low3);
      high3 = madd(x3A, wHighA, high3);
      if (a == last1) break;

      const wLowB = v128.load(w, 32);
      const wHighB = v128.load(w, 48);
      const x0B = v128.load32_splat(a, 4);
      low0 = madd(x0B, wLowB, low0);
      high0 = madd(x0B, wHighB, high0);
      const x1B = v128.load32_splat(a1, 4);
      low1 = madd(x1B, wLowB, low1);
      high1 = madd(x1B, wHighB, high1);
      const x2B = v128.load32_splat(a2, 4);
      low2 = madd(x2B, wLowB, low2);
      high2 = madd(x2B, wHighB, high2);
      const x3B = v128.load32_splat(a3, 4);
      low3 = madd(x3B, wLowB, low3);
      high3 = madd(x3B, wHighB, high3);
      if (a == last2) break;

      const wLowC = v128.load(w, 64);
      const wHighC = v128.load(w, 80);
      const x0C = v128.load32_splat(a, 8);
      low0 = madd(x0C, wLowC, low0);
      high0 = madd(x0C, wHighC, high0);
      const x1C = v128.load32_splat(a1, 8);
      low1 = madd(x1C, wLowC, low1);
      high1 = madd(x1C, wHighC, high1);
      const x2C = v128.load32_splat(a2, 8);
      low2 = madd(x2C, wLowC, low2);
      high2 = madd(x2C, wHighC, high2);
      const x3C = v128.load32_splat(a3, 8);
      low3 = madd(x3C, wLowC, low3);
      high3 = madd(x3C, wHighC, high3);

      w += 96;
      a += 12;
    } while (a < end);
    v128.store(dst, low0);
    v128.store(dst, high0, 16);
    v128.store(dst + TILE_BYTES, low1);
    v128.store(dst + TILE_BYTES, high1, 16);
    v128.store(dst + 2 * TILE_BYTES, low2);
    v128.store(dst + 2 * TILE_BYTES, high2, 16);
    v128.store(dst + 3 * TILE_BYTES, low3);
    v128.store(dst + 3 * TILE_BYTES, high3, 16);
    values += 4 * tileStep;
    dst += 4 * TILE_BYTES;
  }
}
