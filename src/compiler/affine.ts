/**
 * Per-channel affine maps y = scale * x + shift, which is what an inference batch norm is, and the thresholds that
 * signs of them become.
 *
 * `root` is the x where y = 0, kept apart: computed from the batch norm as mean - beta / scale it is exact where the
 * framework's own formula ((x - mean) * invstd) * gamma + beta gives an exact zero (beta = 0, x = mean), while -shift /
 * scale is off by a rounding and would turn sign(0) = +1 into -1. It is NaN if scale = 0.
 */
export interface Affine {
  readonly scale: Float64Array;
  readonly shift: Float64Array;
  readonly root: Float64Array;
}

function newAffine(channels: number): Affine {
  return { scale: new Float64Array(channels), shift: new Float64Array(channels), root: new Float64Array(channels) };
}

/** An affine from one function a channel. */
export function makeAffine(
  channels: number,
  at: (channel: number) => { readonly scale: number; readonly shift: number; readonly root: number },
): Affine {
  const affine = newAffine(channels);
  for (let c = 0; c < channels; c++) {
    const { scale, shift, root } = at(c);
    affine.scale[c] = scale;
    affine.shift[c] = shift;
    affine.root[c] = root;
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

/** The same affine of x - center: for kernels that subtract before they scale. */
export function recentred({ scale, shift, root }: Affine, center: number): Affine {
  return { scale, shift: shift.map((value, c) => scale[c] * center + value), root: root.map((r) => r - center) };
}

/** Between what values are clamped, each channel by itself; infinite where there is no limit. */
export interface Bounds {
  readonly low: Float32Array;
  readonly high: Float32Array;
}

/** One pair of limits for all channels; null is none. */
export function makeBounds(channels: number, min: number | null, max: number | null): Bounds {
  return {
    low: new Float32Array(channels).fill(min ?? Number.NEGATIVE_INFINITY),
    high: new Float32Array(channels).fill(max ?? Number.POSITIVE_INFINITY),
  };
}

/**
 * An affine for as many channels as a run has. Layers with parameters have as many in all runs. Behind a flattening
 * their number follows from the picture's size: what affines there are, of layers without any, are the same for all
 * channels.
 */
export function affineFor(channels: number, affine: Affine): Affine {
  if (affine.scale.length === channels) return affine;
  const [scale, shift, root] = [affine.scale[0], affine.shift[0], affine.root[0]];
  return makeAffine(channels, () => ({ scale, shift, root }));
}

/** Bounds for as many channels as a run has, as `affineFor` has affines. */
export function boundsFor(channels: number, bounds: Bounds): Bounds {
  return bounds.low.length === channels ? bounds : makeBounds(channels, bounds.low[0], bounds.high[0]);
}

/**
 * The limits of affine(v) for v between limits, rounded as kernels round scale * v + shift: a clamp before the affine
 * is the same, to the bit, as one after it by these.
 */
export function boundsBehind(affine: Affine, { low, high }: Bounds): Bounds {
  const shifts = floatShifts(affine);
  const limits = makeBounds(low.length, null, null);
  for (let c = 0; c < low.length; c++) {
    const scale = Math.fround(affine.scale[c]);
    const at = (limit: number) => (scale === 0 ? shifts[c] : Math.fround(Math.fround(scale * limit) + shifts[c]));
    limits.low[c] = at(scale < 0 ? high[c] : low[c]);
    limits.high[c] = at(scale < 0 ? low[c] : high[c]);
  }
  return limits;
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
  return makeAffine(channels, (c) => {
    const s = scale === null ? 1 : scale[c];
    const shift = (2 * s * zero(c)) / steps;
    if (s === 0) return { scale: 0, shift: offset ? k / 2 : 0, root: Number.NaN };
    if (!offset) return { scale: (-2 * s) / steps, shift, root: zero(c) };
    return { scale: -s / steps, shift: (shift + k) / 2, root: zero(c) + (k * steps) / (2 * s) };
  });
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
 * The f32 shifts with which kernels compute scale * x + shift, each step rounded. Where an f32 is the root (a batch
 * norm's mean of counts, beta 0) the shift is minus their own product there, so that they give the framework's exact 0
 * and not the rounding of one, which a sign after it would take for -1.
 */
export function floatShifts({ scale, shift, root }: Affine): Float32Array {
  return Float32Array.from(shift, (value, c) => {
    if (!Number.isFinite(root[c]) || Math.fround(root[c]) !== root[c]) return value;
    return -Math.fround(Math.fround(scale[c]) * root[c]);
  });
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
