/** Binary convolutions of packed bits, and what both of their kernels share. What becomes of the counts is the caller's business. */

import { bitBytes, bitWords } from "../abi/sizes.js";
import type { BorderValue, Pair } from "../graph/types.js";
import type { BitWeight } from "../weights.js";
import type { Window } from "./ir.js";
import type { MapShape } from "./lower_context.js";
import type { Call, Ref } from "./plan.js";
import { offsetRef, type PlanBuilder, packingArea } from "./plan_builder.js";

/** One plane of activations with one or more planes of weights: what is made of the activations is made once for all of them. */
export interface BinaryConv {
  /** Names the weights' constants and the buffers. */
  readonly name: string;
  readonly bits: Ref;
  readonly input: MapShape;
  readonly output: MapShape;
  /** All of one shape. */
  readonly weights: readonly BitWeight[];
  readonly window: Window;
  readonly dilation: Pair;
  /** 0 is exact only where no activation is 0 itself. */
  readonly padValue: BorderValue;
}

/** How a kernel writes counts: dot = K - 2 * count, or K - count where they are doubled for the halves of a zero border. */
export interface CountsFormat {
  readonly type: "I32" | "U16";
  readonly stride: number;
  readonly doubled: boolean;
}

/** What happens to the counts of one plane of weights, `pixelCount` output pixels from `firstPixel` on. */
export type CountsSink = (counts: Ref, firstPixel: number, pixelCount: number, plane: number) => readonly Call[];

/** Outputs, inputs, kernel height and width; a dense layer's weights are a 1x1 kernel. */
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

/** True where windows reach outside the map and the border counts as 0. */
export function hasZeroBorder({ padValue, window }: Pick<BinaryConv, "padValue" | "window">): boolean {
  return padValue === 0 && window.padding.some((pad) => pad > 0);
}

/** The bits outside the map: zeros are -1, ones up to the last channel +1. */
export function borderConstant(builder: PlanBuilder, channels: number, padValue: BorderValue): Ref {
  const bytes = bitWords(channels) * 8;
  return builder.constant(`border/${channels}/${padValue}`, bytes, () => {
    const border = new Uint8Array(bytes);
    if (padValue === 1) {
      for (let c = 0; c < channels; c++) border[c >> 3] |= 1 << (c & 7);
    }
    return border;
  });
}

/** The packed weights as u64 words, in the packing area behind the bytes they come from. */
export function widenWeights(weight: BitWeight): {
  readonly areaBytes: number;
  readonly words: Ref;
  readonly call: Call;
} {
  const [outputs, inputs, height, width] = kernelShape(weight);
  const rows = outputs * height * width;
  const sourceBytes = Math.ceil(weight.data.byteLength / 16) * 16;
  const words = offsetRef(packingArea, sourceBytes);
  return {
    areaBytes: sourceBytes + bitBytes(rows, inputs),
    words,
    call: { kernel: "widenRows", args: [packingArea, words, rows, inputs] },
  };
}
