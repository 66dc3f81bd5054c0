/**
 * A first convolution on a byte image, in 16-bit integers: no float copy of the image is made (assembly/conv_u8.ts).
 */
import { call, type Ref } from "../abi/call.js";
import { convU8Cost } from "../abi/costs.js";
import { convU8ScratchBytes, convU8WeightBytes } from "../abi/sizes.js";
import { shapeInside } from "../graph/layout.js";
import { compose, makeAffine } from "./affine.js";
import { usesWinograd } from "./choose_kernel.js";
import { bytesOf, type LowerContext, mapShape } from "./context.js";
import { countReads, outputOf } from "./ir.js";
import { type Conv2dOp, convShape, emitConv2d, kernelEnd } from "./ops/convolution.js";
import type { Op } from "./ops/index.js";
import { type InputOp, type InputPort, pixelAffine } from "./ops/ports.js";
import { offsetRef } from "./plan_builder.js";
import { type QuantizedStem, quantizeStem } from "./quantize_stem.js";
import { bandOf } from "./window.js";

/** What quantising may change, relative to the range of the stem's output: beyond it the stem runs in float. */
const maxError = 1e-4;

export interface ByteStem {
  readonly input: InputOp;
  readonly conv: Conv2dOp;
  readonly quantized: QuantizedStem;
}

/**
 * The convolution that reads the input and nobody else does, quantised to 16 bits; null if there is none, if it would
 * lose more than `maxError`, or if it is faster in float, as a 7x7 stem is on Winograd's tiles (docs/measurements.md).
 */
export function findByteStem(
  context: LowerContext,
  ops: readonly Op[],
  kept: ReadonlySet<string>,
  port: InputPort,
): ByteStem | null {
  const input = ops.find((op) => op.kind === "input");
  if (input === undefined || countReads(ops, kept).get(input.value) !== 1) return null;
  const conv = ops.find((op) => op.kind === "conv2d" && op.input === input.value);
  if (conv?.kind !== "conv2d" || conv.groups !== 1) return null;
  const { channels } = mapShape(shapeInside(port.shape, port.layout));
  const shape = convShape(context, conv);
  if (!conv.exact && usesWinograd(shape)) return null;
  const identity = makeAffine(channels, () => ({ scale: 1, shift: 0, root: 0 }));
  const parts = [pixelAffine(port), input.affine].filter((affine) => affine !== null);
  const [outChannels, inChannels, kernelHeight, kernelWidth] = conv.weight.shape;
  const quantized = quantizeStem({
    weight: conv.weight.data,
    shape: [outChannels, inChannels, kernelHeight, kernelWidth],
    inputAffine: parts.length === 0 ? identity : parts.reduce(compose),
    outputAffine: kernelEnd(conv).affine,
    height: shape.height,
    width: shape.width,
    outHeight: shape.outHeight,
    outWidth: shape.outWidth,
    window: {
      kernel: conv.window.kernel,
      stride: conv.window.stride,
      dilation: [shape.dilationHeight, shape.dilationWidth],
      padding: [shape.padTop, shape.padLeft],
    },
  });
  return quantized === null || quantized.errorBound > maxError ? null : { input, conv, quantized };
}

/** The stem on the staged bytes, in bands of output rows. */
export function lowerByteStem(
  context: LowerContext,
  { conv, quantized }: ByteStem,
  staging: Ref,
  { shape: inputShape, layout }: InputPort,
): void {
  const { builder } = context;
  const { channels } = mapShape(shapeInside(inputShape, layout));
  const { groups: _, ...shape } = convShape(context, conv);
  const { batch } = context.shapeOf(outputOf(conv));
  // The border's classes depend on the size; plans for other sizes have their own.
  const place = `${conv.name}/u8/${shape.height}x${shape.width}`;
  const constant = (key: string, view: ArrayBufferView) => builder.constant(key, view.byteLength, () => bytesOf(view));
  const weights = builder.constant(
    `${conv.name}/u8-weights`,
    convU8WeightBytes(shape.outChannels, shape.inChannels, shape.kernelHeight, shape.kernelWidth, shape.dilationWidth),
    () => bytesOf(quantized.weights),
  );
  const cost = batch * convU8Cost(shape);
  const interleaved = layout === "NHWC";
  const rowBytes = shape.width * (interleaved ? channels : 1);
  // Even rows: a row's class is two bytes, and a program's pointers are multiples of four.
  emitConv2d(context, conv, "conv2d (bytes)", { cost, unit: 2 }, ({ image, images, row, rows }, dst, relu, scratch) => {
    const { firstRow, band } = bandOf(shape, row, rows);
    const size = { ...shape, ...band };
    return call("convU8", {
      src: offsetRef(staging, image * channels * shape.height * shape.width + firstRow * rowBytes),
      dst,
      weights,
      scale: constant(`${conv.name}/u8-scale`, quantized.scale),
      bias: constant(`${place}/bias`, quantized.bias),
      rowClass: offsetRef(constant(`${place}/rows`, quantized.rowClass), row * 2),
      colClass: constant(`${place}/columns`, quantized.colClass),
      colClasses: quantized.colClasses,
      scratch: scratch(convU8ScratchBytes(size)),
      batch: images,
      relu: relu ? 1 : 0,
      interleaved: interleaved ? 1 : 0,
      planeHeight: shape.height,
      ...size,
    });
  });
}
