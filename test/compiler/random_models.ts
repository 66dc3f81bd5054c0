/** Random graphs with weights and an input, checked against the reference. */
import assert from "node:assert/strict";
import fc from "fast-check";
import { unpackSigns } from "../../src/bits.js";
import type { KernelChoice } from "../../src/compiler/choose_kernel.js";
import type { Graph } from "../../src/graph/types.js";
import { randomWeights } from "../../src/models/random_weights.js";
import { elementCount, type Shape, type Tensor } from "../../src/tensor.js";
import type { Weights } from "../../src/weights.js";
import { followDecisions, nearestDecision } from "../goldens/decisions.js";
import { float32Loss } from "./float32_run.js";
import { type Specification, wideSpecification } from "./random_choices.js";
import { buildRandomGraph } from "./random_graph.js";
import { awkwardNorms, noise } from "./support.js";

function randomInput({ bytes, seed, zeros }: Specification, shape: Shape): Tensor {
  const { data } = noise(shape, seed);
  if (!bytes) return { shape, data: Float32Array.from(data, (x, i) => (zeros > 0 && i % zeros === 0 ? 0 : x)) };
  return { shape, data: Uint8Array.from({ length: elementCount(shape) }, (_, i) => (i * 37 + seed + (i >> 3)) % 256) };
}

/** Weights of torch's sign: some exactly 0, some outside [-1, 1]. The others stay packed. */
function awkwardSigns(graph: Graph, weights: Weights): Weights {
  const changed = new Map(weights);
  for (const node of graph.nodes) {
    if (!("quantizer" in node) || node.quantizer !== "sign") continue;
    const weight = weights.get(node.weight)!;
    const values = weight.kind === "bits" ? unpackSigns(weight) : weight.data;
    const data = values.map((w, i) => (i % 7 === 0 ? 0 : w * (0.2 + (i % 5) / 3)));
    changed.set(node.weight, { kind: "f32", shape: weight.shape, data });
  }
  return changed;
}

/** A graph with parameters and an input. */
export function randomModel(spec: Specification) {
  const graph = buildRandomGraph(spec);
  const weights = awkwardSigns(graph, awkwardNorms(graph, randomWeights(graph, spec.seed), spec.seed, false));
  return { graph, weights, input: randomInput(spec, graph.inputShape) };
}

/** What the kernels may differ by, relative to the output's largest value, or 1. */
const tolerance = 1e-5;

/** How far from its threshold a decision may be that differs. */
const nearTie = 1e-4;

/** Kernels add many numbers, each of which float32 rounds; `float32Loss` rounds their sums alone. */
const sums = 8;

/**
 * The kernels' output on their own decisions is within the tolerance of the reference's, and decisions that differ are
 * near ties. Where values that a graph passes from node to node cannot be told apart in float32 (a batch norm of tiny
 * differences of large sums), what that loses is allowed as well, and `lossy` is true.
 */
export async function checkAgainstReference(
  { graph, weights }: { readonly graph: Graph; readonly weights: Weights },
  input: Tensor,
  kernel: KernelChoice,
): Promise<{ readonly nearest: number; readonly lossy: boolean }> {
  const followed = await followDecisions({ graph, weights }, input, { kernel });
  const { differing, farthest, nearest, difference, scale, quantized } = followed;
  const lossy = difference > tolerance * scale || farthest >= nearTie;
  const lost = lossy ? float32Loss(graph, weights, input, quantized) : { output: 0, decisions: 0 };
  assert.ok(
    farthest < nearTie + sums * lost.decisions,
    `${differing} decisions differ, one ${farthest} from its threshold`,
  );
  assert.ok(
    difference <= tolerance * scale + sums * lost.output,
    `output differs by ${difference} at a scale of ${scale}; float32 alone loses ${lost.output}`,
  );
  return { nearest, lossy };
}

/** Checks `count` graphs of the wide kind, and says how many were checked and how many were lossy. */
export async function checkWideGraphs(count: number): Promise<string> {
  const seed = Number(process.env.XNORKIT_SEED ?? Math.floor(Math.random() * 2 ** 31));
  const seen = { checked: 0, lossy: 0 };
  await fc.assert(
    fc.asyncProperty(wideSpecification, async (spec) => {
      const { graph, weights, input } = randomModel(spec);
      // dorefa of nothing but zeros is 0 / 0: NaN in the framework, the lowest level in the kernels' planes.
      fc.pre(!Number.isNaN(nearestDecision(graph, weights, input)));
      const { lossy } = await checkAgainstReference({ graph, weights }, input, spec.kernel);
      seen.checked++;
      if (lossy) seen.lossy++;
    }),
    { numRuns: count, seed },
  );
  const { checked, lossy } = seen;
  assert.ok(lossy <= 2 + checked / 100, `${lossy} of ${checked} graphs are lossy in float32 (seed ${seed})`);
  return `${checked} graphs, ${lossy} of them beyond ${tolerance} where float32 values are; XNORKIT_SEED=${seed}`;
}
