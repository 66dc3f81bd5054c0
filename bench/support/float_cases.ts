/** The full-precision half of ResNet-18 at 224x224: stem, pooling, 1x1 shortcuts, dense. */

import type { KernelExports } from "../../src/abi/signatures.js";
import {
  type ConvF32Shape,
  convF32ScratchBytes,
  convF32WeightBytes,
  convU8Lanes,
  convU8ScratchBytes,
  denseF32WeightBytes,
  mapBytes,
  mapStride,
  winogradF32ScratchBytes,
  winogradF32WeightBytes,
} from "../../src/abi/sizes.js";
import { quantizeStem } from "../../src/compiler/quantize_stem.js";
import { randomStream } from "../../src/models/random.js";
import type { HostMemory } from "../../src/runtime/memory.js";
import type { KernelCase } from "./kernel_cases.js";

export interface FloatCase extends KernelCase {
  /** HxWxCinxCout of the layer. */
  readonly variant: string;
}

interface Layer {
  readonly size: number;
  readonly inputs: number;
  readonly outputs: number;
  readonly kernel: number;
  readonly stride: number;
}

const stem: Layer = { size: 224, inputs: 3, outputs: 64, kernel: 7, stride: 2 };
/** What follows the pooling in the shortcuts of stages 2 to 4, and a 3x3 layer for comparison with the binary ones. */
const convolutions: readonly Layer[] = [
  { size: 28, inputs: 64, outputs: 128, kernel: 1, stride: 1 },
  { size: 14, inputs: 128, outputs: 256, kernel: 1, stride: 1 },
  { size: 7, inputs: 256, outputs: 512, kernel: 1, stride: 1 },
  { size: 56, inputs: 64, outputs: 64, kernel: 3, stride: 1 },
];

const variantOf = ({ size, inputs, outputs }: Layer) => `${size}x${size}x${inputs}x${outputs}`;

/** The layer in the words of the kernels' parameters. */
function convShape({ size, inputs, outputs, kernel, stride }: Layer): ConvF32Shape {
  const padding = (kernel - 1) / 2;
  const out = Math.floor((size + 2 * padding - kernel) / stride) + 1;
  return {
    height: size,
    width: size,
    inChannels: inputs,
    outHeight: out,
    outWidth: out,
    outChannels: outputs,
    kernelHeight: kernel,
    kernelWidth: kernel,
    strideHeight: stride,
    strideWidth: stride,
    dilationHeight: 1,
    dilationWidth: 1,
    padTop: padding,
    padLeft: padding,
    groups: 1,
  };
}

const macsOf = (shape: ConvF32Shape) =>
  shape.outHeight * shape.outWidth * shape.outChannels * shape.inChannels * shape.kernelHeight * shape.kernelWidth;

/** The cases, in memory of their own, on random numbers. */
export function floatCases(kernels: KernelExports, { memory, allocate }: HostMemory): readonly FloatCase[] {
  const random = randomStream(1, "float kernels");
  const place = (values: Float32Array | Int16Array | Uint16Array | Uint8Array): number => {
    const address = allocate(values.byteLength);
    const bytes = new Uint8Array(values.buffer, values.byteOffset, values.byteLength);
    new Uint8Array(memory.buffer, address, bytes.length).set(bytes);
    return address;
  };
  const normals = (count: number) => Float32Array.from({ length: count }, random.normal);
  const map = (pixels: number, channels: number) => place(normals(pixels * mapStride(channels)));

  const conv = (layer: Layer, winograd = false): FloatCase => {
    const shape = convShape(layer);
    const { inputs, outputs, kernel, stride } = layer;
    const sizes = [outputs, inputs, kernel, kernel] as const;
    const src = map(layer.size ** 2, inputs);
    const weights = allocate(winograd ? winogradF32WeightBytes(shape) : convF32WeightBytes(...sizes, 1));
    const filters = place(normals(outputs * inputs * kernel ** 2));
    if (winograd) kernels.winogradF32Pack(filters, weights, ...sizes, stride, stride, 1);
    else kernels.convF32Pack(filters, weights, ...sizes, 1);
    const bias = place(normals(mapStride(outputs)));
    const scratch = allocate(winograd ? winogradF32ScratchBytes(shape) : convF32ScratchBytes(shape));
    const dst = allocate(mapBytes(shape.outHeight * shape.outWidth, outputs));
    const pointers = [src, dst, weights, bias, scratch] as const;
    const maps = [1, shape.height, shape.width, inputs, shape.outHeight, shape.outWidth, outputs] as const;
    const window = [kernel, kernel, stride, stride] as const;
    const padding = [shape.padTop, shape.padLeft] as const;
    const run = winograd
      ? () => kernels.winogradF32(...pointers, ...maps, ...window, ...padding, 1, 0)
      : () => kernels.convF32(...pointers, ...maps, ...window, 1, 1, ...padding, 1, 0);
    const what = layer === stem ? "stem" : `conv ${kernel}x${kernel}`;
    return {
      name: `${what} ${winograd ? "winograd f32" : "f32"}`,
      variant: variantOf(layer),
      macs: macsOf(shape),
      run,
    };
  };

  const stemU8 = (): FloatCase => {
    const shape = convShape(stem);
    const { inputs, outputs, kernel, stride, size } = stem;
    const quantized = quantizeStem({
      weight: normals(outputs * inputs * kernel ** 2),
      shape: [outputs, inputs, kernel, kernel],
      inputAffine: { scale: Float64Array.of(0.017, 0.017, 0.017), shift: Float64Array.of(-2, -2, -2) },
      outputAffine: null,
      height: size,
      width: size,
      outHeight: shape.outHeight,
      outWidth: shape.outWidth,
      window: {
        kernel: [kernel, kernel],
        stride: [stride, stride],
        dilation: [1, 1],
        padding: [shape.padTop, shape.padLeft],
      },
    });
    if (quantized === null) throw new TypeError("the stem of ResNet-18 has 16-bit weights");
    const src = place(Uint8Array.from({ length: inputs * size ** 2 }, () => random.bits() >>> 24));
    const weights = place(quantized.weights);
    const scale = place(quantized.scale);
    const bias = place(quantized.bias);
    const rowClass = place(quantized.rowClass);
    const colClass = place(quantized.colClass);
    const scratch = allocate(convU8ScratchBytes(shape));
    const dst = allocate(shape.outHeight * shape.outWidth * convU8Lanes(outputs) * 4);
    const run = () =>
      kernels.convU8(
        src,
        dst,
        weights,
        scale,
        bias,
        rowClass,
        colClass,
        quantized.colClasses,
        scratch,
        1,
        size,
        size,
        inputs,
        shape.outHeight,
        shape.outWidth,
        outputs,
        kernel,
        kernel,
        stride,
        stride,
        1,
        1,
        shape.padTop,
        shape.padLeft,
        0,
        0,
        size,
      );
    return { name: "stem u8", variant: variantOf(stem), macs: macsOf(shape), run };
  };

  const maxPool = (): FloatCase => {
    const src = map(112 * 112, 64);
    const dst = allocate(mapBytes(56 * 56, 64));
    const run = () => kernels.maxPoolF32(src, dst, 1, 112, 112, 64, 56, 56, 3, 3, 2, 2, 1, 1);
    return { name: "max pool 3x3/2", variant: "112x112x64x64", macs: 0, run };
  };

  const avgPool = (): FloatCase => {
    const src = map(56 * 56, 64);
    const dst = allocate(mapBytes(28 * 28, 64));
    const run = () => kernels.avgPoolF32(src, dst, 1, 56, 56, 64, 28, 28, 2, 2, 2, 2, 0, 0, 1);
    return { name: "avg pool 2x2/2", variant: "56x56x64x64", macs: 0, run };
  };

  const dense = (): FloatCase => {
    const [inputs, units] = [512, 1000];
    const src = place(normals(inputs));
    const weights = allocate(denseF32WeightBytes(units, inputs));
    kernels.denseF32Pack(place(normals(units * inputs)), weights, units, inputs);
    const bias = place(normals(mapStride(units)));
    const dst = allocate(mapStride(units) * 4);
    const run = () => kernels.denseF32(src, dst, weights, bias, 1, inputs, units, inputs, mapStride(units));
    return { name: "dense f32", variant: "1x1x512x1000", macs: inputs * units, run };
  };

  const tiled = convolutions.filter(({ kernel }) => kernel > 1);
  return [
    ...[conv(stem), conv(stem, true), stemU8(), maxPool(), avgPool()],
    ...[...convolutions.map((layer) => conv(layer)), ...tiled.map((layer) => conv(layer, true)), dense()],
  ];
}
