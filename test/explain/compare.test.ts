/**
 * Comparisons: the first table of part C of the specification, row by row, and pairs of networks of both frameworks.
 */
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { getAwnasModel } from "../../src/awnas.js";
import { type Comparison, compare } from "../../src/explain/compare.js";
import type { Graph } from "../../src/graph/types.js";
import { getModel } from "../../src/models/registry.js";
import { awnas18, build, buildableNames, e1, e1Paper, withNode } from "./networks.js";

function answers({ questions }: Comparison, key: string): { readonly a: unknown; readonly b: unknown } {
  const found = questions.find((question) => question.key === key);
  assert.ok(found, `no question ${key}`);
  return { a: found.a.data, b: found.b.data };
}

describe("ResNetE18 of BMXNet and ResNet18 of AWNAS", () => {
  const comparison = compare(e1, awnas18);
  const paper = compare(e1Paper, awnas18);

  test("stem", () => {
    assert.deepEqual(answers(comparison, "stem"), {
      a: { layers: "BN(fix gamma)-Conv7x7/2-BN-ReLU-MaxPool3x3/2-BN", scale: 4 },
      b: { layers: "Conv3x3/2-BN-ReLU-Conv3x3/2-BN", scale: 4 },
    });
    const grouped = compare(getModel("resnet18_e1", { initialLayers: "grouped_stem" }), awnas18);
    assert.deepEqual(answers(grouped, "stem").a, {
      layers: "BN(fix gamma)-Conv3x3/2-BN-ReLU-Conv3x3 groups 4-BN-ReLU-Conv3x3 groups 8-BN-ReLU-MaxPool3x3/2-BN",
      scale: 4,
    });
  });

  test("unit printed", () => {
    assert.deepEqual(answers(comparison, "unit"), {
      a: { class: "BasicBlockE1", convolutions: 1, blocksPerStage: [4, 4, 4, 4] },
      b: { class: "CNNGenotypeCell", convolutions: 2, blocksPerStage: [2, 2, 2, 2] },
    });
  });

  test("order in a unit", () => {
    assert.deepEqual(answers(comparison, "order"), {
      a: "sign-BinConv3x3-BN + x",
      b: "BN-(sign-BinConv3x3 + BN)-ReLU + x",
    });
  });

  test("shortcuts", () => {
    assert.deepEqual(answers(comparison, "shortcuts"), {
      a: {
        perConvolution: 1,
        shortcuts: [{ reads: "x", via: "", kind: "identity", addedAfter: "BN", how: "add", printedAs: [null] }],
      },
      b: {
        perConvolution: 2,
        shortcuts: [
          {
            reads: "BN",
            via: "",
            kind: "identity",
            addedAfter: "BinConv3x3",
            how: "add",
            printedAs: ["SkipConnectV2"],
          },
          { reads: "x", via: "", kind: "identity", addedAfter: "ReLU", how: "add", printedAs: ["Identity", null] },
        ],
      },
    });
  });

  test("real-valued path", () => {
    assert.deepEqual(answers(comparison, "realPath"), {
      a: { adds: "BN", sign: "signed" },
      b: { adds: "ReLU", sign: "nonNegative" },
    });
  });

  test("two (64,64) convolutions and two poolings at 64 -> 128", () => {
    assert.deepEqual(answers(comparison, "reduction"), {
      a: {
        convolutions: [{ notation: "BinConv3x3/2", channels: [64, 128], shift: [0, 0] }],
        isJoined: false,
        poolings: [],
        parameterFreeShortcuts: 0,
      },
      b: {
        convolutions: [
          { notation: "BinConv3x3/2", channels: [64, 64], shift: [0, 0] },
          { notation: "BinConv3x3/2", channels: [64, 64], shift: [1, 1] },
        ],
        isJoined: true,
        poolings: [{ notation: "AvgPool2x2/2", copies: 2 }],
        parameterFreeShortcuts: 1,
      },
    });
  });

  test("downsample", () => {
    const awnas = { branch: "parallel", layers: "Conv1x1/2-BN-ReLU", precision: "float", hasRelu: true };
    assert.deepEqual(answers(comparison, "downsample"), {
      a: { branch: "parallel", layers: "sign-BinConv1x1/2-BN", precision: "binary", hasRelu: false },
      b: awnas,
    });
    assert.deepEqual(answers(paper, "downsample"), {
      a: { branch: "parallel", layers: "Conv1x1/2-BN", precision: "float", hasRelu: false },
      b: awnas,
    });
  });

  test("shortcut inside the downsample", () => {
    const { a, b } = answers(comparison, "shortcutInDownsample");
    assert.deepEqual(a, []);
    assert.deepEqual(b, [
      {
        reads: "BN",
        via: "AvgPool2x2/2-concat x2",
        kind: "parameterFree",
        addedAfter: "concat",
        how: "add",
        printedAs: ["SkipConnectV2"],
      },
    ]);
  });

  test("border, sign(0), convolution output, end", () => {
    assert.deepEqual(answers(comparison, "border"), { a: [-1], b: [0] });
    assert.deepEqual(answers(comparison, "signOfZero"), { a: [1], b: [0] });
    assert.deepEqual(answers(comparison, "convolutionOutput"), {
      a: [{ offset: true, scaling: "none", weights: "det_sign", inputMagnitude: false }],
      b: [{ offset: false, scaling: "channel", weights: "sign", inputMagnitude: false }],
    });
    assert.deepEqual(answers(comparison, "end"), {
      a: { lastUnit: "sign-BinConv3x3-BN + x", head: "ReLU-GAP-Flatten-Dense" },
      b: { lastUnit: "BN-(sign-BinConv3x3 + BN)-ReLU + x", head: "GAP-Flatten-Dense" },
    });
  });

  test("all differ", () => {
    assert.deepEqual(
      comparison.questions.filter(({ isSame }) => isSame),
      [],
    );
  });

  test("the differences hold the same facts, layer by layer", () => {
    const { differences } = comparison;
    const fields = (path: string) => differences.filter((difference) => difference.path === path);
    const values = fields("features.6.0.body.0.qconv").map(({ field, a, b }) => [field, a, b]);
    assert.deepEqual(values, [
      ["padValue", -1, 0],
      ["quantizer", "det_sign", "sign"],
      ["scaling", "none", "channel"],
      ["offset", true, false],
    ]);
    assert.deepEqual(
      fields("features.6.0.body.0.qact").map(({ field, a, b }) => [field, a, b]),
      [["method", "det_sign", "sign"]],
    );
    assert.equal(differences[0].path, "features.1");
    assert.equal(differences[0].pathInB, "stem.0");
    const shortcuts = differences.filter(({ field, a }) => field === "shortcut" && a === null);
    // One in each unit that keeps its size, one in each that halves it.
    assert.equal(shortcuts.filter(({ b }) => b === "BN, added after BinConv3x3").length, 13);
    assert.equal(shortcuts.filter(({ b }) => b === "BN-AvgPool2x2/2-concat x2, added after concat").length, 3);
    const downsample = fields("features.7.0.downsample.0.qconv");
    assert.deepEqual(
      downsample.map(({ field, a, b }) => [field, a, b]),
      [["kind", "binaryConv2d", "conv2d"]],
    );
  });

  test("stands side by side by role and resolution, units and layers in place", () => {
    assert.deepEqual(
      comparison.parts.map(({ a, b, units }) => [a?.label, b?.label, units.length]),
      ["stem", "stage 1", "stage 2", "stage 3", "stage 4", "head"].map((label, index) => [
        label,
        label,
        index === 0 || index === 5 ? 1 : 4,
      ]),
    );
    const [first] = comparison.parts[2].units;
    assert.equal(first.a?.block?.path, "features.7.0");
    assert.equal(first.b?.block?.path, "cells.2");
    const pairs = first.layers.flatMap(({ a, b }) => (a === null || b === null ? [] : [[a.notation, b.notation]]));
    assert.deepEqual(pairs, [
      ["sign", "sign"],
      ["BinConv3x3/2", "BinConv3x3/2"],
      ["BinConv1x1/2", "Conv1x1/2"],
      ["BN", "BN"],
      ["add", "add"],
    ]);
  });
});

describe("a network and itself", () => {
  for (const name of buildableNames()) {
    test(name, () => {
      const { differences, questions } = compare(build(name), build(name));
      assert.deepEqual(differences, []);
      assert.ok(questions.every(({ isSame }) => isSame));
    });
  }
});

/** How many differences there are of each field and values. */
function tally({ differences }: Comparison): Readonly<Record<string, number>> {
  const counts: Record<string, number> = {};
  for (const { field, a, b } of differences) {
    const key = `${field}: ${JSON.stringify(a)} | ${JSON.stringify(b)}`;
    counts[key] = (counts[key] ?? 0) + 1;
  }
  return counts;
}

describe("pairs of networks", () => {
  test("E1 and E2: batch norms stand elsewhere, all else is the same", () => {
    // 16 blocks, 3 downsamples, one before the stages; 16 blocks, one after them.
    assert.deepEqual(tally(compare(e1, build("resnet18_e2"))), {
      'layer: "BN" | null': 20,
      'layer: null | "BN"': 17,
    });
  });

  test("E18 and E34: the deeper one has more units at the end of its stages", () => {
    const comparison = compare(e1, build("resnet34_e1"));
    assert.deepEqual(tally(comparison), {
      'layer: null | "sign"': 16,
      'layer: null | "BinConv3x3"': 16,
      'layer: null | "BN"': 16,
      'shortcut: null | "x, added after BN"': 16,
    });
    const alone = comparison.parts.map(({ units }) => units.filter(({ a }) => a === null).length);
    assert.deepEqual(alone, [0, 2, 4, 8, 2, 0]);
  });

  test("ResNetE and MeliusNet: sums and joins", () => {
    const { questions, differences, parts } = compare(e1, build("meliusnet22"));
    assert.equal(parts.length, 6);
    assert.ok(parts.every(({ a, b }) => a !== null && b !== null && a.role === b.role));
    const order = questions.find(({ key }) => key === "order")!;
    assert.deepEqual([order.a.data, order.b.data], ["sign-BinConv3x3-BN + x", "concat(x, BN-sign-BinConv3x3)"]);
    assert.ok(differences.some(({ field, a, b }) => field === "kind" && a === "add" && b === "concat"));
  });

  test("AWNAS xnor and bireal: order, signs, reduction", () => {
    const bireal = getAwnasModel("awnas_resnet18", { block: "bireal_resnet_block" });
    const { questions, counts } = compare(awnas18, bireal);
    const differing = questions.filter(({ isSame }) => !isSame).map(({ key }) => key);
    assert.deepEqual(differing, [
      ...["order", "shortcuts", "reduction", "shortcutInDownsample", "batchNorm", "kernels", "signOfZero", "end"],
    ]);
    assert.equal(counts.a.binaryMacs, counts.b.binaryMacs);
    const order = questions.find(({ key }) => key === "order")!;
    assert.equal(order.b.data, "(BinConv3x3 + x)-BN-ReLU + x");
  });

  test("a stage more", () => {
    const options = { initialLayers: "thumbnail" as const, inputShape: [1, 3, 32, 32] };
    const three: Graph = getModel("resnet18_e1", options);
    const comparison = compare(three, getModel("densenet28", options));
    assert.ok(comparison.differences.length > 0);
  });

  test("equal counts, shortcuts of other tensors: told apart", () => {
    // The inner shortcut of AWNAS reads the batch norm's output; here it reads what the batch norm reads.
    const path = "cells.0.edge_mod.f_0_t_1-xnor_resnet_block-0.op_1";
    const rewired = withNode(awnas18, `${path}.add`, { inputs: [`${path}.conv`, "stem.4"] });
    const { counts, differences, questions } = compare(awnas18, rewired);
    assert.deepEqual(counts.a, counts.b);
    assert.deepEqual(differences, [
      {
        path: `${path}.add`,
        field: "inputs",
        a: [`${path}.conv`, `${path}.bn`],
        b: [`${path}.conv`, "stem.4"],
      },
    ]);
    assert.ok(questions.every(({ isSame }) => isSame)); // one unit of sixteen is no typical one
    const all = awnas18.nodes.reduce((graph, node) => {
      if (node.kind !== "add" || !node.name.endsWith(".add") || !/op_[12]\.add$/.test(node.name)) return graph;
      const bn = awnas18.nodes.find(({ name }) => name === node.inputs[1]);
      return bn?.kind === "batchNorm" ? withNode(graph, node.name, { inputs: [node.inputs[0], bn.inputs[0]] }) : graph;
    }, awnas18);
    const everywhere = compare(awnas18, all);
    assert.equal(everywhere.differences.length, 13);
    assert.deepEqual(everywhere.counts.a, everywhere.counts.b);
    const shortcuts = everywhere.questions.find(({ key }) => key === "shortcuts")!;
    assert.equal(shortcuts.isSame, false);
  });
});
