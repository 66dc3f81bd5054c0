/** Drawings: DOT that Graphviz lays out, whatever the names, and SVG that reads itself out. */
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { describe as suite, test } from "node:test";
import { loadLayout } from "../../src/cli/layout.js";
import { describe } from "../../src/explain/describe.js";
import { toDot } from "../../src/explain/drawing/dot.js";
import { drawingInWords, sizeOf, standaloneSvg } from "../../src/explain/drawing/svg.js";
import { unitDot } from "../../src/explain/drawing/unit_dot.js";
import { timesOf } from "../../src/explain/times.js";
import type { Graph } from "../../src/graph/types.js";
import { fromAnyDescription } from "../../src/models/catalog.js";
import { sharedPath, skipWithout } from "../support/shared.js";
import { awnas18, build, e1, narrowE, renamed, smallE1 } from "./networks.js";

const layout = await loadLayout();

const GRAINS = ["stage", "block", "layer"] as const;

/** Boxes of a class in the layout. */
function boxes(svg: string, type: string): number {
  return [...svg.matchAll(/<g id="[^"]*" class="node ([^"]*)">/g)].filter(([, own]) => own === type).length;
}

function edges(svg: string, type = "edge"): number {
  return [...svg.matchAll(/<g id="[^"]*" class="(edge[^"]*)">/g)].filter(([, own]) => own === type).length;
}

suite("a network", () => {
  test("has the boxes and arcs of its layers", () => {
    const svg = layout(toDot(describe(e1), { grain: "layer" }));
    assert.equal(boxes(svg, "binary"), 19);
    assert.equal(boxes(svg, "float"), 2);
    assert.equal(boxes(svg, "sum"), 16);
    // 13 identities, and three branches of which the first and the last edge are drawn as shortcuts.
    assert.equal(edges(svg, "edge shortcut"), 13 + 3 * 2);
    const all = e1.nodes.reduce((sum, { inputs }) => sum + inputs.length, 0);
    assert.equal(edges(svg) + edges(svg, "edge shortcut"), all + 1);
  });

  test("at block grain has a box a unit and a circle a sum", () => {
    const svg = layout(toDot(describe(awnas18)));
    assert.equal(boxes(svg, "binary"), 16);
    assert.equal(boxes(svg, "sum"), 16);
    assert.equal(boxes(svg, "float"), 2 + 3);
    assert.equal(edges(svg, "edge shortcut"), 13 + 3 * 2);
    assert.match(svg, />stage 4</);
  });

  test("at stage grain has a box a part", () => {
    const svg = layout(toDot(describe(e1), { grain: "stage" }));
    assert.equal(boxes(svg, "binary"), 4);
    assert.equal(boxes(svg, "float"), 2);
    assert.match(svg, /462\.42 M binary/);
  });

  test("of any size is laid out: LeNet to ResNet-152", () => {
    for (const name of ["resnet152_e1", "meliusnet59", "awnas_resnet152"]) {
      const { width, height } = sizeOf(layout(toDot(describe(build(name)))));
      assert.ok(height > width && width < 2000, `${name}: ${width} x ${height}`);
    }
  });

  test("with cells that read two others", { skip: skipWithout("goldens/awnas_darts_preproc_concat.json") }, () => {
    const graph = fromAnyDescription(readFileSync(sharedPath("goldens/awnas_darts_preproc_concat.json"), "utf8"));
    for (const grain of GRAINS) assert.ok(sizeOf(layout(toDot(describe(graph), { grain }))).height > 0);
  });

  test("has measured times in its boxes", () => {
    const description = describe(smallE1());
    const times = timesOf(description, [
      { name: "features.1", milliseconds: 1.5 },
      { name: "features.3.0.body.0.qconv", milliseconds: 2.25 },
      { name: "features.3.1.add", milliseconds: 0.5 },
      { name: "pack features.3.1.add", milliseconds: 0.25 },
    ]);
    assert.deepEqual(
      [...times.parts],
      [
        ["stem", 1.5],
        ["stage 1", 3],
      ],
    );
    assert.equal(times.units.get("stage 1, unit 2"), 0.75);
    assert.match(layout(toDot(description, { grain: "stage", times })), />3\.00 ms</);
    assert.match(layout(toDot(description, { grain: "layer", times })), />2\.25 ms</);
  });

  test("of names that are no names", () => {
    const wild = 'a"b\\ <script> & \n\t]; digraph {';
    const graph = renamed(narrowE(1));
    const named: Graph = {
      ...graph,
      name: wild,
      nodes: graph.nodes.map((node) => ({
        ...node,
        name: node.name === "value_3" ? wild : node.name,
        inputs: node.inputs.map((input) => (input === "value_3" ? wild : input)),
      })),
    };
    const description = describe(named);
    for (const grain of GRAINS) {
      const laidOut = layout(toDot(description, { grain }));
      assert.ok(sizeOf(laidOut).height > 0);
      const svg = standaloneSvg(laidOut, description, drawingInWords(description));
      assert.ok(!svg.includes("<script"));
    }
  });

  test("of too many layers is refused with what to do", () => {
    const description = describe(build("resnet152_e1"));
    const [stem, stage, ...rest] = description.parts;
    const many = {
      ...description,
      parts: [stem, { ...stage, units: Array.from({ length: 4000 }, () => stage.units[0]) }, ...rest],
    };
    assert.throws(() => toDot(many, { grain: "layer" }), { code: "unsupported", message: /use grain stage/ });
  });
});

suite("a unit", () => {
  test("of another block of the same kind is the same drawing", () => {
    const { parts } = describe(e1);
    assert.equal(unitDot(parts[1].units[0]), unitDot(parts[1].units[3]));
    assert.notEqual(unitDot(parts[1].units[0]), unitDot(parts[2].units[1]));
  });

  test("shows both shortcuts of AWNAS's reducing block", () => {
    const svg = layout(unitDot(describe(awnas18).parts[2].units[0]));
    assert.equal(boxes(svg, "binary"), 2);
    assert.equal(boxes(svg, "float"), 1);
    assert.equal(edges(svg, "edge shortcut"), 4);
  });
});

test("an SVG file has a title, words, and colours for light and dark", () => {
  const description = describe(awnas18);
  const svg = standaloneSvg(layout(toDot(description, { grain: "stage" })), description, drawingInWords(description));
  assert.match(svg, /^<\?xml version="1\.0" encoding="UTF-8"\?>\n<svg [^>]*role="img" aria-labelledby="title words"/);
  assert.match(svg, /<title id="title">awnas_resnet18<\/title>/);
  assert.match(svg, /<desc id="words">stem, 64x56x56: Conv3x3\/2-BN-ReLU-Conv3x3\/2-BN\. stage 1/);
  assert.match(svg, /prefers-color-scheme: dark/);
  assert.doesNotMatch(svg, /https?:\/\/(?!www\.w3\.org)/);
});
