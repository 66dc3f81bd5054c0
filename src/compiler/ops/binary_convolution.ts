/** Convolutions of signs with signs as weights, on bits. */
import type { BorderValue } from "../../graph/types.js";
import type { SlidingWindow } from "../../graph/window.js";
import type { BitWeight } from "../../weights.js";
import { countAffine } from "../affine.js";
import { type BinaryConv, fanIn, kernelShape } from "../binary/conv.js";
import { countsEpilogue, countsFormat, countsKey, countsPhases, halved } from "../binary/counts.js";
import { bitsLayer, layerEpilogue, type QuantizedLayer } from "../binary/layer.js";
import type { LowerContext } from "../context.js";
import { defineOutputs, epilogueRefs } from "../epilogue.js";
import { type EpilogueOp, outputOf } from "../ir.js";
import { pixelsOf } from "../tasks.js";
import { sweepOf } from "../window.js";
import type { OpRecords } from "./record.js";

/** Its epilogue reads mismatch counts; `affine` is never null and turns them into the layer's numbers. */
export interface BinaryConv2dOp extends EpilogueOp {
  readonly kind: "binaryConv2d";
  readonly window: SlidingWindow;
  readonly groups: number;
  readonly padValue: BorderValue;
  readonly weight: BitWeight;
}

export function binaryConvOp(layer: QuantizedLayer, weight: BitWeight, scale: Float64Array | null): BinaryConv2dOp {
  const affine = countAffine(kernelShape(weight)[0], fanIn(weight), layer.node.offset, scale);
  return { kind: "binaryConv2d", ...bitsLayer(layer), weight, epilogue: layerEpilogue(layer, affine) };
}

/** One plane of activations, one of weights: counts go from the kernel to the epilogue while they are in the cache. */
function lowerBinaryConv2d(context: LowerContext, op: BinaryConv2dOp): void {
  const { weight, groups, padValue } = op;
  const kernel = context.kernelOf(op.name);
  const input = context.shapeOf(op.input);
  const output = context.shapeOf(outputOf(op));
  const conv: BinaryConv = {
    name: op.name,
    activations: [{ bits: context.refOf(op.input), padValue }],
    weights: [weight],
    groups,
    input,
    output,
    sweep: sweepOf(op.window, input, output),
  };
  const { doubled, ...format } = countsFormat(kernel, conv);
  const affine = doubled ? halved(op.epilogue.affine!) : op.epilogue.affine!;
  const key = countsKey(context, op);
  const most = fanIn(weight) * (doubled ? 2 : 1);
  const refs = epilogueRefs(context, op, affine, key, { most });
  const epilogue = countsEpilogue(context, op, refs, { ...format, key, affine, most });
  const phases = countsPhases(context, kernel, conv, (band) => ({
    take: (counts) => [epilogue(counts, pixelsOf(band, output))],
    finish: () => [],
  }));
  const binaryMacs = output.pixels * kernelShape(weight)[0] * fanIn(weight);
  context.builder.step({ name: op.name, kind: `binaryConv2d (${kernel})`, phases, binaryMacs });
  defineOutputs(context, op, refs);
}

export const binaryConvolutionOps: OpRecords<BinaryConv2dOp> = {
  binaryConv2d: { reads: "bits", lower: lowerBinaryConv2d },
};
