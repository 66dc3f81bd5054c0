/**
 * Nodes that change where the numbers of a map stand: more or fewer rows and columns, or one axis in place of three.
 */
import { elementCount, formatShape, type Shape } from "../../tensor.js";
import { readFloat, readOneOf, readOptional } from "../json_readers.js";
import type { TensorLayout } from "../layout.js";
import { failShape, mapShape, movesOnly, type NodeBase, type NodeRecords } from "./record.js";
import { readPixels } from "./sliding.js";

/** Rows and columns of a constant around the map. */
export interface PadNode extends NodeBase {
  readonly kind: "pad";
  readonly top: number;
  readonly left: number;
  readonly bottom: number;
  readonly right: number;
  readonly value: number;
}

/** The map without its first `top` rows and `left` columns and its last `bottom` rows and `right` columns. */
export interface CropNode extends NodeBase {
  readonly kind: "crop";
  readonly top: number;
  readonly left: number;
  /** 0 if absent. */
  readonly bottom?: number;
  /** 0 if absent. */
  readonly right?: number;
}

/** All axes but the first become one. */
export interface FlattenNode extends NodeBase {
  readonly kind: "flatten";
  /** The order in which the numbers of a map are taken, NCHW if absent. */
  readonly layout?: TensorLayout;
}

/** Nodes that move the numbers of a map. */
export type BordersNode = PadNode | CropNode | FlattenNode;

function crop(node: CropNode, [input]: readonly Shape[]): Shape {
  const [batch, channels, height, width] = mapShape(node, input);
  const { top, left, bottom = 0, right = 0 } = node;
  const [rows, columns] = [height - top - bottom, width - left - right];
  if (rows < 1 || columns < 1) {
    failShape(
      node,
      `drops ${top + bottom} rows and ${left + right} columns of ${node.inputs[0]}, which is ${formatShape(input)}: ` +
        "nothing is left",
    );
  }
  return [batch, channels, rows, columns];
}

/** Their records. */
export const bordersNodes: NodeRecords<BordersNode> = {
  pad: {
    fields: { top: readPixels, left: readPixels, bottom: readPixels, right: readPixels, value: readFloat },
    shape(node, [input]) {
      const [batch, channels, height, width] = mapShape(node, input);
      return [batch, channels, node.top + height + node.bottom, node.left + width + node.right];
    },
    moves: (node) => [node.value],
  },
  crop: {
    fields: { top: readPixels, left: readPixels, bottom: readOptional(readPixels), right: readOptional(readPixels) },
    shape: crop,
    moves: movesOnly,
  },
  flatten: {
    fields: { layout: readOptional(readOneOf<TensorLayout>("NCHW", "NHWC")) },
    shape: (_, [input]) => [input[0], elementCount(input.slice(1))],
    moves: movesOnly,
  },
};
