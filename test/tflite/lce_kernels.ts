/**
 * What LCE's kernels compute, by popcounts over words as the engine has them: the oracle of the importer's tests,
 * which shares nothing with src/. Tensors are NHWC; bits are 1 for -1.
 */
export interface BconvCase {
  readonly batch: number;
  readonly height: number;
  readonly width: number;
  readonly channels: number;
  readonly outputs: number;
  readonly groups: number;
  readonly kernel: readonly [number, number];
  readonly stride: readonly [number, number];
  readonly dilation: readonly [number, number];
  readonly padding: "SAME" | "VALID";
  readonly padValue: 0 | 1;
  /** 0 none, 1 ReLU, 2 -1..1, 3 ReLU6. */
  readonly activation: number;
}

export interface Size {
  readonly outHeight: number;
  readonly outWidth: number;
  readonly top: number;
  readonly left: number;
}

export function sizeOf({ height, width, kernel, stride, dilation, padding }: BconvCase): Size {
  const axis = (n: number, i: 0 | 1) => {
    const e = (kernel[i] - 1) * dilation[i] + 1;
    if (padding === "VALID") return { out: Math.floor((n + stride[i] - e) / stride[i]), before: 0 };
    const out = Math.ceil(n / stride[i]);
    return { out, before: Math.floor(Math.max((out - 1) * stride[i] + e - n, 0) / 2) };
  };
  const [y, x] = [axis(height, 0), axis(width, 1)];
  return { outHeight: y.out, outWidth: x.out, top: y.before, left: x.before };
}

function popcount(word: number): number {
  let count = 0;
  for (let bits = word >>> 0; bits !== 0; bits = (bits & (bits - 1)) >>> 0) count++;
  return count;
}

/**
 * K of a group, and twice the popcount of x XOR w at each output, pixels outside counted as half their channels, or
 * as +1.
 */
export function doubledPopcounts(
  c: BconvCase,
  x: Int32Array,
  filter: Int32Array,
): { readonly k: number; readonly twice: Int32Array } {
  const { outHeight, outWidth, top, left } = sizeOf(c);
  const words = Math.ceil(c.channels / 32);
  const groupWords = Math.ceil(c.channels / c.groups / 32);
  const k = (c.kernel[0] * c.kernel[1] * c.channels) / c.groups;
  const twice = new Int32Array(c.batch * outHeight * outWidth * c.outputs);
  let at = 0;
  for (let b = 0; b < c.batch; b++)
    for (let oy = 0; oy < outHeight; oy++)
      for (let ox = 0; ox < outWidth; ox++)
        for (let o = 0; o < c.outputs; o++) {
          const first = Math.floor(o / (c.outputs / c.groups)) * groupWords;
          let sum = 0;
          for (let ky = 0; ky < c.kernel[0]; ky++)
            for (let kx = 0; kx < c.kernel[1]; kx++) {
              const y = oy * c.stride[0] - top + ky * c.dilation[0];
              const xx = ox * c.stride[1] - left + kx * c.dilation[1];
              const inside = y >= 0 && y < c.height && xx >= 0 && xx < c.width;
              if (!inside && c.padValue === 0) {
                sum += c.channels / c.groups;
                continue;
              }
              for (let w = 0; w < groupWords; w++) {
                const bits = inside ? x[((b * c.height + y) * c.width + xx) * words + first + w] : 0;
                sum += 2 * popcount(bits ^ filter[((o * c.kernel[0] + ky) * c.kernel[1] + kx) * groupWords + w]);
              }
            }
          twice[at++] = sum;
        }
  return { k, twice };
}

const LIMITS: readonly (readonly [number, number])[] = [
  [-Infinity, Infinity],
  [0, Infinity],
  [-1, 1],
  [0, 6],
];

/** clamp(dot) * multiplier + bias in f32, as engines before September 2020 computed it. */
export function floatOutput(
  c: BconvCase,
  x: Int32Array,
  filter: Int32Array,
  multiplier: Float32Array,
  bias: Float32Array,
) {
  const { k, twice } = doubledPopcounts(c, x, filter);
  const [low, high] = LIMITS[c.activation];
  return Float32Array.from(twice, (count, i) => {
    const clamped = Math.min(Math.max(k - count, low), high);
    return Math.fround(Math.fround(clamped * multiplier[i % c.outputs]) + bias[i % c.outputs]);
  });
}

/** round(v / scale + zero point), halves away from zero, clamped: v as in `floatOutput`, in double. */
export function int8Output(
  c: BconvCase,
  x: Int32Array,
  filter: Int32Array,
  multiplier: Float32Array,
  bias: Float32Array,
  { scale, zeroPoint }: { readonly scale: number; readonly zeroPoint: number },
): Int8Array {
  const { k, twice } = doubledPopcounts(c, x, filter);
  const [low, high] = LIMITS[c.activation];
  return Int8Array.from(twice, (count, i) => {
    const v =
      (Math.min(Math.max(k - count, low), high) * multiplier[i % c.outputs] + bias[i % c.outputs]) / scale + zeroPoint;
    return Math.min(Math.max(Math.sign(v) * Math.round(Math.abs(v)), -128), 127);
  });
}

/** -1 if the popcount is above the threshold, else +1. */
export function thresholdOutput(c: BconvCase, x: Int32Array, filter: Int32Array, thresholds: Int32Array): Int8Array {
  const { twice } = doubledPopcounts(c, x, filter);
  return Int8Array.from(twice, (count, i) => (count > 2 * thresholds[i % c.outputs] ? -1 : 1));
}
