/** MNIST's IDX files, gzipped or not, whole and damaged. */
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import fc from "fast-check";
import { gzipSync } from "fflate";
import { readIdx, readMnist } from "../../src/formats/idx.js";
import { sharedPath, skipWithout } from "../support/shared.js";
import { throwsError } from "./support.js";

function idx(shape: readonly number[], data: ArrayLike<number>, type = 8): Uint8Array {
  const file = new Uint8Array(4 + 4 * shape.length + data.length);
  const view = new DataView(file.buffer);
  file.set([0, 0, type, shape.length]);
  shape.forEach((size, axis) => {
    view.setUint32(4 + 4 * axis, size);
  });
  file.set(data, 4 + 4 * shape.length);
  return file;
}

test("any shape is read, gzipped or not", () => {
  const shapes = fc.array(fc.integer({ min: 1, max: 5 }), { minLength: 1, maxLength: 4 });
  fc.assert(
    fc.property(shapes, fc.infiniteStream(fc.nat(255)), (shape, stream) => {
      const data = Uint8Array.from(stream.take(shape.reduce((product, size) => product * size, 1)));
      const file = idx(shape, data);
      for (const bytes of [file, gzipSync(file), Buffer.from(file)]) {
        const read = readIdx(bytes);
        assert.deepEqual(read.shape, shape);
        assert.deepEqual([...read.data], [...data]);
      }
    }),
    { numRuns: 100 },
  );
});

test("images and labels are joined to NCHW", () => {
  const { images, labels } = readMnist(idx([2, 1, 3], [1, 2, 3, 4, 5, 6]), idx([2], [7, 9]));
  assert.deepEqual(images, { shape: [2, 1, 1, 3], data: Uint8Array.of(1, 2, 3, 4, 5, 6) });
  assert.deepEqual(labels, Uint8Array.of(7, 9));
});

test("swapped files and counts that differ are refused", () => {
  const images = idx([2, 1, 1], [1, 2]);
  throwsError(() => readMnist(idx([2], [0, 1]), images), "bad-shape", /swapped/);
  throwsError(() => readMnist(images, idx([3], [0, 1, 2])), "bad-shape", /2 images, but 3 labels/);
});

test("files that are cut, too long, of another type or no IDX are refused", () => {
  const file = idx([2, 3], [1, 2, 3, 4, 5, 6]);
  for (let cut = 0; cut < file.length; cut++) throwsError(() => readIdx(file.subarray(0, cut)), "bad-file");
  throwsError(
    () => readIdx(Uint8Array.of(...file, 0)),
    "bad-file",
    /2x3 has 18 bytes, but this has 19: it is too long/,
  );
  throwsError(() => readIdx(idx([1], [0, 0, 0, 0], 0x0d)), "unsupported", /type at byte 2 is 13/);
  throwsError(() => readIdx(idx([], [])), "bad-file", /0 axes/);
  throwsError(() => readIdx(idx([0], [])), "bad-shape", /shape 0/);
  throwsError(() => readIdx(idx([2 ** 32 - 1, 2 ** 32 - 1, 2 ** 32 - 1], [0])), "bad-file", /cut short/);
  throwsError(() => readIdx(Uint8Array.of(0x89, 0x50, 0x4e, 0x47)), "bad-file", /byte 0 is 137/);
});

test("a gzip file that is cut or damaged anywhere is refused", () => {
  const file = gzipSync(
    idx(
      [40, 10],
      Array.from({ length: 400 }, (_, index) => (index * index) % 251),
    ),
  );
  for (let cut = 0; cut < file.length; cut++) throwsError(() => readIdx(file.subarray(0, cut)), "bad-file");
  for (let at = 10; at < file.length; at++) {
    const damaged = file.slice();
    damaged[at] ^= 0x10;
    throwsError(() => readIdx(damaged), "bad-file");
  }
});

test("a gzip trailer that promises gigabytes is refused before allocating", () => {
  const file = gzipSync(idx([1], [0]));
  new DataView(file.buffer, file.byteOffset).setUint32(file.length - 4, 0xffffffff, true);
  throwsError(() => readIdx(file), "bad-file", /incorrect length check/);
});

test("a gzip file may have several members and zeros after them, and nothing else", () => {
  const file = idx([3, 5], [...Array(15).keys()]);
  const parts = [file.subarray(0, 7), file.subarray(7, 7), file.subarray(7)].map((part) => gzipSync(part));
  const joined = Uint8Array.from(Buffer.concat([...parts, new Uint8Array(700)]));
  for (const bytes of [joined, joined.subarray(0, -700), joined.subarray(0, -699)]) {
    assert.deepEqual([...readIdx(bytes).data], [...Array(15).keys()]);
  }
  joined[joined.length - 1] = 7;
  throwsError(() => readIdx(joined), "bad-file", /byte \d+ is 0, where another member or the end is expected/);
  joined[joined.length - 700] = 0x1f;
  throwsError(() => readIdx(joined), "bad-file", /cannot be unpacked/);
});

test("a gzip file that unpacks to a thousand times its size is refused where that is much", () => {
  const zeros = gzipSync(new Uint8Array(45 * 2 ** 20));
  throwsError(() => readIdx(zeros), "bad-file", /the gzip file of [\d,]+ bytes takes more than [\d,]+ in memory/);
  throwsError(() => readIdx(Buffer.concat([zeros, gzipSync(new Uint8Array(1))])), "bad-file", /in memory/);
  throwsError(() => readIdx(gzipSync(new Uint8Array(20 * 2 ** 20))), "unsupported", /type at byte 2/);
});

const files = ["data/mnist/t10k-images-idx3-ubyte.gz", "data/mnist/t10k-labels-idx1-ubyte.gz"] as const;
test("MNIST's test set", { skip: skipWithout(...files) }, () => {
  const [imageFile, labelFile] = files.map((file) => readFileSync(sharedPath(file)));
  const { images, labels } = readMnist(imageFile, labelFile);
  assert.deepEqual(images.shape, [10000, 1, 28, 28]);
  assert.deepEqual([...labels.subarray(0, 8)], [7, 2, 1, 0, 4, 1, 4, 9]);
  const counts = new Array(10).fill(0);
  for (const label of labels) counts[label]++;
  assert.deepEqual(counts, [980, 1135, 1032, 1010, 982, 892, 958, 1028, 974, 1009]);
});
