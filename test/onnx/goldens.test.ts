/** The ONNX goldens: exports of binary networks with the outputs of other runtimes. */
import assert from "node:assert/strict";
import { existsSync, readFileSync } from "node:fs";
import { describe, test } from "node:test";
import { readSafetensors, toFloat32 } from "../../src/formats/safetensors.js";
import type { Graph, Node } from "../../src/graph/types.js";
import { loadModel, saveModel } from "../../src/index.js";
import { importOnnx, type OnnxImport, type OnnxNote, onnxExternalFiles } from "../../src/onnx.js";
import { runReference } from "../../src/reference/index.js";
import type { Tensor } from "../../src/tensor.js";
import { sharedPath, skipWithout } from "../support/shared.js";
import { difference, KERNELS, runKernels } from "./support.js";

interface Golden {
  readonly name: string;
  /** Binary convolutions and dense layers, all of which read signs; first layers with real input are none. */
  readonly convolutions: number;
  readonly denseLayers: number;
  /** Layers in float, by their names and reasons. */
  readonly floats: readonly string[];
}

const goldens: readonly Golden[] = [
  {
    name: "bireal_poly",
    convolutions: 6,
    denseLayers: 0,
    floats: ["stem.0", "layers.2.down.1", "layers.4.down.1", "fc"],
  },
  {
    name: "bireal_clip_dynamic_batch",
    convolutions: 6,
    denseLayers: 0,
    floats: ["stem.0", "layers.2.down.1", "layers.4.down.1", "fc"],
  },
  {
    name: "torch26_external_data",
    convolutions: 6,
    denseLayers: 0,
    floats: ["stem.0", "layers.2.down.1", "layers.4.down.1", "fc"],
  },
  {
    name: "torch26_functions",
    convolutions: 6,
    denseLayers: 0,
    floats: ["stem.0", "layers.2.down.1", "layers.4.down.1", "fc"],
  },
  { name: "bireal_unfolded", convolutions: 4, denseLayers: 0, floats: ["stem.0", "layers.2.down.1", "fc"] },
  { name: "reactnet", convolutions: 8, denseLayers: 0, floats: ["stem.0", "fc"] },
  { name: "where_sign", convolutions: 4, denseLayers: 0, floats: ["stem.0", "layers.2.down.1", "fc"] },
  {
    name: "gated",
    convolutions: 2,
    denseLayers: 0,
    floats: ["stem.0", "blocks.0.d", "blocks.0.u", "blocks.1.d", "blocks.1.u", "fc"],
  },
  { name: "vgg_small", convolutions: 3, denseLayers: 2, floats: ["c0"] },
  { name: "xnor_lenet", convolutions: 1, denseLayers: 1, floats: ["conv1", "fc2"] },
  { name: "binarynet_mlp", convolutions: 0, denseLayers: 1, floats: ["fcs.0", "last"] },
  { name: "qonnx_cnv", convolutions: 3, denseLayers: 1, floats: [] },
  { name: "tf2onnx_larq_valid", convolutions: 2, denseLayers: 2, floats: ["Conv_4"] },
  { name: "tf2onnx_larq_same_zero", convolutions: 2, denseLayers: 2, floats: ["Conv_4"] },
];

interface Loaded {
  readonly imported: OnnxImport;
  readonly input: Tensor;
  readonly output: Float32Array;
}

function load(name: string): Loaded {
  const bytes = readFileSync(sharedPath(`goldens/onnx/${name}.onnx`));
  const beside = onnxExternalFiles(bytes).map(
    (file) => [file, readFileSync(sharedPath(`goldens/onnx/${file}`))] as const,
  );
  const { tensors } = readSafetensors(readFileSync(sharedPath(`goldens/onnx/${name}.io.safetensors`)));
  const input = tensors.get("input")!;
  return {
    imported: importOnnx(bytes, { externalData: Object.fromEntries(beside) }),
    input: { shape: input.shape, data: toFloat32(input) },
    output: toFloat32(tensors.get("output_f64")!),
  };
}

/** The node that computes the numbers that a layer reads, found through nodes that only move them. */
function sourceOf(graph: Graph, layer: Node): Node {
  const moving = new Set(["flatten", "maxPool", "concat", "pad", "crop", "sliceChannels", "channelShuffle"]);
  let [value] = layer.inputs;
  for (;;) {
    const found = graph.nodes.find(({ name }) => name === value)!;
    if (!moving.has(found.kind)) return found;
    [value] = found.inputs;
  }
}

describe("ONNX goldens", () => {
  for (const { name, convolutions, denseLayers, floats } of goldens) {
    describe(name, { skip: skipWithout(`goldens/onnx/${name}.onnx`) }, () => {
      const { imported, input, output } = existsSync(sharedPath(`goldens/onnx/${name}.onnx`))
        ? load(name)
        : ({} as Loaded);

      test("the reference agrees with the exporter's framework", () => {
        const { output: found } = runReference(imported.graph, imported.weights, input);
        const error = difference(found.data, output);
        assert.ok(error <= 1e-6, `differs by ${error}`);
      });

      test("both kernels agree", async () => {
        const results = await runKernels(imported, input);
        for (const [index, result] of results.entries()) {
          const error = difference(result.data, output);
          assert.ok(error <= 1e-5, `${KERNELS[index]} differs by ${error}`);
        }
      });

      test("every binary layer runs on bits, and the notes say which do not", () => {
        const { graph, notes } = imported;
        const layers = graph.nodes.filter(({ kind }) => kind === "binaryConv2d" || kind === "binaryDense");
        assert.equal(layers.filter(({ kind }) => kind === "binaryConv2d").length, convolutions);
        assert.equal(layers.filter(({ kind }) => kind === "binaryDense").length, denseLayers);
        for (const layer of layers) assert.equal(sourceOf(graph, layer).kind, "quantize", layer.name);
        const told = (wanted: OnnxNote["kind"]) => notes.flatMap(({ kind, layer }) => (kind === wanted ? [layer] : []));
        assert.deepEqual(
          told("bits"),
          layers.map((layer) => layer.name),
        );
        assert.deepEqual(told("float"), floats);
        const count = `${layers.length} of ${layers.length + floats.length} layers with weights run on bits`;
        assert.ok(notes.find(({ kind }) => kind === "layers")!.text.startsWith(count));
      });

      test("a packed model computes the same", () => {
        const packed = loadModel(saveModel({ graph: imported.graph, weights: imported.weights }));
        const { output: found } = runReference(packed.graph, packed.weights, input);
        assert.ok(difference(found.data, output) <= 1e-6);
      });
    });
  }

  test("modules are named as in the training code", { skip: skipWithout("goldens/onnx/reactnet.onnx") }, () => {
    const { modules, nodes } = load("reactnet").imported.graph;
    const paths = modules.map(({ path }) => path);
    for (const path of [
      "",
      "stem.0",
      "blocks",
      "blocks.0",
      "blocks.0.s1",
      "blocks.0.c3",
      "blocks.0.branches.0.0",
      "blocks.2.p2.act",
      "fc",
    ]) {
      assert.ok(paths.includes(path), path);
    }
    assert.equal(modules.find(({ path }) => path === "blocks.0.c3")?.type, "Conv");
    assert.ok(nodes.some((node) => node.name === "blocks.0.s1.Sign" && node.module === "blocks.0.s1"));
  });
});
