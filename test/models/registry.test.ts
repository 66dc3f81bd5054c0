/** Networks by name: the source's names, and the figures of its tables. */
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { summarize } from "../../src/graph/cost.js";
import { parameterSpecs } from "../../src/graph/parameters.js";
import { inferShapes } from "../../src/graph/shapes.js";
import type { Graph } from "../../src/graph/types.js";
import { getModel, modelNames } from "../../src/models/registry.js";
import { elementCount } from "../../src/tensor.js";
import { throwsError } from "../graph/errors.js";

const isFlex = (name: string) => name.endsWith("_flex");

test("names are the source's", () => {
  const resnets = ["e1", "e2"].flatMap((version) => [18, 34, 50, 101, 152].map((depth) => `resnet${depth}_${version}`));
  const basic = ["v1", "v2"].flatMap((version) => [18, 34].map((depth) => `resnet${depth}_${version}`));
  const melius = ["22", "29", "42", "59", "_a", "_b", "_c", "_flex"].map((name) => `meliusnet${name}`);
  assert.deepEqual(modelNames(), [
    ...resnets,
    ...basic,
    "binet18",
    "binet34",
    ...["densenet28", "densenet37", "densenet45", "densenet_flex"],
    ...melius,
    ...["naivenet17", "naivenet_flex"],
  ]);
  for (const name of modelNames()) {
    const graph = getModel(name, { classes: 7, ...(isFlex(name) && { blockConfig: [2, 1, 1, 2] }) });
    assert.equal(graph.name, name);
    assert.deepEqual(inferShapes(graph).get(graph.output), [1, 7], name);
  }
});

/** What a network costs, in the form of the tables: float figures with the dense layer, weights without biases. */
function figures(graph: Graph) {
  const { totals } = summarize(graph);
  const specs = parameterSpecs(graph).filter(({ role }) => role === "weight" || role === "bias");
  const count = (binary: boolean) =>
    specs.filter((spec) => spec.binary === binary).reduce((sum, { shape }) => sum + elementCount(shape), 0);
  const shapes = inferShapes(graph);
  const transitions = graph.nodes.flatMap((node) =>
    node.kind === "conv2d" && node.name.startsWith("layer")
      ? [`${shapes.get(node.inputs[0])![1]}>${node.channels}`]
      : [],
  );
  const last = graph.nodes.find((node) => node.kind === "dense")!;
  return {
    transitions: transitions.join(", "),
    channels: shapes.get(last.inputs[0])![1],
    binaryWeights: count(true) / 1e6,
    floatWeights: count(false) / 1e6,
    binaryMacs: totals.binaryMacs / 1e6,
    floatMacs: (totals.floatMacs + totals.denseMacs) / 1e6,
  };
}

describe("the dense networks have the figures of their tables at 224x224", () => {
  // Transitions, final channels; binary and float weights in millions, binary and float multiply-accumulates in
  // millions.
  const rows: readonly (readonly [string, string, number, ...number[]])[] = [
    ["densenet28", "448>160, 544>192, 576>256", 576, 4.202, 0.91, 3587, 202],
    ["densenet37", "448>128, 640>192, 960>256", 640, 7.594, 1.076, 4507, 200],
    ["densenet45", "448>160, 928>288, 1184>288", 800, 12.349, 1.49, 6431, 244],
    ["meliusnet22", "320>160, 480>224, 480>256", 512, 6.119, 0.804, 4624, 186],
    ["meliusnet29", "320>128, 512>192, 704>256", 640, 10.322, 0.97, 5470, 179],
    ["meliusnet42", "384>160, 672>256, 1152>416", 1056],
    ["meliusnet59", "448>192, 960>320, 1856>544", 1312],
    ["meliusnet_a", "320>160, 480>256, 576>288", 672],
    ["meliusnet_b", "320>160, 544>224, 736>320", 704],
    ["meliusnet_c", "256>128, 448>192, 832>288", 672],
    ["naivenet17", "256>128, 320>160, 352>192", 384, 9.446, 0.546, 6441, 157],
  ];
  for (const [name, transitions, channels, ...counts] of rows) {
    test(name, () => {
      const found = figures(getModel(name));
      assert.deepEqual([found.transitions, found.channels], [transitions, channels]);
      if (counts.length === 0) return;
      const { binaryWeights, floatWeights, binaryMacs, floatMacs } = found;
      const thousandths = (value: number) => Math.round(value * 1000) / 1000;
      assert.deepEqual(
        [thousandths(binaryWeights), thousandths(floatWeights), Math.round(binaryMacs), Math.round(floatMacs)],
        counts,
      );
    });
  }
});

test("resnet*_v1, _v2 and binet have the binary weights and multiply-accumulates of ResNetE of the same depth", () => {
  for (const depth of [18, 34]) {
    const expected = figures(getModel(`resnet${depth}_e1`));
    for (const name of [`resnet${depth}_v1`, `resnet${depth}_v2`, `binet${depth}`]) {
      assert.deepEqual(figures(getModel(name)), expected, name);
    }
  }
});

describe("refuses", () => {
  test("other names", () => {
    throwsError(() => getModel("resnet18e1"), "unknown-name", '"resnet18e1"', '"resnet18_e1"');
    throwsError(() => getModel("toString"), "unknown-name");
  });

  test("names that the source cannot build, with the reason", () => {
    throwsError(() => getModel("resnet50_v1"), "unsupported", "resnet50_v1", "TypeError", "resnet50_e1");
    throwsError(() => getModel("resnet152_v2"), "unsupported", "TypeError", "resnet152_e1");
    throwsError(() => getModel("binet101"), "unsupported", "KeyError");
    throwsError(() => getModel("meliusnet23"), "unsupported", "no constructor");
    throwsError(() => getModel("mobilenet1.0"), "unsupported", "AssertionError");
    for (const name of ["densenet_flex", "meliusnet_flex"]) {
      throwsError(() => getModel(name), "bad-option", "blockConfig");
    }
  });

  test("the options of another family", () => {
    throwsError(() => getModel("densenet28", { useFp: true }), "bad-option", '"useFp"');
    throwsError(() => getModel("resnet18_v1", { slices: 2 }), "bad-option", '"slices"');
    throwsError(() => getModel("resnet18_e1", { growthRate: 2 }), "bad-option", '"growthRate"');
  });
});
