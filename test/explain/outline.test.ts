/** Parts and units of networks, found from the graph alone. */
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { describe, test } from "node:test";
import { expressionOf, formatExpression } from "../../src/explain/expression.js";
import { cutPositions } from "../../src/explain/flow.js";
import { type Outline, outlineOf, type Unit } from "../../src/explain/outline.js";
import type { Graph, Node } from "../../src/graph/types.js";
import { fromAnyDescription } from "../../src/models/catalog.js";
import { importMxnet } from "../../src/mxnet.js";
import { formatShape } from "../../src/tensor.js";
import { sharedPath, skipWithout } from "../support/shared.js";
import { awnas18, build, buildableNames, e1, renamed } from "./networks.js";

function text({ nodes, from }: Unit): string {
  return formatExpression(expressionOf(nodes, from), (value) => (value === from ? "x" : value));
}

/** `stage 1: 4 units` and so on. */
function parts({ parts: all }: Outline): readonly string[] {
  return all.map(({ label, units }) => `${label}: ${units.length}`);
}

function golden(name: string): Graph {
  return fromAnyDescription(readFileSync(sharedPath(`goldens/${name}.json`), "utf8"));
}

describe("cut points", () => {
  const layer = (name: string, ...inputs: string[]) => ({ kind: "relu", name, inputs, module: "" }) as Node;

  test("a value is one if later layers read no other", () => {
    const nodes = [layer("a", "x"), layer("b", "a"), layer("c", "a"), layer("d", "b", "c"), layer("e", "d")];
    assert.deepEqual(cutPositions(nodes), [0, 3, 4]);
  });

  test("the value that enters may be read again", () => {
    assert.deepEqual(cutPositions([layer("a", "x"), layer("b", "a", "x"), layer("c", "b", "b")]), [1, 2]);
  });
});

describe("the parts of networks", () => {
  test("every layer that runs stands in one unit, in order, and a unit ends in what it returns", () => {
    for (const name of buildableNames()) {
      const outline = outlineOf(build(name));
      const units = outline.parts.flatMap((part) => part.units);
      assert.deepEqual(
        units.flatMap(({ nodes }) => nodes),
        outline.flow.live,
        name,
      );
      units.forEach(({ from }, index) => {
        const before = index === 0 ? "input" : units[index - 1].nodes.at(-1)!.name;
        assert.equal(from, before, name);
      });
      assert.deepEqual(
        outline.parts.map(({ role }) => role),
        ["stem", "stage", "stage", "stage", "stage", "head"],
        name,
      );
    }
  });

  test("ResNetE1: a unit a block", () => {
    const outline = outlineOf(e1);
    assert.deepEqual(parts(outline), ["stem: 1", "stage 1: 4", "stage 2: 4", "stage 3: 4", "stage 4: 4", "head: 1"]);
    assert.deepEqual(
      outline.parts.map(({ units }) => text(units[0])),
      [
        "BN(fix gamma)-Conv7x7/2-BN-ReLU-MaxPool3x3/2-BN",
        "sign-BinConv3x3-BN + x",
        "sign-BinConv3x3/2-BN + sign-BinConv1x1/2-BN",
        "sign-BinConv3x3/2-BN + sign-BinConv1x1/2-BN",
        "sign-BinConv3x3/2-BN + sign-BinConv1x1/2-BN",
        "ReLU-GAP-Flatten-Dense",
      ],
    );
  });

  test("AWNAS: two units a cell, the inner shortcut within", () => {
    const outline = outlineOf(awnas18);
    const [stem, stage, reducing] = outline.parts;
    assert.equal(text(stem.units[0]), "Conv3x3/2-BN-ReLU-Conv3x3/2-BN");
    assert.deepEqual(
      stage.units.map((unit) => [unit.block, text(unit)]),
      ["cells.0", "cells.0", "cells.1", "cells.1"].map((cell) => [cell, "BN-(sign-BinConv3x3 + BN)-ReLU + x"]),
    );
    assert.equal(
      text(reducing.units[0]),
      "BN-(concat(sign-BinConv3x3/2, shift(1,1)-sign-BinConv3x3/2) + AvgPool2x2/2-concat x2)-ReLU + Conv1x1/2-BN-ReLU",
    );
  });

  test("a batch norm that both branches read belongs to its block", () => {
    const { parts: all } = outlineOf(build("resnet18_e2"));
    assert.equal(text(all[2].units[0]), "BN-(sign-BinConv3x3/2 + sign-BinConv1x1/2)");
    assert.equal(text(all[5].units[0]), "BN-ReLU-GAP-Flatten-Dense");
  });

  test("transitions start the stage of their resolution", () => {
    const { parts: all } = outlineOf(build("meliusnet22"));
    assert.deepEqual(
      all.slice(1, 5).map(({ units }) => text(units[0])),
      ["concat(x, BN-sign-BinConv3x3)", ...Array.from({ length: 3 }, () => "BN-MaxPool2x2/2-ReLU-Conv1x1")],
    );
    assert.equal(text(all[1].units[1]), "BN-sign-BinConv3x3 + x (from channel 64)");
  });

  test("names play no role, and without modules there are no blocks", () => {
    const strip = (outline: Outline) => outline.parts.map(({ label, units }) => [label, units.map(text)]);
    for (const name of ["resnet18_e1", "awnas_resnet18", "densenet28", "binet18"]) {
      const outline = outlineOf(renamed(build(name)));
      assert.deepEqual(strip(outline), strip(outlineOf(build(name))), name);
      assert.ok(outline.parts.every(({ units }) => units.every(({ block }) => block === null)));
    }
  });

  test("cells that read the two before them are units", {
    skip: skipWithout("goldens/awnas_darts_preproc_concat.json"),
  }, () => {
    const outline = outlineOf(golden("awnas_darts_preproc_concat"));
    assert.deepEqual(parts(outline), ["stem: 1", "stage 1: 1", "stage 2: 2", "stage 3: 2", "head: 1"]);
    const stages = outline.parts.filter(({ role }) => role === "stage");
    const cells = stages.flatMap(({ units }) => units.map(({ block }) => block));
    assert.deepEqual(cells, ["cells.0", "cells.1", "cells.2", "cells.3", "cells.4"]);
  });
});

describe("networks in a row", () => {
  function chain(...layers: readonly Readonly<Record<string, unknown>>[]): Graph {
    const nodes = [
      { kind: "input", name: "input", inputs: [], module: "" },
      ...layers.map((layer, index) => ({
        ...layer,
        name: `layer${index + 1}`,
        inputs: [index === 0 ? "input" : `layer${index}`],
        module: "",
      })),
    ] as unknown as Node[];
    const output = nodes[nodes.length - 1].name;
    return { name: "chain", inputShape: [1, 1, 28, 28], nodes, output, modules: [{ path: "", type: "Chain", output }] };
  }

  const conv = (kind: string, weight: string) => ({
    kind,
    weight,
    channels: 8,
    kernel: [3, 3],
    stride: [1, 1],
    padding: [1, 1],
    dilation: [1, 1],
    groups: 1,
    ...(kind === "conv2d" ? { bias: null } : {}),
    ...(kind === "binaryConv2d" ? { padValue: -1, quantizer: "det_sign", bits: 1, scaling: "none", offset: true } : {}),
  });
  const pool = { kind: "maxPool", kernel: [2, 2], stride: [2, 2], padding: [0, 0] };
  const sign = { kind: "quantize", method: "det_sign", bits: 1 };
  const dense = (weight: string) => ({ kind: "dense", weight, bias: null, units: 10 });

  test("LeNet: the first convolution is the stem, each other one a unit, what follows the maps the head", () => {
    const outline = outlineOf(
      chain(
        conv("conv2d", "a"),
        { kind: "relu" },
        pool,
        sign,
        conv("binaryConv2d", "b"),
        pool,
        { kind: "relu" },
        { kind: "flatten" },
        dense("c"),
        { kind: "relu" },
        dense("d"),
      ),
    );
    assert.deepEqual(
      outline.parts.map(({ label, units }) => [label, units.map(text)]),
      [
        ["stem", ["Conv3x3-ReLU-MaxPool2x2/2"]],
        ["stage 1", ["sign-BinConv3x3-MaxPool2x2/2-ReLU"]],
        ["head", ["Flatten-Dense-ReLU-Dense"]],
      ],
    );
  });

  test("VGG: stages by resolution", () => {
    const outline = outlineOf(
      chain(
        ...[conv("conv2d", "a"), { kind: "relu" }, conv("conv2d", "b"), { kind: "relu" }, pool],
        ...[conv("conv2d", "c"), { kind: "relu" }, conv("conv2d", "d"), { kind: "relu" }, pool],
        ...[{ kind: "globalAvgPool" }, { kind: "flatten" }, dense("e")],
      ),
    );
    assert.deepEqual(
      outline.parts.map(({ label, units }) => [label, units.map(text)]),
      [
        ["stem", ["Conv3x3-ReLU"]],
        ["stage 1", ["Conv3x3-ReLU-MaxPool2x2/2"]],
        ["stage 2", ["Conv3x3-ReLU", "Conv3x3-ReLU-MaxPool2x2/2"]],
        ["head", ["GAP-Flatten-Dense"]],
      ],
    );
  });

  test("one layer, and none", () => {
    assert.deepEqual(parts(outlineOf(chain({ kind: "relu" }))), ["stem: 1"]);
    const empty: Graph = { ...chain({ kind: "relu" }), output: "input" };
    assert.deepEqual(outlineOf(empty).parts, []);
  });
});

const SYMBOL = "data/bmxnet/binarized_imagenet-resnet18-64bit";

test("a symbol without modules has stages, too", {
  skip: skipWithout(`${SYMBOL}-symbol.json`, `${SYMBOL}-0040.params`),
}, () => {
  const symbol = readFileSync(sharedPath(`${SYMBOL}-symbol.json`), "utf8");
  const bytes = readFileSync(sharedPath(`${SYMBOL}-0040.params`));
  const outline = outlineOf(importMxnet(symbol, bytes, { logits: true }).graph);
  assert.deepEqual(parts(outline), ["stem: 1", "stage 1: 2", "stage 2: 2", "stage 3: 2", "stage 4: 2", "head: 1"]);
  assert.equal(text(outline.parts[2].units[0]), "BN-sign-(BinConv3x3/2-BN-sign-BinConv3x3 + BinConv1x1/2)");
  const last = outline.parts[4].units[1].nodes.at(-1)!;
  assert.equal(formatShape(outline.shapes.get(last.name)!), "1x512x7x7");
});
