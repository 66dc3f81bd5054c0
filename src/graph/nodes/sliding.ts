/** What convolutions and pooling have in common: a window that slides over a map. */
import { formatShape, type Shape } from "../../tensor.js";
import { readInteger, readPadding, readPair } from "../json_readers.js";
import { MAX_CHANNELS, MAX_EXTENT } from "../limits.js";
import { type Pair, paddingSides, type SlidingWindow, windowExtent, windowPlaces } from "../window.js";
import { failShape, mapShape, type NodeBase } from "./record.js";

export interface SlidingNode extends NodeBase, SlidingWindow {
  readonly kind: string;
}

export const windowFields = {
  kernel: readPair(1, MAX_EXTENT),
  stride: readPair(1, MAX_EXTENT),
  padding: readPadding(MAX_EXTENT),
};

export const readPixels = readInteger(0, MAX_EXTENT);
export const readChannels = readInteger(1, MAX_CHANNELS);

/**
 * The height and width of what a node computes from a map.
 * @throws XnorkitError `bad-shape` if the window is larger than the padded map.
 */
export function slide(node: SlidingNode, input: Shape): Pair {
  const [, , height, width] = mapShape(node, input);
  const places = windowPlaces(node, [height, width]);
  if (places.every((count) => count >= 1)) return places;
  const short = places[0] < 1 ? 0 : 1;
  const sides = paddingSides(node, [height, width]);
  const padding = [sides[short], sides[short + 2]];
  const padded = padding[0] === padding[1] ? String(padding[0]) : padding.join(" and ");
  return failShape(
    node,
    `has a kernel that spans ${windowExtent(node, short)} pixels along axis ${2 + short}, but ${node.inputs[0]} is ` +
      `${formatShape(input)}${padded === "0" ? "" : ` with padding ${padded}`}: use a larger input`,
  );
}
