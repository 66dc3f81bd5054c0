/** The windows of Conv, MaxPool and AveragePool as their attributes state them, with all defaults filled in. */
import type { Shape } from "../../../tensor.js";
import { boolAttribute, countedInts, intsAttribute, wordAttribute } from "../attributes.js";
import type { OnnxNode } from "../network.js";
import { failShape } from "./row.js";

type Pair = readonly [height: number, width: number];

export interface OnnxWindow {
  readonly kernel: Pair;
  readonly stride: Pair;
  readonly dilation: Pair;
  /**
   * Top, left, bottom, right for this map; `SAME_UPPER` and `SAME_LOWER` are worked out, and so is what `ceil_mode`
   * adds.
   */
  readonly pads: readonly [number, number, number, number];
  /** The last of `pads`, bottom and right, that `ceil_mode` adds: those pixels are never counted in a mean. */
  readonly extra: Pair;
  /** True for TensorFlow's SAME, which depends on the size of the map. */
  readonly isSame: boolean;
  /** Places on both axes. */
  readonly places: Pair;
}

const MAX_EXTENT = 1 << 16;

const pair = ([height, width]: readonly number[]): Pair => [height, width];

/**
 * The window of a node over a map of this height and width.
 * @param kernel The weight's kernel, for a convolution; a pool states its own.
 * @throws XnorkitError `bad-graph` for attributes that are no window, `bad-shape` for a window that does not fit the
 *   map.
 */
export function windowOf(node: OnnxNode, size: Pair, weightKernel?: readonly number[]): OnnxWindow {
  const stated = intsAttribute(node, "kernel_shape");
  if (stated !== null && stated.length !== 2) {
    failShape(node, `has a kernel of ${stated.length} axes, expected 2: networks of pictures and vectors are read`);
  }
  const kernel = pair(countedInts(node, "kernel_shape", weightKernel ?? [0, 0], 1, MAX_EXTENT));
  if (weightKernel !== undefined && (kernel[0] !== weightKernel[0] || kernel[1] !== weightKernel[1])) {
    failShape(node, `states a kernel of ${kernel.join("x")}, but its weight has ${weightKernel.join("x")}`);
  }
  if (kernel[0] < 1 || kernel[1] < 1) failShape(node, "does not state its kernel");
  const stride = pair(countedInts(node, "strides", [1, 1], 1, MAX_EXTENT));
  const dilation = pair(countedInts(node, "dilations", [1, 1], 1, MAX_EXTENT));
  const mode = wordAttribute(node, "auto_pad", "NOTSET", ["NOTSET", "SAME_UPPER", "SAME_LOWER", "VALID"] as const);
  const given = mode === "NOTSET" ? countedInts(node, "pads", [0, 0, 0, 0], 0, MAX_EXTENT) : [0, 0, 0, 0];
  const isCeil = node.op !== "Conv" && boolAttribute(node, "ceil_mode", false);
  const axes = ([0, 1] as const).map((axis) => {
    const reach = dilation[axis] * (kernel[axis] - 1) + 1;
    if (mode.startsWith("SAME")) {
      const places = Math.ceil(size[axis] / stride[axis]);
      const total = Math.max((places - 1) * stride[axis] + reach - size[axis], 0);
      const small = Math.floor(total / 2);
      return {
        before: mode === "SAME_UPPER" ? small : total - small,
        after: mode === "SAME_UPPER" ? total - small : small,
        extra: 0,
        places,
      };
    }
    const [before, after] = [given[axis], given[axis + 2]];
    const free = size[axis] + before + after - reach;
    if (free < 0) {
      failShape(
        node,
        `has a kernel that spans ${reach} pixels, but its map has ${size[axis]} with ${before + after} beside it`,
      );
    }
    let places = Math.floor(free / stride[axis]) + 1;
    // A window that ceil_mode adds starts on the map or on what is padded before it, never behind.
    if (isCeil && free % stride[axis] !== 0 && places * stride[axis] < size[axis] + before) places++;
    const extra = Math.max((places - 1) * stride[axis] - free, 0);
    return { before, after: after + extra, extra, places };
  });
  const [rows, columns] = axes;
  return {
    kernel,
    stride,
    dilation,
    pads: [rows.before, columns.before, rows.after, columns.after],
    extra: [rows.extra, columns.extra],
    isSame: mode === "SAME_UPPER",
    places: [rows.places, columns.places],
  };
}

/** Height and width of a map. @throws XnorkitError `bad-shape` if the value is no map. */
export function mapSize(node: OnnxNode, shape: Shape): Pair {
  if (shape.length === 4) return [shape[2], shape[3]];
  return failShape(node, `reads a value with ${shape.length} axes, expected a map [batch, channels, height, width]`);
}
