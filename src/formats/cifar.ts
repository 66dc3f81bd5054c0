/**
 * The binary version of CIFAR-10 and CIFAR-100: records of label bytes (CIFAR-10: class; CIFAR-100: superclass, class)
 * and 3072 pixels, 32x32 planes red, green, blue. Source: the data set's own description. Reads single batches and the
 * published archives.
 */
import { XnorkitError } from "../errors.js";
import type { Dataset } from "./dataset.js";
import { gunzip, isGzip } from "./gzip.js";
import { isTar, readTar } from "./tar.js";

export interface CifarOptions {
  /** 10 or 100; by default told by the archive's file names or by which record size divides a batch. */
  readonly classes?: 10 | 100;
  /** Which part of an archive, by default `test`. */
  readonly split?: "test" | "train";
}

const SIDE = 32;
const IMAGE_BYTES = 3 * SIDE * SIDE;
const LABEL_BYTES = { 10: 1, 100: 2 } as const;
const SUPERCLASSES = 20;

/** Batches of each split and the names of the classes, as the published archives call them. */
const ARCHIVES = {
  10: { test: /(^|\/)test_batch\.bin$/, train: /(^|\/)data_batch_\d+\.bin$/, names: /(^|\/)batches\.meta\.txt$/ },
  100: { test: /(^|\/)test\.bin$/, train: /(^|\/)train\.bin$/, names: /(^|\/)fine_label_names\.txt$/ },
} as const;

/**
 * Reads CIFAR-10 or CIFAR-100: a binary batch, or the published .tar or .tar.gz of the binary version.
 *
 * @returns Images `[N, 3, 32, 32]`, labels (CIFAR-100: the 100 classes, not the superclasses), class names where an
 *   archive has them.
 * @throws XnorkitError `bad-file` with the offset if a file is cut short, too long, damaged, of another kind or
 *   holds a label that does not exist.
 */
export function readCifar(bytes: Uint8Array, options: CifarOptions = {}): Dataset {
  const file = isGzip(bytes) ? gunzip(bytes) : bytes;
  if (isTar(file)) return readArchive(readTar(file), options);
  return joinBatches([{ name: "the batch", bytes: file }], options.classes ?? guessClasses(file));
}

interface Batch {
  readonly name: string;
  readonly bytes: Uint8Array;
}

function readArchive(files: ReadonlyMap<string, Uint8Array>, { classes, split = "test" }: CifarOptions): Dataset {
  const kinds = classes === undefined ? ([10, 100] as const) : [classes];
  for (const kind of kinds) {
    const archive = ARCHIVES[kind];
    const names = [...files.keys()].filter((name) => archive[split].test(name)).sort(byNumber);
    if (names.length === 0) continue;
    const dataset = joinBatches(
      names.map((name) => ({ name, bytes: files.get(name)! })),
      kind,
    );
    const namesFile = [...files].find(([name]) => archive.names.test(name));
    return namesFile === undefined ? dataset : { ...dataset, classNames: readNames(...namesFile, kind) };
  }
  const found = [...files.keys()].slice(0, 5).join(", ");
  throw new XnorkitError(
    "bad-file",
    `the archive holds no ${split} batches of CIFAR's binary version (found: ${found || "nothing"}): ` +
      "use cifar-10-binary or cifar-100-binary",
  );
}

/** data_batch_2 before data_batch_10. */
function byNumber(a: string, b: string): number {
  return Number(a.match(/\d+(?=\.bin)/)?.[0] ?? 0) - Number(b.match(/\d+(?=\.bin)/)?.[0] ?? 0);
}

function guessClasses({ length }: Uint8Array): 10 | 100 {
  const fits = ([10, 100] as const).filter(
    (classes) => length > 0 && length % (LABEL_BYTES[classes] + IMAGE_BYTES) === 0,
  );
  if (fits.length === 1) return fits[0];
  throw new XnorkitError(
    "bad-file",
    fits.length === 0
      ? `${length} bytes are no whole number of CIFAR-10 (${IMAGE_BYTES + 1}) or CIFAR-100 (${IMAGE_BYTES + 2}) ` +
          "records: another format, or cut short"
      : `${length} bytes fit CIFAR-10 and CIFAR-100 records alike: state the number of classes`,
  );
}

function joinBatches(batches: readonly Batch[], classes: 10 | 100): Dataset {
  const labelBytes = LABEL_BYTES[classes];
  const recordBytes = labelBytes + IMAGE_BYTES;
  let count = 0;
  for (const { name, bytes } of batches) {
    if (bytes.length === 0 || bytes.length % recordBytes !== 0) {
      throw new XnorkitError(
        "bad-file",
        `${name} has ${bytes.length} bytes, no whole number of CIFAR-${classes} records of ${recordBytes}: ` +
          "it is cut short or too long",
      );
    }
    count += bytes.length / recordBytes;
  }
  const data = new Uint8Array(count * IMAGE_BYTES);
  const labels = new Uint8Array(count);
  let image = 0;
  for (const { name, bytes } of batches) {
    for (let offset = 0; offset < bytes.length; offset += recordBytes, image++) {
      const pixels = offset + labelBytes;
      labels[image] = bytes[pixels - 1];
      checkLabel(name, pixels - 1, labels[image], classes);
      if (classes === 100) checkLabel(name, offset, bytes[offset], SUPERCLASSES);
      data.set(bytes.subarray(pixels, pixels + IMAGE_BYTES), image * IMAGE_BYTES);
    }
  }
  return { images: { shape: [count, 3, SIDE, SIDE], data }, labels };
}

function checkLabel(name: string, offset: number, label: number, classes: number): void {
  if (label < classes) return;
  throw new XnorkitError(
    "bad-file",
    `${name} has label ${label} at byte ${offset}, expected 0 to ${classes - 1}: not CIFAR's binary version?`,
  );
}

function readNames(file: string, bytes: Uint8Array, classes: number): readonly string[] {
  const lines = new TextDecoder().decode(bytes).split(/\r?\n/);
  const names = lines.map((line) => line.trim()).filter((line) => line !== "");
  if (names.length === classes) return names;
  throw new XnorkitError("bad-file", `${file} names ${names.length} classes, expected ${classes}`);
}
