/** Few-bit values: quantising to bit planes, convolving them as a weighted sum of binary convolutions, and reading them as floats. */

import { bitBytes, mapBytes } from "../abi/sizes.js";
import type { BorderValue } from "../graph/types.js";
import type { Affine } from "./affine.js";
import { type BinaryConv, type CountsFormat, type CountsSink, fanIn, kernelShape } from "./binary_conv.js";
import { tapSums } from "./binary_weights.js";
import { countsCalls, countsFormat } from "./counts.js";
import type { PackOp, PlanesConv2dOp, UnpackOp } from "./ir.js";
import { binaryConv, countsEpilogue, countsKey, halved } from "./lower_binary.js";
import {
  affineConstants,
  bytesOf,
  defineOutputs,
  type EpilogueRefs,
  epilogueRefs,
  type LowerContext,
} from "./lower_context.js";
import type { Call, Ref } from "./plan.js";
import { offsetRef, type PlanBuilder } from "./plan_builder.js";
import { weightSum } from "./weight_planes.js";

/** The i32 that says whether a ternary value has any exact zero. */
const zeroFlag = (value: string) => `${value}#zeros`;

export function lowerPack(context: LowerContext, op: PackOp): void {
  const { builder } = context;
  const { pixels, channels } = context.shapeOf(op.value);
  const { method, bits, weights } = op.code;
  const planeBytes = bitBytes(pixels, channels);
  const src = context.refOf(op.input);
  const dst = builder.buffer(op.value, planeBytes * weights.length);
  const calls: Call[] = [];
  if (method === "round") {
    calls.push({ kernel: "packRoundF32", args: [src, dst, pixels, channels, bits, planeBytes] });
  } else if (method === "dorefa") {
    const largest = builder.buffer(`${op.name}/largest`, 4);
    calls.push({ kernel: "maxAbsTanhF32", args: [src, largest, pixels, channels] });
    calls.push({ kernel: "packDorefaF32", args: [src, dst, pixels, channels, bits, planeBytes, largest] });
  } else {
    const flag = builder.buffer(zeroFlag(op.value), 4);
    calls.push({ kernel: "packTernaryF32", args: [src, dst, pixels, channels, planeBytes, flag] });
    context.setRef(zeroFlag(op.value), flag);
  }
  builder.step({ name: op.name, kind: op.kind, calls });
  context.setRef(op.value, dst);
}

export function lowerUnpack(context: LowerContext, op: UnpackOp): void {
  const { builder } = context;
  const { pixels, channels } = context.shapeOf(op.value);
  const src = context.refOf(op.input);
  const dst = builder.buffer(op.value, mapBytes(pixels, channels));
  const { method, bits, steps, beta } = op.code;
  const planeBytes = bitBytes(pixels, channels);
  const calls: Call[] = [];
  if (method === "sign") {
    calls.push({ kernel: "unpackSignF32", args: [src, dst, pixels, channels] });
  } else if (method === "ternary") {
    // (s_0 + s_1) / 2
    const other = builder.buffer(`${op.value}/other`, mapBytes(pixels, channels));
    const root = new Float64Array(channels);
    const half = { scale: new Float64Array(channels).fill(1 / 2), shift: root, root };
    const { scale, shift } = affineConstants(context, `halves/${channels}`, half, channels);
    calls.push({ kernel: "unpackSignF32", args: [src, dst, pixels, channels] });
    calls.push({ kernel: "unpackSignF32", args: [offsetRef(src, planeBytes), other, pixels, channels] });
    calls.push({ kernel: "epilogueF32", args: [dst, pixels, channels, scale, shift, 0, 0, 0, 0, 0, 0, dst, 0, 0, 0] });
    calls.push({
      kernel: "epilogueF32",
      args: [other, pixels, channels, scale, shift, 0, 0, 0, dst, 0, 0, dst, 0, 0, 0],
    });
  } else {
    // s_i = 2 b_i - 1: sum 2^i s_i / steps + beta = 2 q / steps + beta - sum 2^i / steps
    const offset = beta - weightSum(op.code) / steps;
    calls.push({ kernel: "unpackPlanesF32", args: [src, dst, pixels, channels, bits, planeBytes, 2 / steps, offset] });
  }
  builder.step({ name: op.name, kind: op.kind, calls });
  context.setRef(op.value, dst);
}

/** The border bits of an activation plane for which the planes stand for `padValue`, where there are such bits. */
function planeBorder(op: PlanesConv2dOp, plane: number): BorderValue {
  const { method } = op.activation;
  // All planes of round at 0 are the level 0; what a border of -1 lacks is a correction.
  if (method === "round") return op.padValue === 1 ? 1 : -1;
  // A ternary 0: one plane says -1, the other +1.
  if (method === "ternary" && op.padValue === 0) return plane === 0 ? -1 : 1;
  return op.padValue;
}

/**
 * With `round` a border of -1 is below the lowest level, which is what all planes at 0 stand for. A tap outside must add -sum(w_tap)
 * and adds 0: since dot = (... - 2 * counts) / (steps_a steps_w) and steps_a / 2 = 2^bits - 1, its counts lack (2^bits - 1) * sum_j 2^j sum(s_j)
 * over the tap's channels, which are integers.
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

/** Planes of activations run one after the other and are of one size: they share a set of scratch buffers. */
function sharedScratch(builder: PlanBuilder): PlanBuilder {
  const known = new Map<string, Ref>();
  return {
    ...builder,
    buffer(name, bytes) {
      const ref = known.get(name) ?? builder.buffer(name, bytes);
      known.set(name, ref);
      return ref;
    },
  };
}

/** The convolution of one plane of activations with all planes of weights. */
function planeConv(context: LowerContext, op: PlanesConv2dOp, plane: number): BinaryConv {
  const input = context.shapeOf(op.input);
  const bits = offsetRef(context.refOf(op.input), plane * bitBytes(input.pixels, input.channels));
  return binaryConv(context, op, { bits, weights: op.weights.planes, padValue: planeBorder(op, plane) });
}

/** The format of the counts of each pair of planes. */
function planesFormat(context: LowerContext, op: PlanesConv2dOp): CountsFormat {
  return countsFormat(context.kernelOf(op.name), planeConv(context, op, 0));
}

/** What adds the counts of a pair of planes to the sums; the first pair of all overwrites them. */
function addCounts(sums: Ref, { type, stride }: CountsFormat, shift: number, first: boolean): CountsSink {
  return (counts, pixel, pixelCount) => {
    const elements = pixelCount * stride;
    const at = offsetRef(sums, pixel * stride * 4);
    if (type === "I32") {
      if (first) return [{ kernel: "copyBytes", args: [at, counts, elements * 4] }];
      return [{ kernel: "addCountsI32", args: [at, counts, elements, shift] }];
    }
    if (first) return [{ kernel: "widenCountsU16", args: [counts, at, elements] }];
    return [{ kernel: "addCountsU16", args: [at, counts, elements, shift] }];
  };
}

/** All pairs of planes: the weighted counts are summed as i32, then the epilogue reads them by `affine`. */
function planesCalls(context: LowerContext, op: PlanesConv2dOp, refs: EpilogueRefs, affine: Affine): Call[] {
  const builder = sharedScratch(context.builder);
  const { activation, weights } = op;
  const input = context.shapeOf(op.input);
  const output = context.shapeOf(op.value ?? op.sign!.bits);
  const [, , kernelHeight, kernelWidth] = kernelShape(weights.planes[0]);
  const kernel = context.kernelOf(op.name);
  const format = planesFormat(context, op);
  const { stride } = format;
  const sums = builder.buffer(`${op.name}/sums`, output.pixels * stride * 4);
  const calls = activation.weights.flatMap((a, i) => {
    const sinks = weights.code.weights.map((w, j) => addCounts(sums, format, Math.log2(a * w), i === 0 && j === 0));
    return countsCalls(builder, kernel, planeConv(context, op, i), (counts, pixel, pixelCount, j) =>
      sinks[j](counts, pixel, pixelCount, j),
    );
  });
  const { padding } = op.window;
  const lowBorder = activation.method === "round" && op.padValue === -1 && padding.some((pad) => pad > 0);
  if (lowBorder) {
    const size = [input.height, input.width, stride, output.height, output.width, kernelHeight, kernelWidth];
    calls.push({
      kernel: "zeroBorderI32",
      args: [
        sums,
        borderCorrections(context, op, stride),
        builder.buffer(`${op.name}/border`, stride * 4),
        output.batch,
        ...size,
        ...op.window.stride,
        ...op.dilation,
        ...padding,
      ],
    });
  }
  const unit = format.doubled ? 2 : 1;
  const largest = unit * fanIn(weights.planes[0]) * weightSum(activation) * weightSum(weights.code);
  const epilogue = countsEpilogue(
    context,
    op,
    `${countsKey(context, op)}/sums`,
    refs,
    affine,
    { type: "I32", stride },
    // A border of -1 lies as far below the lowest level of `round` as the highest above it.
    lowBorder ? 2 * largest : largest,
    lowBorder ? -largest : 0,
  );
  calls.push(...epilogue(sums, 0, output.pixels));
  return calls;
}

/** Activations without an exact zero are one plane: the sums of counts are twice that plane's, a zero border completed. */
function signCalls(context: LowerContext, op: PlanesConv2dOp, refs: EpilogueRefs): Call[] {
  const kernel = context.kernelOf(op.name);
  const [weight] = op.weights.planes;
  const bits = context.refOf(op.input);
  const conv = binaryConv(context, op, { bits, weights: [weight], padValue: op.padValue });
  const format = countsFormat(kernel, conv);
  // The operation's affine reads the sum of two planes' counts, which are the same here.
  const { scale, shift, root } = op.epilogue.affine!;
  const affine = { scale: scale.map((s) => s * 2), shift, root: root.map((r) => r / 2) };
  const whole = format.doubled ? halved(affine) : affine;
  const key = `${countsKey(context, op)}/single`;
  const constants = affineConstants(context, key, whole, refs.channels);
  const maxCount = fanIn(weight) * (format.doubled ? 2 : 1);
  const epilogue = countsEpilogue(context, op, key, { ...refs, ...constants }, whole, format, maxCount);
  return countsCalls(context.builder, kernel, conv, epilogue);
}

export function lowerPlanesConv2d(context: LowerContext, op: PlanesConv2dOp): void {
  const { builder } = context;
  const { activation, weights } = op;
  const affine = planesFormat(context, op).doubled ? halved(op.epilogue.affine!) : op.epilogue.affine!;
  const refs = epilogueRefs(context, op, affine, countsKey(context, op));
  const output = context.shapeOf(op.value ?? op.sign!.bits);
  const [outputs] = kernelShape(weights.planes[0]);
  const calls = planesCalls(context, op, refs, affine);
  const binaryMacs = output.pixels * outputs * fanIn(weights.planes[0]);
  const kind = `planesConv2d (${context.kernelOf(op.name)})`;
  const step = { name: op.name, kind, binaryMacs };
  if (activation.method === "ternary" && weights.planes.length === 1) {
    const flag = context.refOf(zeroFlag(op.input));
    builder.step({ ...step, calls: signCalls(context, op, refs), alternative: { flag, calls } });
  } else {
    builder.step({ ...step, calls });
  }
  defineOutputs(context, op, refs);
}
