/** Whole networks, and layers in a row, against the reference. */
import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import type { KernelChoice } from "../../src/compiler/choose_kernel.js";
import { type Block, buildGraph } from "../../src/graph/builder.js";
import type { Graph } from "../../src/graph/types.js";
import { randomWeights } from "../../src/models/random_weights.js";
import { qActivation, qConv2d } from "../../src/nn/bmxnet.js";
import * as nn from "../../src/nn/gluon.js";
import { createSession } from "../../src/runtime/session.js";
import { followDecisions } from "../goldens/decisions.js";
import { awkwardNorms, noise } from "./support.js";

const binaryLayer = fc.record({
  channels: fc.integer({ min: 1, max: 90 }),
  kernelSize: fc.constantFrom(1, 2, 3, 5),
  stride: fc.constantFrom(1, 1, 2, 3),
  padding: fc.integer({ min: 0, max: 2 }),
  dilation: fc.constantFrom(1, 1, 2),
  norm: fc.boolean(),
  after: fc.constantFrom("nothing", "relu", "maxPool", "avgPool", "residual"),
});

const network = fc.record({
  batch: fc.integer({ min: 1, max: 3 }),
  inputs: fc.integer({ min: 1, max: 7 }),
  size: fc.integer({ min: 9, max: 15 }),
  stem: fc.integer({ min: 1, max: 70 }),
  layers: fc.array(binaryLayer, { minLength: 1, maxLength: 3 }),
  head: fc.constantFrom("pool", "flatten"),
  seed: fc.nat(1000),
  kernel: fc.constantFrom("table", "popcount", "auto"),
  padValue: fc.constantFrom(-1, 0, 1),
});

function residual(block: Block): Block {
  return {
    type: "Residual",
    forward: (scope, input) =>
      scope.add({ kind: "add", channelOffset: 0 }, [scope.child("body", block, input), input], "add"),
  };
}

function build(spec: typeof network extends fc.Arbitrary<infer T> ? T : never): Graph {
  const blocks: Block[] = [
    nn.conv2d({ channels: spec.stem, kernelSize: 3, padding: 1, useBias: false }),
    nn.batchNorm(),
  ];
  let channels = spec.stem;
  for (const layer of spec.layers) {
    const keeps = layer.after === "residual";
    const conv = qConv2d({
      channels: keeps ? channels : layer.channels,
      kernelSize: keeps ? 3 : layer.kernelSize,
      strides: keeps ? 1 : layer.stride,
      padding: keeps ? 1 : layer.padding + layer.dilation * (layer.kernelSize >> 1),
      dilation: keeps ? 1 : layer.dilation,
      bits: 1,
      quantization: "det_sign",
      applyScaling: false,
    });
    const body = nn.hybridSequential([
      qActivation({ method: "det_sign", bits: 1 }),
      conv,
      ...(layer.norm ? [nn.batchNorm()] : []),
    ]);
    blocks.push(keeps ? residual(body) : body);
    if (layer.after === "relu") blocks.push(nn.relu());
    if (layer.after === "maxPool") blocks.push(nn.maxPool2d({ poolSize: 3, strides: 1, padding: 1 }), nn.batchNorm());
    if (layer.after === "avgPool") blocks.push(nn.avgPool2d({ strides: 1, padding: 1 }));
    if (!keeps) channels = layer.channels;
  }
  if (spec.head === "pool") blocks.push(nn.globalAvgPool2d());
  blocks.push(nn.flatten(), nn.dense({ units: 5 }));
  const graph = buildGraph("random", [spec.batch, spec.inputs, spec.size, spec.size], nn.hybridSequential(blocks));
  const { padValue } = spec;
  return { ...graph, nodes: graph.nodes.map((node) => (node.kind === "binaryConv2d" ? { ...node, padValue } : node)) };
}

test("random networks give the reference's numbers, whatever gets fused", async () => {
  await fc.assert(
    fc.asyncProperty(network, async (spec) => {
      const graph = build(spec);
      const kernel = spec.kernel as KernelChoice;
      const weights = awkwardNorms(graph, randomWeights(graph, spec.seed), spec.seed, false);
      const input = noise(graph.inputShape, spec.seed);
      const { differing, farthest, nearest, difference, scale } = await followDecisions({ graph, weights }, input, {
        kernel,
      });
      assert.ok(farthest < 1e-4, `${differing} decisions differ, one ${farthest} from its threshold`);
      assert.ok(difference <= 1e-5 * scale, `output differs by ${difference} at a scale of ${scale}`);
      // Fully fused: the same decisions, so the same output but for rounding, unless one was a near tie.
      if (nearest < 1e-4) return;
      const tapped = await createSession({ graph, weights }, { kernel, taps: graph.nodes.map((node) => node.name) });
      const fused = await createSession({ graph, weights }, { kernel });
      const a = tapped.run(input).data;
      const b = fused.run(input).data;
      for (const [i, value] of a.entries()) assert.ok(Math.abs(value - b[i]) <= 1e-5 * scale, `${value} and ${b[i]}`);
    }),
    { numRuns: 60 },
  );
});

/** convolution, batch norm, sign, convolution ...: nothing but bits between the layers. */
function sequential(channels: readonly number[]): Graph {
  const layers = channels.flatMap((c) => [
    qActivation({ method: "det_sign", bits: 1 }),
    qConv2d({
      channels: c,
      kernelSize: 3,
      strides: 1,
      padding: 1,
      dilation: 1,
      bits: 1,
      quantization: "det_sign",
      applyScaling: false,
    }),
    nn.batchNorm(),
  ]);
  return buildGraph(
    "sequential",
    [2, 3, 9, 9],
    nn.hybridSequential([nn.conv2d({ channels: 20, kernelSize: 3 }), ...layers]),
  );
}

test("sequential binary layers run on integer thresholds and decide exactly", async () => {
  for (const [seed, kernel] of [
    [1, "table"],
    [2, "table"],
    [3, "popcount"],
    [4, "popcount"],
  ] as const) {
    const graph = sequential([33, 64, 7, 130]);
    const weights = awkwardNorms(graph, randomWeights(graph, seed), seed, true);
    const input = noise(graph.inputShape, seed);
    const { differing, difference, scale } = await followDecisions({ graph, weights }, input, { kernel });
    assert.equal(differing, 0);
    assert.ok(difference <= 1e-5 * scale);
    const session = await createSession({ graph, weights }, { kernel });
    const kinds = session.profile(1).map((step) => step.kind);
    assert.ok(!kinds.includes("pointwise") && !kinds.includes("sign"), kinds.join(", "));
  }
});
