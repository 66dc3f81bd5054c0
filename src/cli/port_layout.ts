/** Pixels in the layout that a network's input has: pictures and data sets are planes. */
import { shapeAtPort, shapeInside } from "../graph/layout.js";
import type { Graph } from "../graph/types.js";
import type { Shape, Tensor } from "../tensor.js";

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

/** One image as planes [1, channels, height, width] to the network's input. */
export function imageAtPort({ shape, data }: Tensor, graph: Pick<Ports, "layout">): Tensor {
  return { shape: shapeAtPort(shape, graph.layout), data: pixelsAtPort(new Uint8Array(data), shape[1], graph) };
}
