/** Convolutions of few-bit values as weighted sums of binary convolutions, one for each pair of planes. */
import { type Call, call, type Ref } from "../../abi/call.js";
import type { BorderValue } from "../../graph/types.js";
import type { SlidingWindow } from "../../graph/window.js";
import { type Affine, countAffine } from "../affine.js";
import { countAffineRefs } from "../affine_constants.js";
import { type ActivationCode, signsOf, weightSum } from "../binary/codes.js";
import { type BinaryConv, borderOf, type CountsSink, fanIn, kernelShape } from "../binary/conv.js";
import { countsEpilogue, countsFormat, countsKey, countsPhases, halved } from "../binary/counts.js";
import { bitsLayer, layerEpilogue, type QuantizedLayer } from "../binary/layer.js";
import type { WeightPlanes } from "../binary/weight_planes.js";
import { tapSums } from "../binary/weight_sums.js";
import type { CountRange } from "../centers.js";
import { bitsPixel, bytesOf, type LowerContext } from "../context.js";
import { defineOutputs, type EpilogueRefs, epilogueRefs } from "../epilogue.js";
import { type EpilogueOp, outputOf } from "../ir.js";
import type { Phase } from "../plan.js";
import type { TakeScratch } from "../plan_builder.js";
import { type Band, pixelsOf } from "../tasks.js";
import { crossesBorder, sweepOf } from "../window.js";
import { zeroFlag } from "./quantize.js";
import type { OpRecords } from "./record.js";

/** `affine` reads the weighted sum of the counts of all pairs of an activation plane and a weight plane. */
export interface PlanesConv2dOp extends EpilogueOp {
  readonly kind: "planesConv2d";
  readonly window: SlidingWindow;
  readonly groups: number;
  readonly padValue: BorderValue;
  readonly activation: ActivationCode;
  readonly weights: WeightPlanes;
}

/** What outputs are multiplied by, the activations' unit included. */
function inUnits(scale: Float64Array | null, { unit }: ActivationCode, outputs: number): Float64Array | null {
  if (unit === 1) return scale;
  return scale === null ? new Float64Array(outputs).fill(unit) : scale.map((value) => value * unit);
}

/**
 * dot of few-bit values: with M and N the largest weighted sums of an activation and a weight, T the weighted sum of
 * all signs of an output's weights, dot = unit (K M N - 2 * (weighted sum of counts) + offset_a T) / (steps_a steps_w).
 */
export function planesConvOp(
  layer: QuantizedLayer,
  activation: ActivationCode,
  weights: WeightPlanes,
  scale: Float64Array | null,
): PlanesConv2dOp {
  const { code, planes } = weights;
  const [outputs] = kernelShape(planes[0]);
  const k = fanIn(planes[0]);
  const sums = new Float64Array(outputs);
  planes.forEach((plane, j) => {
    tapSums(plane).forEach((sum, at) => {
      sums[at % outputs] += code.weights[j] * sum;
    });
  });
  const largest = k * weightSum(activation) * weightSum(code);
  const zero = (channel: number) => (largest + activation.offset * sums[channel]) / 2;
  const meaning = { zero, steps: activation.steps * code.steps };
  const affine = countAffine(outputs, k, layer.node.offset, inUnits(scale, activation, outputs), meaning);
  const epilogue = layerEpilogue(layer, affine);
  return { kind: "planesConv2d", ...bitsLayer(layer), activation, weights, epilogue };
}

/** The border bits of an activation plane for which the planes stand for `padValue`, if there are such bits. */
function planeBorder(op: PlanesConv2dOp, plane: number): BorderValue {
  const { method } = op.activation;
  // A ternary 0: one plane says -1, the other +1.
  if (method === "ternary" && op.padValue === 0) return plane === 0 ? -1 : 1;
  if (method !== "round" && method !== "grid") return op.padValue;
  // What a border of -1 lacks is a correction to the level 0 of `round`; no other layer of a grid runs on planes.
  return signsOf(op.activation, op.padValue)?.[plane] ?? -1;
}

/**
 * With `round` a border of -1 is below the lowest level, which is what all planes at 0 stand for. A tap outside must
 * add -sum(w_tap) and adds 0: since dot = (... - 2 * counts) / (steps_a steps_w) and steps_a / 2 = 2^bits - 1, its
 * counts lack (2^bits - 1) * sum_j 2^j sum(s_j) over the tap's channels, which are integers.
 */
function borderCorrections(context: LowerContext, op: PlanesConv2dOp, stride: number): Ref {
  const { weights, activation } = op;
  const [outputs, , height, width] = kernelShape(weights.planes[0]);
  const taps = height * width;
  return context.builder.constant(`${countsKey(context, op)}/border`, taps * stride * 4, () => {
    const corrections = new Int32Array(taps * stride);
    const levels = 2 ** activation.bits - 1;
    weights.planes.forEach((plane, j) => {
      tapSums(plane).forEach((sum, at) => {
        const tap = Math.floor(at / outputs);
        corrections[tap * stride + (at % outputs)] -= levels * weights.code.weights[j] * sum;
      });
    });
    return bytesOf(corrections);
  });
}

/** All planes of activations with all of weights. */
function planesConv(context: LowerContext, op: PlanesConv2dOp): BinaryConv {
  const input = context.shapeOf(op.input);
  const output = context.shapeOf(outputOf(op));
  const planes = context.refOf(op.input);
  const activations = op.activation.weights.map((_, i) => ({
    bits: bitsPixel(planes, i * input.pixels, input.channels),
    padValue: planeBorder(op, i),
  }));
  const sweep = sweepOf(op.window, input, output);
  return { name: op.name, activations, weights: op.weights.planes, groups: op.groups, input, output, sweep };
}

/** True if windows reach over a border of -1 that lies below the lowest level of `round`. */
function hasLowBorder({ activation, padValue }: PlanesConv2dOp, { sweep }: BinaryConv): boolean {
  return activation.method === "round" && padValue === -1 && crossesBorder(sweep);
}

/** Between what the weighted sums of counts lie, each count `unit` for a mismatch. */
function sumRange(op: PlanesConv2dOp, conv: BinaryConv, unit: number): CountRange {
  const { activation, weights } = op;
  const largest = unit * fanIn(weights.planes[0]) * weightSum(activation) * weightSum(weights.code);
  // A border of -1 lies as far below the lowest level of `round` as the highest above it.
  return hasLowBorder(op, conv) ? { least: -largest, most: 2 * largest } : { most: largest };
}

/** All pairs of planes: a band's weighted counts are summed as i32, then the epilogue reads them by `affine`. */
function planesPhases(
  context: LowerContext,
  op: PlanesConv2dOp,
  conv: BinaryConv,
  refs: EpilogueRefs,
  affine: Affine,
): readonly Phase[] {
  const { activation, weights } = op;
  const { output } = conv;
  const kernel = context.kernelOf(op.name);
  const { type, stride, doubled } = countsFormat(kernel, conv);
  const lowBorder = hasLowBorder(op, conv);
  const epilogue = countsEpilogue(context, op, refs, {
    key: `${countsKey(context, op)}/sums`,
    affine,
    type: "I32",
    stride,
    ...sumRange(op, conv, doubled ? 2 : 1),
  });

  const sinkOf = (band: Band, scratch: TakeScratch): CountsSink => {
    const pixels = pixelsOf(band, output);
    const elements = pixels.count * stride;
    const sums = scratch(elements * 4);
    const border = lowBorder ? scratch(stride * 4) : null;
    return {
      // The first pair overwrites what the sums held.
      take(counts, i, j): readonly Call[] {
        if (i === 0 && j === 0) {
          if (type === "U16") return [call("widenCountsU16", { src: counts, dst: sums, elements })];
          return [call("copyBytes", { dst: sums, src: counts, bytes: elements * 4 })];
        }
        const shift = Math.log2(activation.weights[i] * weights.code.weights[j]);
        return [call(`addCounts${type}`, { dst: sums, src: counts, elements, shift })];
      },
      finish(): readonly Call[] {
        const ends = [epilogue(sums, pixels)];
        if (border === null) return ends;
        const corrections = borderCorrections(context, op, stride);
        const complete = call("zeroBorderI32", {
          counts: sums,
          corrections,
          scratch: border,
          batch: band.images,
          countStride: stride,
          ...borderOf(conv, band),
        });
        return [complete, ...ends];
      },
    };
  };
  return countsPhases(context, kernel, conv, sinkOf);
}

/**
 * Activations without an exact zero are one plane: the sums of counts are twice that plane's, a zero border completed.
 */
function signPhases(
  context: LowerContext,
  op: PlanesConv2dOp,
  planes: BinaryConv,
  refs: EpilogueRefs,
): readonly Phase[] {
  const kernel = context.kernelOf(op.name);
  const { output } = planes;
  const conv: BinaryConv = {
    ...planes,
    activations: [{ bits: context.refOf(op.input), padValue: op.padValue }],
    weights: [op.weights.planes[0]],
  };
  const { doubled, ...format } = countsFormat(kernel, conv);
  // The operation's affine reads the sum of two planes' counts, which are the same here.
  const { scale, shift, root, center } = op.epilogue.affine!;
  const half = (sum: number) => sum / 2;
  const affine = { scale: scale.map((s) => s * 2), shift, root: root.map(half), center: center.map(half) };
  const whole = doubled ? halved(affine) : affine;
  const key = `${countsKey(context, op)}/single`;
  const most = fanIn(op.weights.planes[0]) * (doubled ? 2 : 1);
  const constants = countAffineRefs(context, key, whole, refs.channels, { most });
  const epilogue = countsEpilogue(context, op, { ...refs, ...constants }, { ...format, key, affine: whole, most });
  return countsPhases(context, kernel, conv, (band) => ({
    take: (counts) => [epilogue(counts, pixelsOf(band, output))],
    finish: () => [],
  }));
}

function lowerPlanesConv2d(context: LowerContext, op: PlanesConv2dOp): void {
  const { builder } = context;
  const { activation, weights } = op;
  const kernel = context.kernelOf(op.name);
  const conv = planesConv(context, op);
  const { doubled } = countsFormat(kernel, conv);
  const affine = doubled ? halved(op.epilogue.affine!) : op.epilogue.affine!;
  const range = sumRange(op, conv, doubled ? 2 : 1);
  const refs = epilogueRefs(context, op, affine, countsKey(context, op), range);
  const phases = planesPhases(context, op, conv, refs, affine);
  const [outputs] = kernelShape(weights.planes[0]);
  const binaryMacs = conv.output.pixels * outputs * fanIn(weights.planes[0]);
  const step = { name: op.name, kind: `planesConv2d (${kernel})`, binaryMacs };
  if (activation.flagged && weights.planes.length === 1) {
    const flag = context.refOf(zeroFlag(op.input));
    builder.step({ ...step, phases: signPhases(context, op, conv, refs), alternative: { flag, phases } });
  } else {
    builder.step({ ...step, phases });
  }
  defineOutputs(context, op, refs);
}

export const fewBitsOps: OpRecords<PlanesConv2dOp> = { planesConv2d: { reads: "bits", lower: lowerPlanesConv2d } };
