/** The network in floats that the page races: it computes what the network computes, and nothing of it on bits. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { floatTwin } from "../../examples/browser/worker/float_twin.js";
import { floatLayers } from "../../src/compiler/float_layers.js";
import { createSession, type Graph, getModel, randomWeights } from "../../src/index.js";
import { runReference } from "../../src/reference/index.js";
import { elementCount } from "../../src/tensor.js";
import { randomFloats, seededRandom } from "../formats/support.js";

const place = { inputShape: [2, 3, 16, 16], classes: 5, initialLayers: "thumbnail" } as const;
const networks: Readonly<Record<string, Graph>> = {
  "borders of -1, counted": getModel("resnet18_e1", place),
  "2-bit activations": getModel("resnet18_e1", { ...place, binary: { bits: 1, bitsA: 2 } }),
  "scaled weights": getModel("resnet18_e2", { ...place, binary: { bits: 1, bitsA: 1, approximation: "binet" } }),
};

for (const [name, graph] of Object.entries(networks)) {
  test(name, async () => {
    const weights = randomWeights(graph, 3);
    const input = { shape: place.inputShape, data: randomFloats(elementCount(place.inputShape), seededRandom(5)) };
    const twin = floatTwin(graph);
    const binary = graph.nodes.filter(({ kind }) => kind === "binaryConv2d");
    assert.ok(binary.length > 0);
    assert.deepEqual(floatLayers(graph), []);
    assert.deepEqual(
      floatLayers(twin).map((layer) => layer.name),
      binary.map((node) => node.name),
    );
    const expected = runReference(graph, weights, input).output.data;
    assert.deepEqual(runReference(twin, weights, input).output.data, expected);
    const session = await createSession({ graph: twin, weights });
    const found = session.run(input).data;
    const largest = Math.max(1, ...expected.map(Math.abs));
    for (const [i, value] of expected.entries()) {
      assert.ok(Math.abs(found[i] - value) <= 1e-4 * largest, `${i}: ${found[i]}, ${value}`);
    }
  });
}
