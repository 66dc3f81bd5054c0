/** Gates, grids of integers, log softmax, flattening in both orders and crops on the kernels, against the reference. */
import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { XnorkitError } from "../../src/errors.js";
import type { Node } from "../../src/graph/types.js";
import { createSession } from "../../src/index.js";
import { randomWeights } from "../../src/models/random_weights.js";
import { runReference } from "../../src/reference/index.js";
import { conv, graphOf, relu } from "./small_graphs.js";
import { noise } from "./support.js";

const module = "";

/** Nodes behind `x`, a map with more than one row and column. */
const NETWORKS: Readonly<Record<string, (channels: number) => readonly Node[]>> = {
  "a gate of one pixel": () => [
    { kind: "globalAvgPool", name: "g", inputs: ["x"], module },
    { kind: "mul", name: "m", inputs: ["x", "g"], module },
  ],
  "a gate of rows": (channels) => [
    { kind: "globalAvgPool", name: "g", inputs: ["x"], module },
    { kind: "flatten", name: "f", inputs: ["g"], module },
    { kind: "dense", name: "d", inputs: ["f"], module, weight: "d.w", bias: null, units: channels },
    { kind: "mul", name: "m", inputs: ["x", "d"], module },
    relu("r", "m"),
  ],
  "int8 numbers": () => [
    {
      kind: "fakeQuantize",
      name: "q",
      inputs: ["x"],
      module,
      scale: 0.037,
      zeroPoint: -7,
      low: -128,
      high: 127,
      rounding: "half_away",
    },
    conv("c", "q"),
    {
      kind: "fakeQuantize",
      name: "p",
      inputs: ["c"],
      module,
      scale: 0.5,
      zeroPoint: 3,
      low: 3,
      high: 15,
      rounding: "half_even",
    },
  ],
  "log softmax": () => [{ kind: "logSoftmax", name: "l", inputs: ["x"], module }],
  "flattening NHWC": () => [
    { kind: "flatten", name: "f", inputs: ["x"], module, layout: "NHWC" },
    { kind: "dense", name: "d", inputs: ["f"], module, weight: "d.w", bias: "d.b", units: 6 },
  ],
  "flattening NHWC alone": () => [{ kind: "flatten", name: "f", inputs: ["x"], module, layout: "NHWC" }],
  "flattening NCHW": () => [{ kind: "flatten", name: "f", inputs: ["x"], module }],
  "a crop on all sides": () => [
    { kind: "crop", name: "c", inputs: ["x"], module, top: 1, left: 0, bottom: 1, right: 1 },
    relu("r", "c"),
  ],
};

const cases = fc.record({
  network: fc.constantFrom(...Object.keys(NETWORKS)),
  batch: fc.integer({ min: 1, max: 3 }),
  channels: fc.constantFrom(1, 3, 4, 7, 8, 17),
  height: fc.integer({ min: 3, max: 6 }),
  width: fc.integer({ min: 2, max: 6 }),
  seed: fc.integer({ min: 1, max: 1e6 }),
});

test("a gate is one at every size, also of a network that was built for maps of one pixel", async () => {
  for (const name of ["a gate of one pixel", "a gate of rows"]) {
    const graph = graphOf(NETWORKS[name](7), [1, 7, 1, 1]);
    const weights = randomWeights(graph, 1);
    const session = await createSession({ graph, weights });
    for (const shape of [
      [2, 7, 1, 1],
      [2, 7, 5, 3],
      [1, 7, 2, 2],
    ]) {
      const input = noise(shape, 2);
      const expected = runReference(graph, weights, input).output.data;
      session.run(input).data.forEach((value, i) => {
        assert.ok(
          Math.abs(value - expected[i]) <= 1e-5 * Math.max(1, Math.abs(expected[i])),
          `${name}, ${shape}: ${i}`,
        );
      });
    }
  }
});

test("layers behind a flattening have as many numbers as a run's picture gives", async () => {
  const flat: Node = { kind: "flatten", name: "f", inputs: ["x"], module };
  const tails: readonly (readonly Node[])[] = [
    [{ kind: "scale", name: "s", inputs: ["f"], module, factor: 2 }],
    [{ kind: "clip", name: "s", inputs: ["f"], module, min: -0.5, max: 1 }],
    [{ kind: "quantize", name: "s", inputs: ["f"], module, method: "sign_greater", bits: 1 }],
    [
      { kind: "scale", name: "n", inputs: ["f"], module, factor: -2 },
      { kind: "quantize", name: "s", inputs: ["n"], module, method: "sign_greater", bits: 1 },
    ],
    [
      { kind: "scale", name: "n", inputs: ["f"], module, factor: -2 },
      { kind: "quantize", name: "s", inputs: ["n"], module, method: "det_sign", bits: 1 },
    ],
  ];
  for (const tail of tails) {
    const graph = graphOf([flat, ...tail], [1, 3, 2, 2]);
    const session = await createSession({ graph, weights: new Map() });
    for (const size of [2, 5, 1, 3]) {
      const input = noise([2, 3, size, size], 4);
      const expected = runReference(graph, new Map(), input).output.data;
      assert.deepEqual(session.run(input).data, Float32Array.from(expected), `${tail.at(-1)!.kind}, ${size}`);
    }
  }
});

test("an addition that another size makes one of fewer features is refused", async () => {
  const nodes: readonly Node[] = [
    { kind: "globalAvgPool", name: "g", inputs: ["x"], module },
    { kind: "flatten", name: "f", inputs: ["g"], module },
    { kind: "flatten", name: "h", inputs: ["x"], module },
    { kind: "add", name: "a", inputs: ["h", "f"], module, channelOffset: 0 },
  ];
  const session = await createSession({ graph: graphOf(nodes, [1, 3, 1, 1]), weights: new Map() });
  assert.deepEqual(session.run(noise([1, 3, 1, 1], 1)).shape, [1, 3]);
  assert.throws(
    () => session.run(noise([1, 3, 2, 2], 1)),
    (error) =>
      error instanceof XnorkitError && error.code === "bad-shape" && /adds 3 features to 12/.test(error.message),
  );
});

test("any size gives the reference's numbers", async () => {
  await fc.assert(
    fc.asyncProperty(cases, async ({ network, batch, channels, height, width, seed }) => {
      const graph = graphOf(NETWORKS[network](channels), [batch, channels, height, width]);
      const weights = randomWeights(graph, seed);
      const input = noise(graph.inputShape, seed);
      const expected = runReference(graph, weights, input).output;
      const session = await createSession({ graph, weights });
      const { shape, data } = session.run(input);
      assert.deepEqual(shape, expected.shape);
      // A number a rounding away from a half is a step off behind `fakeQuantize`.
      const step = network === "int8 numbers" ? 0.5 : 0;
      let off = 0;
      expected.data.forEach((value, i) => {
        const difference = Math.abs(value - data[i]);
        if (difference <= 1e-5 * Math.max(1, Math.abs(value))) return;
        off++;
        assert.ok(difference <= step * 1.001, `${network} [${i}] is ${data[i]}, expected ${value}`);
      });
      assert.ok(off <= expected.data.length / 100, `${off} of ${expected.data.length} are a step off`);
      session.dispose();
    }),
    { numRuns: 120, seed: 3 },
  );
});
