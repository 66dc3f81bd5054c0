/**
 * Batch norms that give exactly 0, which is +1 to the sign after them, where the kernels write the value beside its
 * sign.
 */
import assert from "node:assert/strict";
import { test } from "node:test";
import { randomWeights } from "../../src/models/random_weights.js";
import { runReference } from "../../src/reference/index.js";
import { followDecisions } from "../goldens/decisions.js";
import { add, binary, fused, graphOf, norm, sign } from "./small_graphs.js";
import { awkwardNorms, noise } from "./support.js";

// The sum reads the batch norm's value, its sign goes into the second convolution.
const nodes = [
  sign("s", "x"),
  binary("c", "s", { channels: 64 }),
  norm("n", "c"),
  sign("t", "n"),
  binary("d", "t", { channels: 64 }),
  add("sum", "d", "n"),
];

test("a sign beside its value decides exact zeros as the framework does", async () => {
  const ops = fused(nodes);
  assert.ok(ops.includes("n, t: sign = binaryConv2d(s)"), ops.join("; "));
  let zeros = 0;
  for (const kernel of ["table", "popcount"] as const) {
    for (let seed = 0; seed < 10; seed++) {
      const graph = graphOf(nodes);
      const weights = awkwardNorms(graph, randomWeights(graph, seed), seed, true);
      const input = noise(graph.inputShape, seed);
      const { differing, difference, scale } = await followDecisions({ graph, weights }, input, { kernel });
      assert.equal(differing, 0, `seed ${seed} on ${kernel}`);
      assert.ok(difference <= 1e-5 * scale);
      const values = runReference(graph, weights, input, { taps: ["n"] }).taps.get("n")!.data;
      const gammas = weights.get("n.g")!.data;
      const places = values.length / gammas.length;
      zeros += values.filter((value, i) => value === 0 && gammas[Math.floor(i / places)] !== 0).length;
    }
  }
  assert.ok(zeros > 1000, `${zeros} exact zeros`);
});
