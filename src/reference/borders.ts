import { XnorkitError } from "../errors.js";
import type { CropNode, PadNode } from "../graph/types.js";
import { formatShape } from "../tensor.js";
import { mapAxes, type Value } from "./value.js";

/** Rows and columns of a constant around the map. */
export function pad(node: PadNode, input: Value): Value {
  const [, , height, width] = mapAxes(input, node.name);
  return moved(
    input,
    {
      top: -node.top,
      left: -node.left,
      height: node.top + height + node.bottom,
      width: node.left + width + node.right,
    },
    node.value,
  );
}

/**
 * The map without its first `top` rows and `left` columns.
 * @throws XnorkitError `bad-shape` where nothing is left.
 */
export function crop({ name, top, left }: CropNode, input: Value): Value {
  const [, , height, width] = mapAxes(input, name);
  if (top >= height || left >= width) {
    throw new XnorkitError(
      "bad-shape",
      `${name} drops ${top} rows and ${left} columns of ${formatShape(input.shape)}: nothing is left`,
    );
  }
  return moved(input, { top, left, height: height - top, width: width - left }, 0);
}

/** The window of the map that begins at (top, left), `outside` where it reaches past the map. */
function moved(
  input: Value,
  window: { readonly top: number; readonly left: number; readonly height: number; readonly width: number },
  outside: number,
): Value {
  const [batch, channels, height, width] = input.shape;
  const data = new Float64Array(batch * channels * window.height * window.width).fill(outside);
  for (let plane = 0; plane < batch * channels; plane++) {
    for (let y = 0; y < window.height; y++) {
      for (let x = 0; x < window.width; x++) {
        const row = window.top + y;
        const column = window.left + x;
        if (row < 0 || row >= height || column < 0 || column >= width) continue;
        data[(plane * window.height + y) * window.width + x] = input.data[(plane * height + row) * width + column];
      }
    }
  }
  return { shape: [batch, channels, window.height, window.width], data };
}
