/** Graphs as JSON, and JSON that nobody vouches for. */
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import fc from "fast-check";
import { XnorkitError } from "../../src/errors.js";
import { graphFromJson, graphToJson } from "../../src/graph/json.js";
import type { Graph, Node } from "../../src/graph/types.js";
import { getModel } from "../../src/models/registry.js";
import { resnetE } from "../../src/models/resnet_e.js";
import { throwsError } from "./errors.js";

const graph = resnetE({ version: 2, layers: [1], channels: [4, 8], classes: 3, initialLayers: "thumbnail" });

type Json = { [key: string]: Json } & Json[];

/** The graph's JSON with one value changed; `change` gets the parsed root. */
function changed(change: (root: Json) => void): unknown {
  const root = JSON.parse(graphToJson(graph));
  change(root);
  return root;
}

function indexOf(kind: Node["kind"]): number {
  return graph.nodes.findIndex((node) => node.kind === kind);
}

describe("round trip", () => {
  test("of every network of the registry's first depth, with labels and preprocessing", () => {
    for (const name of ["resnet18_e1", "resnet18_e2"]) {
      const model: Graph = {
        ...getModel(name, { slices: 2, useFp: true }),
        preprocess: { mean: [123.68, 116.779, 103.939], std: [1] },
        labels: ["a", "b", ""],
      };
      const text = graphToJson(model);
      assert.deepEqual(graphFromJson(text), model);
      const again = graphToJson(graphFromJson(text));
      assert.equal(graphToJson(graphFromJson(JSON.parse(again))), again);
    }
  });

  test("of node kinds that other importers make", () => {
    const nodes: readonly Node[] = [
      { kind: "input", name: "x", inputs: [], module: "" },
      { kind: "quantize", name: "q", inputs: ["x"], module: "", method: "sign", bits: 1 },
      {
        kind: "binaryConv2d",
        name: "c",
        inputs: ["q"],
        module: "",
        weight: "c.full_precision",
        channels: 2,
        kernel: [3, 1],
        stride: [1, 2],
        padding: [1, 0],
        dilation: [1, 1],
        groups: 1,
        padValue: 0,
        quantizer: "sign",
        bits: 1,
        scaling: "tensor",
        offset: false,
      },
      {
        kind: "batchNorm",
        name: "b",
        inputs: ["c"],
        module: "",
        gamma: null,
        beta: null,
        mean: "b.m",
        variance: "b.v",
        epsilon: 1e-3,
        fixGamma: false,
      },
      {
        kind: "avgPool",
        name: "p",
        inputs: ["b"],
        module: "",
        kernel: [2, 2],
        stride: [2, 2],
        padding: [1, 1],
        countIncludePad: false,
      },
    ];
    const mixed: Graph = {
      name: "mixed",
      inputShape: [1, 2, 4, 8],
      nodes,
      output: "p",
      modules: [{ path: "", type: "Network", output: "p" }],
    };
    assert.deepEqual(graphFromJson(graphToJson(mixed)), mixed);
  });
});

test("a padding whose sides are equal by axis is read as a pair", () => {
  const first = graph.nodes.findIndex((node) => node.kind === "conv2d");
  const written = changed((g) => Object.assign(g.nodes[first], { padding: [1, 1, 1, 1] }));
  assert.deepEqual(graphFromJson(written), graph);
  const uneven = graphFromJson(changed((g) => Object.assign(g.nodes[first], { padding: [1, 0, 1, 2] }))).nodes[first];
  assert.deepEqual("padding" in uneven && uneven.padding, [1, 0, 1, 2]);
});

describe("untrusted JSON", () => {
  const convolution = indexOf("binaryConv2d");
  const norm = indexOf("batchNorm");
  const cases: readonly [string, unknown, ...string[]][] = [
    ["text that is not JSON", '{"name": ', "not JSON"],
    ["not an object", "[]", "the root", "an array of 0"],
    ["null", null, "the root", "null"],
    [
      "an unknown kind",
      changed((g) => Object.assign(g.nodes[2], { kind: "conv3d" })),
      "nodes[2]",
      '"conv3d"',
      '"conv2d"',
    ],
    ["a kind of Object.prototype", changed((g) => Object.assign(g.nodes[2], { kind: "toString" })), "nodes[2]"],
    ["a missing field", changed((g) => delete (g.nodes[norm] as Partial<Json>).mean), `nodes[${norm}].mean`, "nothing"],
    ["an unknown field", changed((g) => Object.assign(g.nodes[norm], { momentum: 0.9 })), `nodes[${norm}]`, "momentum"],
    [
      "a wrong type",
      changed((g) => Object.assign(g.nodes[norm], { epsilon: "1e-5" })),
      `nodes[${norm}].epsilon`,
      '"1e-5"',
    ],
    ["a negative epsilon", changed((g) => Object.assign(g.nodes[norm], { epsilon: -1 })), `nodes[${norm}].epsilon`],
    ["a fractional size", changed((g) => Object.assign(g.nodes[convolution], { channels: 1.5 })), "channels", "1.5"],
    [
      "an absurd size",
      changed((g) => Object.assign(g.nodes[convolution], { channels: 2 ** 40 })),
      "channels",
      "1048576",
    ],
    ["a stride of 0", changed((g) => Object.assign(g.nodes[convolution], { stride: [1, 0] })), "stride[1]", "found 0"],
    [
      "a kernel that is no pair",
      changed((g) => Object.assign(g.nodes[convolution], { kernel: [3] })),
      "kernel",
      "2 elements",
    ],
    [
      "a padding of three numbers",
      changed((g) => Object.assign(g.nodes[convolution], { padding: [1, 1, 1] })),
      `nodes[${convolution}].padding`,
      '"same"',
    ],
    [
      "a padding of another name",
      changed((g) => Object.assign(g.nodes[convolution], { padding: "SAME" })),
      `nodes[${convolution}].padding`,
      '"SAME"',
    ],
    [
      "a negative side",
      changed((g) => Object.assign(g.nodes[convolution], { padding: [0, 0, -1, 0] })),
      `nodes[${convolution}].padding[2]`,
    ],
    ["an unknown layout", changed((g) => Object.assign(g, { layout: "NHCW" })), "layout", '"NHWC"'],
    ["an unknown border", changed((g) => Object.assign(g.nodes[convolution], { padValue: 2 })), "padValue"],
    ["too few inputs", changed((g) => Object.assign(g.nodes[norm], { inputs: [] })), `nodes[${norm}].inputs`],
    [
      "a missing input",
      changed((g) => Object.assign(g.nodes[norm], { inputs: ["nobody"] })),
      '"nobody"',
      "no node computes",
    ],
    ["a cycle", changed((g) => Object.assign(g.nodes[1], { inputs: ["output"] })), "nodes[1]", "cycles"],
    [
      "a node that reads itself",
      changed((g) => Object.assign(g.nodes[1], { inputs: ["features.0"] })),
      "nodes[1]",
      "cycles",
    ],
    ["a wrong order", changed((g) => g.nodes.push(g.nodes.splice(2, 1)[0])), "topological"],
    ["two nodes of one name", changed((g) => g.nodes.push(structuredClone(g.nodes[1]))), "earlier node"],
    ["a second input", changed((g) => g.nodes.push({ ...g.nodes[0], name: "second" } as never)), "is the input"],
    ["no nodes", changed((g) => Object.assign(g, { nodes: [] })), "nodes"],
    ["an unknown output", changed((g) => Object.assign(g, { output: "nobody" })), '"nobody"'],
    [
      "an unknown module of a node",
      changed((g) => Object.assign(g.nodes[1], { module: "features.77" })),
      '"features.77"',
    ],
    ["a module that returns nothing", changed((g) => Object.assign(g.modules[1], { output: "nobody" })), "modules[1]"],
    ["two modules of one path", changed((g) => g.modules.push(structuredClone(g.modules[2]))), "earlier module"],
    ["a child before its parent", changed((g) => g.modules.push(g.modules.splice(1, 1)[0])), "before its parent"],
    ["no root module", changed((g) => g.modules.shift()), "modules"],
    ["an empty name", changed((g) => Object.assign(g.nodes[1], { name: "" })), "nodes[1].name"],
    ["an endless name", changed((g) => Object.assign(g.nodes[1], { name: "x".repeat(10_000) })), "nodes[1].name"],
    [
      "an endless module path",
      changed((g) => g.modules.push({ path: "a.".repeat(2000), type: "x", output: "output" } as never)),
      "deep",
    ],
    [
      "a size beyond memory",
      changed((g) => Object.assign(g, { inputShape: [1, 3, 60000, 60000] })),
      "more than WebAssembly memory",
    ],
    ["an empty input shape", changed((g) => Object.assign(g, { inputShape: [] })), "inputShape"],
    [
      "a deviation of 0",
      changed((g) => Object.assign(g, { preprocess: { mean: [0], std: [0] } })),
      "preprocess.std[0]",
    ],
    ["labels that are no texts", changed((g) => Object.assign(g, { labels: [1] })), "labels[0]"],
  ];
  for (const [title, json, ...parts] of cases) {
    test(`refuses ${title}`, () => throwsError(() => graphFromJson(json), "bad-graph", ...parts));
  }

  test("refuses shapes that do not fit, naming the layer", () => {
    const json = changed((g) => Object.assign(g.nodes[convolution], { groups: 3 }));
    throwsError(() => graphFromJson(json), "bad-shape", graph.nodes[convolution].name, "3 groups");
  });

  test("never fails but with an XnorkitError", () => {
    const root = JSON.parse(graphToJson(graph));
    const places = (value: unknown, path: readonly (string | number)[] = []): (readonly (string | number)[])[] =>
      typeof value === "object" && value !== null
        ? [path, ...Object.entries(value).flatMap(([key, child]) => places(child, [...path, key]))]
        : [path];
    const all = places(root).filter((path) => path.length > 0);
    fc.assert(
      fc.property(fc.constantFrom(...all), fc.jsonValue(), (path, value) => {
        const copy = structuredClone(root);
        let parent = copy;
        for (const key of path.slice(0, -1)) parent = parent[key];
        parent[path[path.length - 1]] = value;
        try {
          graphFromJson(copy);
        } catch (error) {
          assert.ok(error instanceof XnorkitError, String(error));
        }
      }),
      { numRuns: 500 },
    );
  });
});
