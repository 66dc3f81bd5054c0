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
  const ink = isolateInk(drawingToGray(imageArgument("mnistDigit", picture)));
  const box = boundingBox(ink);
  const scale = DIGIT_SIDE / Math.max(box.width, box.height);
  const width = Math.max(Math.round(box.width * scale), 1);
  const height = Math.max(Math.round(box.height * scale), 1);
  return centerMass(stretch(resize(crop(ink, box), width, height)));
}

/** `mnistDigit` with two black pixels more on every side: the 32x32 that the digits model reads. */
export function digitInput(picture: Image): Image {
  const side = MNIST_SIDE + 2 * MODEL_BORDER;
  return crop(mnistDigit(picture), { left: -MODEL_BORDER, top: -MODEL_BORDER, width: side, height: side });
}

/** How far each pixel is from the background, towards the ink; 0 if that is noise. */
function isolateInk(gray: Image): Image {
  const background = median(borderPixels(gray));
  const [darkest, lightest] = range(gray.data);
  const inkIsDark = background - darkest >= lightest - background;
  const contrast = inkIsDark ? background - darkest : lightest - background;
  if (contrast < MIN_CONTRAST) {
    throw new XnorkitError(
      "bad-value",
      `no digit was found in a picture of ${gray.width}x${gray.height} pixels: its grey levels ${darkest} to ` +
        `${lightest} are nearly one; draw with more contrast`,
    );
  }
  const data = gray.data.map((level) => {
    const distance = inkIsDark ? background - level : level - background;
    return distance < NOISE_PART * contrast ? 0 : Math.round((255 * distance) / contrast);
  });
  return { ...gray, data };
}

/** The outermost frame of pixels. */
function borderPixels({ width, height, data }: Image): number[] {
  const pixels: number[] = [];
  for (let x = 0; x < width; x++) pixels.push(data[x], data[(height - 1) * width + x]);
  for (let y = 0; y < height; y++) pixels.push(data[y * width], data[y * width + width - 1]);
  return pixels;
}

function median(levels: readonly number[]): number {
  return levels.toSorted((a, b) => a - b)[levels.length >> 1];
}

function range(levels: Uint8Array): readonly [lowest: number, highest: number] {
  let lowest = 255;
  let highest = 0;
  for (const level of levels) {
    lowest = Math.min(lowest, level);
    highest = Math.max(highest, level);
  }
  return [lowest, highest];
}

/** The smallest box around everything that is not black; there is some ink by construction. */
function boundingBox({ width, height, data }: Image): Box {
  let left = width;
  let right = -1;
  let top = height;
  let bottom = -1;
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      if (data[y * width + x] === 0) continue;
      left = Math.min(left, x);
      right = Math.max(right, x);
      top = Math.min(top, y);
      bottom = y;
    }
  }
  return { left, top, width: right - left + 1, height: bottom - top + 1 };
}

/** Thin strokes pale when they are scaled down: the brightest pixel becomes 255 again, as MNIST's are. */
function stretch(ink: Image): Image {
  const brightest = Math.max(range(ink.data)[1], 1);
  return { ...ink, data: ink.data.map((level) => Math.round((255 * level) / brightest)) };
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
