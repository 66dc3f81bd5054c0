/** Inputs, outputs and taps in both layouts: the same numbers at other places, whatever stands between. */
import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import type { Graph, Node } from "../../src/graph/types.js";
import { createSession } from "../../src/index.js";
import { randomWeights } from "../../src/models/random_weights.js";
import { runReference } from "../../src/reference/index.js";
import type { Tensor } from "../../src/tensor.js";
import { conv, graphOf, relu } from "./small_graphs.js";
import { noise } from "./support.js";

/** NCHW to NHWC. */
function interleaved({ shape, data }: Tensor): Tensor {
  const [batch, channels, height, width] = shape;
  const plane = height * width;
  const moved = data.slice();
  for (let i = 0; i < data.length; i++) {
    const [image, channel, pixel] = [Math.floor(i / (channels * plane)), Math.floor(i / plane) % channels, i % plane];
    moved[(image * plane + pixel) * channels + channel] = data[i];
  }
  return { shape: [batch, height, width, channels], data: moved };
}

const nhwc = (graph: Graph): Graph => {
  const [batch, channels, height, width] = graph.inputShape;
  return { ...graph, layout: "NHWC", inputShape: [batch, height, width, channels] };
};

const cases = fc.record({
  batch: fc.integer({ min: 1, max: 3 }),
  channels: fc.constantFrom(1, 2, 3, 4, 5, 9),
  height: fc.integer({ min: 3, max: 9 }),
  width: fc.integer({ min: 3, max: 9 }),
  outputs: fc.constantFrom(1, 3, 8, 10),
  bytes: fc.boolean(),
  byteStem: fc.boolean(),
});

test("a graph with NHWC ports gives what it gives with NCHW ports, moved", async () => {
  await fc.assert(
    fc.asyncProperty(cases, async ({ batch, channels, height, width, outputs, bytes, byteStem }) => {
      const nodes = [conv("c", "x", { channels: outputs }), relu("r", "c")];
      const planar = { ...graphOf(nodes, [batch, channels, height, width]), preprocess: { mean: [100], std: [50] } };
      const weights = randomWeights(planar, 3);
      const floats = noise(planar.inputShape, 5);
      const input: Tensor = bytes
        ? { shape: floats.shape, data: Uint8Array.from(floats.data, (value) => Math.round(Math.abs(value) * 60)) }
        : floats;
      const options = { taps: ["c"], byteStem };
      const a = await createSession({ graph: planar, weights }, options);
      const b = await createSession({ graph: nhwc(planar), weights }, options);
      const [wanted, found] = [a.run(input), b.run(interleaved(input))];
      assert.deepEqual(found, interleaved(wanted));
      assert.deepEqual(b.tap("c"), interleaved(a.tap("c")));
      a.dispose();
      b.dispose();
    }),
    { numRuns: 60 },
  );
});

test("another size is planned again, and a shape of the other layout is refused", async () => {
  const graph = nhwc(graphOf([conv("c", "x", { channels: 5 })], [1, 3, 8, 6]));
  const weights = randomWeights(graph, 1);
  const session = await createSession({ graph, weights });
  const input = noise([2, 7, 9, 3], 1);
  const { output } = runReference(graph, weights, input);
  const found = session.run(input);
  assert.deepEqual(found.shape, [2, 7, 9, 5]);
  output.data.forEach((value, i) => {
    assert.ok(Math.abs(value - found.data[i]) < 1e-5);
  });
  assert.throws(() => session.run(noise([1, 3, 8, 6], 1)), /is NHWC with 3 channels, for example 1x8x6x3/);
  session.dispose();
});

test("rows have no layout", async () => {
  const dense: Node = { kind: "dense", name: "d", inputs: ["x"], module: "", weight: "d.w", bias: null, units: 4 };
  const graph: Graph = { ...graphOf([dense], [2, 7]), layout: "NHWC" };
  const weights = randomWeights(graph, 1);
  const session = await createSession({ graph, weights });
  const input = noise([2, 7], 2);
  const { output } = runReference(graph, weights, input);
  const { shape, data } = session.run(input);
  assert.deepEqual(shape, [2, 4]);
  output.data.forEach((value, i) => {
    assert.ok(Math.abs(value - data[i]) < 1e-5);
  });
  session.dispose();
});
