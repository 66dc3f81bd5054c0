/** Multiply-accumulates and parameters of known networks. */
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { summarize } from "../../src/graph/cost.js";
import { getModel } from "../../src/models/registry.js";
import type { ResnetEVariant } from "../../src/models/resnet_e.js";
import { resnetE } from "../../src/models/resnet_e.js";

function totals(name: string, options: ResnetEVariant = {}) {
  return summarize(getModel(name, options)).totals;
}

describe("ResNetE18 at 224x224, 1000 classes", () => {
  // Counts of 3x3 and 1x1 binary convolutions, stem and shortcuts written out by hand from the ResNet table.
  const laterStage = (channels: number) => ((56 * 64) / channels) ** 2 * channels * 9 * (channels / 2 + 3 * channels);
  const trunk = 4 * 56 ** 2 * 64 * 64 * 9 + laterStage(128) + laterStage(256) + laterStage(512);
  const shortcuts = 3 * 28 ** 2 * 64 * 128;
  const stem = 112 ** 2 * 64 * 3 * 49;

  test("E1 as the source defaults it", () => {
    const found = totals("resnet18_e1");
    assert.equal(found.binaryMacs, trunk + shortcuts);
    assert.equal((found.binaryMacs / 1e6).toFixed(2), "1695.55");
    assert.equal(found.floatMacs, stem);
    assert.equal((stem / 1e6).toFixed(2), "118.01");
    assert.equal(found.denseMacs, 512_000);
    assert.equal(found.operations, stem + (trunk + shortcuts) / 64);
    // Stored elements less the running statistics of 4867 batch norm channels.
    assert.equal(found.parameters, 11_699_380 - 2 * 4867);
    assert.equal(found.packedBytes, 11_157_504 / 8 + 522_408 * 4 + 4867 * 8);
  });

  test("float shortcuts (use_fp)", () => {
    const found = totals("resnet18_e1", { useFp: true });
    assert.equal(found.binaryMacs, trunk);
    assert.equal((trunk / 1e6).toFixed(2), "1676.28");
    assert.equal(found.floatMacs, stem + shortcuts);
    assert.equal((shortcuts / 1e6).toFixed(2), "19.27");
    assert.equal(found.packedBytes, 10_985_472 / 8 + 694_440 * 4 + 4867 * 8);
  });

  test("grouped stem", () => {
    const found = totals("resnet18_e1", { useFp: true, usePooling: true, initialLayers: "grouped_stem" });
    assert.equal(found.binaryMacs, trunk);
    assert.equal((found.floatMacs / 1e6).toFixed(2), "87.91"); // 68.64 M in the stem
    assert.equal(found.parameters, 11_695_700 - 2 * 4931);
    assert.equal(found.packedBytes, 10_985_472 / 8 + 690_504 * 4 + 4931 * 8);
  });

  test("E2 differs in the batch norms alone", () => {
    const found = totals("resnet18_e2");
    assert.equal(found.binaryMacs, trunk + shortcuts);
    assert.equal(found.parameters, 11_157_504 + 522_408 + 2 * 3971);
  });
});

test("ResNetE34 and 50 at 224x224", () => {
  assert.equal((totals("resnet34_e1").binaryMacs / 1e6).toFixed(2), "3545.24");
  const e50 = totals("resnet50_e1");
  assert.equal((e50.binaryMacs / 1e9).toFixed(1), "55.4");
});

test("another shape: macs follow batch and size, parameters stay", () => {
  const graph = getModel("resnet18_e1", { initialLayers: "thumbnail" });
  const one = summarize(graph);
  const four = summarize(graph, [4, 3, 32, 32]);
  const large = summarize(graph, [1, 3, 64, 64]);
  assert.deepEqual(four.inputShape, [4, 3, 32, 32]);
  assert.equal(four.totals.binaryMacs, 4 * one.totals.binaryMacs);
  assert.equal(four.totals.denseMacs, 4 * one.totals.denseMacs);
  assert.equal(large.totals.binaryMacs, 4 * one.totals.binaryMacs);
  assert.equal(large.totals.parameters, one.totals.parameters);
});

test("layers are the module tree, each with its children's costs", () => {
  const summary = summarize(
    resnetE({
      version: 1,
      layers: [1],
      channels: [8, 16],
      classes: 10,
      initialLayers: "thumbnail",
      inputShape: [1, 1, 6, 6],
    }),
  );
  const byPath = new Map(summary.layers.map((layer) => [layer.path, layer]));
  assert.deepEqual(
    summary.layers.slice(0, 9).map(({ path, type, depth }) => [path, type, depth]),
    [
      ["", "ResNetE1", 0],
      ["features", "HybridSequential", 1],
      ["features.0", "BatchNorm", 2],
      ["features.1", "Conv2D", 2],
      ["features.2", "BatchNorm", 2],
      ["features.3", "HybridSequential", 2],
      ["features.3.0", "BasicBlockE1", 3],
      ["features.3.0.body", "HybridSequential", 4],
      ["features.3.0.body.0", "BinaryConvolution", 5],
    ],
  );
  const convolution = 8 * 16 * 9;
  assert.deepEqual(byPath.get("features.3.0.body.0"), {
    path: "features.3.0.body.0",
    type: "BinaryConvolution",
    depth: 5,
    outputShape: [1, 16, 6, 6],
    binaryMacs: convolution * 36,
    floatMacs: 0,
    denseMacs: 0,
    parameters: convolution,
    packedBytes: convolution / 8,
  });
  assert.equal(byPath.get("features.3.0.body")?.packedBytes, convolution / 8 + 16 * 8);
  assert.equal(byPath.get("features.3.0.downsample")?.binaryMacs, 8 * 16 * 36);
  assert.equal(byPath.get("output")?.denseMacs, 160);
  const { operations: _, ...whole } = summary.totals;
  const { path: _path, type: _type, depth: _depth, outputShape, ...root } = summary.layers[0];
  assert.deepEqual(root, whole);
  assert.deepEqual(outputShape, [1, 10]);
});

test("a shared parameter counts once", () => {
  const graph = resnetE({ version: 1, layers: [1], channels: [8, 8], classes: 10, initialLayers: "thumbnail" });
  const shared = "features.3.0.body.0.qconv.weight";
  const nodes = graph.nodes.map((node) => (node.kind === "binaryConv2d" ? { ...node, weight: shared } : node));
  const alone = summarize(graph).totals;
  const together = summarize({ ...graph, nodes }).totals;
  assert.equal(together.parameters, alone.parameters - 8 * 8 * 9);
  assert.equal(together.binaryMacs, alone.binaryMacs);
});
