/** ResNetE: structure, tables, and options that are refused. */
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { parameterSpecs } from "../../src/graph/parameters.js";
import { inferShapes } from "../../src/graph/shapes.js";
import type { Graph } from "../../src/graph/types.js";
import { getModel } from "../../src/models/registry.js";
import { type ResnetEOptions, resnetE } from "../../src/models/resnet_e.js";
import { resnetDepths, resnetSpec } from "../../src/models/resnet_spec.js";
import { elementCount } from "../../src/tensor.js";
import { throwsError } from "../graph/errors.js";

const tiny: ResnetEOptions = {
  version: 1,
  layers: [1, 1],
  channels: [8, 8, 16],
  classes: 10,
  initialLayers: "thumbnail",
};

function blockCounts(graph: Graph): readonly number[] {
  const stages = new Map<string, number>();
  for (const { path, type } of graph.modules) {
    if (!type.startsWith("BasicBlock")) continue;
    const stage = path.slice(0, path.lastIndexOf("."));
    stages.set(stage, (stages.get(stage) ?? 0) + 1);
  }
  return [...stages.values()];
}

function type(graph: Graph, path: string): string | undefined {
  return graph.modules.find((module) => module.path === path)?.type;
}

describe("structure", () => {
  test("indices of features", () => {
    const types = (options: ResnetEOptions) => {
      const graph = resnetE({ ...options, inputShape: [1, 3, 64, 64] });
      return graph.modules.filter(({ path }) => /^features\.\d+$/.test(path)).map((module) => module.type);
    };
    const imagenet = ["BatchNorm", "Conv2D", "BatchNorm", "Activation", "MaxPool2D"];
    const end = ["Activation", "GlobalAvgPool2D", "Flatten"];
    const stages = ["HybridSequential", "HybridSequential"];
    assert.deepEqual(types({ ...tiny, initialLayers: "imagenet" }), [...imagenet, "BatchNorm", ...stages, ...end]);
    assert.deepEqual(types({ ...tiny, initialLayers: "imagenet", version: 2 }), [
      ...imagenet,
      ...stages,
      "BatchNorm",
      ...end,
    ]);
    assert.deepEqual(types(tiny), ["BatchNorm", "Conv2D", "BatchNorm", ...stages, ...end]);
    assert.deepEqual(types({ ...tiny, version: 2 }), ["BatchNorm", "Conv2D", ...stages, "BatchNorm", ...end]);
  });

  test("two blocks a layer, more with slices", () => {
    assert.deepEqual(blockCounts(getModel("resnet34_e2")), [6, 8, 12, 6]);
    assert.deepEqual(blockCounts(getModel("resnet152_e1")), [6, 16, 72, 6]);
    for (const [slices, counts] of [
      [2, [8, 7, 7, 7]],
      [4, [16, 13, 13, 13]],
      [8, [32, 25, 25, 25]],
    ] as const) {
      assert.deepEqual(blockCounts(getModel("resnet18_e1", { slices })), counts);
    }
  });

  test("slices write in turn, from block 0 in the first stage, from block 1 in the others", () => {
    const graph = resnetE({ ...tiny, slices: 4 });
    const offsets = graph.nodes.flatMap((node) => (node.kind === "add" ? [[node.name, node.channelOffset]] : []));
    assert.deepEqual(offsets, [
      ...[0, 2, 4, 6, 0, 2, 4, 6].map((offset, block) => [`features.3.${block}.add`, offset]),
      ["features.4.0.add", 0],
      ...[0, 4, 8, 12].map((offset, index) => [`features.4.${index + 1}.add`, offset]),
    ]);
  });

  test("E1 shortcuts read the block's input, E2 shortcuts its batch norm", () => {
    const inputs = (graph: Graph, name: string) => graph.nodes.find((node) => node.name === name)?.inputs;
    const one = resnetE(tiny);
    assert.deepEqual(inputs(one, "features.4.0.body.0.qact"), ["features.3.1.add"]);
    assert.deepEqual(inputs(one, "features.4.0.downsample.0.qact"), ["features.3.1.add"]);
    assert.deepEqual(inputs(one, "features.4.0.add"), ["features.4.0.downsample.1", "features.4.0.body.1"]);
    assert.deepEqual(inputs(one, "features.4.1.add"), ["features.4.0.add", "features.4.1.body.1"]);
    const two = resnetE({ ...tiny, version: 2 });
    assert.deepEqual(inputs(two, "features.3.0.body.0.qact"), ["features.3.0.bn"]);
    assert.deepEqual(inputs(two, "features.3.0.downsample.0.qact"), ["features.3.0.bn"]);
    assert.deepEqual(inputs(two, "features.3.0.add"), ["features.3.0.downsample.0.qconv", "features.3.0.body.0.qconv"]);
    assert.deepEqual(inputs(two, "features.2.1.add"), ["features.2.0.add", "features.2.1.body.0.qconv"]);
  });

  test("shortcut variants", () => {
    const plain = resnetE(tiny);
    assert.equal(type(plain, "features.4.0.downsample.0"), "BinaryConvolution");
    const float = resnetE({ ...tiny, useFp: true, numGroups: 4 });
    assert.equal(type(float, "features.4.0.downsample.0"), "Conv2D");
    const convolution = float.nodes.find(({ name }) => name === "features.4.0.downsample.0");
    assert.ok(convolution?.kind === "conv2d");
    assert.deepEqual([convolution.groups, convolution.stride, convolution.kernel], [4, [2, 2], [1, 1]]);
    const pooled = resnetE({ ...tiny, usePooling: true });
    assert.equal(type(pooled, "features.4.0.downsample.0"), "AvgPool2D");
    assert.equal(type(pooled, "features.4.0.downsample.1"), "BinaryConvolution");
    const binary = pooled.nodes.find(({ name }) => name === "features.4.0.downsample.1.qconv");
    assert.ok(binary?.kind === "binaryConv2d");
    assert.deepEqual(binary.stride, [1, 1]);
    assert.equal(
      plain.modules.some(({ path }) => path === "features.3.0.downsample"),
      false,
    );
  });

  test("binary convolutions pad with -1 and count matches", () => {
    for (const node of resnetE(tiny).nodes) {
      if (node.kind !== "binaryConv2d") continue;
      const { padValue, quantizer, bits, scaling, offset } = node;
      assert.deepEqual(
        { padValue, quantizer, bits, scaling, offset },
        {
          padValue: -1,
          quantizer: "det_sign",
          bits: 1,
          scaling: "none",
          offset: true,
        },
      );
    }
  });

  test("the grouped stem", () => {
    const graph = getModel("resnet18_e1", { initialLayers: "grouped_stem", useFp: true });
    const stem = graph.nodes.flatMap((node) =>
      node.kind === "conv2d" && node.name.startsWith("features.1.")
        ? [[node.name, node.channels, node.groups, node.stride[0], inferShapes(graph).get(node.name)]]
        : [],
    );
    assert.deepEqual(stem, [
      ["features.1.0", 32, 1, 2, [1, 32, 112, 112]],
      ["features.1.3", 32, 4, 1, [1, 32, 112, 112]],
      ["features.1.6", 64, 8, 1, [1, 64, 112, 112]],
    ]);
    assert.ok(parameterSpecs(graph).some(({ name }) => name === "features.1.4.running_var"));
  });

  test("defaults are the source's", () => {
    const graph = resnetE({ version: 1, layers: [2, 2, 2, 2], channels: [64, 64, 128, 256, 512] });
    assert.deepEqual(graph.inputShape, [1, 3, 224, 224]);
    assert.deepEqual(
      graph,
      getModel("resnet18_e1", { name: "ResNetE1", classes: 1000, initialLayers: "imagenet", useFp: false }),
    );
    assert.deepEqual(resnetE({ ...tiny }).inputShape, [1, 3, 32, 32]);
  });
});

describe("tables", () => {
  test("depths have the weights that the table gives", () => {
    for (const depth of resnetDepths) {
      const { layers, channels } = resnetSpec[depth];
      const convolutions = layers.flatMap((count, stage) =>
        Array.from({ length: 2 * count }, (_, block) => [
          channels[block === 0 ? stage : stage + 1],
          channels[stage + 1],
        ]),
      );
      const expected = convolutions.reduce((sum, [inputs, outputs]) => sum + 9 * inputs * outputs, 0);
      const specs = parameterSpecs(getModel(`resnet${depth}_e1`, { useFp: true })).filter(({ binary }) => binary);
      assert.equal(specs.length, convolutions.length);
      assert.equal(
        specs.reduce((sum, { shape }) => sum + elementCount(shape), 0),
        expected,
      );
    }
  });
});

describe("refused options", () => {
  const refuses = (code: Parameters<typeof throwsError>[1], change: object, ...parts: readonly string[]) =>
    throwsError(() => resnetE({ ...tiny, ...change } as ResnetEOptions), code, ...parts);

  test("what the source cannot build either", () => {
    throwsError(
      () => getModel("resnet50_e1", { usePooling: true }),
      "bad-option",
      "features.6.0",
      "64 to 256",
      "usePooling",
    );
    refuses("bad-option", { channels: [8, 16, 16] }, "features.4.0", "16 channels", "must differ");
    throwsError(
      () => getModel("resnet18_e1", { usePooling: true, inputShape: [1, 3, 200, 200] }),
      "bad-shape",
      "features.8.0",
      "1x128x25x25",
      "even",
    );
    getModel("resnet18_e1", { inputShape: [1, 3, 201, 199] });
    resnetE({ ...tiny, channels: [8, 16, 16], inputShape: [1, 3, 1, 1] }); // nothing to halve in a map of one pixel
  });

  test("values out of range, by name", () => {
    refuses("bad-option", { version: 3 }, "version is 3");
    refuses("bad-option", { layers: [1] }, "channels has 3 numbers for 1 stages");
    refuses("bad-option", { layers: [1, 0] }, "layers[1] is 0");
    refuses("bad-option", { layers: "2" }, "layers");
    refuses("bad-option", { channels: [8, 8, -1] }, "channels[2] is -1");
    refuses("bad-option", { classes: 1.5 }, "classes is 1.5");
    refuses("bad-option", { useFp: "yes" }, 'useFp is "yes"');
    refuses("bad-option", { slices: 9 }, "slices is 9", "8 channels");
    refuses("bad-option", { slices: 0 }, "slices is 0");
    refuses("bad-option", { initialLayers: "imagnet" }, '"imagnet"', '"imagenet"');
    refuses("bad-option", { usefp: true }, '"usefp"', '"useFp"');
    refuses("bad-shape", { inputShape: [1, 3, 32] }, "1x3x32");
    refuses("bad-shape", { useFp: true, numGroups: 3 }, "features.4.0.downsample.0", "3 groups");
    refuses("unsupported", { dilation: 2 }, "dilation");
  });
});
