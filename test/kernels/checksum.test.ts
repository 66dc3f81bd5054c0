/** The checksum of constants: sums of words and of their partial sums, lane by lane. */
import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { wordSums } from "../runtime/program_support.js";
import { openKernels } from "../support/kernels.js";
import { allocGuarded } from "../support/maps.js";

const bench = openKernels();

function sumsOf(bytes: Uint8Array): Uint32Array {
  bench.reset();
  const src = bench.putU8(bytes);
  const dst = allocGuarded(bench, 32);
  bench.k.checksumWords(src, dst.pointer, bytes.length);
  dst.assertIntact();
  return bench.u32(dst.pointer, 8).slice();
}

const vectors = fc
  .array(fc.uint8Array({ minLength: 16, maxLength: 16 }), { maxLength: 40 })
  .map((parts) => Uint8Array.from(parts.flatMap((part) => [...part])));

test("checksumWords adds words and partial sums modulo 2^32", () => {
  fc.assert(fc.property(vectors, (bytes) => assert.deepEqual(sumsOf(bytes), wordSums(bytes))));
  assert.deepEqual(sumsOf(new Uint8Array(0)), new Uint32Array(8));
});

test("a word that changes, and two that change places, change the sums", () => {
  const words = Uint32Array.from({ length: 64 }, (_, i) => Math.imul(i + 1, 2654435761));
  const before = sumsOf(new Uint8Array(words.buffer).slice());
  for (let i = 0; i < words.length; i++) {
    const changed = words.slice();
    changed[i] ^= 1 << i;
    assert.notDeepEqual(sumsOf(new Uint8Array(changed.buffer)), before);
    const [a, b] = [i, (i * 7 + 3) % words.length];
    if (a === b) continue;
    const swapped = words.slice();
    [swapped[a], swapped[b]] = [swapped[b], swapped[a]];
    assert.notDeepEqual(sumsOf(new Uint8Array(swapped.buffer)), before);
  }
});
