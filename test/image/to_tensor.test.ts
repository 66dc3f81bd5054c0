/** Pictures made into tensors. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { XnorkitError } from "../../src/errors.js";
import { composeOnWhite, type Image, image, toGray, toRgb, toTensor } from "../../src/image/index.js";
import { gray } from "./support.js";

const rgb: Image = { width: 2, height: 1, channels: 3, data: Uint8Array.of(255, 0, 10, 20, 30, 40) };

test("RGB pixels become planes, one picture after the other", () => {
  const tensor = toTensor([rgb, rgb], 3);
  assert.deepEqual(tensor.shape, [2, 3, 1, 2]);
  assert.deepEqual([...tensor.data], [255, 20, 0, 30, 10, 40, 255, 20, 0, 30, 10, 40]);
});

test("grey is the luma 0.299 R + 0.587 G + 0.114 B", () => {
  const primaries: Image = { width: 3, height: 1, channels: 3, data: Uint8Array.of(255, 0, 0, 0, 255, 0, 0, 0, 255) };
  assert.deepEqual([...toGray(primaries).data], [76, 150, 29]);
  const white: Image = { width: 1, height: 1, channels: 3, data: Uint8Array.of(255, 255, 255) };
  assert.deepEqual([...toGray(white).data], [255]);
  assert.deepEqual(toTensor([gray([[1, 2]])], 1), { shape: [1, 1, 1, 2], data: Uint8Array.of(1, 2) });
  assert.deepEqual([...toTensor([gray([[1, 2]])], 3).data], [1, 2, 1, 2, 1, 2]);
});

test("what is transparent shows white", () => {
  const rgba: Image = {
    width: 3,
    height: 1,
    channels: 4,
    data: Uint8Array.of(9, 9, 9, 0, 0, 100, 255, 51, 7, 8, 9, 255),
  };
  assert.deepEqual([...composeOnWhite(rgba).data], [255, 255, 255, 204, 224, 255, 7, 8, 9]);
  assert.deepEqual(toRgb(rgba), composeOnWhite(rgba));
  assert.deepEqual([...toTensor([rgba], 3).data], [255, 204, 7, 255, 224, 8, 255, 255, 9]);
  const opaque: Image = { width: 2, height: 1, channels: 4, data: Uint8Array.of(1, 2, 3, 255, 4, 5, 6, 255) };
  assert.deepEqual([...toTensor([opaque], 3).data], [1, 4, 2, 5, 3, 6]);
});

test("pictures of different sizes make no tensor, and data must fill a picture", () => {
  assert.throws(() => toTensor([rgb, gray([[1]])], 3), /picture 1 is 1x1, but picture 0 is 2x1/);
  assert.throws(() => toTensor([], 3), XnorkitError);
  assert.throws(() => image(2, 2, 3, new Uint8Array(11)), XnorkitError);
  assert.throws(() => image(0, 2, 1, new Uint8Array(0)), XnorkitError);
});
