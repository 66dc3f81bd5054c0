/**
 * MNIST's IDX files: two zero bytes, a type byte, the number of axes, a big-endian u32 for each axis, then the elements
 * in row-major order. Gzipped files are unpacked.
 */
import { XnorkitError } from "../errors.js";
import { elementCount, formatShape, type Shape, type Tensor, tensor } from "../tensor.js";
import type { Dataset } from "./dataset.js";
import { gunzip, isGzip } from "./gzip.js";

const UNSIGNED_BYTE = 0x08;
const AXIS_BYTES = 4;

/** True where the bytes start like an IDX file of unsigned bytes (or like gzip, which may hold one). */
export function looksLikeIdx(bytes: Uint8Array): boolean {
  return isGzip(bytes) || (bytes[0] === 0 && bytes[1] === 0 && bytes[2] === UNSIGNED_BYTE);
}

/**
 * Reads an IDX file of unsigned bytes.
 * @throws XnorkitError `bad-file` with the offset if the file is no IDX file, cut short or too long; `unsupported`
 *   for other element types than unsigned bytes.
 */
export function readIdx(bytes: Uint8Array): Tensor & { readonly data: Uint8Array } {
  const file = isGzip(bytes) ? gunzip(bytes) : bytes;
  if (file.length < 4)
    throw new XnorkitError("bad-file", `an IDX file starts with 4 bytes, but it ends at byte ${file.length}`);
  const [zero, zeroToo, type, axes] = file;
  if (zero !== 0 || zeroToo !== 0) {
    throw new XnorkitError(
      "bad-file",
      `an IDX file starts with two zero bytes, but byte 0 is ${zero} and byte 1 is ${zeroToo}`,
    );
  }
  if (type !== UNSIGNED_BYTE) {
    throw new XnorkitError(
      "unsupported",
      `the IDX type at byte 2 is ${type}, only unsigned bytes (${UNSIGNED_BYTE}) are read`,
    );
  }
  const dataOffset = 4 + axes * AXIS_BYTES;
  if (axes === 0 || file.length < dataOffset) {
    throw new XnorkitError("bad-file", `the IDX file states ${axes} axes at byte 3, but ends at byte ${file.length}`);
  }
  const view = new DataView(file.buffer, file.byteOffset, dataOffset);
  const shape: Shape = Array.from({ length: axes }, (_, axis) => view.getUint32(4 + axis * AXIS_BYTES));
  const expected = dataOffset + elementCount(shape);
  if (expected !== file.length) {
    throw new XnorkitError(
      "bad-file",
      `an IDX file of shape ${formatShape(shape)} has ${expected} bytes, but this has ${file.length}: ` +
        `it is ${file.length < expected ? "cut short" : "too long"}`,
    );
  }
  const data = new Uint8Array(file.buffer, file.byteOffset + dataOffset, file.length - dataOffset);
  return { shape: tensor(shape, data).shape, data };
}

/**
 * Joins a file of pictures (`[N, height, width]`) and its file of labels (`[N]`) to `images` NCHW `[N, 1, height,
 * width]` and labels.
 * @throws XnorkitError as `readIdx`, and `bad-shape` if the axes or the counts of both do not fit.
 */
export function readMnist(imageFile: Uint8Array, labelFile: Uint8Array): Dataset {
  const images = readIdx(imageFile);
  const labels = readIdx(labelFile);
  if (images.shape.length !== 3 || labels.shape.length !== 1) {
    throw new XnorkitError(
      "bad-shape",
      `expected images of 3 axes and labels of 1, found ${formatShape(images.shape)} and ` +
        `${formatShape(labels.shape)}: are the files swapped?`,
    );
  }
  const [count, height, width] = images.shape;
  if (labels.shape[0] !== count) {
    throw new XnorkitError(
      "bad-shape",
      `${count} images, but ${labels.shape[0]} labels: the files do not belong together`,
    );
  }
  return { images: { shape: [count, 1, height, width], data: images.data }, labels: labels.data };
}
