/** Rectangles cut out of pictures, and the middle of a picture that was resized by its short side. */
import { optionsArgument } from "../arguments.js";
import { XnorkitError } from "../errors.js";
import { type Box, checkBox } from "./box.js";
import { type Image, imageArgument } from "./image.js";
import { resize, resizeBox } from "./resize.js";

/** Cuts a rectangle out of a picture; what lies outside the picture is `background`. */
export function crop(picture: Image, box: Box, background = 0): Image {
  imageArgument("crop", picture);
  checkBox(box);
  const { channels } = picture;
  const data = new Uint8Array(box.width * box.height * channels).fill(background);
  const firstColumn = Math.max(box.left, 0);
  const lastColumn = Math.min(box.left + box.width, picture.width);
  if (firstColumn < lastColumn) {
    for (let y = Math.max(box.top, 0); y < Math.min(box.top + box.height, picture.height); y++) {
      const row = picture.data.subarray(
        (y * picture.width + firstColumn) * channels,
        (y * picture.width + lastColumn) * channels,
      );
      data.set(row, ((y - box.top) * box.width + firstColumn - box.left) * channels);
    }
  }
  return { width: box.width, height: box.height, channels, data };
}

/**
 * How evaluation brings a picture to a network's size, in what frameworks differ by a pixel:
 *
 *   torchvision   long side truncated to whole pixels, the middle's margin (m - n) / 2 rounded half to even (Resize,
 *                 CenterCrop)
 *   mxnet         long side truncated, margin truncated (gluon's Resize with keep_ratio, CenterCrop)
 *   rounded       long side rounded to the nearest, margin truncated (how the pictures of some data sets were made)
 */
export type ResizeRule = "torchvision" | "mxnet" | "rounded";

/** Options of what resizes by the short side and cuts out the middle. */
export interface ResizeOptions {
  /** Default `torchvision`. */
  readonly rule?: ResizeRule;
}

/** All rules, the default first. */
export const resizeRules: readonly ResizeRule[] = ["torchvision", "mxnet", "rounded"];

function readRule(callee: string, options: ResizeOptions): ResizeRule {
  const { rule = "torchvision" } = optionsArgument(callee, ["rule"], options);
  if (resizeRules.includes(rule)) return rule;
  throw new XnorkitError("bad-option", `rule is ${String(rule)}, expected one of ${resizeRules.join(", ")}`);
}

/** The size of a picture whose shorter side becomes `side`. */
function shortSideSize(
  { width, height }: Image,
  side: number,
  rule: ResizeRule,
): readonly [width: number, height: number] {
  const whole = rule === "rounded" ? Math.round : Math.floor;
  return width <= height ? [side, whole((side * height) / width)] : [whole((side * width) / height), side];
}

/** Python's round of half of a whole number. */
function halfToEven(size: number): number {
  const below = Math.floor(size / 2);
  return size % 2 === 0 || below % 2 === 0 ? below : below + 1;
}

function middle(from: readonly [number, number], to: readonly [number, number], rule: ResizeRule): Box {
  const half = rule === "torchvision" ? halfToEven : (size: number) => Math.floor(size / 2);
  return { left: half(from[0] - to[0]), top: half(from[1] - to[1]), width: to[0], height: to[1] };
}

/**
 * Resizes so that the shorter side has `side` pixels, the longer one in proportion.
 * @throws XnorkitError as `resize`, and `bad-option` for an unknown rule.
 */
export function resizeShortSide(picture: Image, side: number, options: ResizeOptions = {}): Image {
  return resize(
    picture,
    ...shortSideSize(imageArgument("resizeShortSide", picture), side, readRule("resizeShortSide", options)),
  );
}

/**
 * The middle `width` x `height` pixels.
 * @throws XnorkitError `bad-shape` if the picture is smaller, `bad-option` for an unknown rule.
 */
export function centerCrop(picture: Image, width: number, height: number, options: ResizeOptions = {}): Image {
  imageArgument("centerCrop", picture);
  if (!(picture.width >= width && picture.height >= height)) {
    throw new XnorkitError(
      "bad-shape",
      `a picture of ${picture.width}x${picture.height} pixels has no middle of ${width}x${height}: resize it first`,
    );
  }
  return crop(picture, middle([picture.width, picture.height], [width, height], readRule("centerCrop", options)));
}

/** Size of the whole resized picture, and the middle of it, that an ImageNet network sees. */
export function imagenetBox(
  picture: Image,
  width: number,
  height: number,
  rule: ResizeRule,
): readonly [width: number, height: number, box: Box] {
  const side = Math.round((Math.max(width, height) * 256) / 224);
  const size = shortSideSize(picture, side, rule);
  return [...size, middle(size, [width, height], rule)];
}

/**
 * What an ImageNet network sees of a picture: the short side resized to 8/7 of the input's (256 for 224), then the
 * middle cut out. No more than the middle is resized.
 * @throws XnorkitError as `resizeShortSide`.
 */
export function imagenetCrop(picture: Image, width: number, height: number, options: ResizeOptions = {}): Image {
  const rule = readRule("imagenetCrop", options);
  imageArgument("imagenetCrop", picture);
  return resizeBox(picture, ...imagenetBox(picture, width, height, rule));
}
