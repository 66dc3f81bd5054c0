/** Maps at the ports of a graph, whose layout may be NHWC, and inside, where they are NCHW. */
import type { TensorLayout } from "../graph/types.js";
import type { Shape } from "../tensor.js";
import type { Value } from "./value.js";

/** The axes of a result, by the axis of the source that each one is. */
type Order = readonly [number, number, number, number];

const TO_NCHW: Order = [0, 3, 1, 2];
const TO_NHWC: Order = [0, 2, 3, 1];

/** The number of channels that a tensor of this shape has at a port. */
export function channelsAtPort(shape: Shape, layout: TensorLayout | undefined): number {
  return layout === "NHWC" && shape.length === 4 ? shape[3] : shape[1];
}

/** A value that came in through a port, as NCHW. Only maps change. */
export function fromPort(value: Value, layout: TensorLayout | undefined): Value {
  return layout === "NHWC" && value.shape.length === 4 ? reorder(value, TO_NCHW) : value;
}

/** A value as it leaves through a port. Only maps change. */
export function toPort(value: Value, layout: TensorLayout | undefined): Value {
  return layout === "NHWC" && value.shape.length === 4 ? reorder(value, TO_NHWC) : value;
}

/** The numbers of a map in the order of the layout. */
export function inLayout(value: Value, layout: TensorLayout | undefined): Float64Array {
  return toPort(value, layout).data;
}

/** The map with its axes in another order. */
function reorder({ shape, data }: Value, order: Order): Value {
  const [, second, third, fourth] = shape;
  const strides = [second * third * fourth, third * fourth, fourth, 1];
  const sizes = order.map((axis) => shape[axis]);
  const steps = order.map((axis) => strides[axis]);
  const moved = new Float64Array(data.length);
  let next = 0;
  for (let a = 0; a < sizes[0]; a++) {
    for (let b = 0; b < sizes[1]; b++) {
      for (let c = 0; c < sizes[2]; c++) {
        for (let d = 0; d < sizes[3]; d++) {
          moved[next++] = data[a * steps[0] + b * steps[1] + c * steps[2] + d * steps[3]];
        }
      }
    }
  }
  return { shape: sizes, data: moved };
}
