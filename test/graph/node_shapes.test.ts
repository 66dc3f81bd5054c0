/** Shapes, parameters and costs of the operations beside convolutions and pooling. */
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import fc from "fast-check";
import { summarize } from "../../src/graph/cost.js";
import { graphFromJson, graphToJson } from "../../src/graph/json.js";
import { checkWeight, parameterSpecs } from "../../src/graph/parameters.js";
import { inferNodeShape, inferShapes } from "../../src/graph/shapes.js";
import type { BinaryDenseNode, Graph, Node } from "../../src/graph/types.js";
import type { Shape } from "../../src/tensor.js";
import { throwsError } from "./errors.js";

type Computed = Exclude<Node, { kind: "input" }>;
type Fields<T> = T extends Computed ? Omit<T, "name" | "inputs" | "module"> : never;

function shape(fields: Fields<Computed>, ...inputs: readonly Shape[]): Shape {
  const names = inputs.map((_, index) => `in${index}`);
  return inferNodeShape({ ...fields, name: "node", inputs: names, module: "" } as Computed, inputs);
}

function refuses(fields: Fields<Computed>, inputs: readonly Shape[], ...parts: readonly string[]): void {
  throwsError(() => shape(fields, ...inputs), "bad-shape", "layer node", fields.kind, ...parts);
}

test("concat sums the channels and needs all other axes equal", () => {
  assert.deepEqual(shape({ kind: "concat" }, [2, 3, 4, 5], [2, 1, 4, 5], [2, 7, 4, 5]), [2, 11, 4, 5]);
  assert.deepEqual(shape({ kind: "concat" }, [2, 3], [2, 4]), [2, 7]);
  assert.deepEqual(shape({ kind: "concat" }, [1, 3, 4, 5]), [1, 3, 4, 5]);
  refuses(
    { kind: "concat" },
    [
      [2, 3, 4, 5],
      [2, 3, 4, 6],
    ],
    "in1 of shape 2x3x4x6",
    "2x3x4x5",
  );
  refuses(
    { kind: "concat" },
    [
      [2, 3, 4, 5],
      [2, 60],
    ],
    "in1",
  );
  refuses({ kind: "concat" }, []);
});

test("mul takes the same shape or one channel", () => {
  assert.deepEqual(shape({ kind: "mul" }, [2, 3, 4, 5], [2, 3, 4, 5]), [2, 3, 4, 5]);
  assert.deepEqual(shape({ kind: "mul" }, [2, 3, 4, 5], [2, 1, 4, 5]), [2, 3, 4, 5]);
  refuses(
    { kind: "mul" },
    [
      [2, 3, 4, 5],
      [2, 2, 4, 5],
    ],
    "2x2x4x5",
  );
  refuses({ kind: "mul" }, [
    [2, 1, 4, 5],
    [2, 3, 4, 5],
  ]);
  refuses({ kind: "mul" }, [
    [2, 3, 4, 5],
    [1, 1, 4, 5],
  ]);
});

test("operations on channels", () => {
  assert.deepEqual(shape({ kind: "absMean" }, [2, 7, 4, 5]), [2, 1, 4, 5]);
  assert.deepEqual(shape({ kind: "channelShuffle", groups: 4 }, [2, 12, 4, 5]), [2, 12, 4, 5]);
  refuses({ kind: "channelShuffle", groups: 5 }, [[2, 12, 4, 5]], "5 groups", "12 channels");
  assert.deepEqual(shape({ kind: "sliceChannels", begin: 2, end: 5 }, [2, 5, 4, 5]), [2, 3, 4, 5]);
  refuses({ kind: "sliceChannels", begin: 2, end: 6 }, [[2, 5, 4, 5]], "2 to 6");
  refuses({ kind: "sliceChannels", begin: 3, end: 3 }, [[2, 5, 4, 5]]);
  assert.deepEqual(shape({ kind: "softmax" }, [2, 10]), [2, 10]);
  assert.deepEqual(shape({ kind: "scale", factor: 0 }, [2, 10, 3, 3]), [2, 10, 3, 3]);
  assert.deepEqual(shape({ kind: "activation", function: "tanh" }, [2, 10]), [2, 10]);
});

test("pad and crop move the borders", () => {
  const pad = { kind: "pad", top: 1, left: 2, bottom: 3, right: 4, value: 0 } as const;
  assert.deepEqual(shape(pad, [2, 3, 5, 6]), [2, 3, 9, 12]);
  assert.deepEqual(shape({ kind: "crop", top: 1, left: 2 }, [2, 3, 5, 6]), [2, 3, 4, 4]);
  refuses({ kind: "crop", top: 5, left: 0 }, [[2, 3, 5, 6]], "5 rows", "2x3x5x6");
  refuses(pad, [[2, 3]], "image map");
});

const binaryDense: BinaryDenseNode = {
  kind: "binaryDense",
  name: "fc",
  inputs: ["flat"],
  module: "",
  weight: "fc.weight",
  bias: null,
  units: 6,
  quantizer: "det_sign",
  bits: 1,
  offset: true,
};

function denseGraph(change: Partial<BinaryDenseNode> = {}): Graph {
  return {
    name: "dense",
    inputShape: [2, 3, 2, 2],
    nodes: [
      { kind: "input", name: "x", inputs: [], module: "" },
      { kind: "flatten", name: "flat", inputs: ["x"], module: "" },
      { ...binaryDense, ...change },
    ],
    output: "fc",
    modules: [{ path: "", type: "Test", output: "fc" }],
  };
}

describe("binaryDense", () => {
  test("costs dense multiply-accumulates and a bit a weight", () => {
    const { totals } = summarize(denseGraph());
    assert.deepEqual(totals, {
      binaryMacs: 0,
      floatMacs: 0,
      denseMacs: 2 * 12 * 6,
      operations: 0,
      parameters: 72,
      packedBytes: 9,
    });
    assert.equal(summarize(denseGraph({ bits: 2, quantizer: "dorefa" })).totals.packedBytes, 4 * 72);
    assert.equal(summarize(denseGraph({ bias: "fc.bias" })).totals.packedBytes, 9 + 24);
  });

  test("takes sign bits of [units, inputs] where it needs no more", () => {
    const [spec] = parameterSpecs(denseGraph());
    assert.deepEqual([spec.shape, spec.binary, spec.packing], [[6, 12], true, { signs: "det_sign", scaling: "none" }]);
    checkWeight(spec, { kind: "bits", shape: [6, 12], data: new Uint8Array(12) });
    throwsError(
      () => checkWeight(spec, { kind: "bits", shape: [6, 12], data: new Uint8Array(12).fill(255) }),
      "bad-value",
      "past its 12 channels",
    );
    throwsError(() => checkWeight(spec, { kind: "bits", shape: [6, 12], data: new Uint8Array(9) }), "bad-shape");
    const [torch] = parameterSpecs(denseGraph({ quantizer: "sign" }));
    assert.deepEqual([torch.binary, torch.packing], [true, { signs: "sign", scaling: "none" }]);
  });

  test("keeps its features whatever the input's size", () => {
    throwsError(() => inferShapes(denseGraph(), [1, 3, 4, 4]), "bad-shape", "fc", "12 features", "48");
  });
});

/** Every kind of node that has fields or inputs of its own, one after the other. */
const everyKind: Graph = {
  name: "kinds",
  inputShape: [1, 4, 5, 5],
  nodes: [
    { kind: "input", name: "x", inputs: [], module: "" },
    { kind: "concat", name: "concat", inputs: ["x", "x", "x"], module: "" },
    { kind: "channelShuffle", name: "shuffle", inputs: ["concat"], module: "", groups: 3 },
    { kind: "sliceChannels", name: "slice", inputs: ["shuffle"], module: "", begin: 2, end: 10 },
    { kind: "absMean", name: "a", inputs: ["slice"], module: "" },
    { kind: "mul", name: "mul", inputs: ["slice", "a"], module: "" },
    { kind: "scale", name: "scale", inputs: ["mul"], module: "", factor: -0.5 },
    { kind: "pad", name: "pad", inputs: ["scale"], module: "", top: 1, left: 0, bottom: 2, right: 3, value: -1 },
    { kind: "crop", name: "crop", inputs: ["pad"], module: "", top: 1, left: 2 },
    { kind: "activation", name: "tanh", inputs: ["crop"], module: "", function: "tanh" },
    { kind: "flatten", name: "flat", inputs: ["tanh"], module: "" },
    { ...binaryDense, bias: "fc.bias" },
    { kind: "softmax", name: "p", inputs: ["fc"], module: "" },
  ],
  output: "p",
  modules: [{ path: "", type: "Test", output: "p" }],
};

describe("JSON", () => {
  test("keeps every kind of node", () => {
    assert.deepEqual(graphFromJson(graphToJson(everyKind)), everyKind);
    assert.deepEqual(inferShapes(everyKind).get("flat"), [1, 8 * 7 * 6]);
  });

  test("refuses fields that are missing, unknown or of a wrong type, and a wrong number of inputs", () => {
    type Json = { nodes: Record<string, unknown>[] };
    const changed = (kind: string, change: Readonly<Record<string, unknown>>) => () => {
      const root = JSON.parse(graphToJson(everyKind)) as Json;
      const node = root.nodes.find((candidate) => candidate.kind === kind)!;
      Object.assign(node, change);
      return graphFromJson(root);
    };
    throwsError(changed("scale", { factor: null }), "bad-graph", "nodes[6].factor", "finite number");
    throwsError(changed("scale", { factors: 1 }), "bad-graph", '"factors"');
    throwsError(changed("activation", { function: "relu" }), "bad-graph", "nodes[9].function", "softsign");
    throwsError(changed("channelShuffle", { groups: 0 }), "bad-graph", "nodes[2].groups");
    throwsError(changed("channelShuffle", { groups: 5 }), "bad-shape", "5 groups");
    throwsError(changed("crop", { top: -1 }), "bad-graph", "nodes[8].top");
    throwsError(changed("pad", { value: "0" }), "bad-graph", "nodes[7].value");
    throwsError(changed("pad", { right: 1e9 }), "bad-graph", "nodes[7].right");
    throwsError(changed("sliceChannels", { end: 13 }), "bad-shape", "2 to 13");
    throwsError(changed("binaryDense", { bits: 33 }), "bad-graph", "nodes[11].bits");
    throwsError(changed("binaryDense", { quantizer: "round" }), "bad-graph", "quantizer");
    throwsError(changed("concat", { inputs: [] }), "bad-graph", "nodes[1].inputs");
    throwsError(changed("mul", { inputs: ["slice"] }), "bad-graph", "nodes[5].inputs");
    throwsError(changed("softmax", { inputs: ["fc", "fc"] }), "bad-graph", "nodes[12].inputs");
  });

  test("a concat of concats cannot make a value larger than memory", () => {
    fc.assert(
      fc.property(fc.integer({ min: 8, max: 40 }), (depth) => {
        const joined = Array.from({ length: depth }, (_, index) => ({
          kind: "concat",
          name: `c${index}`,
          inputs: new Array(64).fill(index === 0 ? "x" : `c${index - 1}`),
          module: "",
        }));
        const output = `c${depth - 1}`;
        const root = { ...everyKind, nodes: [everyKind.nodes[0], ...joined], output };
        const modules = [{ path: "", type: "Test", output }];
        assert.throws(() => graphFromJson({ ...root, modules }), /too large|more than WebAssembly memory/);
      }),
      { numRuns: 5 },
    );
  });
});
