/** Drawn digits made into pictures as MNIST has them. */
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { gunzipSync } from "node:zlib";
import fc from "fast-check";
import { XnorkitError } from "../../src/errors.js";
import { crop, digitInput, type Image, mnistDigit, resize } from "../../src/image/index.js";
import { sharedPath, skipWithout } from "../support/shared.js";
import { paint } from "./support.js";

/** A filled rectangle of ink on paper. */
const bar = (
  width: number,
  height: number,
  box: { x: number; y: number; w: number; h: number },
  ink: number,
  paper: number,
) => paint(width, height, (x, y) => (x >= box.x && x < box.x + box.w && y >= box.y && y < box.y + box.h ? ink : paper));

test("the longer side of the digit becomes 20 pixels in the middle of 28", () => {
  const digit = mnistDigit(bar(100, 80, { x: 5, y: 10, w: 20, h: 60 }, 0, 255));
  const expected = paint(28, 28, (x, y) => (x >= 11 && x < 18 && y >= 5 && y < 25 ? 255 : 0));
  // 20x60 becomes 7x20 (6.67 rounded); its centre, pixel 3 and 9.5, goes to 14: column 11, row 4.5 rounded to 5.
  assert.deepEqual(digit, expected);
});

test("ink may be dark on light or light on dark, and of little contrast", () => {
  const box = { x: 20, y: 20, w: 10, h: 25 };
  const black = mnistDigit(bar(60, 60, box, 0, 255));
  assert.deepEqual(mnistDigit(bar(60, 60, box, 255, 0)), black);
  assert.deepEqual(mnistDigit(bar(60, 60, box, 120, 200)), black);
  // Grey on a darker grey: the border decides, not the middle of the scale.
  assert.deepEqual(mnistDigit(bar(60, 60, box, 110, 40)), black);
  assert.deepEqual(mnistDigit(bar(60, 60, box, 60, 120)), black);
});

test("weak noise in the paper is no ink", () => {
  const clean = bar(60, 60, { x: 20, y: 20, w: 10, h: 25 }, 20, 230);
  const noisy = paint(60, 60, (x, y) => clean.data[y * 60 + x] + ((x * 7 + y * 13) % 21) - 10);
  const difference = mnistDigit(noisy).data.map((level, i) => Math.abs(level - mnistDigit(clean).data[i]));
  assert.ok(Math.max(...difference) <= 30);
});

test("a thin stroke comes out bright", () => {
  assert.equal(Math.max(...mnistDigit(bar(280, 280, { x: 140, y: 20, w: 3, h: 240 }, 0, 255)).data), 255);
});

test("a transparent background is white", () => {
  const dark = bar(40, 40, { x: 10, y: 10, w: 8, h: 20 }, 0, 255);
  const data = Uint8Array.from({ length: 40 * 40 * 4 }, (_, i) => (i % 4 === 3 ? 255 - dark.data[i >> 2] : 0));
  assert.deepEqual(mnistDigit({ width: 40, height: 40, channels: 4, data }), mnistDigit(dark));
});

test("the model reads 32x32 with two black pixels around", () => {
  const picture = bar(100, 80, { x: 5, y: 10, w: 20, h: 60 }, 0, 255);
  const input = digitInput(picture);
  assert.deepEqual([input.width, input.height, input.channels], [32, 32, 1]);
  assert.deepEqual(crop(input, { left: 2, top: 2, width: 28, height: 28 }), mnistDigit(picture));
});

test("an empty picture is refused", () => {
  const isEmpty = (error: unknown) => error instanceof XnorkitError && error.code === "bad-value";
  for (const level of [0, 128, 255]) assert.throws(() => digitInput(paint(30, 30, () => level)), isEmpty);
  assert.throws(() => digitInput(paint(30, 30, (x) => 200 + (x % 10))), isEmpty);
  assert.throws(() => digitInput(paint(1, 1, () => 3)), isEmpty);
});

test("any picture with ink gives 28x28 with the centre of mass at pixel 14", () => {
  const side = fc.integer({ min: 8, max: 90 });
  fc.assert(
    fc.property(side, side, fc.integer({ min: 1, max: 1000 }), fc.boolean(), (width, height, seed, dark) => {
      const blot = { x: 1 + (seed % (width - 6)), y: 1 + (seed % (height - 6)), w: 2 + (seed % 3), h: 1 + (seed % 4) };
      const digit = mnistDigit(bar(width, height, blot, dark ? 0 : 255, dark ? 255 : 0));
      assert.deepEqual([digit.width, digit.height], [28, 28]);
      const [x, y] = centerOfMass(digit);
      assert.ok(Math.abs(x - 14) <= 0.5 && Math.abs(y - 14) <= 0.5, `centre ${x}, ${y}`);
    }),
    { numRuns: 100 },
  );
});

function centerOfMass({ width, height, data }: Image): readonly [x: number, y: number] {
  let [mass, x, y] = [0, 0, 0];
  for (let i = 0; i < width * height; i++) {
    mass += data[i];
    x += data[i] * (i % width);
    y += data[i] * Math.floor(i / width);
  }
  return [x / mass, y / mass];
}

const MNIST = "data/mnist/t10k-images-idx3-ubyte.gz";

test("MNIST's digits, enlarged and moved, come back where MNIST has them", { skip: skipWithout(MNIST) }, () => {
  const images = gunzipSync(readFileSync(sharedPath(MNIST))).subarray(16);
  let similarity = 0;
  const count = 100;
  for (let i = 0; i < count; i++) {
    const original: Image = {
      width: 28,
      height: 28,
      channels: 1,
      data: Uint8Array.from(images.subarray(i * 784, (i + 1) * 784)),
    };
    const enlarged = resize(original, 140, 140);
    const moved = crop(enlarged, { left: -30, top: -5, width: 200, height: 150 });
    const inverted = { ...moved, data: moved.data.map((level) => 255 - level) };
    similarity += cosine(mnistDigit(inverted).data, original.data) / count;
  }
  assert.ok(similarity > 0.9, `mean cosine ${similarity}`);
});

function cosine(a: Uint8Array, b: Uint8Array): number {
  let [product, squareA, squareB] = [0, 0, 0];
  for (let i = 0; i < a.length; i++) {
    product += a[i] * b[i];
    squareA += a[i] ** 2;
    squareB += b[i] ** 2;
  }
  return product / Math.sqrt(squareA * squareB);
}
