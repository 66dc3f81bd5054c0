/**
 * ONNX's broadcasting (numpy's): shapes are aligned at their last axes, and an axis of 1 is read again for each place
 * of the other.
 */
import type { Shape } from "../../../tensor.js";

/** The shape that shapes broadcast to; null if they do not fit. */
export function broadcastShapes(shapes: readonly Shape[]): Shape | null {
  const rank = Math.max(0, ...shapes.map(({ length }) => length));
  const result = new Array<number>(rank).fill(1);
  for (const shape of shapes) {
    const first = rank - shape.length;
    for (const [index, size] of shape.entries()) {
      const axis = first + index;
      if (result[axis] === 1) result[axis] = size;
      else if (size !== 1 && size !== result[axis]) return null;
    }
  }
  return result;
}

/** Elements from one place of an axis to the next in row-major order. */
export function stridesOf(shape: Shape): readonly number[] {
  const strides = new Array<number>(shape.length);
  let stride = 1;
  for (let axis = shape.length - 1; axis >= 0; axis--) {
    strides[axis] = stride;
    stride *= shape[axis];
  }
  return strides;
}

/** The strides of a shape that is read as if it were `target`: 0 along axes that it lacks or has one place of. */
export function broadcastStrides(shape: Shape, target: Shape): readonly number[] {
  const strides = stridesOf(shape);
  const first = target.length - shape.length;
  return target.map((_, axis) => (axis < first || shape[axis - first] === 1 ? 0 : strides[axis - first]));
}

/**
 * Walks over all places of a shape in row-major order and gives the offset that strides give each: `visit(place,
 * offset)`. Rows of the last axis are walked without bookkeeping.
 */
export function walk(
  shape: Shape,
  strides: readonly number[],
  start: number,
  visit: (place: number, offset: number) => void,
): void {
  const rank = shape.length;
  if (shape.some((size) => size === 0)) return;
  const row = rank === 0 ? 1 : shape[rank - 1];
  const step = rank === 0 ? 0 : strides[rank - 1];
  const index = new Array<number>(Math.max(rank - 1, 0)).fill(0);
  let offset = start;
  for (let place = 0; ; ) {
    for (let i = 0; i < row; i++) visit(place++, offset + i * step);
    let axis = rank - 2;
    for (; axis >= 0; axis--) {
      offset += strides[axis];
      if (++index[axis] < shape[axis]) break;
      offset -= shape[axis] * strides[axis];
      index[axis] = 0;
    }
    if (axis < 0) return;
  }
}
