/** What must hold for every kind of node, whatever its fields: JSON, shapes, parameters, and that `moves` is true. */
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import fc from "fast-check";
import { graphFromJson, graphToJson } from "../../src/graph/json.js";
import { keepsSigns, nodeKinds, recordOf } from "../../src/graph/nodes/index.js";
import { checkWeights, parameterSpecs } from "../../src/graph/parameters.js";
import { inferShapes } from "../../src/graph/shapes.js";
import type { Graph, Node } from "../../src/graph/types.js";
import { randomWeights } from "../../src/models/random_weights.js";
import { runReference } from "../../src/reference/index.js";
import { elementCount } from "../../src/tensor.js";
import { computedKinds, graphWith } from "./arbitrary_nodes.js";
import { throwsError } from "./errors.js";

/** A fixed pattern of numbers, as floats or as their signs. */
function inputOf({ inputShape }: Graph, seed: number, signs = false) {
  const data = Float32Array.from({ length: elementCount(inputShape) }, (_, i) => {
    const value = ((i * 7919 + seed * 104729) % 1009) / 250 - 2;
    return signs ? (value < 0 ? -1 : 1) : value;
  });
  return { shape: inputShape, data };
}

test("all kinds take part", () => {
  assert.deepEqual([...nodeKinds].sort(), ["input", ...computedKinds].sort());
});

for (const kind of computedKinds) {
  describe(kind, () => {
    test("comes back from JSON as it was, and is written in one way", () => {
      fc.assert(
        fc.property(graphWith(kind), (graph) => {
          const text = graphToJson(graph);
          const back = graphFromJson(text);
          assert.deepEqual(back, graph);
          const reordered = {
            ...back,
            nodes: back.nodes.map((node) => Object.fromEntries(Object.entries(node).reverse())),
          };
          assert.equal(graphToJson(graphFromJson(JSON.stringify(reordered))), graphToJson(back));
        }),
      );
    });

    test("refuses a wrong field with its place", () => {
      const wrong = fc.constantFrom<unknown>(
        {},
        [],
        [[]],
        [1],
        Number.NaN,
        Infinity,
        "x".repeat(5000),
        undefined,
        Symbol(),
      );
      fc.assert(
        fc.property(graphWith(kind), wrong, fc.nat(), (graph, value, pick) => {
          const index = graph.nodes.length - 1;
          const node = graph.nodes[index] as Node & Record<string, unknown>;
          const names = ["name", "inputs", "module", ...Object.keys(recordOf(node).fields)];
          const field = names[pick % names.length];
          // What may be left out may be undefined.
          fc.pre(value !== undefined || node[field] !== undefined);
          const isOptional = field === "module" || (["layout", "bottom", "right"].includes(field) && kind !== "pad");
          fc.pre(value !== undefined || !isOptional);
          const nodes = [...graph.nodes.slice(0, index), { ...node, [field]: value }];
          throwsError(() => graphFromJson({ ...graph, nodes }), "bad-graph", `nodes[${index}].${field}`);
          const more = [...graph.nodes.slice(0, index), { ...node, surplus: value }];
          throwsError(() => graphFromJson({ ...graph, nodes: more }), "bad-graph", `nodes[${index}]`, '"surplus"');
        }),
      );
    });

    test("has the shape and the parameters that the reference computes with", () => {
      fc.assert(
        fc.property(graphWith(kind), fc.nat(1000), (graph, seed) => {
          const weights = randomWeights(graph, seed);
          checkWeights(graph, weights);
          const names = parameterSpecs(graph).map(({ name }) => name);
          assert.equal(new Set(names).size, names.length);
          const { output } = runReference(graph, weights, inputOf(graph, seed));
          assert.deepEqual(inferShapes(graph).get("node"), output.shape);
          assert.equal(output.data.length, elementCount(output.shape));
        }),
        { numRuns: 40 },
      );
    });

    test("gives nothing but what it reads, and its constants, if its record says so", () => {
      fc.assert(
        fc.property(graphWith(kind), fc.nat(1000), (graph, seed) => {
          const node = graph.nodes[graph.nodes.length - 1];
          const { moves } = recordOf(node);
          assert.equal(moves === undefined && keepsSigns(node), false);
          fc.pre(moves !== undefined);
          const input = inputOf(graph, seed);
          const known = new Set([...input.data, ...moves(node)]);
          const run = (tensor: typeof input) => runReference(graph, new Map(), tensor).output.data;
          assert.ok(run(input).every((value) => known.has(value)));
          if (keepsSigns(node)) {
            assert.ok(run(inputOf(graph, seed, true)).every((value) => Math.abs(value) === 1));
          }
        }),
        { numRuns: recordOf({ kind, name: "node" } as Node).moves === undefined ? 0 : 40 },
      );
    });
  });
}

test("a pad keeps signs if its constant is one", () => {
  const pad: Node = {
    kind: "pad",
    name: "p",
    inputs: ["x"],
    module: "",
    top: 1,
    left: 0,
    bottom: 0,
    right: 0,
    value: -1,
  };
  assert.deepEqual(
    [-1, 1, 0, 0.5].map((value) => keepsSigns({ ...pad, value })),
    [true, true, false, false],
  );
});
