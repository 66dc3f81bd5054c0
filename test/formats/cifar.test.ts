/** CIFAR's batches and archives, whole and damaged. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { gzipSync } from "fflate";
import { readCifar } from "../../src/formats/cifar.js";
import { seededRandom, throwsError } from "./support.js";

/** A record: label bytes, then 3072 pixels that differ from record to record. */
const record = (labels: readonly number[], seed: number): readonly number[] => {
  const random = seededRandom(seed);
  return [...labels, ...Array.from({ length: 3072 }, () => Math.floor(random() * 256))];
};
const batch = (...records: readonly (readonly number[])[]) => Uint8Array.from(records.flat());
const lines = (count: number) =>
  new TextEncoder().encode(`${Array.from({ length: count }, (_, i) => `class ${i}`).join("\n")}\n\n`);

/** A ustar archive of regular files, with a folder entry and an extended header before them. */
function tar(files: Readonly<Record<string, Uint8Array>>, { closed = true } = {}): Uint8Array {
  const blocks = [tarEntry("folder/", new Uint8Array(0), "5"), tarEntry("pax", new Uint8Array(30).fill(0x61), "x")];
  for (const [name, data] of Object.entries(files)) blocks.push(tarEntry(name, data, "0"));
  if (closed) blocks.push(new Uint8Array(1024));
  return Buffer.concat(blocks);
}

function tarEntry(name: string, data: Uint8Array, type: string): Uint8Array {
  const entry = Buffer.alloc(512 + Math.ceil(data.length / 512) * 512);
  entry.write(name, 0);
  entry.write("0000644\0", 100);
  entry.write(`${data.length.toString(8).padStart(11, "0")} `, 124);
  entry.write(" ".repeat(8), 148);
  entry.write(type, 156);
  entry.write("ustar\x0000", 257);
  const sum = entry.subarray(0, 512).reduce((total, byte) => total + byte, 0);
  entry.write(`${sum.toString(8).padStart(6, "0")}\0 `, 148);
  entry.set(data, 512);
  return entry;
}

const pixels = (...seeds: readonly number[]) => Uint8Array.from(seeds.flatMap((seed) => record([], seed)));

test("a CIFAR-10 batch", () => {
  const { images, labels } = readCifar(batch(record([3], 1), record([9], 2)));
  assert.deepEqual(images.shape, [2, 3, 32, 32]);
  assert.deepEqual(images.data, pixels(1, 2));
  assert.deepEqual(labels, Uint8Array.of(3, 9));
});

test("a CIFAR-100 batch gives the classes, not the superclasses", () => {
  const { images, labels } = readCifar(batch(record([19, 99], 1), record([0, 42], 2)));
  assert.deepEqual(images.data, pixels(1, 2));
  assert.deepEqual(labels, Uint8Array.of(99, 42));
});

const cifar10 = tar({
  "cifar-10-batches-bin/data_batch_10.bin": batch(record([5], 5)),
  "cifar-10-batches-bin/data_batch_2.bin": batch(record([2], 2), record([3], 3)),
  "cifar-10-batches-bin/batches.meta.txt": lines(10),
  "cifar-10-batches-bin/readme.html": new Uint8Array(700),
  "cifar-10-batches-bin/test_batch.bin": batch(record([7], 7)),
});

test("the archive of CIFAR-10, packed or not: test by default, train batches by number, names", () => {
  for (const archive of [cifar10, gzipSync(cifar10)]) {
    const held = readCifar(archive);
    assert.deepEqual([held.labels, held.images.data], [Uint8Array.of(7), pixels(7)]);
    assert.deepEqual([held.classNames!.length, held.classNames![9]], [10, "class 9"]);
    const train = readCifar(archive, { split: "train" });
    assert.deepEqual([train.labels, train.images.data], [Uint8Array.of(2, 3, 5), pixels(2, 3, 5)]);
  }
});

test("the archive of CIFAR-100", () => {
  const archive = tar({
    "cifar-100-binary/coarse_label_names.txt": lines(20),
    "cifar-100-binary/fine_label_names.txt": lines(100),
    "cifar-100-binary/test.bin": batch(record([1, 50], 4)),
    "cifar-100-binary/train.bin": batch(record([1, 51], 6)),
  });
  const { labels, classNames } = readCifar(archive);
  assert.deepEqual([labels, classNames!.length], [Uint8Array.of(50), 100]);
  assert.deepEqual(readCifar(archive, { split: "train", classes: 100 }).labels, Uint8Array.of(51));
  throwsError(() => readCifar(archive, { classes: 10 }), "bad-file", /no test batches/);
});

test("batches that are cut, too long or hold wrong labels are refused", () => {
  const file = batch(record([3], 1), record([9], 2));
  throwsError(() => readCifar(file.subarray(0, -1)), "bad-file", /6145 bytes are no whole number/);
  throwsError(() => readCifar(Uint8Array.of(...file, 0, 0, 0)), "bad-file");
  throwsError(() => readCifar(new Uint8Array(0)), "bad-file");
  throwsError(
    () => readCifar(batch(record([3], 1), record([10], 2))),
    "bad-file",
    /label 10 at byte 3073, expected 0 to 9/,
  );
  throwsError(() => readCifar(batch(record([20, 3], 1))), "bad-file", /label 20 at byte 0, expected 0 to 19/);
  throwsError(() => readCifar(batch(record([2, 100], 1))), "bad-file", /label 100 at byte 1/);
  throwsError(() => readCifar(file, { classes: 100 }), "bad-file", /records of 3074/);
  throwsError(() => readCifar(new Uint8Array(3073 * 3074)), "bad-file", /alike: state the number/);
});

test("archives that are cut, damaged, empty or of the Python version are refused", () => {
  for (let cut = 512; cut < cifar10.length - 1024; cut += 509) {
    throwsError(() => readCifar(cifar10.subarray(0, cut)), "bad-file", /cut short/);
  }
  throwsError(() => readCifar(tar({ "a.bin": new Uint8Array(9) }, { closed: false })), "bad-file", /closing block/);
  throwsError(() => readCifar(tar({})), "bad-file", /found: nothing/);
  throwsError(() => readCifar(tar({ "cifar-10-batches-py/test_batch": new Uint8Array(9) })), "bad-file", /binary/);
  throwsError(() => readCifar(tar({ "test_batch.bin": new Uint8Array(3072) })), "bad-file", /test_batch\.bin has 3072/);
  throwsError(
    () => readCifar(tar({ "test.bin": batch(record([1, 2], 1)), "fine_label_names.txt": lines(7) })),
    "bad-file",
    /7 classes/,
  );
  const damaged = cifar10.slice();
  damaged[2] ^= 1;
  throwsError(() => readCifar(Uint8Array.from(damaged)), "bad-file", /checksum/);
});
