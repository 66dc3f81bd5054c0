/** Facts and their proofs, on the frameworks' own weights and on random ones. */
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { describe, test } from "node:test";
import { getAwnasModel } from "../../src/awnas.js";
import { explain, questions, type ValueRunner } from "../../src/explain/explain.js";
import { explanationText } from "../../src/explain/explanation_text.js";
import type { Fact } from "../../src/explain/facts.js";
import { affineOf, foldBehind } from "../../src/explain/proofs/affine.js";
import { agreement, runNodes } from "../../src/explain/proofs/numbers.js";
import { toFloat32 } from "../../src/formats/dtypes.js";
import { readWeights } from "../../src/formats/read_weights.js";
import { readSafetensors } from "../../src/formats/safetensors.js";
import type { Graph, Node } from "../../src/graph/types.js";
import type { Model } from "../../src/model.js";
import { baseNetDense } from "../../src/models/base_net_dense.js";
import { fromAnyDescription } from "../../src/models/catalog.js";
import { randomWeights } from "../../src/models/random_weights.js";
import { getModel } from "../../src/models/registry.js";
import { runReference } from "../../src/reference/index.js";
import { createSession } from "../../src/runtime/session.js";
import type { Tensor } from "../../src/tensor.js";
import type { Weights } from "../../src/weights.js";
import { sharedPath, skipWithout } from "../support/shared.js";
import { narrowAwnas, narrowE, smallE1 } from "./networks.js";

function withRandom(graph: Graph, seed = 3): Model {
  return { graph, weights: randomWeights(graph, seed) };
}

const tiny = narrowE(1);
const tinyAwnas = narrowAwnas();

function named(facts: readonly Fact[], path: string, kind: string): Fact {
  const found = facts.find((fact) => fact.path === path && fact.kind === kind);
  assert.ok(found, `no fact ${kind} of ${path}`);
  return found;
}

interface Golden extends Model {
  readonly input: Tensor;
}

function golden(name: string): Golden {
  const graph = fromAnyDescription(readFileSync(sharedPath(`goldens/${name}.json`), "utf8"));
  const weights = readWeights(readFileSync(sharedPath(`goldens/${name}.weights.safetensors`)));
  const { tensors } = readSafetensors(readFileSync(sharedPath(`goldens/${name}.io.safetensors`)));
  const input = tensors.get("input")!;
  return { graph, weights, input: { shape: input.shape, data: toFloat32(input) } };
}

const GOLDENS = [
  "awnas_r18_xnor_imagenet_stem0_odd",
  "awnas_r18_xnor_cifar",
  "awnas_r18_bireal_cifar",
  "bmx_e1_18_thumb",
  "bmx_e1_34_xnor",
  "bmx_e2_18_imagenet",
  "bmx_e2_18_binet_grouped_fp",
  "bmx_e1_18_slices2_fp_pool",
  "bmx_binet_narrow",
];

function skipGolden(name: string): string | false {
  return skipWithout(`goldens/${name}.json`, `goldens/${name}.weights.safetensors`, `goldens/${name}.io.safetensors`);
}

describe("bn", () => {
  for (const name of GOLDENS) {
    test(`folds and does not fold as it says: ${name}`, { skip: skipGolden(name) }, async () => {
      const { input, ...model } = golden(name);
      const { facts } = await explain(model, "bn", { input });
      const proofs = facts.flatMap((fact) => fact.proofs);
      assert.deepEqual(
        proofs.filter(({ holds }) => !holds),
        [],
      );
      const folding = facts.filter(({ kind, data }) => kind === "intoLayerBefore" && data.folds === true);
      for (const fact of folding) assert.equal(fact.proofs.length, 1, fact.text);
      for (const { mustAgree, value, limit } of proofs) assert.equal(value <= limit, mustAgree);
    });

    test(`the whole network with every such batch norm folded: ${name}`, { skip: skipGolden(name) }, async () => {
      const { input, ...model } = golden(name);
      const { facts } = await explain(model, "bn", { input });
      const layers = new Map<string, string>();
      for (const { kind, path, data } of facts) {
        if (kind === "intoLayerBefore" && data.folds === true) layers.set(String(data.layer), path);
      }
      const folded = foldAll(model, layers);
      const expected = runReference(model.graph, model.weights, input).output.data;
      const actual = runReference(folded.graph, folded.weights, input).output.data;
      const size = expected.reduce((most, value) => Math.max(most, Math.abs(value)), 1);
      for (let i = 0; i < expected.length; i++) assert.ok(Math.abs(actual[i] - expected[i]) <= 1e-5 * size, name);
    });
  }

  /** The network with each layer and the batch norm behind it in one. */
  function foldAll({ graph, weights }: Model, norms: ReadonlyMap<string, string>): Model {
    const all = new Map(weights);
    const gone = new Map([...norms].map(([layer, norm]) => [norm, layer]));
    const byName = new Map(graph.nodes.map((node) => [node.name, node]));
    const nodes = graph.nodes.flatMap((node): readonly Node[] => {
      if (gone.has(node.name)) return [];
      const inputs = node.inputs.map((input) => gone.get(input) ?? input);
      const norm = byName.get(norms.get(node.name) ?? "");
      if (norm?.kind !== "batchNorm") return [{ ...node, inputs } as Node];
      const layer = { ...node, inputs } as Parameters<typeof foldBehind>[0];
      const folded = foldBehind(layer, affineOf(norm, weights), weights);
      for (const [name, weight] of folded.weights) all.set(name, weight);
      return folded.nodes;
    });
    const output = gone.get(graph.output) ?? graph.output;
    return { graph: { ...graph, nodes, output, modules: [] }, weights: all };
  }

  test("AWNAS: what part C derives for the stem's last batch norm and the first cell's first", async () => {
    const { facts } = await explain(withRandom(tinyAwnas), "bn");
    const first = "cells.0.edge_mod.f_0_t_1-xnor_resnet_block-0.op_1.bn";
    const merge = named(facts, "stem.4", "withNext");
    assert.deepEqual(merge.data, {
      next: first,
      between: [],
      others: ["cells.0.edge_mod.f_0_t_1-xnor_resnet_block-0.inner"],
      merges: false,
    });
    assert.deepEqual(
      merge.proofs.map(({ mustAgree, holds }) => [mustAgree, holds]),
      [
        [true, true],
        [false, true],
      ],
    );
    assert.equal(named(facts, "stem.4", "intoLayerBefore").data.folds, true);
    const sign = named(facts, first, "threshold");
    assert.equal(sign.data.becomesThreshold, false);
    assert.deepEqual(named(facts, first, "intoLayerBefore").data, {
      folds: false,
      reason: "batchNorm",
      layer: "stem.4",
    });
  });

  test("BMXNet: the data's batch norm at a border, the stem's across ReLU and pooling, the body's", async () => {
    const graph = narrowE(1, { initialLayers: "imagenet", inputShape: [1, 3, 64, 64] });
    const { facts } = await explain(withRandom(graph), "bn");
    const border = named(facts, "features.0", "intoLayerBehind");
    assert.equal(border.data.reason, "border");
    assert.deepEqual(
      border.proofs.map(({ mustAgree, holds }) => [mustAgree, holds]),
      [
        [true, true],
        [false, true],
      ],
    );
    const merge = named(facts, "features.2", "withNext");
    assert.deepEqual(merge.data, {
      next: "features.5",
      between: ["features.3", "features.4"],
      others: [],
      merges: false,
    });
    assert.equal(merge.proofs.length, 2);
    assert.equal(named(facts, "features.5", "intoLayerBefore").data.reason, "maxPool");
    const body = named(facts, "features.6.0.body.1", "intoLayerBefore");
    assert.equal(body.data.folds, true);
    assert.match(body.text, /A \* dot \+ B/);
  });

  test("E2: a batch norm that only a sign reads becomes a threshold", async () => {
    const graph = narrowE(2);
    const { facts } = await explain(withRandom(graph), "bn");
    const threshold = named(facts, "features.2.0.bn", "threshold");
    assert.equal(threshold.data.becomesThreshold, true);
    assert.ok(threshold.proofs.every(({ holds }) => holds));
  });

  test("a layer that something else reads, too, does not take the batch norm behind it", async () => {
    const base = tiny;
    const conv = base.nodes.find(({ name }) => name === "features.1")!;
    const twice: Node = { kind: "add", name: "twice", inputs: ["features.2", conv.name], module: "", channelOffset: 0 };
    const at = base.nodes.findIndex(({ name }) => name === "features.2") + 1;
    const nodes = [...base.nodes.slice(0, at), twice, ...base.nodes.slice(at)].map((node, index) =>
      index > at
        ? ({ ...node, inputs: node.inputs.map((name) => (name === "features.2" ? "twice" : name)) } as Node)
        : node,
    );
    const { facts } = await explain(withRandom({ ...base, nodes }), "bn");
    assert.equal(named(facts, "features.2", "intoLayerBefore").data.reason, "secondReader");
  });

  test("a wrong affine is found out", () => {
    const { graph, weights } = withRandom(tiny);
    const conv = graph.nodes.find(({ name }) => name === "features.3.0.body.0.qconv")!;
    const norm = graph.nodes.find(({ name }) => name === "features.3.0.body.1")!;
    assert.ok(norm.kind === "batchNorm" && conv.kind === "binaryConv2d");
    const x = { shape: [1, 8, 5, 5], data: Float32Array.from({ length: 200 }, (_, i) => (i % 3 === 0 ? 1 : -1)) };
    const right = runNodes([conv, norm], conv.inputs[0], x, weights);
    const affine = affineOf(norm, weights);
    for (const [wrong, holds] of [
      [affine, true],
      [{ ...affine, shift: affine.shift.map((value) => value + 1e-3) }, false],
      [{ ...affine, scale: affine.scale.map((value) => value * 1.001) }, false],
    ] as const) {
      const folded = foldBehind(conv, wrong, weights);
      const proof = agreement("", right, runNodes(folded.nodes, conv.inputs[0], x, folded.weights));
      assert.equal(proof.holds, holds);
    }
  });
});

describe("shortcuts", () => {
  test("shares of the variance add up to 1, and without shortcuts the output is another one", async () => {
    const model = withRandom(tiny);
    const { facts } = await explain(model, "shortcuts");
    assert.equal(facts.length, 17);
    assert.deepEqual(facts[0].data, { count: 16, works: true });
    const swapped = { ...model, graph: swapAdds(model.graph) };
    const others = (await explain(swapped, "shortcuts")).facts;
    for (const [index, { data, proofs }] of facts.slice(1).entries()) {
      assert.ok(proofs.every(({ holds }) => holds));
      assert.ok((data.share as number) > 0 && (data.share as number) < 1);
      assert.equal(data.share, others[index + 1].data.share);
    }
  });

  /** The other order of the summands: nothing else changes. */
  function swapAdds(graph: Graph): Graph {
    return {
      ...graph,
      nodes: graph.nodes.map((node) => (node.kind === "add" ? { ...node, inputs: [...node.inputs].reverse() } : node)),
    };
  }

  test("the share is cov(part, sum) / var(sum)", async () => {
    // x + 3 x with x of variance 1: the parts bring 1/4 and 3/4.
    const nodes: Node[] = [
      { kind: "input", name: "input", inputs: [], module: "" },
      {
        kind: "conv2d",
        name: "conv",
        inputs: ["input"],
        module: "",
        weight: "w",
        bias: null,
        channels: 1,
        kernel: [1, 1],
        stride: [1, 1],
        padding: [0, 0],
        dilation: [1, 1],
        groups: 1,
      },
      { kind: "add", name: "sum", inputs: ["conv", "input"], module: "", channelOffset: 0 },
    ];
    const graph: Graph = {
      name: "sum",
      inputShape: [1, 1, 4, 4],
      nodes,
      output: "sum",
      modules: [{ path: "", type: "Sum", output: "sum" }],
    };
    const weights: Weights = new Map([["w", { kind: "f32", shape: [1, 1, 1, 1], data: Float32Array.of(3) }]]);
    const { facts } = await explain({ graph, weights }, "shortcuts");
    assert.ok(Math.abs((named(facts, "sum", "shortcut").data.share as number) - 0.25) < 1e-6);
  });

  test("a shortcut of zeros carries no signal", async () => {
    const graph = tiny;
    const cut = graph.nodes.flatMap((node): readonly Node[] =>
      node.name === "features.3.1.add"
        ? [
            { kind: "scale", name: "zeros", inputs: [node.inputs[0]], module: node.module, factor: 0 },
            { ...node, inputs: ["zeros", node.inputs[1]] } as Node,
          ]
        : [node],
    );
    const { facts } = await explain(withRandom({ ...graph, nodes: cut }), "shortcuts");
    assert.equal(named(facts, "features.3.1.add", "shortcut").data.carries, false);
    assert.equal(named(facts, "features.3.0.add", "shortcut").data.carries, true);
  });

  test("sliced blocks and dense blocks", async () => {
    const sliced = await explain(withRandom(narrowE(1, { slices: 2 })), "shortcuts");
    assert.ok(sliced.facts.flatMap((fact) => fact.proofs).every(({ holds }) => holds));
    const dense = await explain(
      withRandom(
        baseNetDense({ kind: "densenet", spec: "28", growthRate: 8, initFeatures: 8, initialLayers: "thumbnail" }),
      ),
      "shortcuts",
    );
    assert.match(dense.facts[0].text, /is joined with BinConv3x3 at .*: 50.0 % of the channels/);
    assert.equal(dense.facts.length, 23);
  });
});

describe("downsample", () => {
  test("the widening layers lie on two branches that are added", async () => {
    const { facts } = await explain(withRandom(tiny), "downsample");
    assert.deepEqual(
      facts.map(({ path }) => path),
      ["stage 2, unit 1", "stage 3, unit 1", "stage 4, unit 1"],
    );
    assert.deepEqual(facts[0].data, {
      layers: [
        { name: "features.4.0.body.0.qconv", channels: [8, 12], branch: "main", precision: "binary" },
        { name: "features.4.0.downsample.0.qconv", channels: [8, 12], branch: "shortcut", precision: "binary" },
      ],
      addedAt: "features.4.0.add",
    });
    assert.ok(facts.every(({ proofs }) => proofs.length === 1 && proofs[0].holds));
  });

  test("are found on a smaller map, too", async () => {
    const large = narrowE(1, { initialLayers: "imagenet", inputShape: [1, 3, 96, 96] });
    const { facts, input } = await explain(withRandom(large), "downsample");
    assert.equal(input, "a random input of 1x3x64x64");
    assert.deepEqual(
      facts.map(({ path }) => path),
      ["stage 2, unit 1", "stage 3, unit 1", "stage 4, unit 1"],
    );
  });

  test("AWNAS: two halves on the main branch, a float layer beside", async () => {
    const { facts } = await explain(withRandom(tinyAwnas), "downsample");
    const { layers } = facts[0].data as { layers: { channels: number[]; branch: string; precision: string }[] };
    assert.deepEqual(
      layers.map(({ channels, branch, precision }) => [channels, branch, precision]),
      [
        [[8, 8], "main", "binary"],
        [[8, 8], "main", "binary"],
        [[8, 16], "shortcut", "float"],
      ],
    );
  });
});

describe("spec", () => {
  const cases: readonly (readonly [string, Graph, readonly number[], number | null, readonly number[]])[] = [
    ["E1-18", smallE1(), [2, 2, 2, 2], 18, [4, 4, 4, 4]],
    ["E2-34", getModel("resnet34_e2", { initialLayers: "thumbnail" }), [3, 4, 6, 3], 34, [6, 8, 12, 6]],
    ["sliced", smallE1({ slices: 2 }), [2, 2, 2, 2], 18, [8, 7, 7, 7]],
    ["V1-18", getModel("resnet18_v1", { initialLayers: "thumbnail" }), [2, 2, 2, 2], 18, [2, 2, 2, 2]],
    [
      "BiNet",
      getModel("binet18", { initialLayers: "thumbnail", binary: { bits: 1, bitsA: 1 } }),
      [2, 2, 2, 2],
      18,
      [2, 2, 2, 2],
    ],
    ["AWNAS", getAwnasModel("awnas_resnet18"), [2, 2, 2, 2], 18, [2, 2, 2, 2]],
    ["AWNAS-34", getAwnasModel("awnas_resnet34", { stem: "conv_bn_3x3" }), [3, 4, 6, 3], 34, [3, 4, 6, 3]],
  ];
  for (const [name, graph, layers, depth, blocks] of cases) {
    test(name, async () => {
      const { facts } = await explain(withRandom(graph), "spec");
      const { data, proofs } = named(facts, "", "layers");
      assert.deepEqual([data.layers, data.depth, data.blocks], [layers, depth, blocks]);
      assert.deepEqual(
        proofs.map(({ holds }) => holds),
        [true, true, true, true],
      );
      assert.equal(named(facts, "stem", "stemChannels").data.channels, 64);
      assert.equal(named(facts, "stage 2", "stage").data.hasProjection, true);
    });
  }

  test("a network of no table has stages all the same", async () => {
    const { facts } = await explain(withRandom(getModel("meliusnet22", { initialLayers: "thumbnail" })), "spec");
    assert.equal(facts.filter(({ kind }) => kind === "stage").length, 4);
    assert.equal(facts.filter(({ kind }) => kind === "layers").length, 0);
  });
});

describe("float", () => {
  test("layers on bits read nothing but signs; others say why", async () => {
    const { facts } = await explain(withRandom(tiny), "float");
    const bits = named(facts, "", "bits");
    assert.equal((bits.data.layers as unknown[]).length, 19);
    assert.ok(bits.proofs.length === 19 && bits.proofs.every(({ holds }) => holds));
    assert.match(named(facts, "features.1", "float").text, /belongs to the stem/);
    assert.match(named(facts, "output", "float").text, /classifier/);
  });

  test("bireal blocks have 1-bit weights and float activations", async () => {
    const graph = narrowAwnas("bireal_resnet_block");
    const { facts } = await explain(withRandom(graph), "float");
    assert.deepEqual(named(facts, "", "bits").data.layers, []);
    const floats = facts.filter(({ kind, data }) => kind === "float" && data.precision === "binaryWeights");
    assert.equal(floats.length, 16);
    assert.ok(floats.every(({ proofs }) => proofs.length === 1 && proofs[0].holds && !proofs[0].mustAgree));
  });
});

describe("passes", () => {
  test("say how many operations each leaves, in one-line notation; what is compiled computes the same", async () => {
    for (const graph of [tiny, tinyAwnas, narrowE(2, { slices: 2 })]) {
      const { facts } = await explain(withRandom(graph), "passes");
      const [all, ...each] = facts;
      assert.ok(all.proofs.length === 1 && all.proofs[0].holds, graph.name);
      const counts = each.map(({ data }) => [data.before, data.after] as [number, number]);
      for (const [index, [before]] of counts.slice(1).entries()) assert.equal(before, counts[index][1]);
      for (const { data } of each) {
        const { before, after, gone, come } = data as { before: number; after: number; gone: string[]; come: string[] };
        assert.equal(before - gone.length + come.length, after);
      }
      assert.equal(all.data.after, counts.at(-1)![1]);
      assert.ok(counts.at(-1)![1] < counts[0][0]);
      assert.equal((all.data.operations as string[]).length, all.data.after);
    }
    const { facts } = await explain(withRandom(tiny), "passes");
    const folded = named(facts, "fold batch norms", "pass").data.come as string[];
    assert.ok(folded.some((line) => line.startsWith("features.3.0.body.1 = binaryConv2d(features.3.0.body.0.qact)")));
  });
});

test("facts are the same from the values of the kernels", async () => {
  const run: ValueRunner = async (model, input, names) => {
    const session = await createSession(model, { inputShape: input.shape, taps: names });
    session.run(input);
    return new Map(
      names.map((name) => {
        const { shape, data } = session.tap(name);
        return [name, { shape, data: Float32Array.from(data) }];
      }),
    );
  };
  for (const question of questions) {
    const model = withRandom(tiny);
    const [expected, actual] = [await explain(model, question), await explain(model, question, { run })];
    const plain = ({ facts }: typeof expected) => facts.map(({ path, kind }) => [path, kind]);
    assert.deepEqual(plain(actual), plain(expected));
    for (const fact of actual.facts)
      for (const proof of fact.proofs) assert.ok(proof.holds, `${fact.text}: ${proof.what}`);
  }
});

test("networks with NHWC ports and pixels are explained in NCHW", async () => {
  const { graph, weights } = withRandom(tiny);
  const [batch, channels, height, width] = graph.inputShape;
  const pixels = Uint8Array.from({ length: channels * height * width }, (_, index) => (index * 37) % 256);
  const moved = Uint8Array.from(pixels, (_, index) => {
    const place = Math.floor(index / channels);
    return pixels[(index % channels) * height * width + place];
  });
  const preprocess = { mean: [100, 110, 120], std: [50, 60, 70] };
  const nchw = { graph: { ...graph, preprocess }, weights };
  const nhwc = {
    graph: { ...graph, preprocess, layout: "NHWC" as const, inputShape: [batch, height, width, channels] },
    weights,
  };
  const [a, b] = [
    await explain(nchw, "shortcuts", { input: { shape: graph.inputShape, data: pixels } }),
    await explain(nhwc, "shortcuts", { input: { shape: nhwc.graph.inputShape, data: moved } }),
  ];
  assert.deepEqual(
    a.facts.map(({ data }) => data),
    b.facts.map(({ data }) => data),
  );
});

test("facts of one sort are printed once", async () => {
  const explanation = await explain(withRandom(tiny), "bn");
  const lines = explanationText(explanation);
  assert.ok(lines.every((line) => line.length <= 100));
  assert.equal(lines.filter((line) => /folds into BinConv3x3 /.test(line)).length, 1);
  assert.ok(lines.some((line) => /^ {2}the same holds for 12 more: features\.3\.1\.body\.1/.test(line)));
  const all = explanationText(explanation, { all: true });
  assert.ok(all.filter((line) => /folds into BinConv3x3 /.test(line)).length > 10);
});

test("another question is refused with the closest ones", async () => {
  await assert.rejects(explain(withRandom(tiny), "bm"), { code: "unknown-name", message: /"bn"/ });
});
