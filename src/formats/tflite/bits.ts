/**
 * Larq's bitpacked filters as the bits of a layer's weights, and back to front: there a set bit is -1, here +1.
 *
 * ```
 * file:  [O, kh, kw, W] i32, channel 32 j + b of a tap in bit b of word j, spare bits 0; little endian, so byte c >>
 * 3 holds channel c here:  [O][kh][kw][ceil(I / 8)] bytes, channel c in bit c & 7 of byte c >> 3
 * ```
 */

import { packSigns } from "../../bits.js";
import type { Shape } from "../../tensor.js";
import type { BitWeight } from "../../weights.js";
import { badOperator } from "./operators.js";
import type { TfliteOperator } from "./schema.js";
import type { Floats } from "./values.js";

/** @param channels Of the input that a filter sees: those of one group. */
export function unpackFilter(
  op: TfliteOperator,
  words: Uint8Array,
  [outputs, height, width, wordsPerTap]: Shape,
  channels: number,
): BitWeight {
  const taps = outputs * height * width;
  const tapBytes = Math.ceil(channels / 8);
  const lastByte = 0xff >> (8 * tapBytes - channels);
  const data = new Uint8Array(taps * tapBytes);
  for (let tap = 0; tap < taps; tap++) {
    const from = tap * wordsPerTap * 4;
    for (let byte = 0; byte < tapBytes; byte++) data[tap * tapBytes + byte] = ~words[from + byte];
    data[tap * tapBytes + tapBytes - 1] &= lastByte;
    let spare = words[from + tapBytes - 1] & ~lastByte;
    for (let byte = tapBytes; byte < 4 * wordsPerTap; byte++) spare |= words[from + byte];
    if (spare !== 0) badOperator(op, `has a filter with bits set past its ${channels} channels`);
  }
  return { kind: "bits", shape: [outputs, channels, height, width], data };
}

/** A filter of floats to OIHW, from OHWI, or from HWIO. */
export function toOihw({ shape, data }: Floats, order: "OHWI" | "HWIO"): Floats {
  const [a, b, c, d] = shape;
  const [outputs, height, width, inputs] = order === "OHWI" ? [a, b, c, d] : [d, a, b, c];
  const moved = new Float32Array(data.length);
  const taps = height * width;
  for (let output = 0; output < outputs; output++) {
    for (let tap = 0; tap < taps; tap++) {
      for (let input = 0; input < inputs; input++) {
        const from =
          order === "OHWI" ? (output * taps + tap) * inputs + input : (tap * inputs + input) * outputs + output;
        moved[(output * inputs + input) * taps + tap] = data[from];
      }
    }
  }
  return { shape: [outputs, inputs, height, width], data: moved };
}

/** The signs of a filter of floats (below 0 is -1). */
export function signsOf({ shape, data }: Floats, name: string): BitWeight {
  return packSigns(data, shape, name);
}

/**
 * The filter as signs times one number a channel, if all of a channel have the same size; else null. A float
 * convolution of signs can then run on bits.
 */
export function scaledSigns({ shape, data }: Floats, name: string): BitWeight | null {
  const fanIn = data.length / shape[0];
  const scale = new Float32Array(shape[0]);
  for (let output = 0; output < shape[0]; output++) {
    const size = Math.abs(data[output * fanIn]);
    if (!(size > 0 && size < Infinity)) return null;
    for (let i = output * fanIn; i < (output + 1) * fanIn; i++) if (Math.abs(data[i]) !== size) return null;
    scale[output] = size;
  }
  return { ...packSigns(data, shape, name), scale };
}
