/** Rows and columns put around a map or taken off it, and a map as one row. */
import { XnorkitError } from "../errors.js";
import type { CropNode, FlattenNode, PadNode } from "../graph/types.js";
import { elementCount, formatShape } from "../tensor.js";
import { inLayout } from "./layout.js";
import { mapAxes, type Value } from "./value.js";

/** Rows and columns of a constant around the map. */
function pad(node: PadNode, [input]: readonly Value[]): Value {
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
 * The map without its first `top` and last `bottom` rows, and its first `left` and last `right` columns.
 * @throws XnorkitError `bad-shape` if nothing is left.
 */
function crop({ name, top, left, bottom = 0, right = 0 }: CropNode, [input]: readonly Value[]): Value {
  const [, , height, width] = mapAxes(input, name);
  const window = { top, left, height: height - top - bottom, width: width - left - right };
  if (window.height < 1 || window.width < 1) {
    throw new XnorkitError(
      "bad-shape",
      `${name} drops ${top + bottom} rows and ${left + right} columns of ${formatShape(input.shape)}: nothing is left`,
    );
  }
  return moved(input, window, 0);
}

/** One row for each image, its numbers in the order of the layout. */
function flatten({ layout }: FlattenNode, [input]: readonly Value[]): Value {
  return { shape: [input.shape[0], elementCount(input.shape.slice(1))], data: inLayout(input, layout) };
}

export const borders = { pad, crop, flatten };

/** The window of the map that begins at (top, left), `outside` if it reaches past the map. */
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
