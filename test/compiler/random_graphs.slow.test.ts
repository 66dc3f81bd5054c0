/** Random graphs on the kernels and in the reference: whatever the passes fuse, the numbers stay. */
import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import type { KernelChoice } from "../../src/compiler/choose_kernel.js";
import { nodeKinds } from "../../src/graph/nodes/index.js";
import type { Graph } from "../../src/graph/types.js";
import { createSession } from "../../src/runtime/session.js";
import type { Tensor } from "../../src/tensor.js";
import type { Weights } from "../../src/weights.js";
import { nearestDecision } from "../goldens/decisions.js";
import { specification } from "./random_choices.js";
import { buildRandomGraph } from "./random_graph.js";
import { checkAgainstReference, randomModel } from "./random_models.js";
import { checkedOps } from "./support.js";

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
      const { kernel } = spec;
      const { graph, weights, input } = randomModel(spec);
      const taps = spec.taps.map((index) => graph.nodes[index % graph.nodes.length].name);
      checkedOps(graph, weights, taps);
      const own = nearestDecision(graph, weights, input);
      // dorefa of nothing but zeros is 0 / 0: NaN in the framework, the lowest level in the kernels' planes.
      fc.pre(!Number.isNaN(own));
      const { nearest } = await checkAgainstReference({ graph, weights }, input, kernel);
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
