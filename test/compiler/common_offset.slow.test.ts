/**
 * Batch norms of numbers that lie far from 0 and near to one another: sums of a binary layer's (dot + K) / 2, pooled,
 * concatenated. The kernels lose nothing that values between two nodes do not lose in float32.
 */
import assert from "node:assert/strict";
import { test } from "node:test";
import type { Graph, Node } from "../../src/graph/types.js";
import { runReference } from "../../src/reference/index.js";
import { createSession } from "../../src/runtime/session.js";
import { compare } from "../goldens/support.js";
import { fittedWeights } from "./fitted_weights.js";
import { float32Loss } from "./float32_run.js";
import { add, binary, graphOf, maxPool, norm, relu, sign } from "./small_graphs.js";
import { noise } from "./support.js";

const module = "";
const channels = 16;

const mean = (name: string, input: string, size: number): Node => ({
  ...{ kind: "avgPool", name, inputs: [input], module, countIncludePad: false },
  ...{ kernel: [size, size], stride: [size - 1, size - 1], padding: [0, 0] },
});

/** What comes between the layers `a` and `b` and the batch norm: its nodes, and how often a value of them is a sum. */
const BETWEEN: Readonly<Record<string, { readonly nodes: readonly Node[]; readonly pooled?: true }>> = {
  nothing: { nodes: [] },
  "a sum": { nodes: [add("v", "a", "b")] },
  "a sum and a ReLU": { nodes: [add("u", "a", "b"), relu("v", "u")] },
  "a maximum": { nodes: [maxPool("v", "a")] },
  "a mean": { nodes: [mean("v", "a", 3)], pooled: true },
  "a mean of the map": { nodes: [{ kind: "globalAvgPool", name: "v", inputs: ["a"], module }], pooled: true },
  "a concat": { nodes: [{ kind: "concat", name: "v", inputs: ["a", "b"], module }] },
  "a mean in a concat": {
    nodes: [mean("u", "a", 2), mean("w", "b", 2), { kind: "concat", name: "v", inputs: ["u", "w"], module }],
    pooled: true,
  },
  "a shuffle": { nodes: [{ kind: "channelShuffle", name: "v", inputs: ["a"], module, groups: 4 }] },
};

interface Layer {
  readonly inputs: number;
  readonly quantizer: "det_sign" | "dorefa" | "identity";
  readonly bits: number;
  readonly scaling: "none" | "channel";
}

function build({ inputs, quantizer, bits, scaling }: Layer, between: readonly Node[]): Graph {
  const layer = (name: string) => ({ ...binary(name, "s", { channels }), quantizer, bits, scaling }) as Node;
  const last = between.length === 0 ? "a" : "v";
  return graphOf([sign("s", "x"), layer("a"), layer("b"), ...between, norm("n", last)], [2, inputs, 6, 6]);
}

for (const layer of [
  { inputs: 64, quantizer: "det_sign", bits: 1, scaling: "none" },
  { inputs: 513, quantizer: "det_sign", bits: 1, scaling: "none" },
  { inputs: 513, quantizer: "det_sign", bits: 1, scaling: "channel" },
  { inputs: 129, quantizer: "dorefa", bits: 2, scaling: "none" },
  { inputs: 129, quantizer: "identity", bits: 32, scaling: "none" },
] as const) {
  const { inputs, quantizer, bits, scaling } = layer;
  test(`${inputs} channels, ${bits}-bit ${quantizer} weights, scaling ${scaling}`, async () => {
    for (const [name, { nodes, pooled }] of Object.entries(BETWEEN)) {
      for (const [seed, kernel] of [
        [1, "table"],
        [2, "popcount"],
      ] as const) {
        const graph = build(layer, nodes);
        const input = noise(graph.inputShape, seed);
        const weights = fittedWeights(graph, input, seed);
        const session = await createSession({ graph, weights }, { kernel });
        const expected = runReference(graph, weights, input).output;
        const { difference, scale } = compare(session.run(input).data as Float32Array, expected.data);
        session.dispose();
        // Few-bit values convolved in float are sums of as many numbers as there are weights.
        const own = quantizer === "identity" ? 3e-6 : 3e-7;
        // A mean is a sum, rounded more than once.
        const lost = (pooled ? 8 : 1.05) * float32Loss(graph, weights, input, new Map()).output;
        assert.ok(
          difference <= own * scale + lost,
          `${name}, ${kernel}: differs by ${difference} at a scale of ${scale}; float32 alone loses ${lost}`,
        );
      }
    }
  });
}
