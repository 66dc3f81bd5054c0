/** Float maps for tests: random values, to the kernels' layout and back, guarded memory. */
import assert from "node:assert/strict";
import { mapStride } from "../../src/abi/sizes.js";
import type { KernelBench } from "./kernels.js";

/** Reproducible floats in [-1, 1). */
export function randomValues(seed: number, length: number): Float32Array {
  let state = (seed * 2654435761 + 1) >>> 0 || 1;
  return Float32Array.from({ length }, () => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    // 24 bits: exact in float32, so that 1 itself never appears by rounding.
    return (state >>> 8) / 2 ** 23 - 1;
  });
}

/** NCHW -> the kernels' map: NHWC, `mapStride` floats a pixel, zeros in the tail lanes. */
export function toMap(planes: ArrayLike<number>, batch: number, channels: number, plane: number): Float32Array {
  const stride = mapStride(channels);
  const map = new Float32Array(batch * plane * stride);
  for (let b = 0; b < batch; b++)
    for (let c = 0; c < channels; c++)
      for (let p = 0; p < plane; p++) map[(b * plane + p) * stride + c] = planes[(b * channels + c) * plane + p];
  return map;
}

/** A map -> NCHW; fails if a tail lane is not zero. */
export function readMap(map: Float32Array, batch: number, channels: number, plane: number): Float32Array {
  const stride = mapStride(channels);
  const planes = new Float32Array(batch * channels * plane);
  for (let b = 0; b < batch; b++)
    for (let p = 0; p < plane; p++)
      for (let c = 0; c < stride; c++) {
        const value = map[(b * plane + p) * stride + c];
        if (c < channels) planes[(b * channels + c) * plane + p] = value;
        else assert.ok(value === 0, `tail lane ${c} of pixel ${p}, image ${b} is ${value}, not 0`);
      }
  return planes;
}

/** A value a channel, padded with zeros to the map's stride. */
export function paddedToStride(values: ArrayLike<number>): Float32Array {
  const padded = new Float32Array(mapStride(values.length));
  padded.set(values);
  return padded;
}

/** Fails at the first value that differs from the expected one by more than `tolerance(index)`. */
export function assertWithin(
  actual: ArrayLike<number>,
  expected: ArrayLike<number>,
  tolerance: (index: number) => number,
): void {
  assert.equal(actual.length, expected.length);
  for (let i = 0; i < expected.length; i++) {
    const difference = Math.abs(actual[i] - expected[i]);
    assert.ok(difference <= tolerance(i), `[${i}]: ${actual[i]}, expected ${expected[i]} within ${tolerance(i)}`);
  }
}

/** `bytes` bytes filled with a pattern that is no valid result, and 16 after them that no kernel may write. */
export function allocGuarded(bench: KernelBench, bytes: number) {
  const pointer = bench.alloc(bytes + 16);
  bench.u8(pointer, bytes + 16).fill(0xa5);
  const assertIntact = (): void => {
    const guard = bench.u8(pointer + bytes, 16);
    assert.ok(
      guard.every((byte) => byte === 0xa5),
      `bytes past the end were written: ${guard}`,
    );
  };
  return { pointer, assertIntact };
}
