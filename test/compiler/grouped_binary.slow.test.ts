/**
 * Binary convolutions in groups: every code, border and kernel against the reference, at group sizes off every grid.
 */
import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { tablePasses } from "../../src/compiler/binary/groups.js";
import { chooseBinaryKernel } from "../../src/compiler/choose_kernel.js";
import { compileGraph, planProgram } from "../../src/compiler/compile.js";
import type { BinaryConv2dNode, Graph, Node } from "../../src/graph/types.js";
import { windowPlaces } from "../../src/graph/window.js";
import { randomWeights } from "../../src/models/random_weights.js";
import { runReference } from "../../src/reference/index.js";
import { createSession } from "../../src/runtime/session.js";
import { followDecisions } from "../goldens/decisions.js";
import { compare } from "../goldens/support.js";
import { binary, graphOf, sign } from "./small_graphs.js";
import { noise } from "./support.js";

const codes = [
  { method: "det_sign", quantizer: "det_sign", bits: 1 },
  { method: "sign", quantizer: "sign", bits: 1 },
  { method: "sign", quantizer: "det_sign", bits: 1 },
  { method: "round", quantizer: "dorefa", bits: 2 },
  { method: "dorefa", quantizer: "det_sign", bits: 3 },
] as const;

/** A grouped layer of a code on a map; `change` is what of its node is different. */
function graphOfLayer(
  code: (typeof codes)[number],
  inputs: number,
  change: Partial<BinaryConv2dNode>,
  [batch, height, width]: readonly [number, number, number] = [2, 6, 5],
): Graph {
  const layer = { ...binary("c", "s"), quantizer: code.quantizer, bits: code.bits, offset: false, ...change };
  const quantize = { ...sign("s", "x"), method: code.method, bits: code.bits } as Node;
  return graphOf([quantize, layer as Node], [batch, inputs, height, width]);
}

async function assertExact(graph: Graph, seed: number): Promise<void> {
  const weights = randomWeights(graph, seed);
  const { shape, data } = noise(graph.inputShape, seed);
  // Some values exactly 0, which torch's sign keeps.
  const input = { shape, data: Float32Array.from(data, (x, i) => (i % 5 === 0 ? 0 : x)) };
  const scaled = (graph.nodes[2] as BinaryConv2dNode).scaling !== "none";
  const expected = runReference(graph, weights, input).output.data;
  // Levels are decided on tanh in float32 here, in float64 there: near ties may differ, sums of the same levels not.
  const hasLevels = graph.nodes.some((node) => node.kind === "quantize" && node.bits > 1);
  for (const kernel of ["table", "popcount"] as const) {
    if (hasLevels) {
      const followed = await followDecisions({ graph, weights }, input, { kernel });
      assert.ok(followed.farthest < 1e-4, `${kernel}: a level is decided ${followed.farthest} from its threshold`);
      assert.ok(followed.difference <= 1e-5 * followed.scale, `${kernel}: ${followed.difference} with its own levels`);
    }
    const session = await createSession({ graph, weights }, { kernel });
    const { difference, scale } = compare(session.run(input).data as Float32Array, expected);
    // Sums of signs and zeros are exact; levels are thirds and sevenths.
    const exact = graph.nodes.every((node) => !("bits" in node) || node.bits === 1) && !scaled;
    assert.ok(
      hasLevels || difference <= (exact ? 0 : 1e-5 * scale),
      `${kernel}: ${difference}, ${JSON.stringify(graph.nodes.slice(1))}`,
    );
    const [{ kind, binaryMacs }] = session.profile(1).filter(({ name }) => name === "c");
    assert.match(kind, new RegExp(`Conv2d .${kernel}`));
    const [, channels, ...places] = session.run(input).shape;
    const node = graph.nodes[2] as BinaryConv2dNode;
    const products = (graph.inputShape[1] / node.groups) * node.kernel[0] * node.kernel[1];
    assert.equal(binaryMacs, shape[0] * channels * places[0] * places[1] * products);
  }
}

test("groups of 64, 32, 16, odd and single channels, and groups across words, of every code and border", async () => {
  for (const code of codes)
    for (const padValue of [-1, 0, 1] as const)
      for (const [inputs, channels, groups] of [
        [128, 128, 2],
        [64, 64, 2],
        [64, 256, 4],
        [66, 66, 66],
        [192, 192, 2],
        [100, 60, 5],
        [21, 9, 3],
      ] as const)
        await assertExact(graphOfLayer(code, inputs, { channels, groups, padValue }), 3);
});

const layer = fc.record({
  code: fc.constantFrom(...codes),
  batch: fc.integer({ min: 1, max: 2 }),
  read: fc.oneof(fc.integer({ min: 1, max: 40 }), fc.constantFrom(64, 65, 96)),
  written: fc.oneof(fc.integer({ min: 1, max: 40 }), fc.constantFrom(64, 65, 96)),
  groups: fc.integer({ min: 2, max: 9 }),
  height: fc.integer({ min: 1, max: 9 }),
  width: fc.integer({ min: 1, max: 9 }),
  kernel: fc.constantFrom<readonly [number, number]>([1, 1], [3, 3], [1, 3], [2, 4]),
  stride: fc.tuple(fc.integer({ min: 1, max: 2 }), fc.integer({ min: 1, max: 3 })),
  dilation: fc.tuple(fc.integer({ min: 1, max: 2 }), fc.integer({ min: 1, max: 2 })),
  padding: fc.oneof(
    fc.constant("same" as const),
    fc.tuple(fc.nat(3), fc.nat(3)),
    fc.tuple(fc.nat(3), fc.nat(3), fc.nat(3), fc.nat(3)),
  ),
  padValue: fc.constantFrom(-1 as const, 0 as const, 1 as const),
  scaling: fc.constantFrom("none" as const, "channel" as const),
  seed: fc.nat(1000),
});

test("any sizes, strides, dilations and paddings", async () => {
  await fc.assert(
    fc.asyncProperty(layer, async ({ code, batch, read, written, height, width, seed, ...node }) => {
      const { groups } = node;
      fc.pre(windowPlaces(node, [height, width]).every((places) => places > 0));
      fc.pre(node.scaling === "none" || code.quantizer !== "dorefa");
      const change = { ...node, channels: written * groups };
      await assertExact(graphOfLayer(code, read * groups, change, [batch, height, width]), seed);
    }),
    { numRuns: 60 },
  );
});

test("large maps in groups run in bands, and many channels in blocks", async () => {
  const [signs] = codes;
  for (const workers of [1, 4])
    for (const [inputs, channels, groups, size] of [
      [128, 128, 2, 60],
      [72, 300, 3, 40],
    ] as const)
      for (const kernel of ["table", "popcount"] as const) {
        const graph = graphOfLayer(signs, inputs, { channels, groups, padValue: 0 }, [1, size, size]);
        const weights = randomWeights(graph, 1);
        const plan = planProgram(compileGraph(graph, weights, { kernel }), graph.inputShape, "f32", { workers });
        const [step] = plan.steps.filter(({ name }) => name === "c");
        assert.ok(Math.max(...step.phases.map((tasks) => tasks.length)) > 1, `${step.kind} is one task`);
        await assertExact(graph, 2);
      }
});

test("passes read the words of their groups alone", () => {
  const passes = (inChannels: number, outChannels: number, groups: number) =>
    tablePasses({ inChannels, outChannels, groups }).map((pass) => [
      ...[pass.firstOutput, pass.outputs, pass.firstWord, pass.words],
      ...[pass.masked ? "masked" : "whole"],
    ]);
  assert.deepEqual(passes(128, 128, 2), [
    [0, 64, 0, 1, "whole"],
    [64, 64, 1, 1, "whole"],
  ]);
  assert.deepEqual(passes(64, 64, 2), [[0, 64, 0, 1, "masked"]]);
  assert.deepEqual(passes(64, 256, 2), [[0, 256, 0, 1, "masked"]]);
  assert.deepEqual(passes(192, 192, 2), [
    [0, 64, 0, 2, "masked"],
    [64, 64, 0, 3, "masked"],
    [128, 64, 1, 2, "masked"],
  ]);
  assert.deepEqual(passes(256, 512, 2), [
    [0, 256, 0, 2, "whole"],
    [256, 256, 2, 2, "whole"],
  ]);
  assert.deepEqual(passes(100, 10, 1), [[0, 10, 0, 2, "whole"]]);
});

test("the cost of groups decides: tables if a pass counts many outputs, popcount if few channels share rows", () => {
  const choose = (inChannels: number, outChannels: number, groups: number) => {
    const size = { pixels: 784, inputPixels: 784, taps: 9, inChannels, outChannels, groups };
    return chooseBinaryKernel(size, false, "auto");
  };
  assert.equal(choose(128, 128, 2), "table");
  assert.equal(choose(64, 64, 2), "table");
  assert.equal(choose(64, 64, 64), "table");
  assert.equal(choose(512, 16, 2), "popcount");
  assert.equal(choose(66, 2, 2), "popcount");
  // More products than u16 counts hold, but few in a group.
  const long = { pixels: 1, inputPixels: 1, taps: 9, inChannels: 8000, outChannels: 8 };
  assert.equal(chooseBinaryKernel({ ...long, groups: 8 }, false, "table"), "table");
  assert.equal(chooseBinaryKernel({ ...long, groups: 1 }, false, "table"), "popcount");
});
