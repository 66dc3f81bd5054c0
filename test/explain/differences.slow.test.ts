/** Differences: a change of one field is reported as exactly that, whatever the field, the graph and the names. */
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import fc from "fast-check";
import { getAwnasModel } from "../../src/awnas.js";
import { compare } from "../../src/explain/compare.js";
import { graphFromJson } from "../../src/graph/json.js";
import { inferShapes } from "../../src/graph/shapes.js";
import type { Graph, Node } from "../../src/graph/types.js";
import { getModel } from "../../src/models/registry.js";
import { type Shape, sameShape } from "../../src/tensor.js";
import { specification } from "../compiler/random_choices.js";
import { buildRandomGraph } from "../compiler/random_graph.js";
import { renamed, smallE1, withNode } from "./networks.js";

type Fields = Readonly<Record<string, unknown>>;

/** Other values for a field, whatever it holds. */
const choices: Readonly<Record<string, readonly unknown[]>> = {
  method: ["det_sign", "sign", "sign_approx_sign", "round", "dorefa", "relu", "identity"],
  quantizer: ["det_sign", "sign", "sign_approx_sign", "dorefa", "identity"],
  scaling: ["none", "channel", "tensor"],
  function: ["tanh", "sigmoid", "softrelu", "softsign"],
  padValue: [-1, 0, 1],
  bits: [1, 2, 4, 32],
  rounding: ["half_even", "half_away"],
};

const PARAMETERS: ReadonlySet<string> = new Set(["weight", "bias", "gamma", "beta", "mean", "variance"]);

function otherValue(field: string, value: unknown, pick: number): unknown {
  const known = choices[field]?.filter((choice) => choice !== value);
  if (known !== undefined) return known[pick % known.length];
  if (typeof value === "boolean") return !value;
  if (typeof value === "number")
    return Number.isInteger(value) ? Math.max(0, value + [1, -1, 2, 3][pick % 4]) : value / 2;
  if (PARAMETERS.has(field))
    return value === null || pick % 2 === 0 ? `another.${field}` : field === "bias" ? null : `x.${field}`;
  if (Array.isArray(value)) {
    const axis = pick % value.length;
    return value.map((size, index) => (index === axis ? Number(size) + 1 + (pick % 2) : size));
  }
  return value;
}

interface Change {
  readonly node: Node;
  readonly field: string;
  readonly value: unknown;
}

/** One field of one node with another value, or null if there is none to be had. */
function pickChange(graph: Graph, [which, what, pick]: readonly [number, number, number]): Change | null {
  const layers = graph.nodes.filter(({ kind }) => kind !== "input");
  if (layers.length === 0) return null;
  const node = layers[which % layers.length];
  const fields = Object.keys(node).filter((field) => field !== "name" && field !== "kind" && field !== "module");
  const field = fields[what % fields.length];
  if (field !== "inputs") {
    const before = (node as unknown as Fields)[field];
    const value = otherValue(field, before, pick);
    return JSON.stringify(value) === JSON.stringify(before) ? null : { node, field, value };
  }
  const earlier = graph.nodes.slice(0, graph.nodes.indexOf(node)).map(({ name }) => name);
  const position = pick % node.inputs.length;
  const source = earlier[(pick >> 2) % earlier.length];
  if (source === node.inputs[position]) return null;
  return { node, field, value: node.inputs.map((input, index) => (index === position ? source : input)) };
}

function shapesOf(graph: Graph): ReadonlyMap<string, Shape> | null {
  try {
    return inferShapes(graph);
  } catch {
    return null; // the change does not fit the network
  }
}

/** A changed network with what was changed, if the change makes a network. */
function changed(graph: Graph, seeds: readonly [number, number, number]) {
  const change = pickChange(graph, seeds);
  if (change === null) return null;
  const other = withNode(graph, change.node.name, { [change.field]: change.value });
  const [before, after] = [shapesOf(graph)!, shapesOf(other)];
  if (after === null) return null;
  return { change, other, keepsShapes: [...before].every(([name, shape]) => sameShape(shape, after.get(name)!)) };
}

const seeds = fc.tuple(fc.nat(1000), fc.nat(1000), fc.nat(1000));

const networks: readonly Graph[] = [
  smallE1(),
  smallE1({ useFp: true, usePooling: true, slices: 2, binary: { approximation: "binet" } }),
  getModel("resnet18_e2", {
    initialLayers: "grouped_stem",
    inputShape: [1, 3, 64, 64],
    binary: { approximation: "xnor" },
  }),
  getModel("meliusnet22", { initialLayers: "thumbnail" }),
  getAwnasModel("awnas_resnet18", { stem: "conv_bn_relu_3x3" }),
  getAwnasModel("awnas_resnet18", { block: "bireal_resnet_block", stem: "conv_bn_relu_3x3" }),
];

function checkChange(graph: Graph, drawn: readonly [number, number, number]): "kept" | "shaped" | "none" {
  const found = changed(graph, drawn);
  if (found === null) return "none";
  const { change, other, keepsShapes } = found;
  const { node, field, value } = change;
  const { differences } = compare(graph, other);
  const own = differences.map(({ consequences: _, ...difference }) => difference);
  assert.deepEqual(own, [{ path: node.name, field, a: (node as unknown as Fields)[field], b: value }]);
  const shapes = (differences[0].consequences ?? []).filter((consequence) => consequence.field === "outputShape");
  assert.equal(shapes.length > 0, !keepsShapes);
  return keepsShapes ? "kept" : "shaped";
}

describe("one field of one node", () => {
  test("of a network of the registry", () => {
    const seen = { kept: 0, shaped: 0, none: 0 };
    fc.assert(
      fc.property(fc.constantFrom(...networks), seeds, (graph, drawn) => {
        seen[checkChange(graph, drawn)]++;
      }),
      { numRuns: 300 },
    );
    assert.ok(seen.kept > 30 && seen.shaped > 5, `too few changes made a network: ${JSON.stringify(seen)}`);
  });

  test("of graphs of all kinds, wired at will", () => {
    fc.assert(
      fc.property(specification, seeds, (wanted, drawn) => {
        checkChange(buildRandomGraph(wanted), drawn);
      }),
      { numRuns: 300 },
    );
  });

  test("under other names, as another framework gives them", () => {
    fc.assert(
      fc.property(fc.constantFrom(...networks), seeds, (graph, drawn) => {
        const found = changed(graph, drawn);
        // Names of parameters are free there.
        if (found === null || PARAMETERS.has(found.change.field) || found.change.field === "inputs") return;
        const { node, field, value } = found.change;
        const { differences } = compare(graph, renamed(found.other));
        const position = graph.nodes.indexOf(node);
        const own = differences.map(({ consequences: _, ...difference }) => difference);
        const before = (node as unknown as Fields)[field];
        assert.deepEqual(own, [{ path: node.name, pathInB: `value_${position}`, field, a: before, b: value }]);
      }),
      { numRuns: 150 },
    );
  });

  test("a shape that changes comes first, with what follows beneath", () => {
    const graph = smallE1();
    const wider = withNode(withNode(graph, "features.1", { stride: [2, 2] }), "features.4.0.body.0.qconv", {
      padValue: 0,
    });
    const { differences } = compare(graph, wider);
    assert.deepEqual(
      differences.map(({ path, field }) => [path, field]),
      [
        ["features.1", "stride"],
        ["features.4.0.body.0.qconv", "padValue"],
      ],
    );
    const consequences = differences[0].consequences!;
    assert.deepEqual(consequences[0], {
      path: "features.1",
      field: "outputShape",
      a: [1, 64, 16, 16],
      b: [1, 64, 8, 8],
    });
    const shaped = consequences.filter(({ field }) => field === "outputShape").length;
    // All maps; the pooled ones behind the last stage are the same.
    assert.equal(shaped, graph.nodes.findIndex(({ kind }) => kind === "globalAvgPool") - 2);
    assert.equal(differences[1].consequences, undefined);
  });

  test("an order that both name is no difference of its own, where it orders numbers in one of them", () => {
    const graph = graphFromJson({
      name: "flattened twice",
      inputShape: [1, 2, 3, 4],
      nodes: [
        { kind: "input", name: "x", inputs: [], module: "" },
        { kind: "flatten", name: "first", inputs: ["x"], module: "" },
        { kind: "relu", name: "relu", inputs: ["first"], module: "" },
        { kind: "flatten", name: "second", layout: "NHWC", inputs: ["relu"], module: "" },
      ],
      output: "second",
    });
    const { differences } = compare(graph, withNode(graph, "relu", { inputs: ["x"] }));
    assert.deepEqual(
      differences.map(({ path, field }) => [path, field]),
      [["relu", "inputs"]],
    );
  });
});

describe("names", () => {
  test("of layers and parameters are no difference", () => {
    for (const graph of networks) assert.deepEqual(compare(graph, renamed(graph)).differences, [], graph.name);
  });

  test("sharing of parameters is", () => {
    const graph = renamed(smallE1());
    const convolutions = graph.nodes.filter((node) => node.kind === "binaryConv2d");
    const [first, second] = convolutions as unknown as { name: string; weight: string }[];
    const shared = withNode(graph, second.name, { weight: first.weight });
    const { differences } = compare(smallE1(), shared);
    assert.deepEqual(
      differences.map(({ field, b }) => [field, b]),
      [["weight", first.weight]],
    );
  });

  test("the network's own fields are compared", () => {
    const graph = smallE1();
    const other = { ...graph, preprocess: { mean: [1], std: [2] }, labels: ["a"] };
    assert.deepEqual(compare(graph, other).differences, [
      { path: "", field: "preprocess", a: null, b: { mean: [1], std: [2] } },
      { path: "", field: "labels", a: null, b: ["a"] },
    ]);
    const larger = compare(graph, smallE1({ inputShape: [1, 3, 32, 32] })).differences;
    assert.equal(larger.length, 1);
    assert.equal(larger[0].field, "inputShape");
    const output = compare(graph, { ...graph, output: "features.3.0.add" }).differences;
    assert.deepEqual(
      output.map(({ path, field, b }) => [path, field, b]),
      [["", "output", "features.3.0.add"]],
    );
  });
});

test("forms that mean the same are no difference", () => {
  const graph = smallE1();
  const four = withNode(graph, "features.1", { padding: [1, 1, 1, 1] });
  const same = withNode(graph, "features.1", { padding: "same" });
  assert.deepEqual(compare(graph, four).differences, []);
  assert.deepEqual(compare(graph, same).differences, []);
  const flatten = graph.nodes.find(({ kind }) => kind === "flatten")!;
  assert.deepEqual(compare(graph, withNode(graph, flatten.name, { layout: "NCHW" })).differences, []);
});

describe("an affine for each channel", () => {
  /** The network with a factor and a summand in place of a batch norm. */
  function asAffine(graph: Graph, norm: string, fields: Fields = {}): Graph {
    const nodes = graph.nodes.map((node): Node => {
      if (node.name !== norm) return node;
      const { name, inputs, module } = node;
      const affine = { kind: "scaleShift", scale: `${norm}.scale`, shift: `${norm}.shift`, ...fields };
      return { ...affine, name, inputs, module } as Node;
    });
    return { ...graph, nodes };
  }
  const graph = smallE1();
  const convolution = graph.nodes.find((node) => node.kind === "binaryConv2d")!;
  const norm = graph.nodes.find(({ kind, inputs }) => kind === "batchNorm" && inputs[0] === convolution.name)!;
  const found = (a: Graph, b: Graph) => compare(a, b).differences.map(({ path, field }) => [path, field]);

  test("is one whatever its form: a batch norm, or a factor and a summand", () => {
    assert.deepEqual(found(graph, asAffine(graph, norm.name)), []);
    assert.deepEqual(found(asAffine(graph, norm.name), graph), []);
  });

  test("needs both: a factor alone, or a summand, is another function", () => {
    for (const missing of ["scale", "shift"]) {
      const other = asAffine(graph, norm.name, { [missing]: null });
      assert.deepEqual(found(graph, other), [[norm.name, "kind"]]);
      assert.deepEqual(found(asAffine(graph, norm.name), other), [[norm.name, missing]]);
    }
  });

  test("holds the popcount's offset and a mean's scale of the convolution before it, in another form alone", () => {
    for (const change of [{ offset: false }, { scaling: "channel" }]) {
      const [field] = Object.keys(change);
      const changedGraph = withNode(graph, convolution.name, change);
      assert.deepEqual(found(graph, changedGraph), [[convolution.name, field]]);
      assert.deepEqual(found(graph, asAffine(changedGraph, norm.name)), []);
      const both = [graph, changedGraph].map((one) => asAffine(one, norm.name));
      assert.deepEqual(found(both[0], both[1]), [[convolution.name, field]]);
    }
    const border = withNode(graph, convolution.name, { padValue: 1, offset: false });
    assert.deepEqual(found(graph, asAffine(border, norm.name)), [[convolution.name, "padValue"]]);
  });

  test("holds nothing of a convolution that others read too", () => {
    const sum = graph.nodes.find(({ kind, inputs }) => kind === "add" && inputs.includes(norm.name))!;
    const read = withNode(graph, sum.name, { inputs: [convolution.name, norm.name] });
    const other = asAffine(withNode(read, convolution.name, { offset: false }), norm.name);
    assert.deepEqual(found(read, other), [[convolution.name, "offset"]]);
  });
});
