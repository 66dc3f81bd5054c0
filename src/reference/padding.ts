/** Where the windows of a convolution or a pooling stand on one axis of a map. */
import { XnorkitError } from "../errors.js";
import type { Padding, Pair } from "../graph/types.js";

/** The places of a window on an axis: `count` of them, place p beginning at pixel p stride - before. */
export interface WindowPlaces {
  readonly count: number;
  readonly before: number;
}

interface WindowNode {
  readonly name: string;
  readonly kernel: Pair;
  readonly stride: Pair;
  readonly padding: Padding;
  readonly dilation?: Pair;
}

/**
 * How many places a window has on an axis (0: rows, 1: columns) of `size` pixels:
 * floor((size + padding - dilation (kernel - 1) - 1) / stride) + 1, and if the first begins. `"same"` pads as
 * https://www.tensorflow.org/api_docs/python/tf/nn#notes_on_padding_2 has it: extent - stride in all if the stride
 * divides the size, else extent - size mod stride, not less than 0, the odd pixel after.
 * @throws XnorkitError `bad-shape` if the window does not fit.
 */
export function windowPlaces(node: WindowNode, axis: 0 | 1, size: number): WindowPlaces {
  const extent = (node.dilation?.[axis] ?? 1) * (node.kernel[axis] - 1) + 1;
  const stride = node.stride[axis];
  const [before, after] = paddingOf(node.padding, axis, extent, stride, size);
  const padded = before + size + after;
  if (padded < extent) {
    throw new XnorkitError(
      "bad-shape",
      `${node.name} has a window of ${extent} that does not fit into its input of ${size} with padding ${before} and ` +
        `${after}: use a larger input`,
    );
  }
  return { count: Math.floor((padded - extent) / stride) + 1, before };
}

function paddingOf(
  padding: Padding,
  axis: 0 | 1,
  extent: number,
  stride: number,
  size: number,
): readonly [before: number, after: number] {
  if (padding === "same") {
    const rest = size % stride;
    const total = Math.max(extent - (rest === 0 ? stride : rest), 0);
    return [Math.floor(total / 2), Math.ceil(total / 2)];
  }
  if (padding.length === 2) return [padding[axis], padding[axis]];
  return [padding[axis], padding[axis + 2]];
}
