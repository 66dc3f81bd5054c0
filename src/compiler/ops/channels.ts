/** Operations that move channels, or compute over all channels of a pixel. */
import { call } from "../../abi/call.js";
import { functionCost } from "../../abi/costs.js";
import { bytesOf, type LowerContext, mapPixel } from "../context.js";
import type { UnaryOp, ValueOp } from "../ir.js";
import { newMap, pixelStep } from "./maps.js";
import type { FromNodes, OpRecords } from "./record.js";

export interface ConcatOp extends ValueOp {
  readonly kind: "concat";
}

/** Channel c of the value is channel order[c] of the input. */
export interface PermuteOp extends UnaryOp {
  readonly kind: "permute";
  readonly order: Uint32Array;
}

/** The channels from `begin` on, as many as the value has. */
export interface SliceOp extends UnaryOp {
  readonly kind: "slice";
  readonly begin: number;
}

export interface AbsMeanOp extends UnaryOp {
  readonly kind: "absMean";
}

export interface SoftmaxOp extends UnaryOp {
  readonly kind: "softmax" | "logSoftmax";
}

export type ChannelsOp = ConcatOp | PermuteOp | SliceOp | AbsMeanOp | SoftmaxOp;

/** Channel (g, i) of (groups, C / groups) comes to place (i, g). */
export function shuffleOrder(channels: number, groups: number): Uint32Array {
  const size = channels / groups;
  return Uint32Array.from({ length: channels }, (_, c) => (c % groups) * size + Math.floor(c / groups));
}

export const channelsNodes = {
  concat: ({ name, inputs }): readonly ConcatOp[] => [{ kind: "concat", name, inputs, value: name }],
  channelShuffle({ name, inputs: [input], groups }, { shapeOf }): readonly PermuteOp[] {
    const order = shuffleOrder(shapeOf(input)[1], groups);
    return [{ kind: "permute", name, order, inputs: [input], value: name }];
  },
  sliceChannels({ name, inputs: [input], begin }): readonly SliceOp[] {
    return [{ kind: "slice", name, begin, inputs: [input], value: name }];
  },
  absMean: ({ name, inputs: [input] }): readonly AbsMeanOp[] => [
    { kind: "absMean", name, inputs: [input], value: name },
  ],
  softmax: ({ name, inputs: [input] }): readonly SoftmaxOp[] => [
    { kind: "softmax", name, inputs: [input], value: name },
  ],
  logSoftmax: ({ name, inputs: [input] }): readonly SoftmaxOp[] => [
    { kind: "logSoftmax", name, inputs: [input], value: name },
  ],
} satisfies FromNodes<"concat" | "channelShuffle" | "sliceChannels" | "absMean" | "softmax" | "logSoftmax">;

/** Each input's channels to their place. */
function lowerConcat(context: LowerContext, op: ConcatOp): void {
  const sources = op.inputs.map((value) => ({ src: context.refOf(value), count: context.shapeOf(value).channels }));
  const { shape, dst } = newMap(context, op.value);
  pixelStep(context, op, ({ first, count: pixels }) => {
    let dstOffset = 0;
    return sources.map(({ src, count }) => {
      const copy = call("copyChannelsF32", {
        dst: mapPixel(dst, first, shape.channels),
        src: mapPixel(src, first, count),
        pixels,
        dstChannels: shape.channels,
        dstOffset,
        srcChannels: count,
        srcOffset: 0,
        count,
      });
      dstOffset += count;
      return copy;
    });
  });
}

function lowerPermute(context: LowerContext, op: PermuteOp): void {
  const src = context.refOf(op.inputs[0]);
  const { shape, dst } = newMap(context, op.value);
  const { channels } = shape;
  const key = `order/${op.order.join(",")}`;
  const order = context.builder.constant(key, op.order.byteLength, () => bytesOf(op.order));
  pixelStep(context, op, ({ first, count }) => [
    call("permuteChannelsF32", {
      src: mapPixel(src, first, channels),
      dst: mapPixel(dst, first, channels),
      pixels: count,
      channels,
      order,
    }),
  ]);
}

function lowerSlice(context: LowerContext, op: SliceOp): void {
  const src = context.refOf(op.inputs[0]);
  const srcChannels = context.shapeOf(op.inputs[0]).channels;
  const { shape, dst } = newMap(context, op.value);
  const { channels } = shape;
  pixelStep(context, op, ({ first, count: pixels }) => [
    call("copyChannelsF32", {
      dst: mapPixel(dst, first, channels),
      src: mapPixel(src, first, srcChannels),
      pixels,
      dstChannels: channels,
      dstOffset: 0,
      srcChannels,
      srcOffset: op.begin,
      count: channels,
    }),
  ]);
}

function lowerAbsMean(context: LowerContext, op: AbsMeanOp): void {
  const src = context.refOf(op.inputs[0]);
  const { channels } = context.shapeOf(op.inputs[0]);
  const { dst } = newMap(context, op.value);
  pixelStep(context, op, ({ first, count: pixels }) => [
    call("absMeanF32", { src: mapPixel(src, first, channels), dst: mapPixel(dst, first, 1), pixels, channels }),
  ]);
}

function lowerSoftmax(context: LowerContext, op: SoftmaxOp): void {
  const src = context.refOf(op.inputs[0]);
  const { shape, dst } = newMap(context, op.value);
  const { channels } = shape;
  pixelStep(
    context,
    op,
    ({ first, count: pixels }) => [
      call(op.kind === "softmax" ? "softmaxF32" : "logSoftmaxF32", {
        src: mapPixel(src, first, channels),
        dst: mapPixel(dst, first, channels),
        pixels,
        channels,
      }),
    ],
    op.kind,
    functionCost(shape.pixels * channels),
  );
}

export const channelsOps: OpRecords<ChannelsOp> = {
  concat: { lower: lowerConcat },
  permute: { lower: lowerPermute },
  slice: { lower: lowerSlice },
  absMean: { lower: lowerAbsMean },
  softmax: { lower: lowerSoftmax },
  logSoftmax: { lower: lowerSoftmax },
};
