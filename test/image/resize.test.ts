/** Resizing and cropping, by what pixels must become. */
import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { XnorkitError } from "../../src/errors.js";
import { centerCrop, crop, type Image, imagenetCrop, resize, resizeShortSide } from "../../src/image/index.js";
import { gray, paint } from "./support.js";

const row = (...levels: readonly number[]) => gray([levels]);
const levels = (picture: Image) => [...picture.data];

test("enlarging interpolates between half-pixel centres and keeps the ends", () => {
  // Destination centres 0.25, 0.75, 1.25, 1.75 in source pixels: weights 1 | 3/4 1/4 | 1/4 3/4 | 1.
  assert.deepEqual(levels(resize(row(0, 100), 4, 1)), [0, 25, 75, 100]);
  assert.deepEqual(levels(resize(gray([[0], [100]]), 1, 4)), [0, 25, 75, 100]);
});

test("reducing weighs all the pixels that a widened triangle covers", () => {
  // Factor 2, support 2: pixel 0 has centre 1 and weights 3/4 (at 0.5), 3/4, 1/4 (at 2.5); their sum is 7/4.
  assert.deepEqual(levels(resize(row(70, 0, 0, 0), 2, 1)), [30, 0]);
  assert.deepEqual(levels(resize(row(0, 70, 0, 0), 2, 1)), [30, 10]);
});

test("channels stay apart", () => {
  const picture: Image = { width: 2, height: 1, channels: 3, data: Uint8Array.of(0, 200, 7, 100, 100, 7) };
  assert.deepEqual(levels(resize(picture, 4, 1)), [0, 200, 7, 25, 175, 7, 75, 125, 7, 100, 100, 7]);
});

test("a size that is no size is refused", () => {
  for (const side of [0, -1, 1.5, Number.NaN]) assert.throws(() => resize(row(1), side, 1), XnorkitError);
});

test("constant pictures stay constant, levels stay in range, the same size is the same picture", () => {
  const side = fc.integer({ min: 1, max: 40 });
  fc.assert(
    fc.property(side, side, side, side, fc.integer({ min: 0, max: 255 }), (width, height, toWidth, toHeight, level) => {
      const flat = paint(width, height, () => level);
      assert.ok(resize(flat, toWidth, toHeight).data.every((resized) => resized === level));
      const noise = paint(width, height, (x, y) => (x * 73 + y * 151 + level) % 256);
      const resized = resize(noise, toWidth, toHeight);
      assert.equal(resized.data.length, toWidth * toHeight);
      assert.ok(Math.max(...resized.data) <= Math.max(...noise.data));
      assert.ok(Math.min(...resized.data) >= Math.min(...noise.data));
      assert.deepEqual(resize(noise, width, height), noise);
    }),
    { numRuns: 100 },
  );
});

test("resizing commutes with mirroring", () => {
  const mirrored = (picture: Image) =>
    paint(picture.width, picture.height, (x, y) => picture.data[(y + 1) * picture.width - 1 - x]);
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 30 }), fc.integer({ min: 1, max: 30 }), (width, to) => {
      const noise = paint(width, 3, (x, y) => (x * 73 + y * 151) % 256);
      const [one, other] = [mirrored(resize(noise, to, 2)), resize(mirrored(noise), to, 2)];
      for (const [i, level] of one.data.entries()) assert.ok(Math.abs(level - other.data[i]) <= 1);
    }),
    { numRuns: 100 },
  );
});

test("cropping cuts, and fills what lies outside", () => {
  const picture = gray([
    [1, 2, 3],
    [4, 5, 6],
  ]);
  assert.deepEqual(levels(crop(picture, { left: 1, top: 0, width: 2, height: 2 })), [2, 3, 5, 6]);
  assert.deepEqual(levels(crop(picture, { left: -1, top: 1, width: 3, height: 2 }, 9)), [9, 4, 5, 9, 9, 9]);
  assert.deepEqual(levels(crop(picture, { left: 3, top: 0, width: 1, height: 1 })), [0]);
  assert.deepEqual(levels(centerCrop(picture, 1, 2)), [2, 5]);
  assert.throws(() => centerCrop(picture, 4, 1), XnorkitError);
});

test("an ImageNet network sees the middle of the picture at 256 pixels", () => {
  const { width, height } = resizeShortSide(
    paint(300, 200, () => 0),
    256,
  );
  assert.deepEqual([width, height], [384, 256]);
  const cropped = imagenetCrop(
    paint(50, 75, () => 8),
    224,
    224,
  );
  assert.deepEqual([cropped.width, cropped.height], [224, 224]);
  assert.ok(cropped.data.every((level) => level === 8));
});
