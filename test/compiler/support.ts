/** Weights and inputs for tests of the compiler, and its passes one by one. */
import assert from "node:assert/strict";
import { check } from "../../src/compiler/check.js";
import { compileGraph } from "../../src/compiler/compile.js";
import { fromGraph } from "../../src/compiler/from_graph.js";
import type { Op } from "../../src/compiler/ops/index.js";
import { passes } from "../../src/compiler/passes.js";
import { parameterSpecs } from "../../src/graph/parameters.js";
import { inferShapes } from "../../src/graph/shapes.js";
import type { Graph } from "../../src/graph/types.js";
import { elementCount, type Tensor } from "../../src/tensor.js";
import type { FloatWeight, Weights } from "../../src/weights.js";

/**
 * Batch norms with negative and zero gammas and betas. With `ties` their means are integers, so that with beta 0 some
 * counts give exactly 0, which is +1 (exact_zeros.test.ts); sums of several such numbers may be 0 in f64 and not in
 * f32.
 */
export function awkwardNorms(graph: Graph, weights: Weights, seed: number, ties: boolean): Weights {
  let state = seed >>> 0;
  const next = (): number => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state / 2 ** 32;
  };
  const changed = new Map(weights);
  for (const { name, role, shape } of parameterSpecs(graph)) {
    const weight = weights.get(name) as FloatWeight;
    const pick = (values: readonly number[]) => values[Math.floor(next() * values.length)];
    let data: Float32Array;
    if (role === "gamma") data = weight.data.map(() => pick([0, -0.5, 0.5, -1, 1, 0.25]));
    else if (role === "beta") data = weight.data.map(() => pick([0, 0, -0.5, 0.5]));
    // Small deviations of large values (means over many pixels) would leave f32 few digits.
    else if (role === "variance") data = weight.data.map((variance) => Math.max(variance, 0.01));
    else if (role === "mean") data = weight.data.map((mean) => Math.round(mean) + (ties ? 0 : 0.3));
    else continue;
    changed.set(name, { kind: "f32", shape, data });
  }
  return changed;
}

/** A reproducible input. */
export function noise(shape: readonly number[], seed: number): Tensor {
  const data = new Float32Array(elementCount(shape));
  for (let i = 0; i < data.length; i++) data[i] = 2 * Math.sin(seed + i * 1.7) + Math.cos(i * i * 0.01);
  return { shape, data };
}

/** What compileGraph makes of a graph, pass by pass, each followed by the check of what must hold between passes. */
export function checkedOps(graph: Graph, weights: Weights, names: readonly string[] = []): readonly Op[] {
  const { ops, output, taps } = compileGraph(graph, weights, { taps: names });
  const kept = new Set([output, ...taps.values()]);
  const shapes = inferShapes(graph);
  let current = fromGraph(graph, weights, (value) => shapes.get(value)!);
  assert.equal(check(current, kept), null, "from the graph");
  for (const { name, run } of passes) {
    current = run(current, kept, (value) => shapes.get(value)?.[1]);
    assert.equal(check(current, kept), null, `after the pass "${name}"`);
  }
  assert.deepEqual(current, ops);
  return current;
}
