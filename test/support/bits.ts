/** Maps of bits for tests: written, read and drawn at random in the kernels' layout. */
import assert from "node:assert/strict";
import fc from "fast-check";
import { bitBytes, bitWords } from "../../src/abi/sizes.js";
import type { KernelBench } from "./kernels.js";

/** One value (0 or 1) a channel and pixel, `[pixel][channels]`. */
export type BitMap = Uint8Array;

/** Writes bits in the kernels' layout: u64 words a pixel, channel c in bit c % 64 of word floor(c / 64). */
export function putBits(bench: KernelBench, bits: BitMap, pixels: number, channels: number): number {
  const pointer = bench.alloc(bitBytes(pixels, channels));
  const bytes = bench.u8(pointer, bitBytes(pixels, channels));
  for (let p = 0; p < pixels; p++)
    for (let c = 0; c < channels; c++)
      if (bits[p * channels + c] !== 0) bytes[p * bitWords(channels) * 8 + (c >> 3)] |= 1 << (c & 7);
  return pointer;
}

/** Reads bits in the kernels' layout; fails if a bit past the last channel is set. */
export function readBits(bench: KernelBench, pointer: number, pixels: number, channels: number): BitMap {
  const bytes = bench.u8(pointer, bitBytes(pixels, channels));
  const lanes = bitWords(channels) * 64;
  const bits = new Uint8Array(pixels * channels);
  for (let p = 0; p < pixels; p++)
    for (let c = 0; c < lanes; c++) {
      const bit = (bytes[(p * lanes) / 8 + (c >> 3)] >> (c & 7)) & 1;
      if (c < channels) bits[p * channels + c] = bit;
      else assert.equal(bit, 0, `bit ${c} of pixel ${p} is set, and there are ${channels} channels`);
    }
  return bits;
}

/** Reproducible bits. */
export function randomBits(seed: number, length: number): BitMap {
  let state = (seed ^ 0x9e3779b9) >>> 0 || 1;
  return Uint8Array.from({ length }, () => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return (state >>> 9) & 1;
  });
}

/** Float32 values on which sign decisions go wrong: both zeros, NaN of both signs, infinities, denormals, ties. */
export const SPECIAL_FLOATS: readonly number[] = [
  0,
  -0,
  Number.NaN,
  Infinity,
  -Infinity,
  1e-45,
  -1e-45,
  1,
  -1,
  0.5,
  -0.5,
];

/** A float32: often a special one. */
export const float32 = fc.oneof(
  fc.constantFrom(...SPECIAL_FLOATS),
  fc.float({ min: -8, max: 8, noNaN: true }),
  fc.float(),
);

/** `length` floats drawn from `pool` by a seed; cheaper for fast-check than an array of that length. */
export function drawFloats(pool: readonly number[], seed: number, length: number): Float32Array {
  let state = (seed ^ 0x51ed270b) >>> 0 || 1;
  return Float32Array.from({ length }, () => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return pool[(state >>> 8) % pool.length];
  });
}

/** A value whose sign bit is turned if `flip` is set, as XOR with 0x80000000 does (NaN stays NaN). */
export function flipSign(value: number, flip: boolean): number {
  return flip ? -value : value;
}
