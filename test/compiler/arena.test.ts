/** Buffers in one arena. */
import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { placeBuffers, placeByTime } from "../../src/compiler/arena.js";

const lifetime = fc
  .record({ bytes: fc.integer({ min: 1, max: 5000 }), first: fc.nat(20), length: fc.nat(8) })
  .map(({ bytes, first, length }) => ({ bytes, first, last: first + length }));

test("buffers that are alive at the same time never share a byte, and all lie in the arena", () => {
  fc.assert(
    fc.property(fc.array(lifetime, { maxLength: 40 }), (lifetimes) => {
      for (const { offsets, arenaBytes } of [placeBuffers(lifetimes), placeByTime(lifetimes)]) {
        lifetimes.forEach((a, i) => {
          assert.equal(offsets[i] % 64, 0);
          assert.ok(offsets[i] + a.bytes <= arenaBytes);
          lifetimes.forEach((b, j) => {
            if (i >= j || a.last < b.first || b.last < a.first) return;
            const apart = offsets[i] + a.bytes <= offsets[j] || offsets[j] + b.bytes <= offsets[i];
            assert.ok(apart, `buffers ${i} and ${j} overlap`);
          });
        });
      }
    }),
  );
});

test("a chain of equal buffers takes the place of two", () => {
  const chain = Array.from({ length: 10 }, (_, i) => ({ bytes: 640, first: i, last: i + 1 }));
  assert.equal(placeBuffers(chain).arenaBytes, 1280);
});

test("very many buffers are placed without comparing all with all", () => {
  const together = Array.from({ length: 300_000 }, (_, i) => ({ bytes: 64, first: i, last: 300_000 }));
  assert.equal(placeBuffers(together).arenaBytes, 300_000 * 64);
  const chain = Array.from({ length: 300_000 }, (_, i) => ({ bytes: 640, first: i, last: i + 1 }));
  assert.equal(placeBuffers(chain).arenaBytes, 2 * 640);
  const sizes = Array.from({ length: 300_000 }, (_, i) => ({ bytes: 1 + (i % 10_000), first: i, last: i + 3 }));
  assert.ok(placeBuffers(sizes).arenaBytes < 2e6);
});
