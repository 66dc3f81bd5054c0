/** What a description says of parts, units and layers: costs, receptive fields, shortcuts, precision. */
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { getAwnasModel } from "../../src/awnas.js";
import { countsOf } from "../../src/explain/counts.js";
import { describe as describeNetwork } from "../../src/explain/describe.js";
import { outlineOf } from "../../src/explain/outline.js";
import { receptiveFields } from "../../src/explain/receptive_field.js";
import { summarize } from "../../src/graph/cost.js";
import { inferShapes } from "../../src/graph/shapes.js";
import type { Graph } from "../../src/graph/types.js";
import { randomWeights } from "../../src/models/random_weights.js";
import { getModel } from "../../src/models/registry.js";
import { runReference } from "../../src/reference/index.js";
import { awnas18, build, buildableNames, e1, e1Grouped, e1Paper, smallE1 } from "./networks.js";

const MACS = ["binaryMacs", "floatMacs", "denseMacs", "parameters"] as const;

describe("costs", () => {
  test("layers, units and parts sum to the totals of summarize", () => {
    for (const name of buildableNames()) {
      const graph = build(name);
      const { totals, parts } = describeNetwork(graph);
      const expected = summarize(graph).totals;
      const units = parts.flatMap((part) => part.units);
      const layers = units.flatMap((unit) => unit.layers);
      for (const key of MACS) {
        assert.equal(totals[key], expected[key], name);
        for (const grain of [parts, units, layers]) {
          assert.equal(
            grain.reduce((sum, described) => sum + described[key], 0),
            expected[key],
            `${name} ${key}`,
          );
        }
      }
      assert.equal(totals.packedBytes, expected.packedBytes);
    }
  });

  test("another input shape is counted, and batches", () => {
    const graph = smallE1();
    const large = describeNetwork(graph, [2, 3, 32, 32]);
    assert.equal(large.totals.binaryMacs, 8 * describeNetwork(graph).totals.binaryMacs);
    assert.deepEqual(large.inputShape, [2, 3, 32, 32]);
    assert.deepEqual(large.parts[0].outputShape, [2, 64, 32, 32]);
  });

  // spec: part C's table, counted there by running the networks.
  const configurations: readonly (readonly [string, Graph, readonly number[]])[] = [
    ["default", e1, [1_695_547_392, 19_267_584, 118_013_952, 0, 512_000, 11_157_504, 522_408, 4_867, 19, 1]],
    ["useFp", e1Paper, [1_676_279_808, 0, 118_013_952, 19_267_584, 512_000, 10_985_472, 694_440, 4_867, 16, 4]],
    [
      "grouped_stem, useFp, usePooling",
      e1Grouped,
      [1_676_279_808, 0, 68_640_768, 19_267_584, 512_000, 10_985_472, 690_504, 4_931, 16, 6],
    ],
    ["AWNAS", awnas18, [1_676_279_808, 0, 68_640_768, 19_267_584, 512_000, 10_985_472, 704_328, 4_384, 19, 5]],
  ];
  for (const [name, graph, expected] of configurations) {
    test(`the counts of ResNet18, ${name}`, () => {
      const outline = outlineOf(graph);
      const counts = countsOf(outline, describeNetwork(graph));
      assert.deepEqual(
        [
          counts.binaryMacs,
          counts.binaryShortcutMacs,
          counts.stemMacs,
          counts.floatShortcutMacs,
          counts.denseMacs,
          counts.binaryWeights,
          counts.floatWeights,
          counts.batchNormChannels,
          counts.binaryConvolutions,
          counts.floatConvolutions,
        ],
        expected,
      );
      assert.equal(counts.otherFloatMacs, 0);
    });
  }
});

describe("receptive fields", () => {
  test("are what reaches an element, measured on the reference", () => {
    // A change of one pixel may only move elements whose field holds it: the rows and columns that move give the size.
    const graphs = [
      getModel("resnet18_e1", { initialLayers: "imagenet", inputShape: [1, 3, 96, 96], classes: 10 }),
      getAwnasModel("awnas_resnet18", { inputShape: [1, 3, 96, 96], classes: 10 }),
    ];
    for (const graph of graphs) {
      const shapes = inferShapes(graph);
      const fields = receptiveFields(graph, shapes);
      const { parts } = outlineOf(graph);
      const stem = parts[0].units[0].nodes.at(-1)!;
      const [, channels, height, width] = shapes.get(stem.name)!;
      const truncated = {
        ...graph,
        nodes: graph.nodes.slice(0, graph.nodes.indexOf(stem) + 1),
        output: stem.name,
        modules: [{ path: "", type: "Part", output: stem.name }],
      };
      const weights = randomWeights(truncated, 3);
      // Every pixel pushes the same way, so that no maximum and no ReLU hides a change.
      const value = height >> 1;
      const base = new Float32Array(3 * 96 * 96).fill(1);
      const rows = new Set<number>();
      const middle = [...Array(channels).keys()].map((channel) => (channel * height + value) * width + value);
      const run = (data: Float32Array) => runReference(truncated, weights, { shape: [1, 3, 96, 96], data }).output.data;
      const before = run(base);
      for (let row = 0; row < 96; row++) {
        let moved = false;
        for (const push of [50, -50]) {
          const changed = base.slice();
          for (let channel = 0; channel < 3; channel++) {
            for (let column = 0; column < 96; column++) changed[(channel * 96 + row) * 96 + column] += push;
          }
          const after = run(changed);
          moved ||= middle.some((index) => after[index] !== before[index]);
        }
        if (moved) rows.add(row);
      }
      const found = [...rows];
      assert.equal(found[found.length - 1] - found[0] + 1, fields.get(stem.name)![0], graph.name);
    }
  });

  test("grow with the depth, shifted maps included, and end in the whole input", () => {
    const fieldsOf = (graph: Graph) => describeNetwork(graph).parts.map(({ receptiveField }) => receptiveField);
    assert.deepEqual(fieldsOf(e1), [[11, 11], [43, 43], [99, 99], [211, 211], [435, 435], null]);
    assert.deepEqual(fieldsOf(awnas18), [[7, 7], [39, 39], [99, 99], [219, 219], [459, 459], null]);
  });
});

describe("units and layers", () => {
  test("a shortcut names the tensor it reads, where it arrives, and the module that passes it", () => {
    const [block] = describeNetwork(e1).parts[1].units;
    assert.deepEqual(block.shortcuts, [
      {
        reads: "features.5",
        readsWhat: "x",
        addedAt: "features.6.0.add",
        how: "add",
        addedAfter: "BN",
        kind: "identity",
        via: "",
        layers: [],
        printedAs: null,
      },
    ]);
    const [unit] = describeNetwork(awnas18).parts[1].units;
    const path = "cells.0.edge_mod.f_0_t_1-xnor_resnet_block-0";
    assert.deepEqual(
      unit.shortcuts.map(({ reads, readsWhat, addedAt, printedAs }) => [reads, readsWhat, addedAt, printedAs]),
      [
        [
          `${path}.op_1.bn`,
          "BN",
          `${path}.op_1.add`,
          { path: `${path}.op_1.shortcut`, class: "SkipConnectV2", chosenBy: null },
        ],
        ["stem.4", "x", `${path}.inner`, { path: `${path}.skip_op`, class: "Identity", chosenBy: null }],
      ],
    );
  });

  test("layers say their class and precision, and factories the option that chose the class", () => {
    const { parts, chosen } = describeNetwork(e1);
    const [, stage, reducing] = parts;
    const [sign, conv, bn, sum] = stage.units[0].layers;
    assert.deepEqual(
      [sign, conv, bn, sum].map((layer) => [layer.notation, layer.class, layer.precision]),
      [
        ["sign", "QActivation", null],
        ["BinConv3x3", "QConv2D", "binary"],
        ["BN", "BatchNorm", null],
        ["add", "BasicBlockE1", null],
      ],
    );
    assert.equal(reducing.units[0].reduces, true);
    assert.equal(reducing.units[1].reduces, false);
    assert.deepEqual(chosen[0], {
      path: "features.6.0.body.0",
      class: "BinaryConvolution",
      chosenBy: { factory: "activated_conv", option: "approximation", value: "" },
    });
    const classes = (["binet", "xnor"] as const).map(
      (approximation) => describeNetwork(smallE1({ binary: { approximation } })).chosen[0],
    );
    assert.deepEqual(
      classes.map(({ class: type, chosenBy }) => [type, chosenBy?.value]),
      [
        ["ScaledWeightsBinaryConv", "binet"],
        ["ScaledBinaryConv", "xnor"],
      ],
    );
    const bireal = describeNetwork(getAwnasModel("awnas_resnet18", { block: "bireal_resnet_block" }));
    assert.equal(bireal.chosen[0].chosenBy?.value, "bireal_resnet_block");
    assert.equal(bireal.parts[1].units[0].layers[0].precision, "binaryWeights");
    const fewBits = describeNetwork(smallE1({ binary: { bits: 2, bitsA: 2 } }));
    assert.equal(fewBits.parts[1].units[0].layers[1].precision, "fewBits");
  });

  test("layers that do not run are marked, at their place", () => {
    const graph = smallE1();
    const extra = { kind: "relu" as const, name: "extra", inputs: ["features.3.0.add"], module: "features.3.0" };
    const position = graph.nodes.findIndex(({ name }) => name === "features.3.0.add") + 1;
    const nodes = [...graph.nodes.slice(0, position), extra, ...graph.nodes.slice(position)];
    const { parts } = describeNetwork({ ...graph, nodes });
    const unused = parts.flatMap(({ units }) =>
      units.flatMap(({ label, layers }) => layers.filter((layer) => layer.unused).map(({ name }) => [label, name])),
    );
    assert.deepEqual(unused, [["stage 1, unit 1", "extra"]]);
  });
});
