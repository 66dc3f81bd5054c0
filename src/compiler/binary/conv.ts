/**
 * Binary convolutions of packed bits, and what both of their kernels share. What becomes of the counts is the caller's
 * business.
 */
import { type Call, call, type Ref } from "../../abi/call.js";
import { bitBytes, bitWords } from "../../abi/sizes.js";
import type { BorderValue } from "../../graph/types.js";
import type { BitWeight } from "../../weights.js";
import type { LowerContext, MapShape } from "../context.js";
import { offsetRef, packingArea, type TakeScratch } from "../plan_builder.js";
import type { Band } from "../tasks.js";
import { crossesBorder, type Sweep } from "../window.js";
import type { GroupedSize } from "./groups.js";

/** Planes of activations, each with each of some planes of weights. */
export interface BinaryConv {
  /** Names the weights' constants and the buffers. */
  readonly name: string;
  readonly activations: readonly { readonly bits: Ref; readonly padValue: BorderValue }[];
  /** All of one shape, whose inputs are those of one group. */
  readonly weights: readonly BitWeight[];
  readonly groups: number;
  readonly input: MapShape;
  readonly output: MapShape;
  readonly sweep: Sweep;
}

/**
 * How a kernel writes counts: dot = K - 2 * count, or K - count if they are doubled for the halves of a zero border.
 */
export interface CountsFormat {
  readonly type: "I32" | "U16";
  readonly stride: number;
  readonly doubled: boolean;
}

/** What happens to the counts of a band of output pixels. */
export interface CountsSink {
  /** After those of activation plane i and weight plane j were written; the next pair's are written over them. */
  take(counts: Ref, i: number, j: number): readonly Call[];
  /** After all pairs. */
  finish(): readonly Call[];
}

/** The sink of a band; a task that has one may keep things in its scratch. */
export type SinkOf = (band: Band, scratch: TakeScratch) => CountsSink;

/** Outputs, inputs of one group, kernel height and width; a dense layer's weights are a 1x1 kernel. */
export function kernelShape({
  shape,
}: BitWeight): readonly [outputs: number, inputs: number, height: number, width: number] {
  const [outputs, inputs, height = 1, width = 1] = shape;
  return [outputs, inputs, height, width];
}

/** K: the products in one output. */
export function fanIn(weight: BitWeight): number {
  const [, inputs, height, width] = kernelShape(weight);
  return inputs * height * width;
}

/** What its cost depends on. */
export function groupedSize(weight: BitWeight, groups: number, input: MapShape, output: MapShape): GroupedSize {
  const [outChannels, , height, width] = kernelShape(weight);
  const { channels: inChannels, pixels: inputPixels } = input;
  return { pixels: output.pixels, inputPixels, inChannels, outChannels, taps: height * width, groups };
}

/**
 * True if windows reach outside the map and the border counts as 0, which is exact only if no activation is 0 itself.
 */
export function hasZeroBorder({ activations, sweep }: Pick<BinaryConv, "activations" | "sweep">): boolean {
  return activations.some(({ padValue }) => padValue === 0) && crossesBorder(sweep);
}

/** The bits outside the map: zeros are -1, ones up to the last channel +1. */
export function borderConstant({ builder }: LowerContext, channels: number, padValue: BorderValue): Ref {
  const bytes = bitWords(channels) * 8;
  return builder.constant(`border/${channels}/${padValue}`, bytes, () => {
    const border = new Uint8Array(bytes);
    if (padValue === 1) {
      for (let c = 0; c < channels; c++) border[c >> 3] |= 1 << (c & 7);
    }
    return border;
  });
}

/** The sweep of a band's rows, for kernels that look at the padding alone. */
export function borderOf({ sweep }: BinaryConv, { row, rows }: Band): Sweep {
  return { ...sweep, outHeight: rows, padTop: sweep.padTop - row * sweep.strideHeight };
}

/**
 * The packed weights as u64 words, in the packing area: the bytes they come from if those are whole words, else behind
 * them.
 */
export function widenWeights(weight: BitWeight): {
  readonly areaBytes: number;
  readonly words: Ref;
  readonly calls: readonly Call[];
} {
  const [outputs, inputs, height, width] = kernelShape(weight);
  const rows = outputs * height * width;
  if (inputs % 64 === 0) return { areaBytes: weight.data.byteLength, words: packingArea, calls: [] };
  const sourceBytes = Math.ceil(weight.data.byteLength / 16) * 16;
  const words = offsetRef(packingArea, sourceBytes);
  return {
    areaBytes: sourceBytes + bitBytes(rows, inputs),
    words,
    calls: [call("widenRows", { src: packingArea, dst: words, rows, channels: inputs })],
  };
}
