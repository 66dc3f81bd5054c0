/** A rectangle of pixels, and what it may be. */
import { objectArgument } from "../arguments.js";
import { XnorkitError } from "../errors.js";

/** A rectangle of pixels; `left` and `top` may lie outside the picture where it is padded. */
export interface Box {
  readonly left: number;
  readonly top: number;
  readonly width: number;
  readonly height: number;
}

/** More bytes than this no picture has that is made here; engines hold no larger arrays for certain. */
export const MAX_IMAGE_BYTES = 2 ** 31 - 1;

/** @throws XnorkitError `bad-option` if a rectangle has no whole sides, or more pixels than fit the memory. */
export function checkBox(box: Box): void {
  const { left, top, width, height } = objectArgument("crop", "box", "{ left, top, width, height }", box);
  const isWhole = [left, top, width, height].every(Number.isSafeInteger) && width >= 1 && height >= 1;
  if (isWhole && width * height * 4 <= MAX_IMAGE_BYTES) return;
  throw new XnorkitError(
    "bad-option",
    `a rectangle of ${width}x${height} pixels at ${left}, ${top} cannot be cut out: its sides are positive integers, ` +
      `of up to ${MAX_IMAGE_BYTES} bytes in all`,
  );
}
