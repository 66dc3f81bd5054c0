/** Cut and flipped files: always a XnorkitError or a correct read, never another exception or a large allocation. */
import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { XnorkitError } from "../../src/errors.js";
import { readCifar } from "../../src/formats/cifar.js";
import { readIdx } from "../../src/formats/idx.js";
import { loadModel, saveModel } from "../../src/formats/packed_model.js";
import { readWeights } from "../../src/formats/read_weights.js";
import { headerByteLength, rawFloat32, readSafetensors, writeSafetensors } from "../../src/formats/safetensors.js";
import { randomWeights } from "../../src/models/random_weights.js";
import { randomFloats, seededRandom, smallGraph } from "./support.js";

const graph = smallGraph();
const packed = saveModel({ graph, weights: randomWeights(graph, 7) });
const random = seededRandom(3);
const floats = writeSafetensors(
  new Map([
    ["first", rawFloat32([16, 8, 3, 3], randomFloats(1152, random))],
    ["second", rawFloat32([5], randomFloats(5, random))],
  ]),
  new Map([["note", "text"]]),
);

/** True where `read` succeeds; fails the test on anything that is no XnorkitError. */
function succeeds(read: () => unknown, what: string): boolean {
  try {
    read();
    return true;
  } catch (error) {
    assert.ok(error instanceof XnorkitError, `${what}: ${error instanceof Error ? error.stack : error}`);
    return false;
  }
}

for (const [name, file, read] of [
  ["safetensors", floats, readSafetensors],
  ["weights", floats, readWeights],
  ["packed model", packed, loadModel],
  ["packed weights", packed, readWeights],
] as const) {
  test(`${name}: cut at every byte of the first kilobyte and at random places is refused`, () => {
    const cuts = [...Array(1024).keys(), ...Array.from({ length: 200 }, () => Math.floor(random() * file.length))];
    for (const cut of cuts) {
      assert.ok(!succeeds(() => read(file.subarray(0, cut)), `cut at ${cut}`), `a file cut at ${cut} was read`);
    }
    assert.ok(!succeeds(() => read(Uint8Array.of(...file, 0)), "one byte more"));
  });

  test(`${name}: bytes changed in the header end in a XnorkitError or a read`, () => {
    const header = headerByteLength(file, file.length);
    const change = fc.tuple(fc.oneof(fc.nat(63), fc.nat(header - 1)), fc.integer({ min: 1, max: 255 }));
    fc.assert(
      fc.property(fc.array(change, { minLength: 1, maxLength: 3 }), (changes) => {
        const damaged = file.slice();
        for (const [offset, mask] of changes) damaged[offset] ^= mask;
        succeeds(() => read(damaged), `changes ${JSON.stringify(changes)}`);
      }),
      { numRuns: 400 },
    );
  });
}

test("a flipped bit of the length is always refused", () => {
  for (let bit = 0; bit < 64; bit++) {
    const damaged = floats.slice();
    damaged[bit >> 3] ^= 1 << (bit & 7);
    assert.ok(!succeeds(() => readSafetensors(damaged), `bit ${bit}`), `bit ${bit}`);
  }
});

test("random bytes are refused by every reader", () => {
  const start = fc.constantFrom([], [0x1f, 0x8b, 8], [0, 0, 8, 1], [2, 0, 0, 0, 0, 0, 0, 0, 0x7b]);
  fc.assert(
    fc.property(start, fc.uint8Array({ maxLength: 600 }), (prefix, rest) => {
      const bytes = Uint8Array.of(...prefix, ...rest);
      for (const read of [readSafetensors, loadModel, readWeights, readCifar, readIdx]) {
        succeeds(() => read(bytes), read.name);
      }
    }),
    { numRuns: 400 },
  );
});
