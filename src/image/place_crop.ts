/** The middle of a resized picture, written to its place in a network's input. */
import { imagenetBox, type ResizeRule } from "./crop.js";
import type { Image } from "./image.js";
import type { Placement } from "./placement.js";
import { resample } from "./resample.js";
import type { SimdResample } from "./resample_simd.js";
import { filterWindows } from "./windows.js";

/**
 * Writes the red, green and blue of what `imagenetCrop` gives of a colour picture that was laid on white.
 * @param simd Does it where it can.
 */
export function placeImagenetCrop(
  picture: Image,
  width: number,
  height: number,
  rule: ResizeRule,
  to: Placement,
  simd: SimdResample | null,
): void {
  const [wholeWidth, wholeHeight, { left, top }] = imagenetBox(picture, width, height, rule);
  const columns = filterWindows(picture.width, wholeWidth, left, width);
  const rows = filterWindows(picture.height, wholeHeight, top, height);
  if (simd?.(picture, columns, rows, to) !== true) resample(picture, 3, columns, rows, to);
}
