/** The border of a window in numbers, whatever form the graph has it in. */
import type { Shape } from "../tensor.js";

/** Rows and columns added on each side. */
export type Borders = readonly [top: number, left: number, bottom: number, right: number];

interface Windowed {
  readonly kernel: readonly number[];
  readonly stride: readonly number[];
  readonly padding: readonly number[] | "same";
  readonly dilation?: readonly number[];
}

/** TensorFlow's SAME on one axis: ceil(size / stride) places, what is missing added half before and, the odd one, after. */
function same(size: number, kernel: number, stride: number, dilation: number): readonly [number, number] {
  const reach = (kernel - 1) * dilation + 1;
  const total = Math.max((Math.ceil(size / stride) - 1) * stride + reach - size, 0);
  return [Math.floor(total / 2), Math.ceil(total / 2)];
}

/** @param input the shape that the layer reads, NCHW. */
export function bordersOf({ kernel, stride, padding, dilation = [1, 1] }: Windowed, input: Shape): Borders {
  if (padding === "same") {
    const [[top, bottom], [left, right]] = [0, 1].map((axis) =>
      same(input[2 + axis], kernel[axis], stride[axis], dilation[axis]),
    );
    return [top, left, bottom, right];
  }
  const [top, left, bottom = top, right = left] = padding;
  return [top, left, bottom, right];
}
