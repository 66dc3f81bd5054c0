/**
 * Windows placed on a map of a certain size, in the words of the kernels' parameters, whole or cut into bands of output
 * rows.
 */
import { paddingSides, type SlidingWindow, windowExtent } from "../graph/window.js";
import type { MapShape } from "./context.js";

export interface Sweep {
  readonly height: number;
  readonly width: number;
  readonly outHeight: number;
  readonly outWidth: number;
  readonly kernelHeight: number;
  readonly kernelWidth: number;
  readonly strideHeight: number;
  readonly strideWidth: number;
  readonly dilationHeight: number;
  readonly dilationWidth: number;
  readonly padTop: number;
  readonly padLeft: number;
}

/** A window on its input. What lies below and to the right of the map follows from the output's size. */
export function sweepOf(window: SlidingWindow, input: MapShape, output: MapShape): Sweep {
  const [padTop, padLeft] = paddingSides(window, [input.height, input.width]);
  const [kernelHeight, kernelWidth] = window.kernel;
  const [strideHeight, strideWidth] = window.stride;
  const [dilationHeight, dilationWidth] = window.dilation ?? [1, 1];
  return {
    height: input.height,
    width: input.width,
    outHeight: output.height,
    outWidth: output.width,
    kernelHeight,
    kernelWidth,
    strideHeight,
    strideWidth,
    dilationHeight,
    dilationWidth,
    padTop,
    padLeft,
  };
}

/** Rows below the map and columns to its right that the last window reaches. */
export function reachBeyond(sweep: Sweep): { readonly padBottom: number; readonly padRight: number } {
  const { height, width, padTop, padLeft } = sweep;
  const rows = (sweep.outHeight - 1) * sweep.strideHeight + (sweep.kernelHeight - 1) * sweep.dilationHeight + 1;
  const columns = (sweep.outWidth - 1) * sweep.strideWidth + (sweep.kernelWidth - 1) * sweep.dilationWidth + 1;
  return { padBottom: Math.max(0, rows - height - padTop), padRight: Math.max(0, columns - width - padLeft) };
}

/** True if any window reaches outside the map. */
export function crossesBorder(sweep: Sweep): boolean {
  const { padBottom, padRight } = reachBeyond(sweep);
  return sweep.padTop > 0 || sweep.padLeft > 0 || padBottom > 0 || padRight > 0;
}

/** True if a window of these sizes may reach outside a map of any size. */
export function mayCrossBorder(window: SlidingWindow): boolean {
  if (window.padding === "same") return windowExtent(window, 0) > 1 || windowExtent(window, 1) > 1;
  return window.padding.some((side) => side > 0);
}

/** What computes `rows` output rows from `row` on: the same windows, on the map from row `firstRow` of its input on. */
export function bandOf(sweep: Sweep, row: number, rows: number): { readonly firstRow: number; readonly band: Sweep } {
  const top = row * sweep.strideHeight - sweep.padTop;
  const firstRow = Math.min(sweep.height, Math.max(0, top));
  const padTop = Math.max(0, -top);
  return { firstRow, band: { ...sweep, height: sweep.height - firstRow, outHeight: rows, padTop } };
}

/** The parameters of a window that is not dilated. */
export function undilated(sweep: Sweep): Omit<Sweep, "dilationHeight" | "dilationWidth"> {
  const { height, width, outHeight, outWidth, kernelHeight, kernelWidth, strideHeight, strideWidth } = sweep;
  const { padTop, padLeft } = sweep;
  return {
    height,
    width,
    outHeight,
    outWidth,
    kernelHeight,
    kernelWidth,
    strideHeight,
    strideWidth,
    padTop,
    padLeft,
  };
}
