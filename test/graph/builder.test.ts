/** Graphs built layer by layer, and the names in them. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { type Block, buildGraph } from "../../src/graph/builder.js";
import { findValue } from "../../src/graph/lookup.js";
import { getModel } from "../../src/models/registry.js";
import { conv2d, hybridSequential, relu } from "../../src/nn/gluon.js";
import { throwsError } from "./errors.js";

test("layers take their path as name, operations their block's", () => {
  const residual: Block = {
    type: "Residual",
    forward(scope, x) {
      const body = scope.child("body", hybridSequential([conv2d({ channels: 3, kernelSize: 1 }), relu()]), x);
      return scope.add({ kind: "add", channelOffset: 0 }, [x, body], "add");
    },
  };
  const graph = buildGraph("tiny", [1, 3, 2, 2], hybridSequential([residual]));
  assert.deepEqual(
    graph.nodes.map(({ kind, name, inputs, module }) => [kind, name, inputs, module]),
    [
      ["input", "input", [], ""],
      ["conv2d", "0.body.0", ["input"], "0.body.0"],
      ["relu", "0.body.1", ["0.body.0"], "0.body.1"],
      ["add", "0.add", ["input", "0.body.1"], "0"],
    ],
  );
  assert.deepEqual(graph.modules, [
    { path: "", type: "HybridSequential", output: "0.add" },
    { path: "0", type: "Residual", output: "0.add" },
    { path: "0.body", type: "HybridSequential", output: "0.body.1" },
    { path: "0.body.0", type: "Conv2D", output: "0.body.0" },
    { path: "0.body.1", type: "Activation", output: "0.body.1" },
  ]);
  assert.equal(graph.output, "0.add");
});

test("names are checked", () => {
  const named = (...names: readonly string[]): Block => ({
    type: "Named",
    forward: (scope, x) => names.reduce((value, name) => scope.child(name, relu(), value), x),
  });
  const build = (block: Block) => () => buildGraph("named", [1, 1, 1, 1], block);
  assert.equal(build(named("a", "b"))().output, "b");
  throwsError(build(named("a", "a")), "bad-graph", 'two modules named "a"');
  throwsError(build(named("a.b")), "bad-graph", '"a.b"');
  throwsError(build(named("")), "bad-graph");
  throwsError(build(relu()), "bad-graph", "has no name");
  throwsError(build(named("input")), "bad-graph", '"input"');
  const unknown: Block = { type: "Unknown", forward: (scope) => scope.add({ kind: "relu" }, ["nowhere"], "x") };
  throwsError(build(unknown), "bad-graph", "nowhere");
});

test("findValue resolves modules and layers and suggests the closest names", () => {
  const graph = getModel("resnet18_e1");
  assert.equal(findValue(graph, "features.6"), "features.6.3.add");
  assert.equal(findValue(graph, "features.6.0.body.0"), "features.6.0.body.0.qconv");
  assert.equal(findValue(graph, "features.6.0.body"), "features.6.0.body.1");
  assert.equal(findValue(graph, "features.7.0.downsample.0.qact"), "features.7.0.downsample.0.qact");
  assert.equal(findValue(graph, "features.6.0.add"), "features.6.0.add");
  assert.equal(findValue(graph, "output"), "output");
  assert.equal(findValue(graph, "input"), "input");
  throwsError(() => findValue(graph, "feature.6.0.body"), "unknown-name", '"features.6.0.body"');
  throwsError(() => findValue(graph, ""), "unknown-name");
  throwsError(() => findValue(graph, "x".repeat(100_000)), "unknown-name", "...");
});
