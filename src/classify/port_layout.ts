/** Pixels in the layout that a network's input has: pictures and data sets are planes or interleaved. */
import { shapeInside } from "../graph/layout.js";
import type { Graph } from "../graph/types.js";
import type { Shape } from "../tensor.js";

/** What is known of a network at its ports: of a graph, and of a program that has none. */
export type Ports = Pick<Graph, "name" | "inputShape" | "layout" | "preprocess" | "labels">;

/** The network's input as [batch, channels, height, width], whatever its layout. */
export function planarShape({ inputShape, layout }: Pick<Ports, "inputShape" | "layout">): Shape {
  return shapeInside(inputShape, layout);
}

/** u8 planes [channels, height, width] of one image as the network's input has them. */
export function pixelsAtPort(planes: Uint8Array, channels: number, { layout }: Pick<Ports, "layout">): Uint8Array {
  if (layout !== "NHWC" || channels === 1) return planes;
  const size = planes.length / channels;
  const pixels = new Uint8Array(planes.length);
  for (let i = 0; i < pixels.length; i++) pixels[i] = planes[(i % channels) * size + Math.floor(i / channels)];
  return pixels;
}
