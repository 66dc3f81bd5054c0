/**
 * Between the file's tensors and the graph's values: NHWC shapes and NCHW maps, and [N, C], which the graph holds as
 * rows or as a map of one pixel.
 */
import { shapeAtPort } from "../../graph/layout.js";
import type { Shape } from "../../tensor.js";
import type { Importer } from "./importer.js";
import { unsupported } from "./operators.js";
import type { TfliteOperator } from "./schema.js";
import type { FeatureMap } from "./values.js";

/** Channels of a tensor: its last axis. */
export function channelsOf({ shape }: { readonly shape: Shape }): number {
  return shape[shape.length - 1];
}

/** Height and width of [N, H, W, C]. */
export function sizeOf({ shape }: { readonly shape: Shape }): readonly [height: number, width: number] {
  return [shape[1], shape[2]];
}

/** The file's shape of a value of the graph: NHWC of a map, [N, C] of rows. */
export function fileShape(importer: Importer, node: string): Shape {
  return shapeAtPort(importer.shape(node), "NHWC");
}

/** True for [N, C] and [N, 1, 1, C]. */
export function isRow({ shape }: { readonly shape: Shape }): boolean {
  return shape.length === 2 || (shape.length === 4 && shape[1] === 1 && shape[2] === 1);
}

/** The graph's map of a tensor [N, H, W, C]; null when the graph holds it as rows. */
export function mapOf(importer: Importer, op: TfliteOperator, value: FeatureMap): string | null {
  if (value.shape.length !== 4) {
    unsupported(op, `reads tensor of ${value.shape.length} axes, where [batch, height, width, channels] is expected`);
  }
  return importer.shape(value.node).length === 4 ? value.node : null;
}

/** The graph's rows [N, H * W * C] of a tensor, in the file's order; added when the graph holds a map. */
export function rowsOf(importer: Importer, op: TfliteOperator, { node }: FeatureMap): string {
  if (importer.shape(node).length === 2) return node;
  return importer.shared(op, { kind: "flatten", layout: "NHWC" }, node, "flatten");
}

/** Two tensors of one shape as values of one form. */
export function sameForm(
  importer: Importer,
  op: TfliteOperator,
  a: FeatureMap,
  b: FeatureMap,
): readonly [string, string] {
  if (importer.shape(a.node).length === importer.shape(b.node).length) return [a.node, b.node];
  return [rowsOf(importer, op, a), rowsOf(importer, op, b)];
}
