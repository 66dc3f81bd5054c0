/** ResNetV1, ResNetV2 and BiNet. */
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { parameterSpecs } from "../../src/graph/parameters.js";
import type { Graph } from "../../src/graph/types.js";
import { type BinetOptions, binet } from "../../src/models/binet.js";
import { type ResnetOptions, resnet } from "../../src/models/resnet.js";
import { throwsError } from "../graph/errors.js";

const table = { layers: [1, 2], channels: [8, 8, 16], classes: 3, initialLayers: "thumbnail" } as const;

function inputs(graph: Graph, name: string): readonly string[] | undefined {
  return graph.nodes.find((node) => node.name === name)?.inputs;
}

function weights(graph: Graph): readonly string[] {
  return parameterSpecs(graph).flatMap(({ name, role }) => (role === "weight" ? [name] : []));
}

function children(graph: Graph, path: string): readonly string[] {
  return graph.modules
    .filter((module) => module.path.startsWith(`${path}.`) && !module.path.slice(path.length + 1).includes("."))
    .map((module) => module.type);
}

describe("ResNetV1 and V2", () => {
  test("blocks have two convolutions and one shortcut", () => {
    const one = resnet({ version: 1, ...table });
    assert.deepEqual(weights(one), [
      "features.1.weight",
      "features.3.0.body.0.qconv.weight",
      "features.3.0.body.2.qconv.weight",
      "features.4.0.body.0.qconv.weight",
      "features.4.0.body.2.qconv.weight",
      "features.4.0.downsample.0.qconv.weight",
      "features.4.1.body.0.qconv.weight",
      "features.4.1.body.2.qconv.weight",
      "output.weight",
    ]);
    const convolution = "BinaryConvolution";
    assert.deepEqual(children(one, "features.4.0.body"), [convolution, "BatchNorm", convolution, "BatchNorm"]);
    assert.deepEqual(children(one, "features.4.0.downsample"), [convolution, "BatchNorm"]);
    assert.deepEqual(inputs(one, "features.4.0.add"), ["features.4.0.downsample.1", "features.4.0.body.3"]);
    assert.deepEqual(inputs(one, "features.4.1.add"), ["features.4.0.add", "features.4.1.body.3"]);
  });

  test("version 2 normalises first, and its shortcut reads that where it has a convolution", () => {
    const two = resnet({ version: 2, ...table });
    assert.deepEqual(children(two, "features.3.0"), ["BatchNorm", "HybridSequential", "HybridSequential"]);
    assert.deepEqual(children(two, "features.3.0.body"), ["BinaryConvolution", "BatchNorm", "BinaryConvolution"]);
    assert.deepEqual(inputs(two, "features.3.0.downsample.0.qact"), ["features.3.0.bn"]);
    assert.deepEqual(inputs(two, "features.3.0.add"), ["features.3.0.downsample.0.qconv", "features.3.0.body.2.qconv"]);
    assert.deepEqual(inputs(two, "features.3.1.add"), ["features.3.0.add", "features.3.1.body.2.qconv"]);
  });

  test("the outer layers and their indices are ResNetE's", () => {
    const types = (version: 1 | 2) => children(resnet({ version, ...table }), "features");
    const end = ["Activation", "GlobalAvgPool2D", "Flatten"];
    const stages = ["HybridSequential", "HybridSequential"];
    assert.deepEqual(types(1), ["BatchNorm", "Conv2D", "BatchNorm", ...stages, ...end]);
    assert.deepEqual(types(2), ["BatchNorm", "Conv2D", ...stages, "BatchNorm", ...end]);
  });

  test("refuses what the source cannot build, and values out of range", () => {
    const refuses = (change: object, ...parts: readonly string[]) =>
      throwsError(() => resnet({ version: 1, ...table, ...change } as ResnetOptions), "bad-option", ...parts);
    refuses({ channels: [8, 16, 16] }, "features.4.0", "must differ");
    refuses({ version: 3 }, "version is 3");
    refuses({ channels: [8, 8] }, "channels has 2 numbers");
    refuses({ useFp: true }, '"useFp"');
    refuses({ classes: 0 }, "classes is 0");
  });
});

describe("BiNet", () => {
  test("a shortcut around every convolution, of float input and binary weights where the channels change", () => {
    const graph = binet(table);
    assert.deepEqual(children(graph, "features.3.0"), ["HybridSequential", "HybridSequential", "HybridSequential"]);
    assert.deepEqual(children(graph, "features.3.0.layer1"), ["QActivation", "QConv2D", "BatchNorm"]);
    assert.deepEqual(children(graph, "features.3.0.downsample"), ["AvgPool2D", "QConv2D"]);
    assert.deepEqual(inputs(graph, "features.3.0.downsample.1"), ["features.3.0.downsample.0"]);
    assert.deepEqual(inputs(graph, "features.3.0.add_1"), ["features.3.0.layer1.2", "features.3.0.downsample.1"]);
    assert.deepEqual(inputs(graph, "features.3.0.layer2.0"), ["features.3.0.add_1"]);
    assert.deepEqual(inputs(graph, "features.3.0.add_2"), ["features.3.0.add_1", "features.3.0.layer2.2"]);
    for (const node of graph.nodes) {
      if (node.kind === "binaryConv2d") assert.deepEqual([node.scaling, node.offset], ["none", true]);
    }
  });

  test("ignores approximation; its own bits must go with the configuration's methods", () => {
    assert.deepEqual(binet({ ...table, binary: { approximation: "xnor" } }), binet(table));
    const graph = binet({ ...table, bits: 1, bitsA: 2, binary: { bitsA: 2 } });
    assert.ok(graph.nodes.some((node) => node.kind === "quantize" && node.method === "round" && node.bits === 2));
    throwsError(() => binet({ ...table, bitsA: 2 }), "bad-option", "QActivation", "bits 2");
    throwsError(() => binet({ ...table, bits: 2 }), "bad-option", "QConv2D", "bits 2");
  });

  test("refuses what the source cannot build", () => {
    const build = (change: Partial<BinetOptions>) => () => binet({ ...table, ...change });
    throwsError(build({ channels: [4, 8, 16] }), "bad-option", "features.2.0", "stem");
    throwsError(build({ channels: [8, 8, 8] }), "bad-option", "features.3.0", "must differ");
    throwsError(build({ inputShape: [1, 3, 31, 32] }), "bad-shape", "features.3.0", "even");
  });
});
