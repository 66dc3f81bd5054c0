/** DenseNet, MeliusNet and NaiveNet: structure, options and what is refused. */
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { parameterSpecs } from "../../src/graph/parameters.js";
import { inferShapes } from "../../src/graph/shapes.js";
import type { Graph } from "../../src/graph/types.js";
import { type BaseNetOptions, baseNetDense } from "../../src/models/base_net_dense.js";
import { reducedChannels } from "../../src/models/base_net_spec.js";
import { throwsError } from "../graph/errors.js";

const tiny: BaseNetOptions = {
  kind: "densenet",
  spec: "flex",
  blockConfig: [2, 1],
  growthRate: 32,
  initFeatures: 32,
  reduction: [2],
  classes: 3,
  initialLayers: "thumbnail",
  inputShape: [1, 3, 8, 8],
};

function additions(graph: Graph): readonly (readonly [name: string, offset: number])[] {
  return graph.nodes.flatMap((node) => (node.kind === "add" ? [[node.name, node.channelOffset] as const] : []));
}

function layersOf(graph: Graph, path: string): readonly string[] {
  return graph.modules.filter((module) => new RegExp(`^${path}\\.\\d+$`).test(module.path)).map(({ type }) => type);
}

test("dense blocks join what they compute behind what they read", () => {
  const graph = baseNetDense(tiny);
  const shapes = inferShapes(graph);
  assert.deepEqual(
    graph.nodes.flatMap((node) => (node.kind === "concat" ? [[node.name, node.inputs, shapes.get(node.name)]] : [])),
    [
      ["layer0.0.0.concat", ["features.0", "layer0.0.0.1.1.qconv"], [1, 64, 8, 8]],
      ["layer0.0.1.concat", ["layer0.0.0.concat", "layer0.0.1.1.1.qconv"], [1, 96, 8, 8]],
      ["layer1.1.0.concat", ["layer1.0.3", "layer1.1.0.1.1.qconv"], [1, 96, 4, 4]],
    ],
  );
  assert.deepEqual(layersOf(graph, "layer1.0"), ["BatchNorm", "MaxPool2D", "Activation", "Conv2D"]);
  assert.deepEqual(additions(graph), []);
  assert.deepEqual(
    parameterSpecs(graph).flatMap(({ name, role }) => (role === "weight" ? [name] : [])),
    [
      "features.0.weight",
      "layer0.0.0.1.1.qconv.weight",
      "layer0.0.1.1.1.qconv.weight",
      "layer1.0.3.weight",
      "layer1.1.0.1.1.qconv.weight",
      "output.weight",
    ],
  );
});

test("MeliusNet improves the newest channels, NaiveNet all of them", () => {
  assert.deepEqual(additions(baseNetDense({ ...tiny, kind: "meliusnet" })), [
    ["layer0.0.1.add", 32],
    ["layer0.0.3.add", 64],
    ["layer1.1.1.add", 64],
  ]);
  const naive = baseNetDense({ ...tiny, kind: "naivenet" });
  assert.deepEqual(additions(naive), [
    ["layer0.0.1.add", 0],
    ["layer0.0.3.add", 0],
    ["layer1.1.1.add", 0],
  ]);
  assert.deepEqual(inferShapes(naive).get("layer0.0.3.body.1.qconv"), [1, 96, 8, 8]);
});

test("transitions have the layers that downsample names", () => {
  const layers = (downsample: string) => layersOf(baseNetDense({ ...tiny, downsample }), "layer1.0");
  assert.deepEqual(layers("bn,relu,q_conv,pool"), ["BatchNorm", "Activation", "BinaryConvolution", "AvgPool2D"]);
  const graph = baseNetDense({ ...tiny, downsample: "cs,fp_conv:4,cs:8,max_pool" });
  const groups = graph.nodes.flatMap((node) => (node.kind === "channelShuffle" ? [node.groups] : []));
  assert.deepEqual(groups, [16, 8]);
  const convolution = graph.nodes.find(({ name }) => name === "layer1.0.1");
  assert.ok(convolution?.kind === "conv2d" && convolution.groups === 4);
});

test("dilation replaces the pooling before the stages 3 and 4", () => {
  const graph = baseNetDense({ kind: "densenet", spec: "28", dilated: true });
  const shapes = inferShapes(graph);
  assert.deepEqual(
    ["layer0", "layer1", "layer2", "layer3"].map((path) => {
      const { output } = graph.modules.find((module) => module.path === path)!;
      return shapes.get(output)!.slice(2);
    }),
    [
      [56, 56],
      [28, 28],
      [28, 28],
      [28, 28],
    ],
  );
  assert.deepEqual(layersOf(graph, "layer2.0"), ["BatchNorm", "Activation", "Conv2D"]);
  const convolution = graph.nodes.find(({ name }) => name === "layer3.1.0.1.1.qconv");
  assert.ok(convolution?.kind === "binaryConv2d");
  assert.deepEqual(
    [convolution.dilation, convolution.padding],
    [
      [4, 4],
      [4, 4],
    ],
  );
  throwsError(
    () => baseNetDense({ kind: "densenet", spec: "28", dilated: true, binary: { approximation: "xnor" } }),
    "bad-shape",
    "layer2",
    "dilation 2",
  );
});

test("channels are divided and rounded as in Python", () => {
  // Python: int(round((channels // reduction) / 32)) * 32
  assert.equal(reducedChannels(80, 1), 64); // 2.5 goes to the even 2
  assert.equal(reducedChannels(112, 1), 128); // 3.5 to 4
  assert.equal(reducedChannels(48, 1), 64); // 1.5 to 2
  assert.equal(reducedChannels(100, 0.1), 992); // 100 // 0.1 is 999
  assert.equal(reducedChannels(480, 1 / (224 / 480)), 224);
  assert.equal(reducedChannels(704, 1 / (256 / 704)), 256);
});

describe("refuses", () => {
  const refuses = (change: object, ...parts: readonly string[]) =>
    throwsError(() => baseNetDense({ ...tiny, ...change } as BaseNetOptions), "bad-option", ...parts);

  test("values that the source cannot build either", () => {
    refuses({ kind: "toString" }, "kind", "densenet");
    refuses({ spec: "constructor" }, '"constructor"');
    refuses({ spec: "28" }, "blockConfig", "6, 6, 6, 5");
    refuses({ blockConfig: undefined }, "blockConfig");
    refuses({ blockConfig: [1, 1, 1, 1, 1], reduction: [2, 2, 2, 2] }, "blockConfig");
    refuses({ blockConfig: [1, 0] }, "blockConfig[1] is 0");
    refuses({ reduction: [2, 2] }, "reduction", "1 numbers");
    refuses({ reduction: undefined }, "reduction"); // flex has three of its own
    refuses({ reduction: [0] }, "reduction");
    refuses({ reduction: [1e9] }, "reduction[0] is 1000000000");
    refuses({ reduction: [1e-9] }, "reduction[0]");
    refuses({ growthRate: -1 }, "growthRate is -1");
    refuses({ initFeatures: "64" }, "initFeatures");
    refuses({ dilated: 1 }, "dilated is 1");
    refuses({ slices: 2 }, '"slices"');
  });

  test("layers of a transition that are none", () => {
    refuses({ downsample: 3 }, "downsample is 3");
    refuses({ downsample: "bn,maxpool" }, '"maxpool"', '"max_pool"');
    refuses({ downsample: "bn:2" }, '"bn:2"', "groups");
    refuses({ downsample: "fp_conv:0" }, '"fp_conv:0"');
    refuses({ downsample: "fp_conv:x" }, '"fp_conv:x"');
    throwsError(() => baseNetDense({ ...tiny, downsample: "cs:7,fp_conv" }), "bad-shape", "layer1.0.0", "7 groups");
  });

  test("an input that does not fit the last pooling", () => {
    throwsError(() => baseNetDense({ ...tiny, inputShape: [1, 3, 4, 4] }), "bad-shape", "finalize.2");
  });
});
