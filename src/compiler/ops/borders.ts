/**
 * Operations that change where the numbers of a map stand: more or fewer rows and columns, or one axis in place of
 * three.
 */
import { call } from "../../abi/call.js";
import { mapCost } from "../../abi/costs.js";
import { mapBytes, mapStride } from "../../abi/sizes.js";
import type { TensorLayout } from "../../graph/layout.js";
import { paddingSides, type SlidingWindow } from "../../graph/window.js";
import { type LowerContext, mapPixel } from "../context.js";
import type { UnaryOp } from "../ir.js";
import { offsetRef } from "../plan_builder.js";
import { bandsOf, pixelsOf, rowTasks, tasksOf } from "../tasks.js";
import { bytesOfMap, newMap } from "./maps.js";
import type { FromNodes, OpRecords } from "./record.js";

/** value[y][x] = input[y - top][x - left] if that is inside it, else `fill`. */
export interface WindowOp extends UnaryOp {
  readonly kind: "window";
  readonly top: number;
  readonly left: number;
  readonly fill: number;
}

/** The border that a convolution's window reads, written out: a map of its own, which no node has. */
export interface BorderOp extends UnaryOp {
  readonly kind: "border";
  readonly window: SlidingWindow;
  readonly fill: number;
}

export interface FlattenOp extends UnaryOp {
  readonly kind: "flatten";
  /** The order of the axes: NHWC is that of a map, but for what pads its pixels. */
  readonly layout: TensorLayout;
}

export type BordersOp = WindowOp | BorderOp | FlattenOp;

export const bordersNodes = {
  pad({ name, inputs: [input], top, left, value: fill }): readonly WindowOp[] {
    return [{ kind: "window", name, top, left, fill, inputs: [input], value: name }];
  },
  crop({ name, inputs: [input], top, left }): readonly WindowOp[] {
    return [{ kind: "window", name, top: -top, left: -left, fill: 0, inputs: [input], value: name }];
  },
  flatten({ name, inputs: [input], layout = "NCHW" }): readonly FlattenOp[] {
    return [{ kind: "flatten", name, layout, inputs: [input], value: name }];
  },
} satisfies FromNodes<"pad" | "crop" | "flatten">;

function emitWindow(context: LowerContext, op: WindowOp | BorderOp, top: number, left: number): void {
  const [value] = op.inputs;
  const { height, width, channels } = context.shapeOf(value);
  const src = context.refOf(value);
  const { shape, dst } = newMap(context, op.value);
  const cost = mapCost(bytesOfMap(context, value) + bytesOfMap(context, op.value));
  const tasks = rowTasks(shape, cost, context.workers).map((band) => [
    call("windowF32", {
      src: mapPixel(src, band.image * height * width, channels),
      dst: mapPixel(dst, pixelsOf(band, shape).first, channels),
      batch: band.images,
      height,
      width,
      channels,
      outHeight: band.rows,
      outWidth: shape.width,
      top: top - band.row,
      left,
      value: op.fill,
    }),
  ]);
  context.builder.step({ name: op.name, kind: op.kind, phases: [tasks] });
}

function lowerBorder(context: LowerContext, op: BorderOp): void {
  const { height, width } = context.shapeOf(op.inputs[0]);
  const [top, left] = paddingSides(op.window, [height, width]);
  emitWindow(context, op, top, left);
}

/**
 * A map of one pixel is its own flattening, and in NHWC order a map whose pixels are not padded; others are written
 * image by image, rows padded as maps are.
 */
function lowerFlatten(context: LowerContext, op: FlattenOp): void {
  const [value] = op.inputs;
  const { batch, height, width, channels } = context.shapeOf(value);
  const src = context.refOf(value);
  const plane = height * width;
  if (plane === 1 || (op.layout === "NHWC" && mapStride(channels) === channels)) {
    context.setRef(op.value, src);
    return;
  }
  const { shape, dst } = newMap(context, op.value);
  const rowBytes = mapStride(shape.channels) * 4;
  const zeros = context.builder.constant("zeros/4", 16, () => new Uint8Array(16));
  const parts = tasksOf(mapCost(2 * batch * mapBytes(plane, channels)), context.workers);
  const tasks = bandsOf(shape, 1, Math.ceil(batch / parts)).map(({ image, images }) =>
    Array.from({ length: images }, (_, i) => image + i).flatMap((n) => {
      const row = offsetRef(dst, n * rowBytes);
      const place = { src: mapPixel(src, n * plane, channels), dst: row, channels };
      return [
        call("copyBytes", { dst: offsetRef(row, rowBytes - 16), src: zeros, bytes: 16 }),
        op.layout === "NHWC"
          ? call("mapToNhwcF32", { ...place, pixels: plane })
          : call("mapToNchwF32", { ...place, batch: 1, plane, dstPlane: plane }),
      ];
    }),
  );
  context.builder.step({ name: op.name, kind: op.kind, phases: [tasks] });
}

export const bordersOps: OpRecords<BordersOp> = {
  window: { lower: (context, op) => emitWindow(context, op, op.top, op.left) },
  border: {
    shape({ window }, [batch, channels, height, width]) {
      const [top, left, bottom, right] = paddingSides(window, [height, width]);
      return [batch, channels, top + height + bottom, left + width + right];
    },
    lower: lowerBorder,
  },
  flatten: { lower: lowerFlatten },
};
