/** Operations on each number, or each pixel, by itself. */
import { call } from "../../abi/call.js";
import { activationIds } from "../../abi/constants.js";
import { functionCost, mapCost } from "../../abi/costs.js";
import { mapBytes, mapStride } from "../../abi/sizes.js";
import type { FloatWeight } from "../../weights.js";
import { type Affine, batchNormAffine, makeAffine, scaleShiftAffine } from "../affine.js";
import { makeBounds } from "../bounds.js";
import { bitsPixel, floatBytes, type LowerContext, mapPixel } from "../context.js";
import { defineOutputs, epilogueArguments, epilogueBytes, epilogueRefs } from "../epilogue.js";
import { type Epilogue, type EpilogueOp, isEmpty, noEpilogue, outputOf, type UnaryOp, type ValueOp } from "../ir.js";
import { offsetRef } from "../plan_builder.js";
import { pixelsOf, pixelTasks, rowTasks } from "../tasks.js";
import { newMap, pixelStep } from "./maps.js";
import { type FromNodes, floatsOf, type NodeOf, type OpRecords, optionalFloats } from "./record.js";

/** An epilogue alone. */
export interface PointwiseOp extends EpilogueOp {
  readonly kind: "pointwise";
}

/** value = inputs[0] with inputs[1] added to the channels from `offset` on. */
export interface AddChannelsOp extends ValueOp {
  readonly kind: "addChannels";
  readonly inputs: readonly [string, string];
  readonly offset: number;
}

/** inputs[0] times inputs[1], which has its shape, one number a pixel, or one a channel and image (a gate). */
export interface MulOp extends ValueOp {
  readonly kind: "mul";
  readonly inputs: readonly [string, string];
}

export interface PreluOp extends UnaryOp {
  readonly kind: "prelu";
  readonly slope: FloatWeight;
}

export interface ActivationOp extends UnaryOp {
  readonly kind: "activation";
  readonly function: keyof typeof activationIds;
}

export type ElementwiseOp = PointwiseOp | AddChannelsOp | MulOp | PreluOp | ActivationOp;

function pointwise(
  { name, inputs }: NodeOf<"batchNorm" | "scaleShift" | "relu" | "clip" | "add" | "scale">,
  epilogue: Epilogue,
): PointwiseOp {
  return { kind: "pointwise", name, input: inputs[0], epilogue, value: name, sign: null };
}

function withAffine(node: NodeOf<"batchNorm" | "scaleShift" | "scale">, affine: Affine): readonly PointwiseOp[] {
  return [pointwise(node, { ...noEpilogue, affine })];
}

export const elementwiseNodes = {
  batchNorm(node, context): readonly PointwiseOp[] {
    const affine = batchNormAffine(
      floatsOf(context, node.mean).data,
      floatsOf(context, node.variance).data,
      node.fixGamma ? null : (optionalFloats(context, node.gamma)?.data ?? null),
      optionalFloats(context, node.beta)?.data ?? null,
      node.epsilon,
    );
    return withAffine(node, affine);
  },
  scaleShift(node, context): readonly PointwiseOp[] {
    const scale = optionalFloats(context, node.scale)?.data ?? null;
    const shift = optionalFloats(context, node.shift)?.data ?? null;
    return withAffine(node, scaleShiftAffine(context.shapeOf(node.name)[1], scale, shift));
  },
  relu: (node): readonly PointwiseOp[] => [pointwise(node, { ...noEpilogue, relu: true })],
  prelu: (node, context): readonly PreluOp[] => {
    const { name, inputs, slope } = node;
    return [{ kind: "prelu", name, slope: floatsOf(context, slope), inputs: [inputs[0]], value: name }];
  },
  clip(node, { shapeOf }): readonly PointwiseOp[] {
    const bounds = makeBounds(shapeOf(node.name)[1], node.min, node.max);
    return [pointwise(node, { ...noEpilogue, bounds })];
  },
  activation({ name, inputs, function: fn }): readonly ActivationOp[] {
    return [{ kind: "activation", name, function: fn, inputs: [inputs[0]], value: name }];
  },
  scale(node, { shapeOf }): readonly PointwiseOp[] {
    const { factor } = node;
    const root = factor === 0 ? Number.NaN : 0;
    return withAffine(
      node,
      makeAffine(shapeOf(node.inputs[0])[1], () => ({ scale: factor, shift: 0, root })),
    );
  },
  add(node, { shapeOf }): readonly (PointwiseOp | AddChannelsOp)[] {
    const { name } = node;
    const [a, b] = node.inputs;
    if (shapeOf(a)[1] === shapeOf(b)[1]) return [pointwise(node, { ...noEpilogue, first: b })];
    return [{ kind: "addChannels", name, inputs: [a, b], offset: node.channelOffset, value: name }];
  },
  mul({ name, inputs: [a, b] }): readonly MulOp[] {
    return [{ kind: "mul", name, inputs: [a, b], value: name }];
  },
} satisfies FromNodes<"batchNorm" | "scaleShift" | "relu" | "prelu" | "clip" | "activation" | "scale" | "add" | "mul">;

/** Affine, additions, ReLU and sign of a map on its own: what no convolution or pool could take with it. */
function lowerPointwise(context: LowerContext, op: PointwiseOp): void {
  const { pixels, channels } = context.shapeOf(outputOf(op));
  const input = context.refOf(op.input);
  const refs = epilogueRefs(context, op, op.epilogue.affine);
  const onlySign = op.value === null && isEmpty(op.epilogue);
  const cost = mapCost(mapBytes(pixels, channels) + epilogueBytes(refs, pixels));
  const tasks = pixelTasks(pixels, cost, context.workers).map(({ first, count }) => {
    const src = mapPixel(input, first, channels);
    if (!onlySign) return [call("epilogueF32", { src, pixels: count, ...epilogueArguments(refs, first) })];
    const size = { src, dst: bitsPixel(refs.bits!, first, channels), pixels: count, channels };
    if (refs.threshold === null || refs.flip === null) return [call("packSignF32", size)];
    const thresholds = { threshold: refs.threshold, flip: refs.flip };
    return [call(op.sign?.greater ? "packGreaterF32" : "packThresholdF32", { ...size, ...thresholds })];
  });
  context.builder.step({ name: op.name, kind: onlySign ? "sign" : "pointwise", phases: [tasks] });
  defineOutputs(context, op, refs);
}

/** Part of the channels of one map added to another: the residual of ResNetE's slices. */
function lowerAddChannels(context: LowerContext, op: AddChannelsOp): void {
  const [base, addend] = op.inputs;
  const { pixels, channels } = context.shapeOf(op.value);
  const srcChannels = context.shapeOf(addend).channels;
  const bytes = mapBytes(pixels, channels);
  const from = context.refOf(base);
  const other = context.refOf(addend);
  const inPlace = context.dies(base);
  const to = inPlace ? from : context.builder.buffer(op.value, bytes);
  pixelStep(
    context,
    op,
    ({ first, count }) => {
      const dst = mapPixel(to, first, channels);
      const add = call("addChannelsF32", {
        dst,
        src: mapPixel(other, first, srcChannels),
        pixels: count,
        dstChannels: channels,
        srcChannels,
        offset: op.offset,
      });
      if (inPlace) return [add];
      return [call("copyBytes", { dst, src: mapPixel(from, first, channels), bytes: mapBytes(count, channels) }), add];
    },
    "add",
  );
  context.setRef(op.value, to);
}

/** Which product it is the sizes of the run decide: maps of one pixel are multiplied by a gate as by a map. */
function lowerMul(context: LowerContext, op: MulOp): void {
  if (context.shapeOf(op.inputs[0]).pixels === context.shapeOf(op.inputs[1]).pixels) lowerProduct(context, op);
  else lowerGate(context, op);
}

function lowerProduct(context: LowerContext, op: MulOp): void {
  const [a, b] = op.inputs.map((value) => context.refOf(value));
  const { shape, dst } = newMap(context, op.value);
  const { channels } = shape;
  const factors = context.shapeOf(op.inputs[1]).channels;
  pixelStep(context, op, ({ first, count }) => {
    const place = { a: mapPixel(a, first, channels), dst: mapPixel(dst, first, channels), pixels: count, channels };
    const factor = offsetRef(b, first * mapStride(factors) * 4);
    return factors === 1 && channels > 1
      ? [call("mulPlaneF32", { ...place, plane: factor })]
      : [call("mulF32", { ...place, b: factor })];
  });
}

/** Each image's pixels times its gate. */
function lowerGate(context: LowerContext, op: MulOp): void {
  const [a, gate] = op.inputs.map((value) => context.refOf(value));
  const { shape, dst } = newMap(context, op.value);
  const { pixels, width, channels } = shape;
  const tasks = rowTasks(shape, mapCost(2 * mapBytes(pixels, channels)), context.workers).map((band) => {
    const { first } = pixelsOf(band, shape);
    return [
      call("mulGateF32", {
        a: mapPixel(a, first, channels),
        gate: mapPixel(gate, band.image, channels),
        dst: mapPixel(dst, first, channels),
        batch: band.images,
        plane: band.rows * width,
        channels,
      }),
    ];
  });
  context.builder.step({ name: op.name, kind: op.kind, phases: [tasks] });
}

function lowerPrelu(context: LowerContext, op: PreluOp): void {
  const src = context.refOf(op.inputs[0]);
  const { shape, dst } = newMap(context, op.value);
  const { channels } = shape;
  const stride = mapStride(channels);
  const slope = context.builder.constant(`${op.name}/slope`, stride * 4, () => floatBytes(op.slope.data, stride));
  pixelStep(context, op, ({ first, count }) => {
    const place = { src: mapPixel(src, first, channels), dst: mapPixel(dst, first, channels) };
    return [call("preluF32", { ...place, pixels: count, channels, slope })];
  });
}

function lowerActivation(context: LowerContext, op: ActivationOp): void {
  const src = context.refOf(op.inputs[0]);
  const { shape, dst } = newMap(context, op.value);
  const { pixels, channels } = shape;
  const kind = activationIds[op.function];
  pixelStep(
    context,
    op,
    ({ first, count }) => [
      call("activationF32", {
        src: mapPixel(src, first, channels),
        dst: mapPixel(dst, first, channels),
        pixels: count,
        channels,
        kind,
      }),
    ],
    op.kind,
    functionCost(pixels * channels),
  );
}

export const elementwiseOps: OpRecords<ElementwiseOp> = {
  pointwise: { lower: lowerPointwise },
  addChannels: { lower: lowerAddChannels },
  mul: { lower: lowerMul },
  prelu: { lower: lowerPrelu },
  activation: { lower: lowerActivation },
};
