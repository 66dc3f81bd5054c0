/**
 * Windows that slide over a map: convolutions and pooling. How a map is padded for them and how many places they have.
 */

/** Height and width of a kernel, a stride, a dilation or a padding. */
export type Pair = readonly [height: number, width: number];

/** Rows and columns beside a map, side by side. */
export type Sides = readonly [top: number, left: number, bottom: number, right: number];

/**
 * Rows and columns that a window reads beside the map: as many on both sides of each axis, four numbers of their own,
 * or TensorFlow's `SAME`, which depends on the size of the map. Four numbers that are equal on both axes are written as
 * a pair.
 */
export type Padding = Pair | Sides | "same";

/** What slides over a map. */
export interface SlidingWindow {
  readonly kernel: Pair;
  readonly stride: Pair;
  readonly padding: Padding;
  /** [1, 1] if there is none, as in pooling. */
  readonly dilation?: Pair;
}

const NO_DILATION: Pair = [1, 1];

/** How many pixels of an axis the taps of the window span. */
export function windowExtent({ kernel, dilation = NO_DILATION }: SlidingWindow, axis: 0 | 1): number {
  return dilation[axis] * (kernel[axis] - 1) + 1;
}

/** Before and after the map on one axis: as few that every `stride`-th pixel has a place, the odd one after. */
function samePadding(window: SlidingWindow, axis: 0 | 1, size: number): readonly [before: number, after: number] {
  const stride = window.stride[axis];
  const places = Math.ceil(size / stride);
  const total = Math.max((places - 1) * stride + windowExtent(window, axis) - size, 0);
  const before = Math.floor(total / 2);
  return [before, total - before];
}

/**
 * The padding of a window as numbers, for a map of this height and width. `"same"` is TensorFlow's SAME: with the
 * extent e = (kernel - 1) dilation + 1 and places = ceil(size / stride), max((places - 1) stride + e - size, 0) pixels
 * on each axis, half of them before the map, an odd one after it. Source:
 * tensorflow/core/framework/kernel_shape_util.cc.
 */
export function paddingSides(window: SlidingWindow, size: Pair): Sides {
  const { padding } = window;
  if (padding === "same") {
    const [top, bottom] = samePadding(window, 0, size[0]);
    const [left, right] = samePadding(window, 1, size[1]);
    return [top, left, bottom, right];
  }
  const [top, left, bottom = top, right = left]: readonly number[] = padding;
  return [top, left, bottom, right];
}

/** The one way to write a padding: a pair, if both sides of each axis are equal. */
export function canonicalPadding(padding: Padding): Padding {
  if (padding === "same" || padding.length === 2) return padding;
  const [top, left, bottom, right] = padding;
  return top === bottom && left === right ? [top, left] : padding;
}

/**
 * How many places a window has on a map: floor((size + before + after - extent) / stride) + 1 on each axis, as in all
 * frameworks. 0 or less on an axis that is shorter than the window.
 */
export function windowPlaces(window: SlidingWindow, size: Pair): Pair {
  const [top, left, bottom, right] = paddingSides(window, size);
  const places = (axis: 0 | 1, padded: number) =>
    Math.floor((padded - windowExtent(window, axis)) / window.stride[axis]) + 1;
  return [places(0, top + size[0] + bottom), places(1, left + size[1] + right)];
}
