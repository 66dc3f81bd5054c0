/** What lowering one operation knows of the others, and how constants and places in maps are written. */
import type { Ref } from "../abi/call.js";
import { bitWords, mapStride } from "../abi/sizes.js";
import type { Shape } from "../tensor.js";
import type { BinaryKernel } from "./choose_kernel.js";
import { offsetRef, type PlanBuilder } from "./plan_builder.js";

/** A value's sizes; what has no height and width (dense layers) is a map of one pixel an image. */
export interface MapShape {
  readonly batch: number;
  readonly channels: number;
  readonly height: number;
  readonly width: number;
  /** batch * height * width. */
  readonly pixels: number;
}

export function mapShape(shape: Shape): MapShape {
  const [batch, channels, height = 1, width = 1] = shape;
  return { batch, channels, height, width, pixels: batch * height * width };
}

export interface LowerContext {
  readonly builder: PlanBuilder;
  /** How many workers the plan is for: tables that cost to build are shared by fewer rows if there are several. */
  readonly workers: number;
  /** What computes the binary convolutions of a layer. */
  kernelOf(layer: string): BinaryKernel;
  shapeOf(value: string): MapShape;
  /** Where an already computed value lies. */
  refOf(value: string): Ref;
  setRef(value: string, ref: Ref): void;
  /** True if the operation being lowered is the last to read the value and nobody keeps it. */
  dies(value: string): boolean;
}

/** A pixel of a map. */
export function mapPixel(map: Ref, pixel: number, channels: number): Ref {
  return offsetRef(map, pixel * mapStride(channels) * 4);
}

/** A pixel of a map of bits. */
export function bitsPixel(bits: Ref, pixel: number, channels: number): Ref {
  return offsetRef(bits, pixel * bitWords(channels) * 8);
}

/** Float constants as bytes, padded with zeros to `length` floats. */
export function floatBytes(values: ArrayLike<number>, length: number): Uint8Array {
  const floats = new Float32Array(length);
  floats.set(values);
  return new Uint8Array(floats.buffer);
}

export function bytesOf(view: ArrayBufferView): Uint8Array {
  return new Uint8Array(view.buffer, view.byteOffset, view.byteLength);
}

/** A constant of zeros, a map's pixel long. */
export function zeros({ builder }: LowerContext, channels: number): Ref {
  const stride = mapStride(channels);
  return builder.constant(`zeros/${stride}`, stride * 4, () => new Uint8Array(stride * 4));
}
