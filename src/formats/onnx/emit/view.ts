/**
 * How the axes of a value in the file lie on the axes of its value in the graph. Graphs are NCHW inside ([N, C, H, W]
 * or [N, C]); Transpose, Reshape and Squeeze of a file change only how these axes are seen, so most of them become no
 * node:
 *
 *   identity                  [0] [1] [2] [3]        the file's axes are the graph's
 *   Transpose(0, 2, 3, 1)     [0] [2] [3] [1]        tf2onnx between its convolutions
 *   Reshape to [N, C, H W]    [0] [1] [2, 3]         before a mean over all pixels
 *   Unsqueeze(2) of [N, C]    [0] [1] []             around BatchNorm1d; an axis of 1 that the graph has none for
 */
import type { Shape } from "../../../tensor.js";

/** For each axis of the file the graph's axes that it runs over, outermost first. */
export type View = readonly (readonly number[])[];

export function identityView(rank: number): View {
  return Array.from({ length: rank }, (_, axis) => [axis]);
}

/** True if each of the graph's axes is the file's axis of that index. */
export function isIdentity(view: View, rank: number): boolean {
  return view.length === rank && view.every((axes, index) => axes.length === 1 && axes[0] === index);
}

export function sameView(a: View, b: View): boolean {
  return a.length === b.length && a.every((axes, index) => axes.join() === b[index].join());
}

/** The shape in the file of a value with this shape in the graph. */
export function viewShape(view: View, shape: Shape): Shape {
  return view.map((axes) => axes.reduce((size, axis) => size * shape[axis], 1));
}

/** A file's axis that runs over exactly this axis of the graph; -1 if there is none. */
export function findAxis(view: View, axis: number): number {
  return view.findIndex((axes) => axes.length === 1 && axes[0] === axis);
}

/** Axes of size 1 that are not the batch can stand anywhere. */
function isFree(axis: number, shape: Shape): boolean {
  return axis !== 0 && shape[axis] === 1;
}

/**
 * The view after the numbers, in their order in the file, get other axes; null if they do not fit the graph's axes.
 * @param shape The shape in the graph.
 * @param target The new shape in the file.
 */
export function reshapeView(view: View, shape: Shape, target: Shape): View | null {
  const order = view.flat();
  if (order[0] !== 0 || target.length === 0 || target[0] !== shape[0]) return null;
  const rest = order.slice(1).filter((axis) => !isFree(axis, shape));
  const groups: number[][] = [[0]];
  for (const size of target.slice(1)) {
    const group: number[] = [];
    let product = 1;
    while (product < size && rest.length > 0) {
      const axis = rest.shift()!;
      group.push(axis);
      product *= shape[axis];
    }
    if (product !== size) return null;
    groups.push(group);
  }
  if (rest.length > 0) return null;
  return placeFree(groups, shape);
}

/**
 * Gives the graph's axes of size 1 to axes of the file that are 1: each to its own place if that is free, else in
 * order.
 */
function placeFree(groups: readonly (readonly number[])[], shape: Shape): View {
  const placed = groups.map((group) => [...group]);
  const used = new Set(groups.flat());
  const left = shape.map((_, axis) => axis).filter((axis) => !used.has(axis));
  const late = left.filter((axis) => {
    if (placed.length !== shape.length || placed[axis].length > 0) return true;
    placed[axis].push(axis);
    return false;
  });
  for (const axis of late) placed.find((group) => group.length === 0)?.push(axis);
  return placed;
}

/**
 * The order in which all axes but the batch become one; null if the view does not make them one or in an order that is
 * neither.
 */
export function flattenOrder(view: View, shape: Shape): "NCHW" | "NHWC" | null {
  if (shape.length !== 4) return null;
  const groups = view.slice(1).filter((axes) => axes.some((axis) => !isFree(axis, shape)));
  if (groups.length > 1 || view[0]?.length !== 1 || view[0][0] !== 0) return null;
  const order = (groups[0] ?? []).filter((axis) => !isFree(axis, shape));
  const like = (axes: readonly number[]) => axes.filter((axis) => !isFree(axis, shape)).join() === order.join();
  if (like([1, 2, 3])) return "NCHW";
  return like([2, 3, 1]) ? "NHWC" : null;
}
