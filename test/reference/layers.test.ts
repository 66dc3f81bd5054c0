/** The reference's other layers, by numbers worked out by hand. */
import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { XnorkitError } from "../../src/errors.js";
import type { AddNode, AvgPoolNode, DenseNode, MaxPoolNode, Node, QuantizeNode } from "../../src/graph/types.js";
import { runReference } from "../../src/reference/index.js";
import { batchNormNode, convNode, counting, graphOf, inputNode, runNode, weightsOf } from "./support.js";

const pool = (changes: Partial<MaxPoolNode> = {}): MaxPoolNode => ({
  kind: "maxPool",
  name: "pool",
  module: "pool",
  inputs: ["input"],
  kernel: [3, 3],
  stride: [2, 2],
  padding: [1, 1],
  ...changes,
});
const mean = (countIncludePad: boolean, changes: Partial<AvgPoolNode> = {}): AvgPoolNode => ({
  ...pool(),
  ...changes,
  kind: "avgPool",
  countIncludePad,
});
const quantize: QuantizeNode = {
  kind: "quantize",
  name: "q",
  module: "q",
  inputs: ["input"],
  method: "det_sign",
  bits: 1,
};

const bn = weightsOf({
  "bn.gamma": [[2], [3, -1]],
  "bn.beta": [[2], [10, 0.5]],
  "bn.running_mean": [[2], [1, 4]],
  "bn.running_var": [[2], [3.5, 0.5]],
});

test("batch norm per channel", () => {
  const { data } = runNode(batchNormNode(), bn, [2, 2, 1, 2], [1, 3, 4, 5, -1, 1, 3, 4]);
  // Deviations sqrt(3.5 + 0.5) = 2 and sqrt(0.5 + 0.5) = 1.
  assert.deepEqual([...data], [10, 13, 0.5, -0.5, 7, 10, 1.5, 0.5]);
});

test("fix_gamma reads past the stored gamma", () => {
  const { data } = runNode(batchNormNode({ fixGamma: true }), bn, [1, 2], [3, 5]);
  assert.deepEqual([...data], [11, 1.5]);
});

test("batch norm without gamma and beta", () => {
  const { data } = runNode(batchNormNode({ gamma: null, beta: null }), bn, [1, 2], [3, 5]);
  assert.deepEqual([...data], [1, 1]);
});

test("max pooling drops the incomplete window and ignores the border", () => {
  const { shape, data } = runNode(
    pool(),
    weightsOf({}),
    [1, 1, 4, 4],
    counting([16]).map((x) => -x),
  );
  // 4 + 2 padding, kernel 3, stride 2: the sixth column is in no window.
  assert.deepEqual(shape, [1, 1, 2, 2]);
  assert.deepEqual([...data], [-1, -2, -5, -6]);
});

test("mean pooling in floor mode, with the border in the divisor or not", () => {
  const x = counting([25]);
  const odd = runNode(mean(true, { kernel: [2, 2], padding: [0, 0] }), weightsOf({}), [1, 1, 5, 5], x);
  assert.deepEqual(odd.shape, [1, 1, 2, 2]);
  assert.deepEqual([...odd.data], [4, 6, 14, 16]);
  const corner = (include: boolean) => runNode(mean(include), weightsOf({}), [1, 1, 2, 2], [1, 2, 3, 6]).data[0];
  assert.equal(corner(false), 3);
  assert.equal(corner(true), 12 / 9);
});

test("global mean pooling and flatten", () => {
  const nodes: Node[] = [
    { kind: "globalAvgPool", name: "gap", module: "gap", inputs: ["input"] },
    { kind: "flatten", name: "flat", module: "flat", inputs: ["gap"] },
  ];
  const shape = [2, 2, 1, 3];
  const { output, taps } = runReference(
    graphOf(shape, ...nodes),
    weightsOf({}),
    { shape, data: Float32Array.from(counting(shape)) },
    { taps: ["gap"] },
  );
  assert.deepEqual(taps.get("gap")?.shape, [2, 2, 1, 1]);
  assert.deepEqual(output, { shape: [2, 2], data: Float64Array.of(2, 5, 8, 11) });
});

test("a dense layer is x W^T + bias", () => {
  const node: DenseNode = {
    kind: "dense",
    name: "fc",
    module: "fc",
    inputs: ["input"],
    weight: "w",
    bias: "b",
    units: 2,
  };
  const weights = weightsOf({
    w: [
      [2, 3],
      [1, 0, 2, -1, 1, 0],
    ],
    b: [[2], [100, 0]],
  });
  assert.deepEqual([...runNode(node, weights, [2, 3], [1, 2, 3, 4, 5, 6]).data], [107, 1, 116, 1]);
  assert.deepEqual([...runNode({ ...node, bias: null }, weights, [1, 3], [1, 2, 3]).data], [7, 1]);
});

test("add covers a slice of the channels, the others pass", () => {
  const slice = convNode({ name: "slice", weight: "w", kernel: [1, 1], padding: [0, 0] });
  const sum: AddNode = { kind: "add", name: "sum", module: "", inputs: ["input", "slice"], channelOffset: 1 };
  const shape = [2, 3, 1, 1];
  const run = (channelOffset: number) =>
    runReference(
      graphOf(shape, slice, { ...sum, channelOffset }),
      weightsOf({
        w: [
          [1, 3, 1, 1],
          [10, 0, 0],
        ],
      }),
      {
        shape,
        data: Float32Array.from(counting(shape)),
      },
    ).output.data;
  assert.deepEqual([...run(1)], [1, 12, 3, 4, 45, 6]);
  assert.deepEqual([...run(2)], [1, 2, 13, 4, 5, 46]);
  assert.throws(() => run(3), XnorkitError);
});

test("pixels are normalised by the graph, floats are not", () => {
  const graph = { ...graphOf([1, 2, 1, 2], quantize), output: "input", preprocess: { mean: [10, 20], std: [2] } };
  const shape = [1, 2, 1, 2];
  const pixels = runReference(graph, weightsOf({}), { shape, data: Uint8Array.of(10, 12, 20, 0) });
  assert.deepEqual([...pixels.output.data], [0, 1, 0, -10]);
  const floats = runReference(graph, weightsOf({}), { shape, data: Float32Array.of(10, 12, 20, 0) });
  assert.deepEqual([...floats.output.data], [10, 12, 20, 0]);
});

test("given decisions replace those of a quantize node", () => {
  const relu: Node = { kind: "relu", name: "relu", module: "relu", inputs: ["q"] };
  const shape = [1, 1, 1, 3];
  const input = { shape, data: Float32Array.of(-1, 1e-9, 2) };
  const run = (decisions: Float64Array, name = "q") =>
    runReference(graphOf(shape, quantize, relu), weightsOf({}), input, {
      taps: ["q", "input"],
      quantized: new Map([[name, decisions]]),
    });
  const { output, taps } = run(Float64Array.of(-1, -1, 1));
  assert.deepEqual([...output.data], [0, 0, 1]);
  assert.deepEqual([...(taps.get("q")?.data ?? [])], [-1, -1, 1]);
  assert.equal(taps.get("input")?.data[1], Math.fround(1e-9));
  const fails = (code: string, action: () => unknown) =>
    assert.throws(action, (error) => error instanceof XnorkitError && error.code === code);
  fails("bad-option", () => run(Float64Array.of(1)));
  fails("bad-option", () => run(Float64Array.of(1, 1, 1), "relu"));
  fails("unknown-name", () => run(Float64Array.of(1, 1, 1), "nothing"));
});

test("a graph or an input that does not fit is refused by name", () => {
  const fails = (code: string, action: () => unknown) =>
    assert.throws(action, (error) => error instanceof XnorkitError && error.code === code);
  const shape = [1, 2, 1, 1];
  const input = { shape, data: Float32Array.of(1, 2) };
  const graph = graphOf(shape, quantize);
  fails("bad-graph", () => runReference({ ...graph, nodes: [quantize, inputNode] }, weightsOf({}), input));
  fails("bad-graph", () => runReference({ ...graph, output: "nothing" }, weightsOf({}), input));
  fails("unknown-name", () => runReference(graph, weightsOf({}), input, { taps: ["nothing"] }));
  fails("bad-shape", () => runReference(graph, weightsOf({}), { shape: [1, 1, 1, 1], data: Float32Array.of(1) }));
  fails("bad-shape", () => runReference(graph, weightsOf({}), { shape, data: Float32Array.of(1) }));
  fails("bad-shape", () => runReference(graph, weightsOf({}), input, { inputShape: [2, 2, 1, 1] }));
});

test("batch norm can be undone, and max pooling commutes with an increasing affine map", () => {
  const numbers = fc.array(fc.float({ min: -8, max: 8, noNaN: true }), { minLength: 16, maxLength: 16 });
  fc.assert(
    fc.property(numbers, fc.float({ min: 0.25, max: 4, noNaN: true }), (x, gamma) => {
      const shape = [1, 1, 4, 4];
      const affine = weightsOf({
        "bn.gamma": [[1], [gamma]],
        "bn.beta": [[1], [1]],
        "bn.running_mean": [[1], [0.5]],
        "bn.running_var": [[1], [0.5]],
      });
      const bnThenPool = graphOf(shape, batchNormNode(), { ...pool(), inputs: ["bn"] });
      const poolThenBn = graphOf(shape, pool(), batchNormNode({ inputs: ["pool"] }));
      const input = { shape, data: Float32Array.from(x) };
      assert.deepEqual(runReference(bnThenPool, affine, input).output, runReference(poolThenBn, affine, input).output);
      const { data } = runNode(batchNormNode(), affine, shape, x);
      const g = Math.fround(gamma);
      for (const [i, y] of data.entries()) assert.ok(Math.abs((y - 1) / g + 0.5 - input.data[i]) < 1e-12);
    }),
  );
});
