/** Networks of one's own: built, run as the reference runs them, saved and loaded, and told what is wrong by name. */
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { createSession, loadModel, parameterSpecs, randomWeights, saveModel, type Tensor } from "../../src/index.js";
import * as nn from "../../src/nn.js";
import { runReference } from "../../src/reference/index.js";
import { throwsError } from "../graph/errors.js";

const { torch } = nn;

function input(shape: readonly number[], seed = 1): Tensor {
  const size = shape.reduce((a, b) => a * b, 1);
  return { shape, data: Float32Array.from({ length: size }, (_, i) => Math.sin(seed + 12.9898 * i) * 2) };
}

/** All layers of gluon's and BMXNet's words, sizes that are no multiple of anything. */
const gluonNetwork = nn.sequential({
  stem: nn.sequential([
    nn.conv2d({ channels: 21, kernelSize: [3, 5], strides: [1, 2], padding: [1, 0, 2, 3], dilation: [2, 1] }),
    nn.batchNorm(),
    nn.activation("tanh"),
    nn.maxPool2d({ poolSize: 3, strides: 2, padding: 1 }),
  ]),
  body: nn.sequential([
    nn.residual(nn.sequential([nn.batchNorm({ scale: false }), nn.activatedConv({ channels: 21, padding: 1 })])),
    nn.residual(
      nn.sequential([nn.qActivation(), nn.qConv2d({ channels: 30, kernelSize: 1, groups: 3 })]),
      nn.conv2d({ channels: 30, kernelSize: 1, inChannels: 21 }),
    ),
    nn.channelShuffle(5),
    nn.concurrent([nn.identity(), nn.avgPool2d({ poolSize: 3, strides: 1, padding: 1, countIncludePad: false })]),
  ]),
  head: nn.sequential([
    nn.batchNorm({ epsilon: 1e-3 }),
    nn.qActivation(),
    nn.qDense({ units: 33 }),
    nn.relu(),
    nn.flatten(),
    nn.dense({ units: 7, useBias: false }),
  ]),
});

const torchNetwork = torch.sequential([
  torch.conv2d({ inChannels: 3, outChannels: 12, kernelSize: 3, padding: "same", stride: 2 }),
  torch.batchNorm2d(12),
  torch.prelu(12),
  torch.binaryConv2d({ inChannels: 12, outChannels: 20, kernelSize: [3, 1], padding: [1, 0] }),
  torch.batchNorm2d(20, false),
  torch.hardtanh(),
  torch.channelShuffle(4),
  torch.maxPool2d(2),
  torch.relu6(),
  torch.avgPool2d(2),
  torch.sigmoid(),
  torch.identity("Dropout"),
  torch.adaptiveAvgPool2d(),
  torch.flatten(),
  torch.linear(20, 9),
  torch.logSoftmax(),
]);

describe("a network of layers", () => {
  for (const [name, network, options] of [
    ["gluon", gluonNetwork, { labels: ["a", "b"], preprocess: { mean: [1, 2, 3], std: [4] } }],
    ["torch", torchNetwork, { layout: "NHWC" }],
  ] as const) {
    const nhwc = "layout" in options;
    const shape = nhwc ? [2, 19, 23, 3] : [2, 3, 19, 23];

    test(`in ${name}'s words gives the numbers of the reference, before and after saving`, async () => {
      const graph = nn.buildGraph(name, shape, network, options);
      const weights = randomWeights(graph, 3);
      const loaded = loadModel(saveModel({ graph, weights }));
      assert.deepEqual(loaded.graph, graph);
      const tensor = input(shape);
      const { data: expected } = runReference(graph, weights, tensor).output;
      const most = expected.reduce((a, b) => Math.max(a, Math.abs(b)), 1);
      for (const model of [{ graph, weights }, loaded]) {
        const session = await createSession(model, { taps: [name === "gluon" ? "body.1" : "3"] });
        const { data } = session.run(tensor);
        assert.equal(data.length, expected.length);
        assert.ok(data.every((value, i) => Math.abs(value - expected[i]) <= 1e-4 * most));
        assert.equal(session.tap(name === "gluon" ? "body.1" : "3").shape.length, 4);
        assert.ok(session.profile(1).length > 5);
        session.dispose();
      }
    });
  }

  test("has the framework's names of parameters", () => {
    const names = (network: nn.Block, shape = [1, 3, 19, 23]) =>
      parameterSpecs(nn.buildGraph("names", shape, network)).map(({ name }) => name);
    const gluon = names(gluonNetwork);
    assert.deepEqual(gluon.slice(0, 3), ["stem.0.weight", "stem.0.bias", "stem.1.gamma"]);
    assert.ok(gluon.includes("body.0.body.1.qconv.weight") && gluon.includes("head.2.weight"));
    assert.ok(!gluon.includes("head.5.bias"));
    assert.deepEqual(names(torch.sequential([torch.batchNorm2d(3), torch.prelu(3)])), [
      ...["0.weight", "0.bias", "0.running_mean", "0.running_var", "1.weight"],
    ]);
  });

  test("tells what is wrong by the layer's name", () => {
    const build = (network: unknown, options?: unknown) => () =>
      nn.buildGraph("net", [1, 3, 8, 8], network as nn.Block, options as nn.GraphOptions);
    const alone = (block: nn.Block) => build(nn.sequential({ conv1: block }));
    throwsError(alone(nn.conv2d({ channels: 4 } as never)), "bad-graph", 'kernel of layer "conv1"', "found nothing");
    throwsError(alone(nn.conv2d({ channels: 4, kernelSize: "3" as never })), "bad-graph", 'kernel of layer "conv1"');
    throwsError(alone(nn.conv2d({ kernelSize: 3 } as never)), "bad-graph", 'channels of layer "conv1"');
    throwsError(alone(nn.conv2d({ channels: 4, kernelSize: 9 })), "bad-shape", "conv1", "spans 9 pixels");
    throwsError(alone(nn.conv2d({ channels: 4, kernelSize: 1, inChannels: 5 })), "bad-shape", '"conv1"', "1x3x8x8");
    throwsError(alone(torch.linear(3, 4)), "bad-shape", "conv1", "flatten it first");
    throwsError(() => nn.conv2d({ channels: 4, kernelsize: 3 } as never), "bad-option", '"kernelSize"');
    throwsError(() => torch.conv2d({ channels: 4 } as never), "bad-option", "torch.conv2d", '"channels"');
    throwsError(() => nn.activation("gelu" as never), "bad-option", "softsign");
    throwsError(() => nn.sequential([nn.relu, nn.relu()] as never), "bad-option", "block 0 of HybridSequential");
    throwsError(() => nn.residual(nn.relu as never), "bad-option", "body of residual");
    throwsError(build(nn.relu), "bad-graph", "network of net must be a block");
    throwsError(build({ type: "A", forward: () => undefined }), "bad-graph", "forward of net (A)", "undefined");
    const inner = { type: "Inner", forward: (scope: nn.Scope) => scope.add({ kind: "relu" }, "x" as never) };
    throwsError(build(nn.sequential([inner])), "bad-graph", 'inputs of layer "0"');
    const kind = { type: "Odd", forward: (s: nn.Scope, x: string) => s.add({ kind: "gelu" } as never, [x]) };
    throwsError(build(nn.sequential([kind])), "bad-graph", '"gelu"', "relu");
    throwsError(build(gluonNetwork, { label: [] }), "bad-option", "buildGraph", '"labels"');
    throwsError(build(nn.globalAvgPool2d(), {}), "bad-graph", "has no name");
    const flat = nn.sequential([nn.globalAvgPool2d(), nn.dense({ units: 2 })]);
    throwsError(build(flat, { labels: ["a", "b", "c"] }), "bad-graph", "3 labels for 2 outputs");
    throwsError(build(flat, { preprocess: { mean: [1], std: [0] } }), "bad-graph", "preprocess.std[0]");
    assert.equal(build(flat, { preprocess: null, labels: null })().preprocess, undefined);
  });
});

describe("a graph made by hand", () => {
  test("gets defaults, and is saved and loaded", async () => {
    const graph = nn.defineGraph({
      inputShape: [2, 5, 11, 9],
      preprocess: null,
      labels: null,
      nodes: [
        { kind: "conv2d", name: "stem.conv", channels: 21, kernel: 3, padding: [1, 0, 0, 2] },
        { kind: "quantize", method: "det_sign" },
        {
          kind: "binaryConv2d",
          name: "body.conv",
          channels: 21,
          kernel: [3, 3],
          padding: 1,
          padValue: 1,
          quantizer: "sign",
          scaling: "channel",
          offset: false,
        },
        { kind: "batchNorm", name: "body.norm" },
        { kind: "add", inputs: ["body.norm", "stem.conv"] },
        { kind: "maxPool", kernel: 2 },
        { kind: "scaleShift", name: "s" },
        { kind: "prelu", name: "p" },
        { kind: "clip", max: 6 },
        { kind: "pad", top: 1 },
        { kind: "crop", left: 1 },
        { kind: "sliceChannels", end: 20 },
        { kind: "avgPool", kernel: 2, stride: 1, countIncludePad: true },
        { kind: "flatten" },
        { kind: "dense", name: "fc", units: 3, bias: "fc.bias" },
      ],
    });
    assert.deepEqual(
      [graph.name, graph.output, graph.nodes[0].name, graph.nodes[2].name],
      ["network", "fc", "input", "quantize_2"],
    );
    assert.ok(graph.modules.some(({ path }) => path === "body"));
    assert.ok(!("preprocess" in graph) && !("labels" in graph));
    const weights = randomWeights(graph, 5);
    const loaded = loadModel(saveModel({ graph, weights }));
    assert.deepEqual(loaded.graph, graph);
    const tensor = input([2, 5, 11, 9]);
    const expected = runReference(graph, weights, tensor).output.data;
    const session = await createSession(loaded);
    const { data } = session.run(tensor);
    assert.equal(data.length, expected.length);
    assert.ok(data.every((value, i) => Math.abs(value - expected[i]) < 1e-4));
    session.dispose();
  });

  test("tells what is wrong by the layer's name", () => {
    const define =
      (...nodes: readonly unknown[]) =>
      () =>
        nn.defineGraph({ inputShape: [1, 3, 8, 8], nodes: nodes as readonly nn.NodeDraft[] });
    throwsError(define({ kind: "conv2d", name: "c", kernel: 3 }), "bad-graph", 'channels of layer "c"');
    throwsError(define({ kind: "conv2d", name: "c", channels: 3 }), "bad-graph", 'kernel of layer "c"');
    throwsError(define({ kind: "conv", name: "c" }), "bad-graph", '"conv2d"');
    throwsError(define({ kind: "relu", name: "r", slope: 1 }), "bad-graph", "slope");
    throwsError(define({ kind: "relu", name: "r", inputs: "q" }), "bad-graph", '"r"', '"q", which no node computes');
    throwsError(define({ kind: "relu", name: "r" }, { kind: "relu", name: "r" }), "bad-graph", '"r"', "earlier");
    throwsError(define({ kind: "dense", name: "d", units: 3 }), "bad-shape", "layer d", "flatten it first");
    const binary = { kind: "binaryConv2d", name: "b", channels: 3, kernel: 3 };
    throwsError(define(binary), "bad-graph", 'padValue of layer "b"');
    throwsError(define({ kind: "avgPool", name: "a", kernel: 2 }), "bad-graph", 'countIncludePad of layer "a"');
    throwsError(define("relu"), "bad-option", "nodes[1] of defineGraph");
    throwsError(() => nn.defineGraph({ inputShape: [1, 3, 8, 8] } as never), "bad-option", "nodes of defineGraph");
    throwsError(() => nn.defineGraph({ shape: [1] } as never), "bad-option", '"inputShape"');
  });
});

test("what a graph could not be read back from is not written", () => {
  const graph = nn.defineGraph({ inputShape: [1, 3], nodes: [{ kind: "dense", name: "fc", units: 2 }] });
  const weights = randomWeights(graph, 1);
  const save = (changed: object) => () => saveModel({ graph: { ...graph, ...changed } as typeof graph, weights });
  throwsError(save({ labels: ["a", "b", "c"] }), "bad-graph", "3 labels for 2 outputs");
  throwsError(save({ comment: "mine" }), "bad-graph", "comment");
  const [first, second] = graph.nodes;
  assert.deepEqual(
    loadModel(save({ modules: undefined, nodes: [first, { ...second, module: undefined }] })()).graph.nodes[1].module,
    "",
  );
});
