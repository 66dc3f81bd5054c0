/** Tensors and their shapes. */
import { kindOf, refuseArgument } from "./arguments.js";
import { XnorkitError } from "./errors.js";

/** Sizes of the axes, outermost first: `[batch, channels, height, width]` for images. */
export type Shape = readonly number[];

/** Numbers in row-major order; images are NCHW as in both frameworks. A `Uint8Array` holds pixels 0..255. */
export interface Tensor {
  readonly shape: Shape;
  readonly data: Float32Array | Uint8Array;
}

/** The number of elements of a shape; 1 for a scalar. */
export function elementCount(shape: Shape): number {
  let count = 1;
  for (const size of shape) count *= size;
  return count;
}

/** `1x3x224x224`, as error messages and tables print a shape. */
export function formatShape(shape: Shape): string {
  return shape.length === 0 ? "scalar" : shape.map(String).join("x");
}

/** True if both shapes have the same axes. */
export function sameShape(a: Shape, b: Shape): boolean {
  return a.length === b.length && a.every((size, axis) => size === b[axis]);
}

/**
 * Makes a tensor and checks that the data fills the shape.
 * @throws XnorkitError `bad-shape` if an axis is not a positive integer or the element counts differ.
 */
export function tensor(shape: Shape, data: Float32Array | Uint8Array): Tensor {
  if (!Array.isArray(shape)) refuseArgument("tensor", "shape", "a list of sizes", shape);
  const kind = kindOf(data);
  if (kind !== "Float32Array" && kind !== "Uint8Array") {
    refuseArgument("tensor", "data", "a Float32Array or a Uint8Array", data);
  }
  for (const size of shape) {
    if (!Number.isSafeInteger(size) || size < 1) {
      throw new XnorkitError(
        "bad-shape",
        `a tensor cannot have shape ${formatShape(shape)}: every axis is a positive integer`,
      );
    }
  }
  if (elementCount(shape) !== data.length) {
    throw new XnorkitError(
      "bad-shape",
      `a tensor of shape ${formatShape(shape)} holds ${elementCount(shape)} elements, but the data has ${data.length}`,
    );
  }
  return { shape, data };
}

/** The largest magnitude of values, 0 of none; NaN if one is. */
export function largestMagnitude(values: ArrayLike<number>): number {
  let largest = 0;
  for (let i = 0; i < values.length; i++) largest = Math.max(largest, Math.abs(values[i]));
  return largest;
}
