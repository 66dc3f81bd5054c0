/**
 * Operations that move bits: what pads, crops, pools, joins, slices, shuffles and flattens do to values of few bits,
 * plane by plane, nothing unpacked. Signs among ternary values are both of their planes.
 */
import { type Call, call, type Ref } from "../../abi/call.js";
import { bitsCost } from "../../abi/costs.js";
import { bitBytes, bitWords } from "../../abi/sizes.js";
import type { SlidingWindow } from "../../graph/window.js";
import type { ActivationCode } from "../binary/codes.js";
import { borderConstant } from "../binary/conv.js";
import { borderOfCode, isMoving, type MovingKind, type MovingNode } from "../binary/moved_codes.js";
import { bitsPixel, bytesOf, type LowerContext, type MapShape } from "../context.js";
import type { ValueOp } from "../ir.js";
import type { Task } from "../plan.js";
import { type Band, bandsOf, pixelsOf, pixelTasks, rowTasks, type Stretch, tasksOf } from "../tasks.js";
import { bandOf, sweepOf, undilated } from "../window.js";
import { shuffleOrder } from "./channels.js";
import { zeroFlag } from "./quantize.js";
import type { NodeContext, NodeOf, OpRecords } from "./record.js";

interface MovedBits extends ValueOp {
  /** Of the inputs, and of the value. */
  readonly from: readonly ActivationCode[];
  readonly code: ActivationCode;
}

/**
 * value[y][x] = input[y - top][x - left] if that is inside it, else `border`, a sign for each plane; none if there is
 * no else.
 */
export interface WindowBitsOp extends MovedBits {
  readonly kind: "windowBits";
  readonly top: number;
  readonly left: number;
  readonly border: readonly (-1 | 1)[];
}

export interface MaxPoolBitsOp extends MovedBits {
  readonly kind: "maxPoolBits";
  readonly window: SlidingWindow;
}

export interface ConcatBitsOp extends MovedBits {
  readonly kind: "concatBits";
}

/** The channels from `begin` on, as many as the value has. */
export interface SliceBitsOp extends MovedBits {
  readonly kind: "sliceBits";
  readonly begin: number;
}

/** Channel c of the value is channel order[c] of the input. */
export interface PermuteBitsOp extends MovedBits {
  readonly kind: "permuteBits";
  readonly order: Uint32Array;
}

export interface FlattenBitsOp extends MovedBits {
  readonly kind: "flattenBits";
  readonly layout: "NCHW" | "NHWC";
}

export type MovedBitsOp = WindowBitsOp | MaxPoolBitsOp | ConcatBitsOp | SliceBitsOp | PermuteBitsOp | FlattenBitsOp;

const fromNodes: {
  readonly [K in MovingKind]: (node: NodeOf<K>, base: MovedBits, context: NodeContext) => MovedBitsOp;
} = {
  pad({ top, left, value }, base) {
    return { ...base, kind: "windowBits", top, left, border: borderOfCode(base.from[0], value)?.signs ?? [] };
  },
  crop: ({ top, left }, base) => ({ ...base, kind: "windowBits", top: -top, left: -left, border: [] }),
  maxPool({ kernel, stride, padding }, base) {
    return { ...base, kind: "maxPoolBits", window: { kernel, stride, padding } };
  },
  concat: (_, base) => ({ ...base, kind: "concatBits" }),
  sliceChannels: ({ begin }, base) => ({ ...base, kind: "sliceBits", begin }),
  channelShuffle({ groups }, base, { shapeOf }) {
    return { ...base, kind: "permuteBits", order: shuffleOrder(shapeOf(base.inputs[0])[1], groups) };
  },
  flatten: ({ layout = "NCHW" }, base) => ({ ...base, kind: "flattenBits", layout }),
};

/** The operation of a node that moves bits, null if it does not. */
export function movedBitsOp(node: Parameters<typeof isMoving>[0], context: NodeContext): MovedBitsOp | null {
  const code = context.codeOf(node.name);
  if (code === null || !isMoving(node)) return null;
  const { name, inputs, kind } = node;
  const base: MovedBits = {
    kind,
    name,
    inputs,
    from: inputs.map((input) => context.codeOf(input)!),
    code,
    value: name,
  };
  const make = fromNodes[kind] as (node: MovingNode, base: MovedBits, context: NodeContext) => MovedBitsOp;
  return make(node, base, context);
}

/** The planes of an input or of the value, pixel by pixel. */
interface Planes {
  readonly shape: MapShape;
  at(plane: number, pixel: number): Ref;
}

function planesAt(context: LowerContext, value: string, { weights }: ActivationCode, ref: Ref): Planes {
  const shape = context.shapeOf(value);
  const last = weights.length - 1;
  // What has one plane is the same in any: signs as ternary values.
  return { shape, at: (plane, pixel) => bitsPixel(ref, Math.min(plane, last) * shape.pixels + pixel, shape.channels) };
}

/**
 * The flag of ternary values: that of the input they come from; of several, the sum of their flags, made by the calls.
 */
function moveFlag(context: LowerContext, { inputs, from, code, value }: MovedBits): readonly Task[] {
  if (!code.flagged) return [];
  const flags = inputs.filter((_, i) => from[i].flagged).map((input) => context.refOf(zeroFlag(input)));
  const [first, ...others] = [...new Map(flags.map((flag) => [flag.id, flag])).values()];
  if (others.length === 0) {
    context.setRef(zeroFlag(value), first);
    return [];
  }
  const dst = context.builder.buffer(zeroFlag(value), 4);
  context.setRef(zeroFlag(value), dst);
  const sums = others.map((src) => call("addCountsI32", { dst, src, elements: 1, shift: 0 }));
  return [[call("copyBytes", { dst, src: first, bytes: 4 }), ...sums]];
}

/** Calls that move a plane, for a part of the value. */
type MovePart<T> = (plane: number, part: T, value: Planes, inputs: readonly Planes[]) => readonly Call[];

/** A step of one phase: each plane, cut into parts. */
function emitMoves<T>(
  context: LowerContext,
  op: MovedBits,
  partsOf: (shape: MapShape, nanoseconds: number) => readonly T[],
  move: MovePart<T>,
): void {
  const { builder } = context;
  const shape = context.shapeOf(op.value);
  const count = op.code.weights.length;
  const ref = builder.buffer(op.value, count * bitBytes(shape.pixels, shape.channels));
  context.setRef(op.value, ref);
  const value = planesAt(context, op.value, op.code, ref);
  const inputs = op.inputs.map((input, i) => planesAt(context, input, op.from[i], context.refOf(input)));
  const nanoseconds = bitsCost(shape.pixels, shape.channels);
  const tasks = op.code.weights.flatMap((_, plane) =>
    partsOf(shape, nanoseconds).map((part): Task => move(plane, part, value, inputs)),
  );
  builder.step({ name: op.name, kind: op.kind, phases: [[...tasks, ...moveFlag(context, op)]] });
}

function emitPixelMoves(context: LowerContext, op: MovedBits, move: MovePart<Stretch>): void {
  emitMoves(context, op, ({ pixels }, nanoseconds) => pixelTasks(pixels, nanoseconds, context.workers), move);
}

function lowerWindow(context: LowerContext, op: WindowBitsOp): void {
  const move: MovePart<Band> = (plane, band, value, [input]) => {
    const { height, width, channels } = input.shape;
    return [
      call("windowBits", {
        src: input.at(plane, band.image * height * width),
        dst: value.at(plane, pixelsOf(band, value.shape).first),
        batch: band.images,
        height,
        width,
        words: bitWords(channels),
        outHeight: band.rows,
        outWidth: value.shape.width,
        top: op.top - band.row,
        left: op.left,
        border: borderConstant(context, channels, op.border[plane] ?? -1),
      }),
    ];
  };
  emitMoves(context, op, (shape, nanoseconds) => rowTasks(shape, nanoseconds, context.workers), move);
}

function lowerMaxPool(context: LowerContext, op: MaxPoolBitsOp): void {
  const [kernelHeight, kernelWidth] = op.window.kernel;
  const move: MovePart<Band> = (plane, part, value, [input]) => {
    const { height, width, channels } = input.shape;
    const { firstRow, band } = bandOf(sweepOf(op.window, input.shape, value.shape), part.row, part.rows);
    return [
      call("maxPoolBits", {
        src: input.at(plane, (part.image * height + firstRow) * width),
        dst: value.at(plane, pixelsOf(part, value.shape).first),
        batch: part.images,
        words: bitWords(channels),
        ...undilated(band),
      }),
    ];
  };
  emitMoves(
    context,
    op,
    (shape, cost) => rowTasks(shape, (cost * (1 + kernelHeight * kernelWidth)) / 4, context.workers),
    move,
  );
}

/** Channels [from, from + count) of a plane to those from `to` on. */
function copyChannels(
  [src, from]: readonly [Planes, number],
  [dst, to]: readonly [Planes, number],
  channels: number,
  plane: number,
  { first, count }: Stretch,
): Call {
  return call("copyBits", {
    dst: dst.at(plane, first),
    src: src.at(plane, first),
    pixels: count,
    dstChannels: dst.shape.channels,
    dstOffset: to,
    srcChannels: src.shape.channels,
    srcOffset: from,
    count: channels,
  });
}

function lowerConcat(context: LowerContext, op: ConcatBitsOp): void {
  emitPixelMoves(context, op, (plane, part, value, inputs) => {
    let to = 0;
    return inputs.map((input) => {
      const { channels } = input.shape;
      to += channels;
      return copyChannels([input, 0], [value, to - channels], channels, plane, part);
    });
  });
}

function lowerSlice(context: LowerContext, op: SliceBitsOp): void {
  emitPixelMoves(context, op, (plane, part, value, [input]) => [
    copyChannels([input, op.begin], [value, 0], value.shape.channels, plane, part),
  ]);
}

function lowerPermute(context: LowerContext, op: PermuteBitsOp): void {
  const key = `order/${op.order.join(",")}`;
  const order = context.builder.constant(key, op.order.byteLength, () => bytesOf(op.order));
  emitPixelMoves(context, op, (plane, { first, count }, value, [input]) => [
    call("permuteBits", {
      src: input.at(plane, first),
      dst: value.at(plane, first),
      pixels: count,
      channels: value.shape.channels,
      order,
    }),
  ]);
}

/** A map of one pixel is its own flattening. */
function lowerFlatten(context: LowerContext, op: FlattenBitsOp): void {
  const [source] = op.inputs;
  const { height, width, channels } = context.shapeOf(source);
  const plane = height * width;
  if (plane === 1) {
    context.setRef(op.value, context.refOf(source));
    moveFlag(context, op);
    return;
  }
  const images = (shape: MapShape, nanoseconds: number) =>
    bandsOf(shape, 1, Math.ceil(shape.batch / tasksOf(4 * nanoseconds, context.workers)));
  emitMoves(context, op, images, (which, part, value, [input]) => [
    call(op.layout === "NHWC" ? "flattenBitsNhwc" : "flattenBitsNchw", {
      src: input.at(which, part.image * plane),
      dst: value.at(which, part.image),
      batch: part.images,
      plane,
      channels,
    }),
  ]);
}

export const movedBitsOps: OpRecords<MovedBitsOp> = {
  windowBits: { reads: "bits", writes: "bits", lower: lowerWindow },
  maxPoolBits: { reads: "bits", writes: "bits", lower: lowerMaxPool },
  concatBits: { reads: "bits", writes: "bits", lower: lowerConcat },
  sliceBits: { reads: "bits", writes: "bits", lower: lowerSlice },
  permuteBits: { reads: "bits", writes: "bits", lower: lowerPermute },
  flattenBits: { reads: "bits", writes: "bits", lower: lowerFlatten },
};
