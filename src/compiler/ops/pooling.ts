/** Pools under a window, and the mean of a whole map. */
import { type Arg, call } from "../../abi/call.js";
import { mapCost } from "../../abi/costs.js";
import { mapBytes } from "../../abi/sizes.js";
import type { SlidingWindow } from "../../graph/window.js";
import { type LowerContext, mapPixel } from "../context.js";
import { defineOutputs, epilogueArguments, epilogueRefs } from "../epilogue.js";
import { type EpilogueOp, isEmpty, noEpilogue, outputOf, type UnaryOp } from "../ir.js";
import type { Task } from "../plan.js";
import { offsetRef } from "../plan_builder.js";
import { partsOf, pixelsOf, rowTasks, tasksOf } from "../tasks.js";
import { bandOf, sweepOf, undilated } from "../window.js";
import { newMap } from "./maps.js";
import type { FromNodes, NodeOf, OpRecords } from "./record.js";

export interface PoolOp extends EpilogueOp {
  readonly kind: "maxPool" | "avgPool";
  readonly window: SlidingWindow;
  readonly countIncludePad: boolean;
}

export interface GlobalAvgPoolOp extends UnaryOp {
  readonly kind: "globalAvgPool";
}

function pool(node: NodeOf<"maxPool" | "avgPool">): readonly PoolOp[] {
  const { name, kind, kernel, stride, padding } = node;
  const [input] = node.inputs;
  const countIncludePad = node.kind === "avgPool" && node.countIncludePad;
  const window = { kernel, stride, padding };
  return [{ kind, name, input, window, countIncludePad, epilogue: noEpilogue, value: name, sign: null }];
}

export const poolingNodes = {
  maxPool: pool,
  avgPool: pool,
  globalAvgPool({ name, inputs }): readonly GlobalAvgPoolOp[] {
    return [{ kind: "globalAvgPool", name, inputs: [inputs[0]], value: name }];
  },
} satisfies FromNodes<"maxPool" | "avgPool" | "globalAvgPool">;

/** A pool and its epilogue; max pooling takes all of it but centers, clamps and residuals in the same pass. */
function lowerPool(context: LowerContext, op: PoolOp): void {
  const { builder } = context;
  const input = context.shapeOf(op.input);
  const output = context.shapeOf(outputOf(op));
  const { channels } = output;
  const sweep = sweepOf(op.window, input, output);
  const refs = epilogueRefs(context, op, op.epilogue.affine);
  const { bounds, first, second } = op.epilogue;
  const needsEpilogue = !isEmpty(op.epilogue) || op.sign !== null;
  const fuses = refs.center === null && bounds === null && first === null && second === null;
  const taps = sweep.kernelHeight * sweep.kernelWidth;
  const cost = mapCost(mapBytes(output.pixels, channels) * (taps + 1));
  const tasks = rowTasks(output, cost, context.workers).map((task): Task => {
    const { firstRow, band } = bandOf(sweep, task.row, task.rows);
    const { first: pixel, count } = pixelsOf(task, output);
    const place = {
      src: mapPixel(context.refOf(op.input), (task.image * input.height + firstRow) * input.width, channels),
      batch: task.images,
      channels,
      ...undilated(band),
    };
    const epilogue = epilogueArguments(refs, pixel);
    if (op.kind === "maxPool" && needsEpilogue && fuses) {
      const { scale, shift, relu, dst, bits, signThreshold, signFlip } = epilogue;
      return [call("maxPoolEpilogueF32", { ...place, scale, shift, relu, dst, bits, signThreshold, signFlip })];
    }
    const dst: Arg =
      refs.value === null || first !== null || second !== null
        ? builder.scratch()(mapBytes(count, channels))
        : mapPixel(refs.value, pixel, channels);
    const pooled =
      op.kind === "maxPool"
        ? call("maxPoolF32", { ...place, dst })
        : call("avgPoolF32", { ...place, dst, countIncludePad: op.countIncludePad ? 1 : 0 });
    return needsEpilogue ? [pooled, call("epilogueF32", { src: dst, pixels: count, ...epilogue })] : [pooled];
  });
  builder.step({ name: op.name, kind: op.kind, phases: [tasks] });
  defineOutputs(context, op, refs);
}

function lowerGlobalAvgPool(context: LowerContext, op: GlobalAvgPoolOp): void {
  const [value] = op.inputs;
  const { batch, height, width, channels, pixels } = context.shapeOf(value);
  const src = context.refOf(value);
  const { dst, shape } = newMap(context, op.value);
  const parts = tasksOf(mapCost(mapBytes(pixels, channels)), context.workers);
  // By images, or the channels of each: a row of channels, as many as the kernel takes at a time, for a row of pixels.
  const tasks = partsOf({ batch, height: shape.channels }, parts, 16).map(({ image, images, row, rows }) => [
    call("globalAvgPoolF32", {
      src: offsetRef(mapPixel(src, image * height * width, channels), row * 4),
      dst: offsetRef(mapPixel(dst, image, channels), row * 4),
      batch: images,
      plane: height * width,
      channels: rows,
      mapChannels: channels,
    }),
  ]);
  context.builder.step({ name: op.name, kind: op.kind, phases: [tasks] });
}

export const poolingOps: OpRecords<PoolOp | GlobalAvgPoolOp> = {
  maxPool: { lower: lowerPool },
  avgPool: { lower: lowerPool },
  globalAvgPool: { lower: lowerGlobalAvgPool },
};
