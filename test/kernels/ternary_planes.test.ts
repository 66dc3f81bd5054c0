import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { bitBytes, mapStride } from "../../src/abi/sizes.js";
import { drawFloats, flipSign, float32, randomBits, readBits } from "../support/bits.js";
import { openKernels } from "../support/kernels.js";
import { allocGuarded, paddedToStride, toMap } from "../support/maps.js";

const bench = openKernels();
const { k } = bench;

interface Ternary {
  readonly input: Float32Array;
  readonly pixels: number;
  readonly channels: number;
  readonly gap: number;
  /** Null: sign(x), by a threshold pointer of 0. */
  readonly lines: { readonly thresholds: ArrayLike<number>; readonly flips: ArrayLike<number> } | null;
}

/** Planes and flag by the kernel, the values from the planes as -1, 0 and 1, NHWC; fails where plane 0 is set and plane 1 is not. */
function packTernary({ input, pixels, channels, gap, lines }: Ternary) {
  bench.reset();
  const planes = input.map((_, i) => input[(i % pixels) * channels + Math.floor(i / pixels)]);
  const src = bench.putF32(toMap(planes, 1, channels, pixels));
  let [threshold, flip] = [0, 0];
  if (lines !== null) {
    threshold = bench.putF32(paddedToStride(lines.thresholds));
    flip = bench.alloc(mapStride(channels) * 4);
    bench.u32(flip, channels).set(Array.from(lines.flips, (f) => (f === 1 ? 0x80000000 : 0)));
  }
  const planeBytes = bitBytes(pixels, channels) + 8 * gap;
  const dst = allocGuarded(bench, planeBytes + bitBytes(pixels, channels));
  const flag = allocGuarded(bench, 4);
  k.packTernaryF32(src, dst.pointer, pixels, channels, planeBytes, threshold, flip, flag.pointer);
  dst.assertIntact();
  flag.assertIntact();
  const plane0 = readBits(bench, dst.pointer, pixels, channels);
  const plane1 = readBits(bench, dst.pointer + planeBytes, pixels, channels);
  const values = Array.from(plane0, (bit, i) => {
    assert.ok(bit <= plane1[i], "plane 0 is above plane 1");
    return bit + plane1[i] - 1;
  });
  return { values, zeroFlag: bench.i32(flag.pointer, 1)[0] };
}

const shape = {
  pixels: fc.integer({ min: 1, max: 12 }),
  channels: fc.integer({ min: 1, max: 200 }),
  gap: fc.integer({ min: 0, max: 3 }),
  seed: fc.integer({ min: 1, max: 1e6 }),
};
const pool = fc.array(float32, { minLength: 1, maxLength: 30 });

for (const perChannel of [true, false])
  test(`packTernaryF32 is the sign of ${perChannel ? "(x ^ flip) - threshold" : "x"}, 0 where neither is larger`, () => {
    fc.assert(
      fc.property(fc.record({ ...shape, pool }), ({ pixels, channels, gap, seed, pool }) => {
        const input = drawFloats(pool, seed, pixels * channels);
        const thresholds = perChannel ? drawFloats(pool, seed + 1, channels) : new Float32Array(channels);
        const flips = perChannel ? randomBits(seed, channels) : new Uint8Array(channels);
        const lines = perChannel ? { thresholds, flips } : null;
        const { values, zeroFlag } = packTernary({ input, pixels, channels, gap, lines });
        const expected = Array.from(input, (x, i) => {
          const y = flipSign(x, flips[i % channels] === 1);
          const t = thresholds[i % channels];
          return Number(y > t) - Number(y < t);
        });
        assert.deepEqual(values, expected);
        assert.equal(zeroFlag, expected.includes(0) ? 1 : 0);
      }),
      { numRuns: 300 },
    );
  });

test("a single zero anywhere raises the flag, tail lanes never do", () => {
  for (const channels of [1, 3, 4, 15, 16, 17, 63, 64, 65, 80])
    for (const lines of [null, { thresholds: new Float32Array(channels), flips: new Uint8Array(channels) }]) {
      const input = new Float32Array(2 * channels).fill(1);
      assert.equal(packTernary({ input, pixels: 2, channels, gap: 0, lines }).zeroFlag, 0);
      for (const [i] of input.entries()) {
        const one = input.slice();
        one[i] = -0;
        assert.equal(packTernary({ input: one, pixels: 2, channels, gap: 0, lines }).zeroFlag, 1);
      }
    }
});

test("constant channels: -Infinity is +1, Infinity is -1, NaN is 0", () => {
  const input = Float32Array.from([3, 0, -2, -5, 0, 1e30].flatMap((x) => [x, x, x]));
  const lines = { thresholds: [-Infinity, Infinity, Number.NaN], flips: [0, 0, 0] };
  const { values, zeroFlag } = packTernary({ input, pixels: 6, channels: 3, gap: 0, lines });
  assert.deepEqual(values, Array.from({ length: 6 }, () => [1, -1, 0]).flat());
  assert.equal(zeroFlag, 1);
});
