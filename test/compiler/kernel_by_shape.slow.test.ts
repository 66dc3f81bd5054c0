/**
 * One session whose shapes choose different kernels for a layer: constants that depend on the kernel must not be
 * shared.
 */
import assert from "node:assert/strict";
import { test } from "node:test";
import type { Node } from "../../src/graph/types.js";
import { randomWeights } from "../../src/models/random_weights.js";
import { createSession } from "../../src/runtime/session.js";
import { binary, conv, graphOf, sign } from "./small_graphs.js";
import { noise } from "./support.js";

/**
 * A map of 4 pixels goes to GEMM and to the direct float convolution, one of 144 to the tables and to Winograd's tiles.
 */
const small = 2;
const large = 12;

test("plans of shapes that chose another kernel give what a session of their own gives", async () => {
  for (const method of ["det_sign", "sign", "round", "dorefa"] as const)
    for (const quantizer of ["det_sign", "sign", "dorefa"] as const)
      for (const padValue of [-1, 0, 1] as const)
        for (const channels of [64, 65])
          for (const signed of [false, true]) {
            const bits = method === "det_sign" || quantizer === "det_sign" ? 1 : 2;
            const nodes = [
              { ...sign("s", "x"), method, bits } as Node,
              { ...binary("c", "s", { padValue, channels }), quantizer, bits } as Node,
              ...(signed ? [sign("t", "c")] : []),
            ];
            const graph = graphOf(nodes, [1, channels, large, large]);
            const weights = randomWeights(graph, 1);
            const inputs = [small, large].map((size) => noise([1, channels, size, size], size));
            const kinds = new Set<string>();
            const own = [];
            for (const input of inputs) {
              const session = await createSession({ graph, weights }, { inputShape: input.shape });
              own.push(session.run(input).data);
              for (const { kind, binaryMacs } of session.profile(1)) if (binaryMacs > 0) kinds.add(kind);
            }
            assert.equal(kinds.size, 2, [...kinds].join(", "));
            for (const order of [
              [0, 1],
              [1, 0],
            ]) {
              const shared = await createSession({ graph, weights }, { inputShape: inputs[order[0]].shape });
              for (const index of order) {
                const what = JSON.stringify({ method, quantizer, padValue, channels, signed, order, index });
                assert.deepEqual(shared.run(inputs[index]).data, own[index], what);
              }
            }
          }
});

test("a float convolution keeps its weights apart for sizes on Winograd's tiles and for others", async () => {
  const graph = graphOf([conv("c", "x", { channels: 32 })], [1, 32, large, large]);
  const weights = randomWeights(graph, 1);
  const inputs = [small, large].map((size) => noise([1, 32, size, size], size));
  const shared = await createSession({ graph, weights }, { inputShape: inputs[0].shape });
  const kinds = new Set<string>();
  for (const input of [...inputs, ...inputs]) {
    const own = await createSession({ graph, weights }, { inputShape: input.shape });
    assert.deepEqual(shared.run(input).data, own.run(input).data);
    for (const { kind, floatMacs } of own.profile(1)) if (floatMacs > 0) kinds.add(kind);
  }
  assert.deepEqual([...kinds], ["conv2d", "conv2d (winograd)"]);
});

test("a float convolution of few-bit values adds its terms as they are, whatever its size", async () => {
  const nodes = [{ ...sign("s", "x"), method: "round", bits: 2 } as Node, conv("c", "s", { channels: 32 })];
  for (const [given, kind] of [
    [nodes, "conv2d"],
    [[conv("c", "x", { channels: 32 })], "conv2d (winograd)"],
  ] as const) {
    const graph = graphOf(given, [1, 32, large, large]);
    const session = await createSession({ graph, weights: randomWeights(graph, 1) });
    session.run(noise(graph.inputShape, 1));
    assert.deepEqual(
      session
        .profile(1)
        .filter(({ floatMacs }) => floatMacs > 0)
        .map((step) => step.kind),
      [kind],
    );
  }
});
