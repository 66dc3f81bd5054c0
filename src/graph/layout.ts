/** The order of a map's axes at the ports of a graph; inside, all maps are NCHW. */
import type { Shape } from "../tensor.js";

/** `NCHW`: [batch, channels, height, width]; `NHWC`: [batch, height, width, channels], TensorFlow's. */
export type TensorLayout = "NCHW" | "NHWC";

/** The NCHW shape of a tensor that has this shape at the ports of a graph; only maps (four axes) change. */
export function shapeInside(shape: Shape, layout: TensorLayout = "NCHW"): Shape {
  if (layout === "NCHW" || shape.length !== 4) return shape;
  const [batch, height, width, channels] = shape;
  return [batch, channels, height, width];
}

/** The shape at the ports of a graph of a tensor that is NCHW inside; only maps (four axes) change. */
export function shapeAtPort(shape: Shape, layout: TensorLayout = "NCHW"): Shape {
  if (layout === "NCHW" || shape.length !== 4) return shape;
  const [batch, channels, height, width] = shape;
  return [batch, height, width, channels];
}
