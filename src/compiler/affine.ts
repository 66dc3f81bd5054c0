/**
 * Per-channel affine maps y = scale * x + shift, which is what an inference batch norm is, and the thresholds that
 * signs of them become.
 *
 * `center` is the x that the framework's own formula subtracts before it scales: a batch norm's mean, 0 of a scale and
 * shift, the count of a dot product of 0. Kernels compute scale * (x - center) + (scale * center + shift): where all x
 * lie far from 0 and near to one another, scale * x + shift would round numbers that are larger than its result.
 *
 * `root` is the x where y = 0, kept apart: computed from the batch norm as mean - beta / scale it is exact where the
 * framework's own formula ((x - mean) * invstd) * gamma + beta gives an exact zero (beta = 0, x = mean), while -shift /
 * scale is off by a rounding and would turn sign(0) = +1 into -1. It is NaN if scale = 0.
 */
export interface Affine {
  readonly scale: Float64Array;
  readonly shift: Float64Array;
  readonly root: Float64Array;
  readonly center: Float64Array;
}

function newAffine(channels: number): Affine {
  const zeros = () => new Float64Array(channels);
  return { scale: zeros(), shift: zeros(), root: zeros(), center: zeros() };
}

/** The affine of one channel; the center is 0 unless given. */
interface ChannelAffine {
  readonly scale: number;
  readonly shift: number;
  readonly root: number;
  readonly center?: number;
}

/** An affine from one function a channel. */
export function makeAffine(channels: number, at: (channel: number) => ChannelAffine): Affine {
  const affine = newAffine(channels);
  for (let c = 0; c < channels; c++) {
    const { scale, shift, root, center = 0 } = at(c);
    affine.scale[c] = scale;
    affine.shift[c] = shift;
    affine.root[c] = root;
    affine.center[c] = center;
  }
  return affine;
}

/** Batch norm as an affine; `gamma` and `beta` null mean 1 and 0. */
export function batchNormAffine(
  mean: ArrayLike<number>,
  variance: ArrayLike<number>,
  gamma: ArrayLike<number> | null,
  beta: ArrayLike<number> | null,
  epsilon: number,
): Affine {
  // Loops without an object a channel, here and in compose: networks are compiled in code that has not run before.
  const affine = newAffine(mean.length);
  for (let c = 0; c < mean.length; c++) {
    const scale = (gamma === null ? 1 : gamma[c]) / Math.sqrt(variance[c] + epsilon);
    const b = beta === null ? 0 : beta[c];
    affine.scale[c] = scale;
    affine.shift[c] = b - mean[c] * scale;
    affine.root[c] = scale === 0 ? Number.NaN : mean[c] - b / scale;
    affine.center[c] = mean[c];
  }
  return affine;
}

/** The affine that the parameters of a `scaleShift` make; null is 1, or 0. */
export function scaleShiftAffine(
  channels: number,
  scale: ArrayLike<number> | null,
  shift: ArrayLike<number> | null,
): Affine {
  return makeAffine(channels, (c) => {
    const s = scale === null ? 1 : scale[c];
    const b = shift === null ? 0 : shift[c];
    return { scale: s, shift: b, root: s === 0 ? Number.NaN : -b / s };
  });
}

/**
 * An affine for as many channels as a run has. Layers with parameters have as many in all runs. Behind a flattening
 * their number follows from the picture's size: what affines there are, of layers without any, are the same for all
 * channels.
 */
export function affineFor(channels: number, affine: Affine): Affine {
  if (affine.scale.length === channels) return affine;
  const [scale, shift, root, center] = [affine.scale[0], affine.shift[0], affine.root[0], affine.center[0]];
  return makeAffine(channels, () => ({ scale, shift, root, center }));
}

/** What the counts of a convolution stand for: dot = 2 * (zero[o] - count) / steps, both exact numbers. */
export interface CountMeaning {
  readonly zero: (channel: number) => number;
  readonly steps: number;
}

/**
 * What turns mismatch counts into a binary convolution's numbers: h = dot (for +-1 values K - 2 * count) times
 * `scale[o]`; with the offset (h + K) / 2, which is K - count for +-1 without a scale.
 */
export function countAffine(
  channels: number,
  k: number,
  offset: boolean,
  scale: ArrayLike<number> | null,
  { zero, steps }: CountMeaning = { zero: () => k / 2, steps: 1 },
): Affine {
  const affine = newAffine(channels);
  for (let c = 0; c < channels; c++) {
    const s = scale === null ? 1 : scale[c];
    const center = zero(c);
    const shift = (2 * s * center) / steps;
    affine.center[c] = center;
    affine.shift[c] = offset ? (shift + k) / 2 : shift;
    if (s === 0) {
      affine.root[c] = Number.NaN;
    } else {
      affine.scale[c] = (offset ? -s : -2 * s) / steps;
      affine.root[c] = offset ? center + (k * steps) / (2 * s) : center;
    }
  }
  return affine;
}

/** outer(inner(x)) as one affine. */
export function compose(inner: Affine, outer: Affine): Affine {
  const channels = inner.scale.length;
  const affine = newAffine(channels);
  for (let c = 0; c < channels; c++) {
    const scale = outer.scale[c] * inner.scale[c];
    affine.scale[c] = scale;
    affine.shift[c] = outer.scale[c] * inner.shift[c] + outer.shift[c];
    affine.root[c] = scale === 0 ? Number.NaN : inner.root[c] + outer.root[c] / inner.scale[c];
    // Where the inner one gives the outer one's center.
    const given = inner.scale[c] * inner.center[c] + inner.shift[c];
    affine.center[c] = inner.center[c] + (outer.center[c] - given) / inner.scale[c];
  }
  return affine;
}

const f32 = new Float32Array(1);
const i32 = new Int32Array(f32.buffer);

/** The smallest f32 that is not below `x`, so that for every f32 v: v >= x exactly if v >= ceilF32(x). */
export function ceilF32(x: number): number {
  f32[0] = x;
  if (f32[0] >= x) return f32[0];
  // The next f32 above: one step up in the bit pattern, down for negative numbers, whose patterns run the other way.
  i32[0] += f32[0] < 0 ? -1 : 1;
  return f32[0];
}

/** The largest f32 that is not above `x`, so that for every f32 v: v > x exactly if v > floorF32(x). */
export function floorF32(x: number): number {
  return -ceilF32(-x);
}

/**
 * Thresholds and flips as packThresholdF32 and the epilogues read them: bit = !((v ^ flip) < threshold); those of
 * greater signs as packGreaterF32 does: bit = (v ^ flip) > threshold.
 */
export interface FloatThresholds {
  readonly threshold: Float32Array;
  readonly flip: Uint32Array;
}

/** The sign bit of a number, by either decision. */
export function isPositive(value: number, greater: boolean): boolean {
  return greater ? value > 0 : value >= 0;
}

/** sign(affine(v)) on floats, or affine(v) > 0 if `greater`; null is the identity. Padded to `stride` channels. */
export function floatThresholds(
  affine: Affine | null,
  channels: number,
  stride: number,
  greater = false,
): FloatThresholds {
  const threshold = new Float32Array(stride);
  const flip = new Uint32Array(stride);
  if (affine === null) return { threshold, flip };
  const nearest = greater ? floorF32 : ceilF32;
  for (let c = 0; c < channels; c++) {
    const scale = affine.scale[c];
    if (scale > 0) {
      threshold[c] = nearest(affine.root[c]);
    } else if (scale < 0) {
      threshold[c] = nearest(-affine.root[c]);
      flip[c] = 0x80000000;
    } else {
      // A constant: always below +infinity, never below -infinity. NaN stays on its side, as NaN * 0 + beta does.
      threshold[c] = isPositive(affine.shift[c], greater) ? Number.NEGATIVE_INFINITY : Number.POSITIVE_INFINITY;
    }
  }
  return { threshold, flip };
}

/**
 * Thresholds and flips as thresholdCounts* read them: bit = (count <= threshold) XOR flip, threshold a count that can
 * be.
 */
export interface CountThresholds {
  readonly threshold: Int32Array;
  /** One flip bit a channel, u64 words as bytes. */
  readonly flip: Uint8Array;
}

/** sign(affine(count)), or affine(count) > 0 if `greater`, for counts from `least` to `most`. */
export function countThresholds(
  affine: Affine,
  channels: number,
  most: number,
  least = 0,
  greater = false,
): CountThresholds {
  const threshold = new Int32Array(Math.ceil(channels / 64) * 64);
  const flip = new Uint8Array(Math.ceil(channels / 64) * 8);
  for (let c = 0; c < channels; c++) {
    const scale = affine.scale[c];
    const root = affine.root[c];
    // bit 1 for count <= last (scale < 0), or for count > last (scale > 0, flipped); a count at the root is 0 if
    // greater
    let last: number;
    if (scale < 0) last = greater ? Math.ceil(root) - 1 : Math.floor(root);
    else if (scale > 0) last = greater ? Math.floor(root) : Math.ceil(root) - 1;
    else last = isPositive(affine.shift[c], greater) ? most : least - 1;
    let flipped = scale > 0;
    if (last < least) {
      flipped = !flipped;
      last = most;
    }
    threshold[c] = Math.min(last, most);
    if (flipped) flip[c >> 3] |= 1 << (c & 7);
  }
  return { threshold, flip };
}
