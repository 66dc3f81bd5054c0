/** Float convolutions: direct, or on Winograd's tiles. */
import { type Call, call, type Ref } from "../../abi/call.js";
import { convF32Cost, mapCost, winogradF32Cost } from "../../abi/costs.js";
import {
  type ConvF32Shape,
  convF32ScratchBytes,
  convF32WeightBytes,
  mapBytes,
  mapStride,
  winogradBand,
  winogradF32ScratchBytes,
  winogradF32WeightBytes,
} from "../../abi/sizes.js";
import type { SlidingWindow } from "../../graph/window.js";
import type { FloatWeight } from "../../weights.js";
import { type Affine, makeAffine } from "../affine.js";
import { usesWinograd } from "../choose_kernel.js";
import { bytesOf, floatBytes, type LowerContext, mapPixel, zeros } from "../context.js";
import { defineOutputs, epilogueArguments, epilogueBytes, epilogueRefs } from "../epilogue.js";
import { type EpilogueOp, noEpilogue, outputOf } from "../ir.js";
import { offsetRef, packedConstant, packingArea, type TakeScratch } from "../plan_builder.js";
import { type Band, pixelsOf, rowTasks } from "../tasks.js";
import { bandOf, sweepOf } from "../window.js";
import { type FromNodes, floatsOf, type OpRecords, optionalFloats } from "./record.js";

export interface Conv2dOp extends EpilogueOp {
  readonly kind: "conv2d";
  readonly window: SlidingWindow;
  readonly groups: number;
  readonly weight: FloatWeight;
  /** True if few-bit values are convolved in float: their sums are whole or tie, so terms are added as they are. */
  readonly exact: boolean;
  /**
   * What the kernel itself ends with, if the epilogue begins with an affine behind a ReLU; null if the kernel ends with
   * the epilogue's own.
   */
  readonly end: KernelEnd | null;
  /** Of a layer with quantised weights: why it does not run on bits. */
  readonly float: string | null;
}

export interface KernelEnd {
  readonly affine: Affine | null;
  readonly relu: boolean;
}

/** The affine that is in the weights, and whether the kernel clips. */
export function kernelEnd({ end, epilogue }: Conv2dOp): KernelEnd {
  const { affine, bounds, first, relu } = epilogue;
  return end ?? { affine, relu: relu && bounds === null && first === null };
}

export const convolutionNodes = {
  conv2d(node, context): readonly Conv2dOp[] {
    const { name, kernel, stride, padding, dilation, groups } = node;
    const [input] = node.inputs;
    const bias = optionalFloats(context, node.bias)?.data ?? null;
    const affine =
      bias === null ? null : makeAffine(node.channels, (c) => ({ scale: 1, shift: bias[c], root: -bias[c] }));
    return [
      {
        kind: "conv2d",
        name,
        input,
        window: { kernel, stride, padding, dilation },
        groups,
        weight: floatsOf(context, node.weight),
        exact: context.codeOf(input) !== null,
        end: null,
        float: null,
        epilogue: { ...noEpilogue, affine },
        value: name,
        sign: null,
      },
    ];
  },
} satisfies FromNodes<"conv2d">;

/** The sizes of a convolution, of one image, in the words of its kernels' parameters. */
export function convShape(context: LowerContext, op: Conv2dOp): ConvF32Shape {
  const input = context.shapeOf(op.input);
  const sweep = sweepOf(op.window, input, context.shapeOf(outputOf(op)));
  return { ...sweep, inChannels: input.channels, outChannels: op.weight.shape[0], groups: op.groups };
}

/**
 * The weights, the affine's scale multiplied in, in the order of the kernel that reads them; the kernel depends on the
 * map's size, so it is part of the key.
 */
function convWeights({ builder }: LowerContext, op: Conv2dOp, shape: ConvF32Shape, winograd: boolean): Ref {
  const { outChannels: channels, kernelHeight, kernelWidth, strideHeight, strideWidth, groups } = shape;
  const { data, shape: weightShape } = op.weight;
  const inputs = weightShape[1];
  const source = { src: packingArea, dst: packedConstant, channels, kernelHeight, kernelWidth, groups };
  const { affine } = kernelEnd(op);
  const packed = (key: string, bytes: number, pack: Call): Ref => {
    const name = `${op.name}/${key}`;
    const areaBytes = data.byteLength;
    if (affine === null) return builder.constant(name, bytes, () => bytesOf(data), { areaBytes, calls: [pack] });
    // Float sums give no exact zeros to preserve (`floatShifts`), unless a network convolves counts as floats: those
    // that its batch norm makes exactly 0 are 0 within rounding only.
    const scales = offsetRef(packingArea, areaBytes);
    const scale = call("scaleRowsF32", { data: packingArea, scales, rows: channels, length: data.length / channels });
    return builder.constant(name, bytes, () => [bytesOf(data), bytesOf(affine.scale)], {
      areaBytes: areaBytes + affine.scale.byteLength,
      calls: [scale, pack],
    });
  };
  if (winograd) {
    const pack = call("winogradF32Pack", { ...source, inputs, strideHeight, strideWidth });
    return packed("winograd-weights", winogradF32WeightBytes(shape), pack);
  }
  const bytes = convF32WeightBytes(channels, inputs, kernelHeight, kernelWidth, groups);
  return packed("weights", bytes, call("convF32Pack", { ...source, inputsPerGroup: inputs }));
}

/**
 * Float convolution, batch norm in its weights; what its kernel cannot end with runs as an epilogue over its result.
 */
function lowerConv2d(context: LowerContext, op: Conv2dOp): void {
  const shape = convShape(context, op);
  const { batch } = context.shapeOf(op.input);
  const { affine } = kernelEnd(op);
  const winograd = !op.exact && usesWinograd(shape);
  const weights = convWeights(context, op, shape, winograd);
  const stride = mapStride(shape.outChannels);
  const bias =
    affine === null
      ? zeros(context, shape.outChannels)
      : context.builder.constant(`${op.name}/bias`, stride * 4, () => floatBytes(affine.shift, stride));
  const cost = batch * (winograd ? winogradF32Cost(shape) : convF32Cost(shape));
  // Tiles begin at every third row, whose bands share what they transform.
  const unit = winograd ? 3 * winogradBand(shape).rows : 1;
  const src = context.refOf(op.input);
  emitConv2d(context, op, winograd ? "conv2d (winograd)" : "conv2d", { cost, unit }, (task, dst, relu, scratch) => {
    const { firstRow, band } = bandOf(shape, task.row, task.rows);
    const size = { ...shape, ...band };
    const bytes = winograd ? winogradF32ScratchBytes(size) : convF32ScratchBytes(size);
    const place = {
      src: mapPixel(src, (task.image * shape.height + firstRow) * shape.width, shape.inChannels),
      dst,
      weights,
      bias,
      scratch: bytes === 0 ? 0 : scratch(bytes),
      batch: task.images,
      relu: relu ? 1 : 0,
    };
    if (!winograd) return call("convF32", { ...place, ...size });
    const { dilationHeight: _, dilationWidth: __, ...undilated } = size;
    return call("winogradF32", { ...place, ...undilated });
  });
}

/**
 * What a kernel is called with for a band of output rows: where it writes, whether it clips, and its task's scratch.
 */
export type EmitBand = (band: Band, dst: Ref, relu: boolean, scratch: TakeScratch) => Call;

/**
 * The tasks of a convolution: a band of output rows by its kernel, then over it what the kernel cannot end with,
 * residuals and signs. `cost` is the kernel's, whose bands begin at multiples of `unit` rows.
 */
export function emitConv2d(
  context: LowerContext,
  op: Conv2dOp,
  kind: string,
  { cost, unit }: { readonly cost: number; readonly unit: number },
  emit: EmitBand,
): void {
  const { builder } = context;
  const output = context.shapeOf(outputOf(op));
  const { pixels, channels } = output;
  const { bounds, first, second } = op.epilogue;
  const { relu } = kernelEnd(op);
  const refs = epilogueRefs(context, op, op.end === null ? null : op.epilogue.affine);
  const ends = op.end !== null || bounds !== null || first !== null || second !== null || op.sign !== null;
  const passes = ends ? mapCost(epilogueBytes(refs, pixels)) : 0;
  const tasks = rowTasks(output, cost + passes, context.workers, unit).map((band) => {
    const scratch = builder.scratch();
    const { first: pixel, count } = pixelsOf(band, output);
    const dst =
      refs.value === null || first !== null || second !== null
        ? scratch(mapBytes(count, channels))
        : mapPixel(refs.value, pixel, channels);
    const conv = emit(band, dst, relu, scratch);
    if (!ends) return [conv];
    return [conv, call("epilogueF32", { src: dst, pixels: count, ...epilogueArguments(refs, pixel) })];
  });
  builder.step({
    name: op.name,
    kind,
    phases: [tasks],
    floatMacs: pixels * op.weight.data.length,
    float: op.float,
  });
  defineOutputs(context, op, refs);
}

export const convolutionOps: OpRecords<Conv2dOp> = { conv2d: { lower: lowerConv2d } };
