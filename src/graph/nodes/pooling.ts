/** Nodes that pool: maxima and means under a window, or over the whole map. */
import type { Shape } from "../../tensor.js";
import { readBoolean } from "../json_readers.js";
import { type Padding, type Pair, paddingSides } from "../window.js";
import { failShape, mapShape, movesOnly, type NodeBase, type NodeRecords } from "./record.js";
import { slide, windowFields } from "./sliding.js";

interface PoolBase extends NodeBase {
  readonly kernel: Pair;
  readonly stride: Pair;
  /** Rows and columns added around the map: one number for both sides of each axis, four numbers, or `"same"`. */
  readonly padding: Padding;
}

/** Max pooling, -infinity outside the map, floor mode. A kernel of 1 takes every stride-th pixel. */
export interface MaxPoolNode extends PoolBase {
  readonly kind: "maxPool";
}

/** Mean pooling, floor mode. `countIncludePad`: padded taps count in the divisor. */
export interface AvgPoolNode extends PoolBase {
  readonly kind: "avgPool";
  readonly countIncludePad: boolean;
}

/** Mean over height and width: [N, C, 1, 1]. */
export interface GlobalAvgPoolNode extends NodeBase {
  readonly kind: "globalAvgPool";
}

/** Nodes that pool. */
export type PoolingNode = MaxPoolNode | AvgPoolNode | GlobalAvgPoolNode;

function pool(node: MaxPoolNode | AvgPoolNode, [input]: readonly Shape[]): Shape {
  const [batch, channels, height, width] = mapShape(node, input);
  const { kernel, padding } = node;
  const sides = paddingSides(node, [height, width]);
  if (sides.some((side, index) => side >= kernel[index % 2])) {
    const found = padding === "same" ? sides : padding;
    failShape(node, `has padding ${found.join("x")}, which must be smaller than its kernel ${kernel.join("x")}`);
  }
  return [batch, channels, ...slide(node, input)];
}

/** Their records. */
export const poolingNodes: NodeRecords<PoolingNode> = {
  maxPool: { fields: windowFields, shape: pool, moves: movesOnly },
  avgPool: { fields: { ...windowFields, countIncludePad: readBoolean }, shape: pool },
  globalAvgPool: {
    fields: {},
    shape(node, [input]) {
      const [batch, channels] = mapShape(node, input);
      return [batch, channels, 1, 1];
    },
  },
};
