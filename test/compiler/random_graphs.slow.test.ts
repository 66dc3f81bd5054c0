/** Random graphs on the kernels and in the reference: whatever the passes fuse, the numbers stay. */
import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { unpackSigns } from "../../src/bits.js";
import type { KernelChoice } from "../../src/compiler/choose_kernel.js";
import { nodeKinds } from "../../src/graph/nodes/index.js";
import type { Graph } from "../../src/graph/types.js";
import { randomWeights } from "../../src/models/random_weights.js";
import { createSession } from "../../src/runtime/session.js";
import { elementCount, type Shape, type Tensor } from "../../src/tensor.js";
import type { Weights } from "../../src/weights.js";
import { followDecisions, nearestDecision } from "../goldens/decisions.js";
import { buildRandomGraph, type Specification, specification } from "./random_graph.js";
import { awkwardNorms, checkedOps, noise } from "./support.js";

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

function assertClose(actual: Tensor, expected: Tensor, what: string): void {
  assert.deepEqual(actual.shape, expected.shape);
  const scale = Float32Array.from(expected.data).reduce((most, value) => Math.max(most, Math.abs(value)), 1);
  for (const [i, value] of expected.data.entries()) {
    assert.ok(
      Math.abs(actual.data[i] - value) <= 1e-4 * scale,
      `${what}[${i}] is ${actual.data[i]}, expected ${value}`,
    );
  }
}

/** Any taps fuse differently: the output and the tapped values stay those of the graph run node by node. */
async function assertTapsChangeNothing(
  model: { readonly graph: Graph; readonly weights: Weights },
  input: Tensor,
  kernel: KernelChoice,
  taps: readonly string[],
): Promise<void> {
  const all = await createSession(model, { kernel, taps: model.graph.nodes.map((node) => node.name) });
  const expected = all.run(input);
  for (const some of [[], taps]) {
    const session = await createSession(model, { kernel, taps: some });
    assertClose(session.run(input), expected, `output with taps ${some}`);
    for (const name of some) assertClose(session.tap(name), all.tap(name), `tap ${name}`);
  }
}

test("random graphs give the reference's numbers, whatever gets fused and tapped", async () => {
  await fc.assert(
    fc.asyncProperty(specification, async (spec) => {
      const graph = buildRandomGraph(spec);
      const weights = awkwardSigns(graph, awkwardNorms(graph, randomWeights(graph, spec.seed), spec.seed, false));
      const { kernel } = spec;
      const taps = spec.taps.map((index) => graph.nodes[index % graph.nodes.length].name);
      checkedOps(graph, weights, taps);
      const input = randomInput(spec, graph.inputShape);
      const own = nearestDecision(graph, weights, input);
      // dorefa of nothing but zeros is 0 / 0: NaN in the framework, the lowest level in the kernels' planes.
      fc.pre(!Number.isNaN(own));
      const { differing, farthest, nearest, difference, scale } = await followDecisions({ graph, weights }, input, {
        kernel,
      });
      assert.ok(farthest < 1e-4, `${differing} decisions differ, one ${farthest} from its threshold`);
      assert.ok(difference <= 1e-4 * scale, `output differs by ${difference} at a scale of ${scale}`);
      // A decision so near its threshold may turn with what is fused, also one that the kernels took for an exact tie.
      if (Math.min(own, nearest) < 1e-4) return;
      await assertTapsChangeNothing({ graph, weights }, input, kernel, taps);
    }),
    { numRuns: 400 },
  );
});

test("all kinds of nodes take part in the random graphs", () => {
  const specifications = fc.sample(specification, { seed: 1, numRuns: 1000 });
  const kinds = new Set(specifications.flatMap((spec) => buildRandomGraph(spec).nodes.map(({ kind }) => kind)));
  assert.deepEqual([...kinds].sort(), [...nodeKinds].sort());
});
