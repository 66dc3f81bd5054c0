/** A first convolution on a byte image, in 16-bit integers: no float copy of the image is made (assembly/conv_u8.ts). */

import { convU8ScratchBytes, convU8WeightBytes } from "../abi/sizes.js";
import type { Shape } from "../tensor.js";
import { type Affine, compose, makeAffine } from "./affine.js";
import { usesWinograd } from "./choose_kernel.js";
import type { Conv2dOp, InputOp, Op } from "./ir.js";
import { countReads } from "./ir.js";
import { bytesOf, type LowerContext, mapShape } from "./lower_context.js";
import { convShape, emitConv2d } from "./lower_float.js";
import type { Ref } from "./plan.js";
import { type QuantizedStem, quantizeStem } from "./quantize_stem.js";

/** What quantising may change, relative to the range of the stem's output: beyond it the stem runs in float. */
const maxError = 1e-4;

export interface ByteStem {
  readonly input: InputOp;
  readonly conv: Conv2dOp;
  readonly quantized: QuantizedStem;
}

/**
 * The convolution that reads the input and nobody else does, quantised to 16 bits; null where there is none, where it would lose more
 * than `maxError`, or where it is faster in float: the 7x7 stem takes 2.45 ms on Winograd's tiles, 2.85 here. (F(3, 4) along x in 16
 * bits was tried: 2.05, no reason to give up exact weights for.) `pixels` is what preprocessing makes of a byte.
 */
export function findByteStem(
  ops: readonly Op[],
  kept: ReadonlySet<string>,
  inputShape: Shape,
  pixels: Affine | null,
  shapes: ReadonlyMap<string, Shape>,
): ByteStem | null {
  const input = ops.find((op) => op.kind === "input");
  if (input === undefined || countReads(ops, kept).get(input.value) !== 1) return null;
  const conv = ops.find((op) => op.kind === "conv2d" && op.input === input.value);
  if (conv?.kind !== "conv2d" || conv.groups !== 1) return null;
  const { channels, height, width } = mapShape(inputShape);
  const output = mapShape(shapes.get(conv.value ?? conv.sign!.bits)!);
  if (!conv.exact && usesWinograd(convShape(conv, mapShape(inputShape), output))) return null;
  const identity = makeAffine(channels, () => ({ scale: 1, shift: 0, root: 0 }));
  const parts = [pixels, input.affine].filter((affine) => affine !== null);
  const [outChannels, inChannels, kernelHeight, kernelWidth] = conv.weight.shape;
  const quantized = quantizeStem({
    weight: conv.weight.data,
    shape: [outChannels, inChannels, kernelHeight, kernelWidth],
    inputAffine: parts.length === 0 ? identity : parts.reduce(compose),
    outputAffine: conv.epilogue.affine,
    height,
    width,
    outHeight: output.height,
    outWidth: output.width,
    window: { ...conv.window, dilation: conv.dilation },
  });
  return quantized === null || quantized.errorBound > maxError ? null : { input, conv, quantized };
}

/** The stem on the staged bytes. */
export function lowerByteStem(
  context: LowerContext,
  { conv, quantized }: ByteStem,
  staging: Ref,
  inputShape: Shape,
): void {
  const { builder } = context;
  const input = mapShape(inputShape);
  const shape = convShape(conv, input, context.shapeOf(conv.value ?? conv.sign!.bits));
  // The border's classes depend on the size; plans for other sizes have their own.
  const place = `${conv.name}/u8/${input.height}x${input.width}`;
  const constant = (key: string, view: ArrayBufferView) => builder.constant(key, view.byteLength, () => bytesOf(view));
  const weights = builder.constant(
    `${conv.name}/u8-weights`,
    convU8WeightBytes(shape.outChannels, shape.inChannels, shape.kernelHeight, shape.kernelWidth, shape.dilationWidth),
    () => bytesOf(quantized.weights),
  );
  const scratch = builder.buffer(`${conv.name}/scratch`, convU8ScratchBytes(shape));
  emitConv2d(context, conv, "conv2d (bytes)", (dst, relu) => ({
    kernel: "convU8",
    args: [
      staging,
      dst,
      weights,
      constant(`${conv.name}/u8-scale`, quantized.scale),
      constant(`${place}/bias`, quantized.bias),
      constant(`${place}/rows`, quantized.rowClass),
      constant(`${place}/columns`, quantized.colClass),
      quantized.colClasses,
      scratch,
      shape.batch,
      shape.height,
      shape.width,
      shape.inChannels,
      shape.outHeight,
      shape.outWidth,
      shape.outChannels,
      ...conv.window.kernel,
      ...conv.window.stride,
      ...conv.dilation,
      ...conv.window.padding,
      relu,
      0,
    ],
  }));
}
