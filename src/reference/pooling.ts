/** Pooling: maxima and means of what lies under a window, or of the whole map. */
import type { AvgPoolNode, GlobalAvgPoolNode, MaxPoolNode } from "../graph/types.js";
import { windowPlaces } from "./padding.js";
import { mapAxes, mapSize, type Value } from "./value.js";

/** Max pooling, floor mode; taps outside the map count as -infinity. Source: gluon `MaxPool2D`, torch `MaxPool2d`. */
function maxPool(node: MaxPoolNode, [input]: readonly Value[]): Value {
  return pool(node, input, (taps) => {
    let largest = -Infinity;
    for (const tap of taps) largest = Math.max(largest, tap);
    return largest;
  });
}

/**
 * Mean pooling, floor mode. The divisor is the kernel's area with `countIncludePad`, else the number of taps inside the
 * map. Source: gluon `AvgPool2D`, torch `AvgPool2d`.
 */
function avgPool(node: AvgPoolNode, [input]: readonly Value[]): Value {
  const area = node.kernel[0] * node.kernel[1];
  return pool(node, input, (taps) => {
    let sum = 0;
    for (const tap of taps) sum += tap;
    return sum / (node.countIncludePad ? area : taps.length);
  });
}

/** Mean over height and width: [N, C, 1, 1]. */
function globalAvgPool(_: GlobalAvgPoolNode, [input]: readonly Value[]): Value {
  const { batch, channels, positions } = mapSize(input);
  const data = Float64Array.from({ length: batch * channels }, (_, plane) => {
    let sum = 0;
    for (let i = plane * positions; i < (plane + 1) * positions; i++) sum += input.data[i];
    return sum / positions;
  });
  return { shape: [batch, channels, 1, 1], data };
}

export const poolings = { maxPool, avgPool, globalAvgPool };

/** Reduces the taps of each window that lie inside the map. */
function pool(node: MaxPoolNode | AvgPoolNode, input: Value, reduce: (taps: readonly number[]) => number): Value {
  const [batch, channels, height, width] = mapAxes(input, node.name);
  const [kernelHeight, kernelWidth] = node.kernel;
  const [strideY, strideX] = node.stride;
  const rows = windowPlaces(node, 0, height);
  const columns = windowPlaces(node, 1, width);
  const [outputHeight, outputWidth] = [rows.count, columns.count];
  const data = new Float64Array(batch * channels * outputHeight * outputWidth);
  const taps: number[] = [];
  let next = 0;
  for (let plane = 0; plane < batch * channels; plane++) {
    for (let y = 0; y < outputHeight; y++) {
      const top = y * strideY - rows.before;
      for (let x = 0; x < outputWidth; x++) {
        const left = x * strideX - columns.before;
        taps.length = 0;
        for (let row = Math.max(top, 0); row < Math.min(top + kernelHeight, height); row++) {
          for (let column = Math.max(left, 0); column < Math.min(left + kernelWidth, width); column++) {
            taps.push(input.data[(plane * height + row) * width + column]);
          }
        }
        data[next++] = reduce(taps);
      }
    }
  }
  return { shape: [batch, channels, outputHeight, outputWidth], data };
}
