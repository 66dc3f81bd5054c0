/** What operations share that write one map, each pixel by itself. */
import type { Call, Ref } from "../../abi/call.js";
import { mapCost } from "../../abi/costs.js";
import { mapBytes } from "../../abi/sizes.js";
import type { LowerContext, MapShape } from "../context.js";
import type { ValueOp } from "../ir.js";
import { pixelTasks, type Stretch } from "../tasks.js";

/** A buffer for a value. */
export function newMap(context: LowerContext, value: string): { readonly shape: MapShape; readonly dst: Ref } {
  const shape = context.shapeOf(value);
  const dst = context.builder.buffer(value, mapBytes(shape.pixels, shape.channels));
  context.setRef(value, dst);
  return { shape, dst };
}

/** Bytes of a value as a map. */
export function bytesOfMap(context: LowerContext, value: string): number {
  const { pixels, channels } = context.shapeOf(value);
  return mapBytes(pixels, channels);
}

/**
 * A step whose tasks are stretches of the value's pixels. `cost` is that of passing over inputs and value, unless it is
 * given.
 */
export function pixelStep(
  context: LowerContext,
  op: ValueOp,
  calls: (stretch: Stretch) => readonly Call[],
  kind: string = op.kind,
  cost = mapCost([...op.inputs, op.value].reduce((sum, value) => sum + bytesOfMap(context, value), 0)),
): void {
  const { pixels } = context.shapeOf(op.value);
  context.builder.step({ name: op.name, kind, phases: [pixelTasks(pixels, cost, context.workers).map(calls)] });
}
