/** A drawn or photographed digit made into a picture as MNIST has them: found, scaled and centred. */
import { XnorkitError } from "../errors.js";
import type { Box } from "./box.js";
import { drawingToGray } from "./color.js";
import { crop } from "./crop.js";
import { type Image, imageArgument } from "./image.js";
import { resize } from "./resize.js";

/** Side of MNIST's pictures, of the box that holds the digit, and the border that the digits model adds. */
const MNIST_SIDE = 28;
const DIGIT_SIDE = 20;
/**
 * Pixel index of the centre of mass: over the 10,000 test digits it is spread evenly over 13.5 to 14.5, with 14.00 in
 * the mean.
 */
const MNIST_CENTER = 14;
const MODEL_BORDER = 2;

/** Weakest contrast, in grey levels, that counts as a drawing. */
const MIN_CONTRAST = 24;
/** What differs from the background by less than this part of the darkest ink is paper, shadow or compression noise. */
const NOISE_PART = 0.25;

/**
 * Brings a picture of one handwritten digit into the form of MNIST (LeCun et al., "The MNIST database"): light ink on
 * black, the digit scaled into 20x20 with its proportions kept and antialiased, its centre of mass at pixel 14, 14 of
 * 28x28.
 *
 * The background is the median grey of the picture's border; ink is what lies on the far side of it, dark on light
 * paper or light on a dark board; what is drawn on transparency gets the background that it shows on. Ink is stretched
 * to 0..255.
 * @throws XnorkitError `bad-value` if the picture has no ink.
 */
export function mnistDigit(picture: Image): Image {
  const gray = drawingToGray(imageArgument("mnistDigit", picture));
  const inks = inkOfLevels(gray);
  const ink = withLevels(crop(gray, boundingBox(gray, inks)), (level) => inks[level]);
  const scale = DIGIT_SIDE / Math.max(ink.width, ink.height);
  const width = Math.max(Math.round(ink.width * scale), 1);
  const height = Math.max(Math.round(ink.height * scale), 1);
  return centerMass(stretch(resize(ink, width, height)));
}

/** `mnistDigit` with two black pixels more on every side: the 32x32 that the digits model reads. */
export function digitInput(picture: Image): Image {
  const side = MNIST_SIDE + 2 * MODEL_BORDER;
  return crop(mnistDigit(picture), { left: -MODEL_BORDER, top: -MODEL_BORDER, width: side, height: side });
}

/** How many pixels have each level. */
function histogram(data: Uint8Array): Uint32Array {
  const counts = new Uint32Array(256);
  for (let i = 0; i < data.length; i++) counts[data[i]]++;
  return counts;
}

/** The level that half of the border's pixels do not exceed: its outermost frame. */
function borderMedian({ width, height, data }: Image): number {
  const pixels: number[] = [];
  for (let x = 0; x < width; x++) pixels.push(data[x], data[(height - 1) * width + x]);
  for (let y = 0; y < height; y++) pixels.push(data[y * width], data[y * width + width - 1]);
  return pixels.sort((a, b) => a - b)[pixels.length >> 1];
}

/** How far each level is from the background, towards the ink; 0 if that is noise. */
function inkOfLevels(gray: Image): Uint32Array {
  const counts = histogram(gray.data);
  const isThere = (count: number) => count > 0;
  const darkest = counts.findIndex(isThere);
  const lightest = counts.findLastIndex(isThere);
  const background = borderMedian(gray);
  const inkIsDark = background - darkest >= lightest - background;
  const contrast = inkIsDark ? background - darkest : lightest - background;
  if (contrast < MIN_CONTRAST) {
    throw new XnorkitError(
      "bad-value",
      `no digit was found in a picture of ${gray.width}x${gray.height} pixels: its grey levels ${darkest} to ` +
        `${lightest} are nearly one; draw with more contrast`,
    );
  }
  return counts.map((_, level) => {
    const distance = inkIsDark ? background - level : level - background;
    return distance < NOISE_PART * contrast ? 0 : Math.round((255 * distance) / contrast);
  });
}

/** The smallest box around everything that has ink; there is some by construction. */
function boundingBox({ width, height, data }: Image, inks: Uint32Array): Box {
  let left = width;
  let right = -1;
  let top = height;
  let bottom = -1;
  for (let y = 0, at = 0; y < height; y++) {
    for (let x = 0; x < width; x++, at++) {
      if (inks[data[at]] === 0) continue;
      if (x < left) left = x;
      if (x > right) right = x;
      if (top > y) top = y;
      bottom = y;
    }
  }
  return { left, top, width: right - left + 1, height: bottom - top + 1 };
}

/** Every level by another one. */
function withLevels(picture: Image, levelOf: (level: number) => number): Image {
  return { ...picture, data: picture.data.map(levelOf) };
}

/** Thin strokes pale when they are scaled down: the brightest pixel becomes 255 again, as MNIST's are. */
function stretch(ink: Image): Image {
  const brightest = Math.max(...ink.data, 1);
  return withLevels(ink, (level) => Math.round((255 * level) / brightest));
}

/**
 * Puts the digit into 28x28 so that its centre of mass falls on pixel 14, 14, or as near as whole pixels and the frame
 * allow.
 */
function centerMass(ink: Image): Image {
  let mass = 0;
  let momentX = 0;
  let momentY = 0;
  for (let y = 0; y < ink.height; y++) {
    for (let x = 0; x < ink.width; x++) {
      const level = ink.data[y * ink.width + x];
      mass += level;
      momentX += level * x;
      momentY += level * y;
    }
  }
  const place = (moment: number, side: number) =>
    Math.min(Math.max(Math.round(MNIST_CENTER - moment / mass), 0), MNIST_SIDE - side);
  return crop(ink, {
    left: -place(momentX, ink.width),
    top: -place(momentY, ink.height),
    width: MNIST_SIDE,
    height: MNIST_SIDE,
  });
}
