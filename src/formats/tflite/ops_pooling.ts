/** MAX_POOL_2D, AVERAGE_POOL_2D and MEAN over the pixels. */
import type { Operation } from "../../graph/types.js";
import { formatShape, type Shape } from "../../tensor.js";
import { activationBounds, type Bounds, int8Scale, NO_BOUNDS, quantizeStep, sameScale } from "./activation.js";
import { finish, finishMoved } from "./finish.js";
import { int8Field } from "./flatbuffer.js";
import { channelsOf, fileShape, mapOf, sizeOf } from "./forms.js";
import type { Importer } from "./importer.js";
import { unsupported } from "./operators.js";
import type { TfliteOperator } from "./schema.js";
import type { FeatureMap, Int8Scale, Step } from "./values.js";
import { builtinPadding, checkWindow, graphPadding, sizeFields, type Window } from "./windows.js";

interface Pool {
  readonly input: FeatureMap;
  readonly node: string;
  readonly window: Window;
  readonly padding: ReturnType<typeof graphPadding>;
  readonly bounds: Bounds;
}

function readPool(importer: Importer, op: TfliteOperator): Pool {
  const input = importer.map(op, 0);
  const node = mapOf(importer, op, input) ?? unsupported(op, "pools a tensor that is no map");
  const { options } = op;
  const window = checkWindow(op, {
    kernel: sizeFields(options, 3, 4, 0),
    stride: sizeFields(options, 1, 2, 0),
    dilation: [1, 1],
  });
  const padding = graphPadding(builtinPadding(op), window);
  return { input, node, window, padding, bounds: activationBounds(op, options === null ? 0 : int8Field(options, 5)) };
}

/** The maximum of the pixels inside the map. */
export function maxPool(importer: Importer, op: TfliteOperator): void {
  const { input, node, window, padding, bounds } = readPool(importer, op);
  const { kernel, stride } = window;
  const step: Step = { operation: { kind: "maxPool", kernel, stride, padding }, suffix: "pool" };
  if (input.storage === "f32" || bounds !== NO_BOUNDS) {
    finish(importer, op, node, [step], { bounds });
    return;
  }
  const pooled = importer.add(op, node, [step]);
  finishMoved(importer, op, [input], { node: pooled, shape: fileShape(importer, pooled) });
}

/** Of the pixels inside the map; a window that is the whole map is the global mean. */
function averageOperation({ input, window, padding }: Pool): Operation {
  const { kernel, stride } = window;
  const isWhole = kernel.every((size, axis) => size === sizeOf(input)[axis]);
  if (isWhole && padding !== "same") return { kind: "globalAvgPool" };
  // Without padding both ways to count are one, and this is how other frameworks' networks say it.
  return { kind: "avgPool", kernel, stride, padding, countIncludePad: padding !== "same" };
}

/**
 * The mean of int8 numbers as TensorFlow Lite takes it: of q with its zero point, halves away from zero. Halves are
 * frequent, so that q is made exact before (x / scale is a whole number but for rounding) and becomes real numbers
 * after.
 */
function int8Average(
  importer: Importer,
  op: TfliteOperator,
  average: Operation,
  { scale, zeroPoint }: Int8Scale,
  channels: number,
  bounds: Bounds,
): readonly Step[] {
  importer.spend(12 * channels);
  const filled = (role: string, value: number) =>
    importer.parameter(op, role, { kind: "f32", shape: [channels], data: new Float32Array(channels).fill(value) });
  const steps = { scale: 1, zeroPoint: 0 };
  const limits = {
    min: bounds.min === null ? null : bounds.min / scale + zeroPoint,
    max: bounds.max === null ? null : bounds.max / scale + zeroPoint,
  };
  return [
    {
      operation: { kind: "scaleShift", scale: filled("scale", 1 / scale), shift: filled("shift", zeroPoint) },
      suffix: "steps",
    },
    quantizeStep(steps, NO_BOUNDS, "exact"),
    { operation: average, suffix: "pool" },
    quantizeStep(steps, limits, "rounded"),
    { operation: { kind: "scaleShift", scale: null, shift: filled("unshift", -zeroPoint) }, suffix: "centred" },
    { operation: { kind: "scale", factor: scale }, suffix: "real" },
  ];
}

export function averagePool(importer: Importer, op: TfliteOperator): void {
  const pool = readPool(importer, op);
  const { input, node, bounds } = pool;
  const average = averageOperation(pool);
  if (input.int8 === null) {
    finish(importer, op, node, [{ operation: average, suffix: "pool" }], { bounds });
    return;
  }
  if (!sameScale(input.int8, int8Scale(op, importer.output(op)))) unsupported(op, "changes the scale of int8 numbers");
  const steps = int8Average(importer, op, average, input.int8, channelsOf(input), bounds);
  const pooled = importer.add(op, node, steps);
  importer.define(op, { ...input, node: pooled, shape: fileShape(importer, pooled) });
}

/** Over height and width of a map, with or without the axes of one pixel that remain. */
export function mean(importer: Importer, op: TfliteOperator): void {
  const input = importer.map(op, 0);
  const axes = importer.integers(op, 1).map((axis) => (axis < 0 ? axis + input.shape.length : axis));
  const isPixels = axes.length === 2 && axes.includes(1) && axes.includes(2) && input.shape.length === 4;
  if (!isPixels) {
    unsupported(
      op,
      `averages axes ${axes.join(", ")} of ${formatShape(input.shape)}: height and width are computed here`,
    );
  }
  const keepsAxes = op.options !== null && int8Field(op.options, 0) !== 0;
  const [batch, , , channels] = input.shape;
  const shape: Shape = keepsAxes ? [batch, 1, 1, channels] : [batch, channels];
  const isMap = importer.shape(input.node).length === 4;
  const steps: readonly Step[] = isMap ? [{ operation: { kind: "globalAvgPool" }, suffix: "mean" }] : [];
  finish(importer, op, input.node, steps, { shape });
}
