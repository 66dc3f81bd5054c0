/**
 * The inner loop of the byte-image convolution: TILE_PIXELS = 2 pixels times TILE_CHANNELS = 16 output channels.
 *
 *   out[p][n] = scale[n] * sum over k of in[p][k] * weight[k][n] + bias[class of p][n]
 *
 * i32x4.dot_i16x8_s multiplies 8 pairs of i16 and adds neighbours: two k a step, so weights lie in pairs of k, and the
 * values k and k + 1 of a pixel, 4 bytes, are broadcast to all lanes.
 *
 *   weights [pair][16][2]:  n0k0 n0k1 n1k0 n1k1 n2k0 .. n3k1 | n4k0 .. | n8k0 .. | n12k0 .. n15k1    4 loads
 *   values:                 k0 k1 k0 k1 k0 k1 k0 k1, pixels 0 and 1                                  2 loads
 *   accumulators:           8 registers of 4 channels, i32                             8 products, 8 adds
 *
 * 14 of 16 vector registers. Exact: |in| <= 255 and |weight| <= (2^31 - 1) / (255 * K) keep every partial sum inside
 * i32.
 *
 * Everything is inlined into one function because V8 unrolls an innermost loop the more often the deeper it is nested:
 * twice in a function of its own, four times here, which is 3 % of the 7x7 stem. What was tried instead:
 * docs/measurements.md.
 */

/** Pixels of a tile. */
export const TILE_PIXELS: i32 = 2;

/** Output channels of a tile, and of a block of i16 weights. @host CONV_U8_BLOCK */
export const TILE_CHANNELS: i32 = 16;

// @ts-ignore: decorator
@inline
function addProducts(sum: v128, values: v128, weights: v128): v128 {
  return i32x4.add(sum, i32x4.dot_i16x8_s(values, weights));
}

// @ts-ignore: decorator
@inline
function finish(sum: v128, scale: v128, bias: v128, floor: v128): v128 {
  return f32x4.pmax(f32x4.add(f32x4.mul(f32x4.convert_i32x4_s(sum), scale), bias), floor);
}

/** Stores `vectors` (1 to 4) times 4 channels of one pixel. */
// @ts-ignore: decorator
@inline
function storePixel(
  dst: usize,
  sum0: v128,
  sum1: v128,
  sum2: v128,
  sum3: v128,
  scale: usize,
  bias: usize,
  floor: v128,
  vectors: i32,
): void {
  v128.store(dst, finish(sum0, v128.load(scale), v128.load(bias), floor));
  if (vectors > 1) v128.store(dst, finish(sum1, v128.load(scale, 16), v128.load(bias, 16), floor), 16);
  if (vectors > 2) v128.store(dst, finish(sum2, v128.load(scale, 32), v128.load(bias, 32), floor), 32);
  if (vectors > 3) v128.store(dst, finish(sum3, v128.load(scale, 48), v128.load(bias, 48), floor), 48);
}

/**
 * One block of 16 output channels for a row of pixels.
 *
 * @param src values of the first pixel, `pixelStep` bytes from pixel to pixel; a pixel has `runs` runs of `runBytes`
 *   bytes, a multiple of 4, `runStep` bytes apart
 * @param bias of the row's class and this block; a column's class (u16 in `colClass`) counts `classStep` bytes
 * @param dst where the first pixel's channels of this block go, `dstStep` bytes from pixel to pixel
 * @param vectors of 4 channels in the block that exist in the map, 1 to 4
 * @param lowest 0 for ReLU, -infinity for none
 */
// @ts-ignore: decorator
@inline
export function convRowU8(
  src: usize,
  pixelStep: usize,
  pixels: i32,
  runs: i32,
  runStep: usize,
  runBytes: usize,
  weights: usize,
  scale: usize,
  bias: usize,
  colClass: usize,
  classStep: usize,
  dst: usize,
  dstStep: usize,
  vectors: i32,
  lowest: f32,
): void {
  for (let pixel = 0; pixel < pixels; pixel += TILE_PIXELS) {
    // A row of odd length ends with a tile that computes its pixel twice.
    const single = pixels - pixel == 1;
    const second: usize = single ? 0 : pixelStep;
    let a0 = i32x4.splat(0);
    let a1 = a0;
    let a2 = a0;
    let a3 = a0;
    let b0 = a0;
    let b1 = a0;
    let b2 = a0;
    let b3 = a0;
    let w = weights;
    let run = src;
    let x = runs;
    do {
      let at = run;
      const end = at + runBytes;
      do {
        const w0 = v128.load(w);
        const w1 = v128.load(w, 16);
        const w2 = v128.load(w, 32);
        const w3 = v128.load(w, 48);
        const a = v128.load32_splat(at);
        a0 = addProducts(a0, a, w0);
        a1 = addProducts(a1, a, w1);
        a2 = addProducts(a2, a, w2);
        a3 = addProducts(a3, a, w3);
        const b = v128.load32_splat(at + second);
        b0 = addProducts(b0, b, w0);
        b1 = addProducts(b1, b, w1);
        b2 = addProducts(b2, b, w2);
        b3 = addProducts(b3, b, w3);
        w += 64;
        at += 4;
      } while (at < end);
      run += runStep;
    } while (--x > 0);
    const floor = f32x4.splat(lowest);
    const biasA = bias + <usize>load<u16>(colClass) * classStep;
    const biasB = single ? biasA : bias + <usize>load<u16>(colClass, 2) * classStep;
    if (!single && vectors == 4 && biasA == biasB) {
      const s0 = v128.load(scale);
      const t0 = v128.load(biasA);
      v128.store(dst, finish(a0, s0, t0, floor));
      v128.store(dst + dstStep, finish(b0, s0, t0, floor));
      const s1 = v128.load(scale, 16);
      const t1 = v128.load(biasA, 16);
      v128.store(dst, finish(a1, s1, t1, floor), 16);
      v128.store(dst + dstStep, finish(b1, s1, t1, floor), 16);
      const s2 = v128.load(scale, 32);
      const t2 = v128.load(biasA, 32);
      v128.store(dst, finish(a2, s2, t2, floor), 32);
      v128.store(dst + dstStep, finish(b2, s2, t2, floor), 32);
      const s3 = v128.load(scale, 48);
      const t3 = v128.load(biasA, 48);
      v128.store(dst, finish(a3, s3, t3, floor), 48);
      v128.store(dst + dstStep, finish(b3, s3, t3, floor), 48);
    } else {
      storePixel(dst, a0, a1, a2, a3, scale, biasA, floor, vectors);
      if (!single) storePixel(dst + dstStep, b0, b1, b2, b3, scale, biasB, floor, vectors);
    }
    src += 2 * pixelStep;
    colClass += 4;
    dst += 2 * dstStep;
  }
}
