/** The tensors of the reference, and what their shapes say. */
import { XnorkitError } from "../errors.js";
import { elementCount, formatShape, type Shape } from "../tensor.js";

/** A tensor of the reference: f64 numbers in row-major order, NCHW. */
export interface Value {
  readonly shape: Shape;
  readonly data: Float64Array;
}

/** Batch, channels and the number of positions of a map; a `[N, C]` value is a map of one position. */
export function mapSize(value: Value): {
  readonly batch: number;
  readonly channels: number;
  readonly positions: number;
} {
  const [batch, channels, ...spatial] = value.shape;
  return { batch, channels, positions: elementCount(spatial) };
}

/**
 * The four axes of a map.
 * @throws XnorkitError `bad-shape` if the value is not NCHW.
 */
export function mapAxes(
  value: Value,
  node: string,
): readonly [batch: number, channels: number, height: number, width: number] {
  const [batch, channels, height, width] = value.shape;
  if (value.shape.length !== 4) {
    throw new XnorkitError(
      "bad-shape",
      `${node} reads a map [N, C, H, W], but its input is ${formatShape(value.shape)}`,
    );
  }
  return [batch, channels, height, width];
}
