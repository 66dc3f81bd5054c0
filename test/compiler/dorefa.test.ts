/** DoReFa's levels, sought by halving, against the formula for each weight. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { dorefaLevels } from "../../src/compiler/binary/dorefa.js";
import { randomValues } from "../support/maps.js";

/** As the paper has it, for one weight after the other. */
function formula(data: Float32Array, bits: number): number[] {
  const most = 2 ** bits - 1;
  const max = data.reduce((largest, weight) => Math.max(largest, Math.abs(Math.tanh(weight))), 0);
  // Half away from zero. Adding 0.5 would round what is next below a half.
  return Array.from(data, (weight) => {
    const value = ((0.5 * Math.tanh(weight)) / max + 0.5) * most;
    return value % 1 >= 0.5 ? Math.ceil(value) : Math.floor(value);
  });
}

/** The f32s beside each value. */
function withNeighbours(values: Float32Array): Float32Array {
  const bits = new Int32Array(values.slice().buffer);
  const shifted = [-1, 0, 1].map((step) => new Float32Array(bits.map((word) => word + step).buffer));
  return Float32Array.from(shifted.flatMap((part) => [...part]).filter(Number.isFinite));
}

for (const bits of [1, 2, 3, 4, 7, 8, 10, 11, 16]) {
  test(`${bits} bits: the level of every weight`, () => {
    for (const scale of [1e-30, 1e-3, 0.1, 1, 30, 1e30]) {
      const data = randomValues(bits, 500).map((value) => value * scale);
      assert.deepEqual([...dorefaLevels(data, bits)], formula(data, bits), `scale ${scale}`);
    }
  });
}

test("the least f32 of each level, and those beside it", () => {
  for (const bits of [1, 2, 4, 8]) {
    const data = randomValues(bits, 4000).sort();
    const levels = dorefaLevels(data, bits);
    // From one weight to the next level's, halved until they are neighbours.
    const edges: number[] = [];
    for (let i = 1; i < data.length; i++) {
      if (levels[i] === levels[i - 1]) continue;
      let [low, high] = [data[i - 1], data[i]];
      for (;;) {
        const middle = Math.fround((low + high) / 2);
        if (middle === low || middle === high) break;
        const level = formula(Float32Array.of(middle, data[0], data[data.length - 1]), bits)[0];
        if (level >= levels[i]) high = middle;
        else low = middle;
      }
      edges.push(low, high);
    }
    const all = Float32Array.from([...data, ...withNeighbours(Float32Array.from(edges))]);
    assert.ok(edges.length >= 2 * (2 ** bits - 1) - 2);
    assert.deepEqual([...dorefaLevels(all, bits)], formula(all, bits));
  }
});

test("zeros of both signs, saturated weights, and weights that are all 0", () => {
  const data = Float32Array.of(0, -0, 100, -100, 3e38, -3e38, 1e-45, -1e-45, 0.5);
  for (const bits of [1, 2, 5, 8]) assert.deepEqual([...dorefaLevels(data, bits)], formula(data, bits));
  assert.ok(dorefaLevels(Float32Array.of(0, -0), 2).every(Number.isNaN));
});
