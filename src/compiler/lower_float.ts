import {
  type ConvF32Shape,
  convF32ScratchBytes,
  convF32WeightBytes,
  denseF32WeightBytes,
  mapBytes,
  mapStride,
  winogradF32ScratchBytes,
  winogradF32WeightBytes,
} from "../abi/sizes.js";
import type { Affine } from "./affine.js";
import { usesWinograd } from "./choose_kernel.js";
import type { AddChannelsOp, Conv2dOp, DenseOp, FlattenOp, GlobalAvgPoolOp, PointwiseOp, PoolOp } from "./ir.js";
import {
  bytesOf,
  defineOutputs,
  epilogueArgs,
  epilogueRefs,
  floatBytes,
  type LowerContext,
  type MapShape,
} from "./lower_context.js";
import type { Call, Ref } from "./plan.js";
import { offsetRef, packedConstant, packingArea } from "./plan_builder.js";

/** Affine, additions, ReLU and sign of a map on its own: what no convolution or pool could take with it. */
export function lowerPointwise(context: LowerContext, op: PointwiseOp): void {
  const shape = context.shapeOf(op.value ?? op.sign!.bits);
  const src = context.refOf(op.input);
  const refs = epilogueRefs(context, op, op.epilogue.affine);
  const { first, relu, second, affine } = op.epilogue;
  const onlySign = op.value === null && affine === null && first === null && second === null && !relu;
  const call: Call =
    onlySign && op.sign?.affine === null
      ? { kernel: "packSignF32", args: [src, refs.bits!, shape.pixels, shape.channels] }
      : onlySign
        ? {
            kernel: "packThresholdF32",
            args: [src, refs.bits!, shape.pixels, shape.channels, refs.threshold!, refs.flip!],
          }
        : { kernel: "epilogueF32", args: [src, shape.pixels, shape.channels, ...epilogueArgs(refs, 0)] };
  context.builder.step({
    name: op.name,
    kind: onlySign ? "sign" : "pointwise",
    calls: [call],
    binaryMacs: 0,
    floatMacs: 0,
  });
  defineOutputs(context, op, refs);
}

/**
 * The convolution's weights with the affine's scale multiplied in. Float sums give no exact zeros to preserve (`floatShifts`), unless a
 * network convolves counts as floats: those that its batch norm makes exactly 0 are 0 within rounding only.
 */
function foldedWeights({ weight }: Conv2dOp, affine: Affine | null): Uint8Array {
  if (affine === null) return bytesOf(weight.data);
  const [channels] = weight.shape;
  const fanIn = weight.data.length / channels;
  const folded = Float32Array.from(weight.data);
  for (let o = 0; o < channels; o++) {
    for (let i = 0; i < fanIn; i++) folded[o * fanIn + i] = weight.data[o * fanIn + i] * affine.scale[o];
  }
  return bytesOf(folded);
}

/** The sizes of a convolution in the words of its kernels' parameters. */
export function convShape(op: Conv2dOp, input: MapShape, output: MapShape): ConvF32Shape & { readonly batch: number } {
  const { batch, height, width, channels } = input;
  const [kernelHeight, kernelWidth] = op.window.kernel;
  const [strideHeight, strideWidth] = op.window.stride;
  const [dilationHeight, dilationWidth] = op.dilation;
  const [padTop, padLeft] = op.window.padding;
  return {
    batch,
    height,
    width,
    inChannels: channels,
    outHeight: output.height,
    outWidth: output.width,
    outChannels: op.weight.shape[0],
    kernelHeight,
    kernelWidth,
    strideHeight,
    strideWidth,
    dilationHeight,
    dilationWidth,
    padTop,
    padLeft,
    groups: op.groups,
  };
}

/** The weights in the order of the kernel that reads them; the kernel depends on the map's size, so it is part of the key. */
function convWeights(context: LowerContext, op: Conv2dOp, shape: ConvF32Shape, winograd: boolean): Ref {
  const { outChannels, kernelHeight, kernelWidth, strideHeight, strideWidth, groups } = shape;
  const inputs = op.weight.shape[1];
  const sizes = [outChannels, inputs, kernelHeight, kernelWidth];
  const { key, bytes, call }: { key: string; bytes: number; call: Call } = winograd
    ? {
        key: `${op.name}/winograd-weights`,
        bytes: winogradF32WeightBytes(shape),
        call: {
          kernel: "winogradF32Pack",
          args: [packingArea, packedConstant, ...sizes, strideHeight, strideWidth, groups],
        },
      }
    : {
        key: `${op.name}/weights`,
        bytes: convF32WeightBytes(outChannels, inputs, kernelHeight, kernelWidth, groups),
        call: { kernel: "convF32Pack", args: [packingArea, packedConstant, ...sizes, groups] },
      };
  return context.builder.constant(key, bytes, () => foldedWeights(op, op.epilogue.affine), {
    areaBytes: op.weight.data.byteLength,
    calls: [call],
  });
}

/** Float convolution, batch norm in its weights; what its kernel cannot end with runs as an epilogue over its result. */
export function lowerConv2d(context: LowerContext, op: Conv2dOp): void {
  const { builder } = context;
  const shape = convShape(op, context.shapeOf(op.input), context.shapeOf(op.value ?? op.sign!.bits));
  const winograd = !op.exact && usesWinograd(shape);
  const weights = convWeights(context, op, shape, winograd);
  const { affine } = op.epilogue;
  const stride = mapStride(shape.outChannels);
  const bias =
    affine === null
      ? builder.constant(`zeros/${stride}`, stride * 4, () => new Uint8Array(stride * 4))
      : builder.constant(`${op.name}/bias`, stride * 4, () => floatBytes(affine.shift, stride));
  const scratchBytes = winograd ? winogradF32ScratchBytes(shape) : convF32ScratchBytes(shape);
  const scratch = scratchBytes === 0 ? 0 : builder.buffer(`${op.name}/scratch`, scratchBytes);
  emitConv2d(context, op, winograd ? "conv2d (winograd)" : "conv2d", (dst, relu) => {
    const pointers = [context.refOf(op.input), dst, weights, bias, scratch];
    const maps = [shape.batch, shape.height, shape.width, shape.inChannels];
    const outputs = [shape.outHeight, shape.outWidth, shape.outChannels];
    const { kernel, stride, padding } = op.window;
    return winograd
      ? {
          kernel: "winogradF32",
          args: [...pointers, ...maps, ...outputs, ...kernel, ...stride, ...padding, op.groups, relu],
        }
      : {
          kernel: "convF32",
          args: [...pointers, ...maps, ...outputs, ...kernel, ...stride, ...op.dilation, ...padding, op.groups, relu],
        };
  });
}

/**
 * A convolution kernel's call and, over its result, what the kernel cannot end with: residuals and signs. `call` is given where the
 * kernel writes and whether it clips.
 */
export function emitConv2d(
  context: LowerContext,
  op: Conv2dOp,
  kind: string,
  call: (dst: Ref, relu: 0 | 1) => Call,
): void {
  const { builder } = context;
  const { pixels, channels } = context.shapeOf(op.value ?? op.sign!.bits);
  const { first, relu, second } = op.epilogue;
  const refs = epilogueRefs(context, op, null);
  const dst =
    refs.value === null || first !== null || second !== null
      ? builder.buffer(`${op.name}/sums`, mapBytes(pixels, channels))
      : refs.value;
  const calls = [call(dst, relu && first === null ? 1 : 0)];
  if (first !== null || second !== null || op.sign !== null) {
    calls.push({ kernel: "epilogueF32", args: [dst, pixels, channels, ...epilogueArgs(refs, 0)] });
  }
  builder.step({ name: op.name, kind, calls, binaryMacs: 0, floatMacs: pixels * op.weight.data.length });
  defineOutputs(context, op, refs);
}

/** A pool and its epilogue; max pooling takes all of it but residuals in the same pass. */
export function lowerPool(context: LowerContext, op: PoolOp): void {
  const { builder } = context;
  const input = context.shapeOf(op.input);
  const output = context.shapeOf(op.value ?? op.sign!.bits);
  const refs = epilogueRefs(context, op, op.epilogue.affine);
  const { affine, first, relu, second } = op.epilogue;
  const needsEpilogue = affine !== null || first !== null || relu || second !== null || op.sign !== null;
  const sizes = [input.batch, input.height, input.width, input.channels, output.height, output.width];
  const window = [...op.window.kernel, ...op.window.stride, ...op.window.padding];
  const src = context.refOf(op.input);
  const calls: Call[] = [];
  if (op.kind === "maxPool" && needsEpilogue && first === null && second === null) {
    const { scale, shift, value, bits, threshold, flip } = refs;
    const outputs = [value ?? 0, bits ?? 0, threshold ?? 0, flip ?? 0];
    const args = [src, ...sizes, ...window, scale, shift, relu ? 1 : 0, ...outputs];
    calls.push({ kernel: "maxPoolEpilogueF32", args });
  } else {
    const dst =
      refs.value === null || first !== null || second !== null
        ? builder.buffer(`${op.name}/pooled`, mapBytes(output.pixels, output.channels))
        : refs.value;
    const args = [src, dst, ...sizes, ...window];
    if (op.kind === "maxPool") calls.push({ kernel: "maxPoolF32", args });
    else calls.push({ kernel: "avgPoolF32", args: [...args, op.countIncludePad ? 1 : 0] });
    if (needsEpilogue) {
      calls.push({ kernel: "epilogueF32", args: [dst, output.pixels, output.channels, ...epilogueArgs(refs, 0)] });
    }
  }
  builder.step({ name: op.name, kind: op.kind, calls, binaryMacs: 0, floatMacs: 0 });
  defineOutputs(context, op, refs);
}

function newMap(context: LowerContext, value: string): { shape: MapShape; ref: Ref } {
  const shape = context.shapeOf(value);
  const ref = context.builder.buffer(value, mapBytes(shape.pixels, shape.channels));
  context.setRef(value, ref);
  return { shape, ref };
}

export function lowerGlobalAvgPool(context: LowerContext, op: GlobalAvgPoolOp): void {
  const input = context.shapeOf(op.input);
  const src = context.refOf(op.input);
  const { ref } = newMap(context, op.value);
  const args = [src, ref, input.batch, input.height * input.width, input.channels];
  context.builder.step({
    name: op.name,
    kind: op.kind,
    calls: [{ kernel: "globalAvgPoolF32", args }],
    binaryMacs: 0,
    floatMacs: 0,
  });
}

/** A map of one pixel is its own flattening; others are written image by image in NCHW order, rows padded as maps are. */
export function lowerFlatten(context: LowerContext, op: FlattenOp): void {
  const input = context.shapeOf(op.input);
  const src = context.refOf(op.input);
  const plane = input.height * input.width;
  if (plane === 1) {
    context.setRef(op.value, src);
    return;
  }
  const { shape, ref } = newMap(context, op.value);
  const rowBytes = mapStride(shape.channels) * 4;
  const zeros = context.builder.constant("zeros/4", 16, () => new Uint8Array(16));
  const calls: Call[] = [];
  for (let n = 0; n < input.batch; n++) {
    const row = offsetRef(ref, n * rowBytes);
    calls.push({ kernel: "copyBytes", args: [offsetRef(row, rowBytes - 16), zeros, 16] });
    const image = offsetRef(src, n * mapBytes(plane, input.channels));
    calls.push({ kernel: "mapToNchwF32", args: [image, row, 1, input.channels, plane] });
  }
  context.builder.step({ name: op.name, kind: op.kind, calls, binaryMacs: 0, floatMacs: 0 });
}

export function lowerDense(context: LowerContext, op: DenseOp): void {
  const { builder } = context;
  const [units, inputs] = op.weight.shape;
  const src = context.refOf(op.input);
  const { shape, ref } = newMap(context, op.value);
  const weights = builder.constant(
    `${op.name}/weights`,
    denseF32WeightBytes(units, inputs),
    () => bytesOf(op.weight.data),
    {
      areaBytes: op.weight.data.byteLength,
      calls: [{ kernel: "denseF32Pack", args: [packingArea, packedConstant, units, inputs] }],
    },
  );
  const stride = mapStride(units);
  const bias = builder.constant(`${op.name}/bias`, stride * 4, () => floatBytes(op.bias?.data ?? [], stride));
  const args = [src, ref, weights, bias, shape.batch, inputs, units, mapStride(inputs), stride];
  builder.step({
    name: op.name,
    kind: op.kind,
    calls: [{ kernel: "denseF32", args }],
    binaryMacs: 0,
    floatMacs: shape.batch * units * inputs,
  });
}

/** Part of the channels of one map added to another: the residual of ResNetE's slices. */
export function lowerAddChannels(context: LowerContext, op: AddChannelsOp): void {
  const { builder } = context;
  const [base, addend] = op.inputs;
  const addendRef = context.refOf(addend);
  const addendShape = context.shapeOf(addend);
  const shape = context.shapeOf(op.value);
  const bytes = mapBytes(shape.pixels, shape.channels);
  const inPlace = context.dies(base);
  const ref = inPlace ? context.refOf(base) : builder.buffer(op.value, bytes);
  const calls: Call[] = inPlace ? [] : [{ kernel: "copyBytes", args: [ref, context.refOf(base), bytes] }];
  calls.push({
    kernel: "addChannelsF32",
    args: [ref, addendRef, shape.pixels, shape.channels, addendShape.channels, op.offset],
  });
  builder.step({ name: op.name, kind: "add", calls, binaryMacs: 0, floatMacs: 0 });
  context.setRef(op.value, ref);
}
