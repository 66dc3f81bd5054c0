/** Affines of batch norms and the thresholds that signs of them become. */
import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import {
  type Affine,
  batchNormAffine,
  ceilF32,
  compose,
  countAffine,
  countThresholds,
  floatThresholds,
  makeAffine,
  scaleShiftAffine,
} from "../../src/compiler/affine.js";
import {
  type CenteredAffine,
  type CountRange,
  centered,
  countedFrom,
  countOrigin,
  floatCenters,
  floatShifts,
  isExactOnCounts,
} from "../../src/compiler/centers.js";

// Parameters below 1e-6 are taken as 0: products that underflow to -0 are +1 to the framework and none of a threshold's
// business.
const number = fc.double({ min: -50, max: 50, noNaN: true }).map((x) => (Math.abs(x) < 1e-6 ? 0 : x));
const gamma = fc.oneof(number, fc.constant(0), fc.constant(-1));
const norm = fc.record({ mean: number, variance: fc.double({ min: 0, max: 30, noNaN: true }), gamma, beta: number });

/** The framework's own formula, in its order. */
const batchNorm = (x: number, n: { mean: number; variance: number; gamma: number; beta: number }) =>
  ((x - n.mean) / Math.sqrt(n.variance + 1e-5)) * n.gamma + n.beta;

const toAffine = (n: { mean: number; variance: number; gamma: number; beta: number }) =>
  batchNormAffine([n.mean], [n.variance], [n.gamma], [n.beta], 1e-5);

test("a batch norm's affine gives the framework's numbers", () => {
  fc.assert(
    fc.property(norm, number, (n, x) => {
      const { scale, shift } = toAffine(n);
      const expected = batchNorm(x, n);
      assert.ok(
        Math.abs(scale[0] * x + shift[0] - expected) <= 1e-9 * (1 + Math.abs(scale[0]) * 100 + Math.abs(expected)),
      );
    }),
  );
});

test("composed affines are the outer one of the inner one", () => {
  fc.assert(
    fc.property(norm, norm, number, (a, b, x) => {
      const { scale, shift } = compose(toAffine(a), toAffine(b));
      const expected = batchNorm(batchNorm(x, a), b);
      const size = 1 + Math.abs(scale[0]) * 100 + Math.abs(shift[0]) + 1e5 * Math.abs(b.gamma);
      assert.ok(Math.abs(scale[0] * x + shift[0] - expected) <= 1e-9 * size);
    }),
  );
});

test("ceilF32 is the smallest f32 that is not below", () => {
  fc.assert(
    fc.property(fc.double({ noNaN: true, min: -3e38, max: 3e38 }), (x) => {
      const up = ceilF32(x);
      assert.equal(Math.fround(up), up);
      assert.ok(up >= x);
      // The f32 just below `up` is below x.
      const bits = new Int32Array(new Float32Array([up]).buffer);
      if (up !== 0) {
        bits[0] += up > 0 ? -1 : 1;
        assert.ok(new Float32Array(bits.buffer)[0] < x);
      }
    }),
  );
});

test("thresholds on counts decide as the batch norm of K - count does, exact zeros included", () => {
  fc.assert(
    fc.property(
      fc.integer({ min: 1, max: 300 }),
      gamma,
      fc.oneof(number, fc.constant(0)),
      fc.boolean(),
      fc.integer({ min: -5, max: 305 }),
      fc.double({ min: -0.5, max: 0.5, noNaN: true }),
      (k, g, beta, whole, near, fraction) => {
        const mean = whole ? near : near + fraction;
        const n = { mean, variance: 3, gamma: g, beta };
        const affine = compose(countAffine(1, k, true, null), toAffine(n));
        for (const greater of [false, true]) {
          const { threshold, flip } = countThresholds(affine, 1, k, 0, greater);
          assert.ok(threshold[0] >= 0 && threshold[0] <= k);
          for (let count = 0; count <= k; count++) {
            const value = batchNorm(k - count, n);
            // Within rounding of zero either decision is right, but an exact zero is +1, or -1 to a greater sign.
            if (value !== 0 && Math.abs(value) < 1e-12 * (1 + Math.abs(beta))) continue;
            const expected = greater ? value > 0 : value >= 0;
            assert.equal((count <= threshold[0] ? 1 : 0) ^ (flip[0] & 1), expected ? 1 : 0);
          }
        }
      },
    ),
    { numRuns: 300 },
  );
});

test("thresholds on floats decide as the batch norm does for every f32 that is not within rounding of the root", () => {
  fc.assert(
    fc.property(norm, fc.float({ noNaN: true, min: -100, max: 100 }), (n, x) => {
      const value = batchNorm(x, n);
      if (value !== 0 && Math.abs(value) < 1e-12 * (1 + Math.abs(n.beta) + Math.abs(n.gamma) * 1e3)) return;
      for (const greater of [false, true]) {
        const { threshold, flip } = floatThresholds(toAffine(n), 1, 4, greater);
        const v = flip[0] === 0 ? x : -x;
        assert.equal(greater ? v > threshold[0] : !(v < threshold[0]), greater ? value > 0 : value >= 0);
      }
    }),
  );
});

const f = Math.fround;

interface KernelAffine extends CenteredAffine {
  readonly middle: number;
}

/** What the kernels compute of one channel. */
const kernelValue = ({ middle, center, scale, shift }: KernelAffine, x: number) =>
  f(f(scale[0] * f(f(x - middle) - (center?.[0] ?? 0))) + shift[0]);

/** As kernels have an affine of counts. */
function ofCounts(affine: Affine, range: CountRange): KernelAffine {
  const origin = countOrigin(affine, range);
  return { middle: origin.middle, ...countedFrom(affine, origin) };
}

test("f32 epilogues give exactly 0 where the framework does, and its sign beside it", () => {
  fc.assert(
    fc.property(
      fc.integer({ min: 1, max: 300 }),
      fc.integer({ min: 0, max: 300 }),
      fc.boolean(),
      gamma,
      fc.double({ min: 1e-3, max: 1e3, noNaN: true }),
      (k, matches, offset, g, variance) => {
        const mean = offset ? matches : 2 * matches - k;
        const affine = compose(countAffine(1, k, offset, null), toAffine({ mean, variance, gamma: g, beta: 0 }));
        const kernel = ofCounts(affine, { most: k });
        for (let count = 0; count <= k; count++) {
          const value = kernelValue(kernel, count);
          const expected = batchNorm(offset ? k - count : k - 2 * count, { mean, variance, gamma: g, beta: 0 });
          assert.equal(Math.sign(value) + 0, Math.sign(expected) + 0, `count ${count}`);
          assert.ok(Math.abs(value - expected) <= 2 ** -22 * Math.abs(expected), `count ${count}`);
        }
      },
    ),
    { numRuns: 300 },
  );
});

test("a batch norm of counts or floats far from 0 loses nothing to their size", () => {
  const size = fc.constantFrom(9, 64, 4608, 65535);
  fc.assert(
    fc.property(
      ...([size, fc.boolean(), fc.double({ min: 0.01, max: 1, noNaN: true }), gamma] as const),
      ...([fc.constantFrom(0, 0.5, -2), fc.integer({ min: -40, max: 40 }), fc.integer({ min: -40, max: 40 })] as const),
      (k, offset, deviation, g, beta, from, step) => {
        const mean = f((offset ? k / 2 : 0) + deviation * (from + 0.3));
        const n = { mean, variance: deviation * deviation, gamma: g, beta };
        const allowed = (expected: number) => 2 ** -21 * (Math.abs(expected) + Math.abs(beta));
        const counted = compose(countAffine(1, k, offset, null), toAffine(n));
        const counts = ofCounts(counted, { most: k });
        const count = Math.min(Math.max(Math.round(k / 2) + step, 0), k);
        const ofCount = batchNorm(offset ? k - count : k - 2 * count, n);
        // A mean of a few deviations from the middle costs a few bits, and none of the kernels' time.
        const few = (center: Float32Array | null) => (center === null ? 2 ** -22 * 8 : 0);
        assert.ok(Math.abs(kernelValue(counts, count) - ofCount) <= allowed(ofCount) + few(counts.center));
        const x = f(mean + deviation * step);
        const ofFloat = batchNorm(x, n);
        const floats = { middle: 0, ...centered(toAffine(n), floatCenters(toAffine(n))) };
        assert.ok(Math.abs(kernelValue(floats, x) - ofFloat) <= allowed(ofFloat) + few(floats.center));
      },
    ),
    { numRuns: 1000 },
  );
});

test("a scale and shift behind a dot product rounds as floats do, product and sum", () => {
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 4999 }), number, number, fc.nat(4999), (k, m, b, at) => {
      const [scale, shift] = [f(m), f(b)];
      const count = Math.min(at, k);
      const affine = compose(countAffine(1, k, false, null), scaleShiftAffine(1, [scale], [shift]));
      const kernel = ofCounts(affine, { most: k });
      // Unless some number is the root, at which the kernels give an exact 0.
      fc.pre(f(affine.root[0]) !== affine.root[0] || shift === 0);
      assert.equal(kernelValue(kernel, count) + 0, f(f(scale * (k - 2 * count)) + shift) + 0);
    }),
    { numRuns: 500 },
  );
});

test("counts are from the middle of their range, from centers if far from it or at halves", () => {
  const at = (...centers: number[]) =>
    makeAffine(centers.length, (c) => ({ scale: -0.3, shift: 0.1, root: 0.33, center: centers[c] }));
  assert.deepEqual(countOrigin(at(50, 76.6, 23.4), { most: 100 }), { middle: 50, center: null });
  assert.deepEqual(countOrigin(at(50, 76.7), { most: 100 }), { middle: 50, center: Float32Array.of(0, 26.5) });
  assert.deepEqual(countOrigin(at(7, 7.2), { least: -10, most: 20 }), { middle: 5, center: null });
  const odd = countAffine(2, 9, false, [0.3, 0.7]);
  assert.deepEqual(countOrigin(odd, { most: 9 }), { middle: 5, center: Float32Array.of(-0.5, -0.5) });
  assert.deepEqual(countOrigin(countAffine(2, 8, false, [0.3, 0.7]), { most: 8 }), { middle: 4, center: null });
  assert.deepEqual(countOrigin(countAffine(2, 9, true, null), { most: 9 }), { middle: 0, center: null });
});

test("centers are halves in the range of counts, finite for floats", () => {
  const centers = [7.3, -1, 12.26, Number.NaN, Number.POSITIVE_INFINITY, 1e300];
  const affine = makeAffine(6, (c) => ({ scale: 3, shift: 0, root: 0, center: centers[c] }));
  const ofRange = (range: CountRange) => {
    const { middle, center } = countOrigin(affine, range);
    return [...center!].map((x) => middle + x);
  };
  assert.deepEqual(ofRange({ most: 10 }), [7.5, 0, 10, 0, 10, 10]);
  assert.deepEqual(ofRange({ least: -20, most: 20 }), [7.5, -1, 12.5, 0, 20, 20]);
  assert.deepEqual([...floatCenters(affine)!], [7.3, -1, 12.26, 0, 0, 0].map(f));
});

test("floats without a center far from 0 and counts that f32 scales exactly need none", () => {
  const near = makeAffine(3, (c) => ({ scale: [2, -0.5, 0][c], shift: 1, root: 0, center: [4, -16, 1e9][c] }));
  assert.equal(floatCenters(near), null);
  const far = makeAffine(3, (c) => ({ scale: [2, -0.5, 0][c], shift: 1, root: 0, center: [4, -16.1, 0][c] }));
  assert.deepEqual(floatCenters(far), Float32Array.of(4, -16.1, 0));
  assert.ok(isExactOnCounts(countAffine(5, 4608, true, null), { most: 4608 }));
  assert.ok(isExactOnCounts(countAffine(5, 4607, false, null), { most: 4607 }));
  assert.ok(!isExactOnCounts(countAffine(1, 4608, true, [0.3]), { most: 4608 }));
  assert.ok(!isExactOnCounts(countAffine(1, 2 ** 24, true, null), { most: 2 ** 24 }));
});

test("shifts are the values at the center where no f32 is the root", () => {
  const affine = makeAffine(4, (c) => ({
    scale: [0.1, 1e-30, 0, 3][c],
    shift: [0.7, 2, 5, 1][c],
    root: [-7.000000001, Number.NEGATIVE_INFINITY, Number.NaN, -1 / 3][c],
  }));
  assert.deepEqual(floatShifts(affine, [0, 0, 0, 0]), Float32Array.from(affine.shift));
  const centers = [2, 1, 4, -1];
  const values = affine.shift.map((shift, c) => affine.scale[c] * centers[c] + shift);
  assert.deepEqual(floatShifts(affine, centers), Float32Array.from(values));
});

test("thresholds at a root that is a float tell its neighbours apart", () => {
  const neighbours = (root: number) => {
    const bits = new Int32Array(new Float32Array([root]).buffer);
    return [-1, 0, 1].map((step) => new Float32Array(Int32Array.of(bits[0] + step).buffer)[0]);
  };
  for (const root of [3, -3, 0.1, -1e-30].map(Math.fround)) {
    for (const scale of [2, -0.5]) {
      const affine = makeAffine(1, () => ({ scale, shift: -scale * root, root }));
      for (const greater of [false, true]) {
        const { threshold, flip } = floatThresholds(affine, 1, 4, greater);
        for (const x of neighbours(root)) {
          const v = flip[0] === 0 ? x : -x;
          const above = scale > 0 ? x - root : root - x;
          assert.equal(greater ? v > threshold[0] : !(v < threshold[0]), greater ? above > 0 : above >= 0);
        }
      }
    }
  }
});

test("a zero gamma gives the sign of beta, zero beta gives +1, or -1 to a greater sign", () => {
  for (const [beta, bit, greater] of [
    [0, 1, false],
    [0.5, 1, false],
    [-0.5, 0, false],
    [0, 0, true],
    [0.5, 1, true],
    [-0.5, 0, true],
  ] as const) {
    const affine = batchNormAffine([3], [1], [0], [beta], 1e-5);
    const { threshold } = floatThresholds(affine, 1, 4, greater);
    for (const x of [-1e30, -3, 0, 3, 1e30]) {
      assert.equal((greater ? x > threshold[0] : !(x < threshold[0])) ? 1 : 0, bit);
    }
    const counts = countThresholds(compose(countAffine(1, 9, true, null), affine), 1, 9, 0, greater);
    for (let c = 0; c <= 9; c++) assert.equal((c <= counts.threshold[0] ? 1 : 0) ^ (counts.flip[0] & 1), bit);
  }
});
