import { relu } from "./conv_tile_f32";

export const TILE_PIXELS: i32 = 2;
export const TILE_CHANNELS: i32 = 16;

// @ts-ignore: decorator
@inline
function step(sum: v128, values: v128, weights: v128): v128 {
  return i32x4.add(sum, i32x4.dot_i16x8_s(values, weights));
}

// @ts-ignore: decorator
@inline
function finish(sum: v128, scale: usize, bias: usize, rectify: bool): v128 {
  const v = f32x4.add(f32x4.mul(f32x4.convert_i32x4_s(sum), v128.load(scale)), v128.load(bias));
  return rectify ? relu(v) : v;
}

// @ts-ignore: decorator
@inline
function storePixel(dst: usize, s0: v128, s1: v128, s2: v128, s3: v128, vectors: i32, scale: usize, bias: usize, rectify: bool): void {
  v128.store(dst, finish(s0, scale, bias, rectify));
  if (vectors > 1) v128.store(dst, finish(s1, scale + 16, bias + 16, rectify), 16);
  if (vectors > 2) v128.store(dst, finish(s2, scale + 32, bias + 32, rectify), 32);
  if (vectors > 3) v128.store(dst, finish(s3, scale + 48, bias + 48, rectify), 48);
}

export function convBlock16(
  src: usize,
  entries: usize,
  pixels: i32,
  weights: usize,
  scale: usize,
  bias: usize,
  dst: usize,
  dstStep: usize,
  vectors: i32,
  rows: i32,
  rowStep: usize,
  runs: i32,
  runStep: usize,
  runBytes: usize,
  rectify: bool,
): void {
  for (let pixel = 0; pixel < pixels; pixel += 2) {
    const entry = entries + ((<usize>pixel) << 3);
    const origin = src + load<u32>(entry);
    const d1 = load<u32>(entry, 8) - load<u32>(entry);
    let p0 = i32x4.splat(0);
    let p1 = p0;
    let p2 = p0;
    let p3 = p0;
    let q0 = p0;
    let q1 = p0;
    let q2 = p0;
    let q3 = p0;
    let w = weights;
    let row = origin;
    let y = rows;
    do {
      let run = row;
      let x = runs;
      do {
        let a = run;
        const end = a + runBytes;
        do {
          const w0 = v128.load(w);
          const w1 = v128.load(w, 16);
          const w2 = v128.load(w, 32);
          const w3 = v128.load(w, 48);
          const a0 = v128.load32_splat(a);
          p0 = step(p0, a0, w0);
          p1 = step(p1, a0, w1);
          p2 = step(p2, a0, w2);
          p3 = step(p3, a0, w3);
          const a1 = v128.load32_splat(a + d1);
          q0 = step(q0, a1, w0);
          q1 = step(q1, a1, w1);
          q2 = step(q2, a1, w2);
          q3 = step(q3, a1, w3);
          w += 64;
          a += 4;
        } while (a < end);
        run += runStep;
      } while (--x > 0);
      row += rowStep;
    } while (--y > 0);
    storePixel(dst, p0, p1, p2, p3, vectors, scale, bias + load<u32>(entry, 4), rectify);
    if (pixels - pixel > 1) {
      storePixel(dst + dstStep, q0, q1, q2, q3, vectors, scale, bias + load<u32>(entry, 12), rectify);
    }
    dst += 2 * dstStep;
  }
}

export function convBlock8(
  src: usize,
  entries: usize,
  pixels: i32,
  weights: usize,
  scale: usize,
  bias: usize,
  dst: usize,
  dstStep: usize,
  vectors: i32,
  rows: i32,
  rowStep: usize,
  runs: i32,
  runStep: usize,
  runBytes: usize,
  rectify: bool,
): void {
  for (let pixel = 0; pixel < pixels; pixel += 4) {
    const entry = entries + ((<usize>pixel) << 3);
    const origin = src + load<u32>(entry);
    const d1 = load<u32>(entry, 8) - load<u32>(entry);
    const d2 = load<u32>(entry, 16) - load<u32>(entry);
    const d3 = load<u32>(entry, 24) - load<u32>(entry);
    let p0 = i32x4.splat(0);
    let p1 = p0;
    let p2 = p0;
    let p3 = p0;
    let q0 = p0;
    let q1 = p0;
    let q2 = p0;
    let q3 = p0;
    let w = weights;
    let row = origin;
    let y = rows;
    do {
      let run = row;
      let x = runs;
      do {
        let a = run;
        const end = a + runBytes;
        do {
          const w0 = v128.load(w);
          const w1 = v128.load(w, 16);
          const a0 = v128.load32_splat(a);
          p0 = step(p0, a0, w0);
          q0 = step(q0, a0, w1);
          const a1 = v128.load32_splat(a + d1);
          p1 = step(p1, a1, w0);
          q1 = step(q1, a1, w1);
          const a2 = v128.load32_splat(a + d2);
          p2 = step(p2, a2, w0);
          q2 = step(q2, a2, w1);
          const a3 = v128.load32_splat(a + d3);
          p3 = step(p3, a3, w0);
          q3 = step(q3, a3, w1);
          w += 32;
          a += 4;
        } while (a < end);
        run += runStep;
      } while (--x > 0);
      row += rowStep;
    } while (--y > 0);
    const valid = pixels - pixel;
    store2(dst, p0, q0, vectors, scale, bias + load<u32>(entry, 4), rectify);
    if (valid > 1) store2(dst + dstStep, p1, q1, vectors, scale, bias + load<u32>(entry, 12), rectify);
    if (valid > 2) store2(dst + 2 * dstStep, p2, q2, vectors, scale, bias + load<u32>(entry, 20), rectify);
    if (valid > 3) store2(dst + 3 * dstStep, p3, q3, vectors, scale, bias + load<u32>(entry, 28), rectify);
    dst += 4 * dstStep;
  }
}

// @ts-ignore: decorator
@inline
function store2(dst: usize, s0: v128, s1: v128, vectors: i32, scale: usize, bias: usize, rectify: bool): void {
  v128.store(dst, finish(s0, scale, bias, rectify));
  if (vectors > 1) v128.store(dst, finish(s1, scale + 16, bias + 16, rectify), 16);
}
