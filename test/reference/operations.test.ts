/** The reference's operations beside convolutions and pooling, against sums written out and against each other. */
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import fc from "fast-check";
import type { BinaryDenseNode, Node } from "../../src/graph/types.js";
import { runReference } from "../../src/reference/index.js";
import type { Shape } from "../../src/tensor.js";
import { throwsError } from "../graph/errors.js";
import { counting, graphOf, runNode, weightsOf } from "./support.js";

type Computed = Exclude<Node, { kind: "input" }>;
type Fields<T> = T extends Computed ? Omit<T, "name" | "inputs" | "module"> : never;

function node(fields: Fields<Computed>, inputs: readonly string[] = ["input"], name = "node"): Computed {
  return { ...fields, name, inputs, module: "" } as Computed;
}

function run(fields: Fields<Computed>, shape: Shape, numbers: readonly number[]): readonly number[] {
  return [...runNode(node(fields), new Map(), shape, numbers).data];
}

function runAll(shape: Shape, numbers: readonly number[], ...nodes: readonly Computed[]) {
  return runReference(graphOf(shape, ...nodes), new Map(), { shape, data: Float32Array.from(numbers) }).output;
}

test("concat keeps images apart", () => {
  const output = runAll(
    [2, 1, 1, 2],
    [1, 2, 3, 4],
    node({ kind: "scale", factor: 10 }, ["input"], "tens"),
    node({ kind: "concat" }, ["input", "tens", "input"]),
  );
  assert.deepEqual(output.shape, [2, 3, 1, 2]);
  assert.deepEqual([...output.data], [1, 2, 10, 20, 1, 2, 3, 4, 30, 40, 3, 4]);
});

test("mul by the same shape and by one channel", () => {
  const numbers = counting([2, 2, 1, 2]);
  assert.deepEqual(
    [...runAll([2, 2, 1, 2], numbers, node({ kind: "mul" }, ["input", "input"])).data],
    numbers.map((value) => value * value),
  );
  const byChannel = runAll(
    [2, 2, 1, 2],
    numbers,
    node({ kind: "sliceChannels", begin: 1, end: 2 }, ["input"], "second"),
    node({ kind: "mul" }, ["input", "second"]),
  );
  assert.deepEqual([...byChannel.data], [1 * 3, 2 * 4, 3 * 3, 4 * 4, 5 * 7, 6 * 8, 7 * 7, 8 * 8]);
});

test("absMean is the mean magnitude at each place", () => {
  assert.deepEqual(run({ kind: "absMean" }, [2, 2, 1, 2], [1, -2, -3, 4, 0, -0, 5, 6]), [2, 3, 2.5, 3]);
});

test("channelShuffle transposes groups and channels", () => {
  // [2 groups, 3 channels] -> [3, 2]
  assert.deepEqual(run({ kind: "channelShuffle", groups: 2 }, [1, 6, 1, 1], [0, 1, 2, 3, 4, 5]), [0, 3, 1, 4, 2, 5]);
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 6 }), fc.integer({ min: 1, max: 6 }), (groups, width) => {
      const shape = [2, groups * width, 2, 1];
      const there = node({ kind: "channelShuffle", groups }, ["input"], "there");
      const back = node({ kind: "channelShuffle", groups: width }, ["there"]);
      assert.deepEqual([...runAll(shape, counting(shape), there, back).data], counting(shape));
    }),
    { numRuns: 30 },
  );
});

test("slices of the channels join to the whole", () => {
  const shape = [2, 5, 2, 2];
  const slice = (begin: number, end: number, name: string) =>
    node({ kind: "sliceChannels", begin, end }, ["input"], name);
  const output = runAll(
    shape,
    counting(shape),
    slice(0, 2, "a"),
    slice(2, 5, "b"),
    node({ kind: "concat" }, ["a", "b"]),
  );
  assert.deepEqual([...output.data], counting(shape));
});

test("pad puts a constant around, crop takes rows and columns from the start", () => {
  const pad = { kind: "pad", top: 1, left: 0, bottom: 0, right: 2, value: -1 } as const;
  assert.deepEqual(run(pad, [1, 1, 2, 2], [1, 2, 3, 4]), [-1, -1, -1, -1, 1, 2, -1, -1, 3, 4, -1, -1]);
  assert.deepEqual(run({ kind: "crop", top: 1, left: 1 }, [1, 2, 2, 3], counting([1, 2, 2, 3])), [5, 6, 11, 12]);
  fc.assert(
    fc.property(fc.nat(3), fc.nat(3), fc.integer({ min: 1, max: 4 }), (top, left, size) => {
      const shape = [2, 2, size, size + 1];
      const padded = node({ kind: "pad", top, left, bottom: 0, right: 0, value: 7 }, ["input"], "padded");
      const output = runAll(shape, counting(shape), padded, node({ kind: "crop", top, left }, ["padded"]));
      assert.deepEqual([output.shape, [...output.data]], [shape, counting(shape)]);
    }),
    { numRuns: 30 },
  );
});

test("scale and the elementwise functions", () => {
  assert.deepEqual(run({ kind: "scale", factor: 0 }, [1, 2], [3, 4]), [0, 0]);
  const at = (name: "tanh" | "sigmoid" | "softrelu" | "softsign", x: number) =>
    run({ kind: "activation", function: name }, [1, 1], [x])[0];
  assert.equal(at("tanh", 0.5), Math.tanh(0.5));
  assert.equal(at("sigmoid", 0), 0.5);
  assert.ok(Math.abs(at("sigmoid", 2) + at("sigmoid", -2) - 1) < 1e-15);
  assert.ok(Math.abs(at("softrelu", 1) - Math.log(1 + Math.E)) < 1e-15);
  assert.equal(at("softrelu", 1000), 1000);
  assert.equal(at("softrelu", -1000), 0);
  assert.equal(at("softsign", -3), -0.75);
});

test("softmax over the channels sums to 1 at each place, with large numbers too", () => {
  const output = run({ kind: "softmax" }, [1, 2, 1, 2], [0, 1000, Math.log(3), 1000]);
  for (const [i, expected] of [0.25, 0.5, 0.75, 0.5].entries()) assert.ok(Math.abs(output[i] - expected) < 1e-7);
});

describe("binaryDense", () => {
  const layer = (changes: Partial<BinaryDenseNode> = {}): BinaryDenseNode => ({
    kind: "binaryDense",
    name: "fc",
    module: "",
    inputs: ["input"],
    weight: "w",
    bias: null,
    units: 2,
    quantizer: "det_sign",
    bits: 1,
    offset: false,
    ...changes,
  });
  const weights = weightsOf({
    w: [
      [2, 3],
      [0.5, -0.25, -0, -2, 3, 0.75],
    ],
    b: [[2], [10, 20]],
  });
  const input = [1, -1, -1, 2, 0, 3];
  const output = (changes: Partial<BinaryDenseNode>) => [...runNode(layer(changes), weights, [2, 3], input).data];

  test("multiplies by signs; the offset comes with any number of bits, the bias last", () => {
    assert.deepEqual(output({}), [1, -3, 5, 1]);
    assert.deepEqual(output({ offset: true }), [2, 0, 4, 2]);
    assert.deepEqual(output({ offset: true, bias: "b" }), [12, 20, 14, 22]);
    assert.deepEqual(output({ quantizer: "identity", bits: 32 }), [0.75, -5.75, 1, -1.75]);
    assert.deepEqual(output({ quantizer: "identity", bits: 32, offset: true }), [1.875, -1.375, 2, 0.625]);
    assert.deepEqual(output({ quantizer: "sign" }), [2, -3, 2, 1]);
  });

  test("takes sign bits, unless it needs the numbers", () => {
    const bits = new Map([["w", { kind: "bits" as const, shape: [2, 3], data: Uint8Array.of(0b101, 0b110) }]]);
    assert.deepEqual([...runNode(layer(), bits, [2, 3], input).data], [1, -3, 5, 1]);
    throwsError(
      () => runNode(layer({ quantizer: "dorefa", bits: 2 }), bits, [2, 3], input),
      "bad-value",
      "fc",
      "dorefa",
    );
  });
});

test("what does not fit is refused by name", () => {
  const refuses = (fields: Fields<Computed>, shape: Shape) =>
    throwsError(() => run(fields, shape, counting(shape)), "bad-shape", "node");
  refuses({ kind: "channelShuffle", groups: 2 }, [1, 3, 1, 1]);
  refuses({ kind: "sliceChannels", begin: 1, end: 4 }, [1, 3, 1, 1]);
  refuses({ kind: "crop", top: 2, left: 0 }, [1, 1, 2, 2]);
  const small = node({ kind: "crop", top: 1, left: 0 }, ["input"], "small");
  for (const kind of ["concat", "mul"] as const) {
    throwsError(
      () => runAll([1, 1, 2, 2], [1, 2, 3, 4], small, node({ kind }, ["input", "small"])),
      "bad-shape",
      "node",
    );
  }
});
