/** Names of layers and modules from the names in the file, in the ways of torch's exporters and of TensorFlow's. */
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { callScope, placeName, splitPlace } from "../../src/formats/onnx/scopes.js";
import { importOnnx } from "../../src/onnx.js";
import { floats, network, node, type OnnxNode, type OnnxTensor, random } from "./support.js";

function graphOf(nodes: readonly OnnxNode[], constants: readonly OnnxTensor[] = []) {
  return importOnnx(network([1, 4, 5, 5], nodes, constants)).graph;
}

const names = (nodes: readonly OnnxNode[], constants?: readonly OnnxTensor[]) =>
  graphOf(nodes, constants).nodes.map(({ name, module }) => `${name} in ${module || "the network"}`);

const weight = (name: string) => floats(name, [4, 4, 1, 1], random(16));

describe("scopes", () => {
  test("torch repeats outer scopes in inner ones, TensorFlow does not", () => {
    assert.deepEqual(splitPlace("/layers/layers.0/conv/Conv"), { scopes: ["layers", "0", "conv"], leaf: "Conv" });
    assert.deepEqual(splitPlace("/blocks/blocks.0/branches.0.1/Conv"), {
      scopes: ["blocks", "0", "branches", "0", "1"],
      leaf: "Conv",
    });
    assert.deepEqual(splitPlace("model/quant_conv2d/QuantConv2D"), {
      scopes: ["model", "quant_conv2d"],
      leaf: "QuantConv2D",
    });
    assert.deepEqual(splitPlace("Conv_4"), { scopes: [], leaf: "Conv_4" });
  });

  test("the output's name stands in for one without scopes", () => {
    assert.equal(placeName({ name: "node_Conv_12", outputs: ["/a/Conv_output_0"] }), "/a/Conv");
    assert.equal(placeName({ name: "Conv_1", outputs: ["x:0"] }), "Conv_1");
    assert.equal(callScope({ name: "node_f_3", outputs: ["/a/b/Add_output_0"] }), "/a/b");
    assert.equal(callScope({ name: "f", outputs: ["y"] }), null);
  });
});

describe("names of layers", () => {
  test("a scope with one operator is a layer of that name, beside others operators keep theirs", () => {
    const nodes = [
      node("Conv", ["input", "w"], "a", { name: "/stem/stem.0/Conv" }),
      node("Relu", ["a"], "b", { name: "/stem/stem.1/Relu" }),
      node("Sigmoid", ["b"], "c", { name: "/block/Sigmoid" }),
      node("Conv", ["c", "w"], "d", { name: "/block/conv/Conv" }),
      node("Add", ["d", "b"], "output", { name: "/block/Add" }),
    ];
    assert.deepEqual(names(nodes, [weight("w")]), [
      "input in the network",
      "stem.0 in stem.0",
      "stem.1 in stem.1",
      "block.Sigmoid in block",
      "block.conv in block.conv",
      "block.Add in block",
    ]);
  });

  test("a scope around the whole network is left out", () => {
    const nodes = [
      node("Conv", ["input", "w"], "a", { name: "model/conv/Conv2D" }),
      node("Relu", ["a"], "output", { name: "model/act/Relu" }),
    ];
    assert.deepEqual(names(nodes, [weight("w")]).slice(1), ["conv in conv", "act in act"]);
  });

  test("without scopes parameters tell, and their names stay", () => {
    const nodes = [
      node("Conv", ["input", "features.3.weight"], "x", { name: "Conv_12" }),
      node("Relu", ["x"], "output", { name: "Relu_13" }),
    ];
    const { graph, weights } = importOnnx(network([1, 4, 5, 5], nodes, [weight("features.3.weight")]));
    assert.deepEqual(
      graph.nodes.map(({ name }) => name),
      ["input", "features.3", "Relu_13"],
    );
    assert.deepEqual([...weights.keys()], ["features.3.weight"]);
  });

  test("PyTorch 2.6 states modules and their classes", () => {
    const metadata = (paths: string, classes: string) => ({
      "pkg.torch.onnx.name_scopes": paths,
      "pkg.torch.onnx.class_hierarchy": classes,
      "pkg.torch.onnx.stack_trace": "File \"net.py\", line 3, in forward\n  'quoted'",
    });
    const nodes = [
      node("Conv", ["input", "w"], "conv2d", {
        name: "node_conv2d",
        metadata: metadata(
          "['', 'stem', 'stem.0', 'conv2d']",
          "['__main__.Net', 'torch.nn.modules.container.Sequential', 'torch.nn.modules.conv.Conv2d', " +
            "'aten.conv2d.default']",
        ),
      }),
      node("Relu", ["conv2d"], "output", {
        name: "node_relu",
        metadata: metadata(
          "['', 'stem', 'stem.1', 'relu']",
          "['__main__.Net', 'torch.nn.modules.container.Sequential', 'torch.nn.modules.activation.ReLU', " +
            "'aten.relu.default']",
        ),
      }),
    ];
    const graph = graphOf(nodes, [weight("w")]);
    assert.deepEqual(
      graph.modules.map(({ path, type }) => `${path}: ${type}`),
      [": Net", "stem: Sequential", "stem.0: Conv2d", "stem.1: ReLU"],
    );
  });

  test("equal names get numbers; dots, blanks and control characters are no part of one", () => {
    const nodes = [
      node("Relu", ["input"], "a", { name: "same" }),
      node("Tanh", ["a"], "b", { name: "same" }),
      node("Sigmoid", ["b"], "output", { name: "a.b c\u0007" }),
    ];
    assert.deepEqual(
      graphOf(nodes).nodes.map(({ name }) => name),
      ["input", "same", "same_1", "a_b_c_"],
    );
  });

  test("nothing is lost if a file names nothing", () => {
    const nodes = [node("Relu", ["input"], "12", { name: "" }), node("Tanh", ["12"], "output", { name: "" })];
    assert.deepEqual(
      graphOf(nodes).nodes.map(({ name }) => name),
      ["input", "Relu", "Tanh"],
    );
  });
});
