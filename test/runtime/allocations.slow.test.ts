/** What runs allocate. The heap is counted of the whole process, so that the file has one of its own. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { randomWeights } from "../../src/models/random_weights.js";
import { resnetE } from "../../src/models/resnet_e.js";
import { createSession } from "../../src/runtime/session.js";

test("a run allocates nothing in JavaScript beyond the tensor it returns", async () => {
  const graph = resnetE({
    version: 1,
    layers: [2, 2, 2, 2],
    inputShape: [1, 3, 32, 32],
    initialLayers: "thumbnail",
    classes: 10,
    channels: [8, 8, 16, 24, 40],
  });
  const session = await createSession({ graph, weights: randomWeights(graph, 7) });
  const input = { shape: graph.inputShape, data: Float32Array.from({ length: 3 * 32 * 32 }, (_, i) => Math.sin(i)) };
  for (let i = 0; i < 50; i++) session.run(input);
  const runs = 400;
  const before = process.memoryUsage().heapUsed;
  for (let i = 0; i < runs; i++) session.run(input);
  const perRun = (process.memoryUsage().heapUsed - before) / runs;
  // A Float32Array of ten and the tensor around it take about 250 bytes; a forgotten array a step would add thousands.
  assert.ok(perRun < 1500, `${perRun} bytes a run`);
});
