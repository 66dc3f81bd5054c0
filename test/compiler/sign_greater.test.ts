/**
 * Signs of v > 0, which are -1 at zero and NaN, as users of torch write them: where they are decided, and exactly so,
 * on floats, behind affine maps, on counts and on sums of counts.
 */
import assert from "node:assert/strict";
import { test } from "node:test";
import type { BorderValue, Graph, Node } from "../../src/graph/types.js";
import { randomWeights } from "../../src/models/random_weights.js";
import { runReference } from "../../src/reference/index.js";
import { createSession } from "../../src/runtime/session.js";
import { elementCount, type Tensor } from "../../src/tensor.js";
import type { Weights } from "../../src/weights.js";
import { add, binary, conv, fused, graphOf, maxPool, norm, relu, sign } from "./small_graphs.js";
import { awkwardNorms, noise } from "./support.js";

function greater(name: string, input: string): Node {
  return { kind: "quantize", name, inputs: [input], module: "", method: "sign_greater", bits: 1 };
}

function clip(name: string, input: string, min: number | null, max: number | null): Node {
  return { kind: "clip", name, inputs: [input], module: "", min, max };
}

/** All values are the reference's; gives how many of its inputs were exactly 0. */
async function assertDecides(graph: Graph, weights: Weights, input: Tensor, value: string): Promise<number> {
  const { output, taps } = runReference(graph, weights, input, { taps: [value] });
  for (const kernel of ["table", "popcount"] as const) {
    const session = await createSession({ graph, weights }, { kernel });
    assert.deepEqual(Float64Array.from(session.run(input).data), output.data, kernel);
  }
  return taps.get(value)!.data.filter((x) => x === 0).length;
}

test("counts decide it where their affine map and a clamp alone come between, a batch norm leaves it its own", () => {
  const counts = [sign("s", "x"), binary("c", "s"), norm("n", "c")];
  assert.deepEqual(fused([...counts, greater("t", "n"), binary("d", "t")]), [
    "s: sign = pointwise(x)",
    "t: greater = binaryConv2d(s)",
    "d = binaryConv2d(t)",
  ]);
  assert.deepEqual(
    fused([...counts, clip("h", "n", 0, 6), greater("t", "h"), binary("d", "t")])[1],
    "t: greater = binaryConv2d(s) clamp",
  );
  assert.deepEqual(
    fused([norm("n", "x"), conv("c", "x"), greater("t", "n"), binary("d", "t"), add("a", "d", "c")]).filter((op) =>
      op.startsWith("t:"),
    ),
    ["t: greater(affine) = pointwise(x)"],
  );
  assert.deepEqual(fused([conv("c", "x"), norm("n", "c"), greater("t", "n"), binary("d", "t")]), [
    "n = conv2d(x) affine",
    "t: greater = pointwise(n)",
    "d = binaryConv2d(t)",
  ]);
});

test("thresholds of the epilogues do not decide it: not behind an addition or a ReLU, not beside the value", () => {
  const counts = [sign("s", "x"), binary("c", "s"), norm("n", "c")];
  for (const nodes of [
    [...counts, add("a", "n", "x"), greater("t", "a")],
    [...counts, relu("a", "n"), greater("t", "a")],
    [...counts, greater("t", "n")],
    [norm("n", "x"), conv("a", "x"), greater("t", "a")],
  ]) {
    const layer = [binary("z", "t"), add("e", "z", "n")];
    const ops = fused([...nodes, ...layer]);
    assert.ok(
      ops.some((op) => /^t: greater = pointwise/.test(op)),
      ops.join("; "),
    );
  }
});

test("two signs of one value are the same bits if they decide alike", () => {
  const nodes = [greater("s", "x"), greater("t", "x"), sign("u", "x")];
  const layers = [binary("a", "s"), binary("b", "t"), binary("c", "u"), add("d", "a", "b"), add("e", "d", "c")];
  const ops = fused([...nodes, ...layers]);
  assert.equal(ops.filter((op) => /^. *: greater/.test(op)).length, 1, ops.join("; "));
  assert.ok(ops.includes("u: sign = pointwise(x)"), ops.join("; "));
});

test("floats: -1 at both zeros and at NaN, on maps of any width, behind nothing and behind a batch norm", async () => {
  const values = [0, -0, Number.NaN, 1e-45, -1e-45, 3, -3, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY];
  for (const channels of [1, 5, 16, 67]) {
    const shape = [2, channels, 3, 5];
    const input = { shape, data: Float32Array.from({ length: elementCount(shape) }, (_, i) => values[i % 9]) };
    const bare = graphOf([greater("t", "x")], shape);
    const zeros = await assertDecides(bare, randomWeights(bare, 1), input, "x");
    assert.ok(zeros > channels);

    const normed = graphOf([relu("r", "x"), norm("n", "r"), greater("t", "n")], shape);
    const weights = new Map(randomWeights(normed, 1));
    const channelwise = (name: string, value: (c: number) => number) =>
      weights.set(name, {
        kind: "f32",
        shape: [channels],
        data: Float32Array.from({ length: channels }, (_, c) => value(c)),
      });
    channelwise("n.g", (c) => [1, -2, 0.5, 0][c % 4]);
    channelwise("n.b", (c) => (c % 4 === 3 ? (c % 8) - 3 : 0));
    channelwise("n.m", (c) => (c % 3 === 0 ? 0 : 3));
    const finite = { shape, data: input.data.map((x) => (Number.isFinite(x) || Number.isNaN(x) ? x : 3)) };
    assert.ok((await assertDecides(normed, weights, finite, "n")) > channels);
  }
});

test("an input of nothing but zeros is -1 throughout, whatever the layer after reads outside the map", async () => {
  for (const padValue of [-1, 0, 1] as readonly BorderValue[]) {
    const graph = graphOf(
      [greater("t", "x"), binary("c", "t", { padValue }), greater("u", "c"), binary("d", "u")],
      [1, 7, 5, 4],
    );
    const input = { shape: graph.inputShape, data: new Float32Array(140) };
    await assertDecides(graph, randomWeights(graph, 5), input, "c");
  }
});

test("a count at the threshold is -1: dot products of 0, and batch norms whose mean is a whole number", async () => {
  let zeros = 0;
  for (const padValue of [-1, 0, 1] as readonly BorderValue[])
    for (const channels of [2, 6, 64]) {
      for (const offset of [false, true]) {
        const layer = { ...binary("c", "s", { channels, padValue }), offset } as Node;
        for (const after of [
          [],
          [norm("n", "c")],
          [norm("n", "c"), clip("h", "n", -0.5, 0.5)],
          [norm("n", "c"), clip("h", "n", 0, 6)],
        ]) {
          const value = after.at(-1)?.name ?? "c";
          const graph = graphOf([greater("s", "x"), layer, ...after, greater("t", value)], [2, channels, 6, 7]);
          const weights = awkwardNorms(graph, randomWeights(graph, channels), 3, true);
          zeros += await assertDecides(graph, weights, noise(graph.inputShape, channels), value);
        }
      }
    }
  assert.ok(zeros > 2000, `${zeros} exact zeros`);
});

test("weighted sums of counts decide it too: ternary values, levels, weights with zeros", async () => {
  let zeros = 0;
  for (const [method, bits] of [
    ["sign", 1],
    ["round", 2],
    ["dorefa", 2],
  ] as const) {
    for (const quantizer of ["det_sign", "sign"] as const) {
      const pack = { ...sign("s", "x"), method, bits } as Node;
      const layer = { ...binary("c", "s", { padValue: 0 }), quantizer, offset: false } as Node;
      const graph = graphOf([pack, layer, greater("t", "c")], [2, 8, 5, 6]);
      const weights = new Map(randomWeights(graph, 2));
      const shape = [8, 8, 3, 3];
      const signs = Float32Array.from(
        { length: elementCount(shape) },
        (_, i) => [1, -1, quantizer === "sign" ? 0 : 1, -1, 1][(i * 7) % 5],
      );
      weights.set("c.w", { kind: "f32", shape, data: signs });
      const { data } = noise(graph.inputShape, 4);
      // Levels of a third are no floats: with the lowest and the highest alone, sums are whole in the reference too.
      const value = (x: number, i: number) =>
        i % 3 === 0 ? (method === "dorefa" ? -9 : 0) : method === "sign" ? x : Math.sign(x) * 9;
      const input = { shape: graph.inputShape, data: data.map(value) };
      zeros += await assertDecides(graph, weights, input, "c");
    }
  }
  assert.ok(zeros > 50, `${zeros} exact zeros`);
});

test("bits that are moved stay those signs", async () => {
  const pad: Node = {
    kind: "pad",
    name: "p",
    inputs: ["s"],
    module: "",
    top: 1,
    left: 0,
    bottom: 2,
    right: 1,
    value: -1,
  };
  const flat: Node = { kind: "flatten", name: "f", inputs: ["m"], module: "", layout: "NHWC" };
  const dense: Node = {
    kind: "binaryDense",
    name: "d",
    inputs: ["f"],
    module: "",
    weight: "d.w",
    bias: null,
    units: 9,
    quantizer: "det_sign",
    bits: 1,
    offset: false,
  };
  const graph = graphOf([greater("s", "x"), pad, maxPool("m", "p"), flat, dense, greater("t", "d")], [2, 7, 5, 6]);
  assert.deepEqual(fused(graph.nodes.slice(1), [], graph.inputShape).filter((op) => op.includes("unpack")).length, 1);
  const { data } = noise(graph.inputShape, 1);
  const input = { shape: graph.inputShape, data: data.map((x, i) => (i % 2 === 0 ? 0 : x)) };
  await assertDecides(graph, randomWeights(graph, 1), input, "d");
});
