/** The assembler of graphs, and graphs made by hand: names, module trees, kinds that do not exist. */
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { loadModel, saveModel } from "../../src/formats/packed_model.js";
import { createAssembler } from "../../src/graph/assemble.js";
import { summarize } from "../../src/graph/cost.js";
import { graphFromJson, graphToJson } from "../../src/graph/json.js";
import { findValue } from "../../src/graph/lookup.js";
import { parameterSpecs } from "../../src/graph/parameters.js";
import { inferShapes } from "../../src/graph/shapes.js";
import type { Graph, Node, Operation } from "../../src/graph/types.js";
import { randomWeights } from "../../src/models/random_weights.js";
import { throwsError } from "./errors.js";

const conv = {
  kind: "conv2d",
  weight: "w",
  bias: null,
  channels: 4,
  kernel: [3, 3],
  stride: [2, 2],
  padding: [1, 1, 1, 1],
  dilation: [1, 1],
  groups: 1,
} as const satisfies Operation;

const relu: Operation = { kind: "relu" };

describe("names", () => {
  test("that are taken are refused or get a number", () => {
    const strict = createAssembler({ name: "net", inputShape: [1, 3] });
    strict.add(relu, ["input"], "a");
    throwsError(() => strict.add(relu, ["a"], "a"), "bad-graph", 'two layers named "a"');
    throwsError(() => strict.add(relu, ["a"], "input"), "bad-graph", "input");
    throwsError(() => strict.add(relu, ["a"], ""), "bad-graph", "1 to 4096");
    throwsError(() => strict.add(relu, ["a"], "x".repeat(4097)), "bad-graph", "1 to 4096");

    const numbered = createAssembler({ name: "net", inputShape: [1, 3], input: "data", takenNames: "number" });
    const names = ["a", "a_1", "a", "a", "data"].map((name) => numbered.add(relu, ["data"], name));
    assert.deepEqual(names, ["a", "a_1", "a_2", "a_3", "data_1"]);
  });

  test("of values that are not there are refused with the name", () => {
    const assembler = createAssembler({ name: "net", inputShape: [1, 3] });
    throwsError(() => assembler.add(relu, ["nowhere"], "a"), "bad-graph", "net", "nowhere");
    throwsError(() => assembler.shape("a"), "bad-graph", '"a"');
    throwsError(() => assembler.finish({ output: "a" }), "bad-graph", '"a"');
    assert.deepEqual([assembler.has("a"), assembler.has("input")], [false, true]);
  });
});

test("shapes are inferred as layers are added, and errors name the layer", () => {
  const assembler = createAssembler({ name: "net", inputShape: [2, 9, 7, 3], layout: "NHWC" });
  assert.deepEqual(assembler.shape("input"), [2, 3, 9, 7]);
  const first = assembler.add(conv, ["input"], "c1");
  assert.deepEqual(assembler.shape(first), [2, 4, 5, 4]);
  throwsError(() => assembler.add({ ...conv, groups: 3 }, [first], "c2"), "bad-shape", "layer c2 (conv2d)", "3 groups");
  throwsError(() => assembler.add(relu, [first, first], "r"), "bad-shape", "layer r (relu)", "reads 2 values");
  throwsError(() => assembler.add({ kind: "add", channelOffset: 0 }, [first], "s"), "bad-shape", "needs 2");
  const wide = { kind: "pad", top: 60000, left: 60000, bottom: 0, right: 0, value: 0 } as const;
  throwsError(() => assembler.add(wide, [first], "p"), "bad-shape", "layer p", "memory");
});

test("the graph is checked and comes back from JSON", () => {
  const assembler = createAssembler({ name: "net", inputShape: [1, 9, 7, 3], layout: "NHWC" });
  const first = assembler.add(conv, ["input"], "features.0.conv", "features.0");
  assembler.add(relu, [first], "unused", "unused");
  const output = assembler.add(relu, [first], "features.0.act", "features.0.act");
  const ends = { output, prune: true, preprocess: { mean: [1], std: [2] }, labels: ["a"] };
  const graph = assembler.finish({ ...ends, typeOf: (path) => (path === "features" ? "Sequential" : undefined) });
  assert.deepEqual(graph.modules, [
    { path: "", type: "Graph", output },
    { path: "features", type: "Sequential", output },
    { path: "features.0", type: "Module", output },
    { path: "features.0.act", type: "relu", output },
  ]);
  assert.deepEqual(
    graph.nodes.map(({ name }) => name),
    ["input", "features.0.conv", "features.0.act"],
  );
  // Equal sides are written as a pair.
  assert.deepEqual(assembler.node(first), {
    ...conv,
    padding: [1, 1],
    name: first,
    inputs: ["input"],
    module: "features.0",
  });
  assert.deepEqual(graphFromJson(graphToJson(graph)), graph);
});

test("fields are checked at the end, with layer and field", () => {
  const wrong = (change: object) => () => {
    const assembler = createAssembler({ name: "net", inputShape: [1, 3, 9, 9] });
    return assembler.finish({ output: assembler.add({ ...conv, ...change }, ["input"], "c") });
  };
  throwsError(wrong({ channels: 2 ** 21 }), "bad-graph", "channels of layer", '"c"', "2097152");
  throwsError(wrong({ channels: 0.5 }), "bad-shape", "layer c", "0.5");
  throwsError(wrong({ weight: 7 }), "bad-graph", "weight of layer");
  throwsError(wrong({ stride: [1, 2, 3] }), "bad-graph", "stride of layer");
  throwsError(wrong({ kind: "conv3d" }), "bad-graph", '"conv3d"', '"conv2d"');
});

test("layers without a tree are modules of their own", () => {
  const assembler = createAssembler({ name: "net", inputShape: [1, 3], layersAreModules: true });
  const graph = assembler.finish({ output: assembler.add(relu, ["input"], "r") });
  assert.deepEqual(graph.modules, [
    { path: "", type: "Graph", output: "r" },
    { path: "r", type: "relu", output: "r" },
  ]);
});

describe("a graph made by hand", () => {
  const nodes: readonly Node[] = [
    { kind: "input", name: "x", inputs: [], module: "" },
    { ...conv, padding: [0, 0], name: "stem", inputs: ["x"], module: "stem" },
    { kind: "relu", name: "r", inputs: ["stem"], module: "block.act" },
  ];
  const bare = { name: "hand", inputShape: [1, 3, 9, 9], nodes, output: "r" };
  const tree = [
    { path: "", type: "Graph", output: "r" },
    { path: "stem", type: "conv2d", output: "stem" },
    { path: "block", type: "Module", output: "r" },
    { path: "block.act", type: "Module", output: "r" },
  ];

  test("without modules gets those that its nodes name, and can be saved and loaded", () => {
    for (const graph of [{ ...bare, modules: [] }, bare as unknown as Graph]) {
      assert.deepEqual(graphFromJson(graphToJson(graph)).modules, tree);
      assert.equal(findValue(graph, "block"), "r");
      assert.deepEqual(
        summarize(graph).layers.map(({ path }) => path),
        tree.map(({ path }) => path),
      );
      assert.deepEqual(
        parameterSpecs(graph).map(({ name }) => name),
        ["w"],
      );
      const bytes = saveModel({ graph, weights: randomWeights(graph, 1) });
      assert.deepEqual(loadModel(bytes).graph, { ...bare, modules: tree });
    }
  });

  test("with a kind or a number of inputs that does not exist is refused by the layer's name", () => {
    const change = (fields: object): Graph => ({
      ...bare,
      modules: [],
      nodes: [nodes[0], nodes[1], { ...nodes[2], ...fields } as Node],
    });
    for (const kind of ["rleu", "toString", "__proto__", undefined, 5]) {
      for (const use of [inferShapes, parameterSpecs, summarize]) {
        throwsError(() => use(change({ kind })), "bad-graph", '"r"', "unknown kind");
      }
    }
    throwsError(() => inferShapes(change({ kind: "rleu" })), "bad-graph", '"relu"');
    throwsError(() => inferShapes(change({ inputs: [] })), "bad-shape", "layer r", "reads 0 values");
    throwsError(() => inferShapes(change({ inputs: ["y"] })), "bad-graph", "y");
  });

  test("may not be nested without end", () => {
    const module = new Array(66).fill("m").join(".");
    throwsError(
      () => graphFromJson({ ...bare, nodes: [nodes[0], { ...nodes[2], inputs: ["x"], module }] }),
      "bad-graph",
      "64",
    );
    throwsError(
      () => graphFromJson({ ...bare, nodes: [nodes[0], { ...nodes[2], inputs: ["x"], module: ".".repeat(4000) }] }),
      "bad-graph",
    );
  });
});

test("NHWC: the input shape is that of the port, shapes inside are NCHW, channels are the last axis", () => {
  const assembler = createAssembler({ name: "net", inputShape: [1, 9, 9, 3], layout: "NHWC" });
  const graph = assembler.finish({ output: assembler.add(conv, ["input"], "c") });
  assert.deepEqual(inferShapes(graph, [2, 5, 7, 3]).get("input"), [2, 3, 5, 7]);
  assert.deepEqual(inferShapes(graph, [2, 5, 7, 3]).get("c"), [2, 4, 3, 4]);
  throwsError(() => inferShapes(graph, [2, 3, 9, 9]), "bad-shape", "1x9x9x3", "2x3x9x9");
  throwsError(() => inferShapes(graph, [2, 9, 0, 3]), "bad-shape", "[batch, height, width, channels]");
  assert.deepEqual(summarize(graph, [2, 5, 7, 3]).inputShape, [2, 5, 7, 3]);
});
