/** Maps of bits as one row an image, in either order. */
import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { bitBytes } from "../../src/abi/sizes.js";
import { putBits, randomBits, readBits } from "../support/bits.js";
import { openKernels } from "../support/kernels.js";
import { allocGuarded } from "../support/maps.js";

const bench = openKernels();

const cases = fc.record({
  batch: fc.integer({ min: 1, max: 3 }),
  plane: fc.oneof(fc.integer({ min: 1, max: 90 }), fc.constantFrom(1, 16, 49, 64)),
  channels: fc.oneof(fc.integer({ min: 1, max: 200 }), fc.constantFrom(1, 8, 64, 128)),
  seed: fc.integer({ min: 1, max: 1e6 }),
});

for (const order of ["Nchw", "Nhwc"] as const)
  test(`flattenBits${order} writes each image's bits as one row`, () => {
    fc.assert(
      fc.property(cases, ({ batch, plane, channels, seed }) => {
        bench.reset();
        const length = plane * channels;
        const input = randomBits(seed, batch * length);
        const src = putBits(bench, input, batch * plane, channels);
        const dst = allocGuarded(bench, bitBytes(batch, length));
        bench.k[`flattenBits${order}`](src, dst.pointer, batch, plane, channels);
        dst.assertIntact();
        const expected = Uint8Array.from({ length: batch * length }, (_, i) => {
          const at = i % length;
          const [pixel, c] =
            order === "Nhwc" ? [Math.floor(at / channels), at % channels] : [at % plane, Math.floor(at / plane)];
          return input[i - at + pixel * channels + c];
        });
        assert.deepEqual(readBits(bench, dst.pointer, batch, length), expected);
      }),
      { numRuns: 400 },
    );
  });
