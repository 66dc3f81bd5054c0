/** Each pass on the smallest graphs: what fuses, and what must not. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { compileGraph } from "../../src/compiler/compile.js";
import { noEpilogue } from "../../src/compiler/ir.js";
import type { Op } from "../../src/compiler/ops/index.js";
import { prune, schedule } from "../../src/compiler/passes/schedule.js";
import { XnorkitError } from "../../src/errors.js";
import type { Node } from "../../src/graph/types.js";
import { randomWeights } from "../../src/models/random_weights.js";
import { add, binary, conv, fused, graphOf, maxPool, norm, relu, sign } from "./small_graphs.js";

test("a batch norm goes into the operation before it", () => {
  assert.deepEqual(fused([conv("c", "x"), norm("n", "c")]), ["n = conv2d(x) affine"]);
  assert.deepEqual(fused([maxPool("p", "x"), norm("n", "p")]), ["n = maxPool(x) affine"]);
  assert.deepEqual(fused([relu("r", "x"), norm("n", "r"), norm("m", "n")]), [
    "r = pointwise(x) relu",
    "m = pointwise(r) affine",
  ]);
  assert.deepEqual(fused([sign("s", "x"), binary("c", "s"), norm("n", "c"), norm("m", "n")]), [
    "s: sign = pointwise(x)",
    "m = binaryConv2d(s)",
  ]);
});

test("a batch norm of data goes into the input's conversion, not into the zero-padded convolution after it", () => {
  const graph = graphOf([norm("n", "x"), norm("m", "n"), conv("c", "m")]);
  const weights = randomWeights(graph, 1);
  const [input, convolution] = compileGraph(graph, weights).ops;
  assert.ok(input.kind === "input" && input.affine !== null && input.value === "m");
  assert.ok(convolution.kind === "conv2d" && convolution.input === "m" && convolution.epilogue.affine === null);
  assert.equal(convolution.weight, weights.get("c.w"));
});

test("a batch norm stays where somebody else reads what it reads", () => {
  assert.deepEqual(fused([conv("c", "x"), norm("n", "c"), add("a", "n", "c")]), [
    "c = conv2d(x)",
    "a = pointwise(c) affine +c",
  ]);
  assert.deepEqual(fused([conv("c", "x"), norm("n", "c")], ["c"]), ["c = conv2d(x)", "n = pointwise(c) affine"]);
  assert.deepEqual(fused([norm("n", "x"), conv("c", "n")], ["x"]), ["n = pointwise(x) affine", "c = conv2d(n)"]);
});

test("a batch norm behind a convolution's ReLU goes into the convolution's pass, or its clamp", () => {
  assert.deepEqual(fused([conv("c", "x"), relu("r", "c"), norm("n", "r"), add("a", "n", "x"), sign("s", "a")]), [
    "s: sign = conv2d(x) relu affine +x",
    "s#f32 = unpack(s)",
  ]);
  assert.deepEqual(fused([conv("c", "x"), norm("m", "c"), relu("r", "m"), norm("n", "r")]), [
    "n = conv2d(x) affine relu affine",
  ]);
  assert.deepEqual(fused([sign("s", "x"), binary("c", "s"), relu("r", "c"), norm("n", "r"), add("a", "n", "x")]), [
    "s: sign = pointwise(x)",
    "a = binaryConv2d(s) clamp +x",
  ]);
  assert.deepEqual(fused([conv("c", "x"), relu("r", "c"), norm("n", "r")], ["c"]), [
    "c = conv2d(x)",
    "r = pointwise(c) relu",
    "n = pointwise(r) affine",
  ]);
});

test("a clamp goes into what feeds it, if that ends in an affine", () => {
  const clip = (name: string, input: string): Node => ({
    kind: "clip",
    name,
    inputs: [input],
    module: "",
    min: 0,
    max: 6,
  });
  assert.deepEqual(fused([conv("c", "x"), norm("n", "c"), clip("k", "n"), add("a", "k", "x")]), [
    "a = conv2d(x) affine clamp +x",
  ]);
  assert.deepEqual(fused([conv("c", "x"), add("a", "c", "x"), clip("k", "a")]), [
    "a = conv2d(x) +x",
    "k = pointwise(a) clamp",
  ]);
  assert.deepEqual(fused([maxPool("p", "x"), clip("k", "p"), relu("r", "k")]), ["r = maxPool(x) clamp relu"]);
});

test("a batch norm after an addition is a step of its own", () => {
  assert.deepEqual(fused([conv("c", "x"), add("a", "c", "x"), norm("n", "a")]), [
    "a = conv2d(x) +x",
    "n = pointwise(a) affine",
  ]);
});

test("residuals and ReLUs go into the convolution, in their order", () => {
  assert.deepEqual(fused([conv("c", "x"), add("a", "c", "x")]), ["a = conv2d(x) +x"]);
  assert.deepEqual(fused([conv("c", "x"), add("a", "x", "c")]), ["a = conv2d(x) +x"]);
  assert.deepEqual(fused([conv("c", "x"), norm("n", "c"), add("a", "x", "n"), relu("r", "a")]), [
    "r = conv2d(x) affine +x relu",
  ]);
  assert.deepEqual(fused([conv("c", "x"), relu("r", "c"), add("a", "r", "x")]), ["a = conv2d(x) relu +x"]);
  assert.deepEqual(fused([conv("c", "x"), add("a", "c", "x"), add("b", "a", "x")]), ["b = conv2d(x) +x +x"]);
});

test("what the pipeline has no slot for starts another operation", () => {
  // relu(relu(c) + x) needs a ReLU after the second addition, c + x + x + x a third one.
  assert.deepEqual(fused([conv("c", "x"), relu("r", "c"), add("a", "r", "x"), relu("s", "a")]), [
    "a = conv2d(x) relu +x",
    "s = pointwise(a) relu",
  ]);
  assert.deepEqual(fused([conv("c", "x"), add("a", "c", "x"), add("b", "a", "x"), add("d", "b", "x")]), [
    "b = conv2d(x) +x +x",
    "d = pointwise(b) +x",
  ]);
});

test("x + x is no residual of x, and a value read twice or tapped is written", () => {
  assert.deepEqual(fused([conv("c", "x"), add("a", "c", "c")]), ["c = conv2d(x)", "a = pointwise(c) +c"]);
  assert.deepEqual(fused([conv("c", "x"), relu("r", "c"), add("a", "r", "c")]), [
    "c = conv2d(x)",
    "a = pointwise(c) relu +c",
  ]);
  assert.deepEqual(fused([conv("c", "x"), add("a", "c", "x")], ["c"]), ["c = conv2d(x)", "a = pointwise(c) +x"]);
});

test("of two convolutions the binary one takes the addition, and the other runs before it", () => {
  const nodes = [sign("s", "x"), binary("b", "s"), conv("c", "x"), add("a", "c", "b")];
  assert.deepEqual(fused(nodes), ["s: sign = pointwise(x)", "c = conv2d(x)", "a = binaryConv2d(s) +c"]);
  assert.deepEqual(fused([conv("c", "x"), conv("d", "x"), add("a", "c", "d")]), ["d = conv2d(x)", "a = conv2d(x) +d"]);
});

test("convolution, batch norm and sign leave nothing but bits", () => {
  const nodes = [sign("s", "x"), binary("c", "s"), norm("n", "c"), sign("t", "n"), binary("d", "t")];
  assert.deepEqual(fused(nodes), ["s: sign = pointwise(x)", "t: sign = binaryConv2d(s)", "d = binaryConv2d(t)"]);
  assert.deepEqual(fused(nodes, ["n"]), [
    "s: sign = pointwise(x)",
    "n, t: sign = binaryConv2d(s)",
    "d = binaryConv2d(t)",
  ]);
});

test("a residual that is read by a sign and an addition is written with its bits in one pass", () => {
  const block = (name: string, input: string) => [
    sign(`${name}s`, input),
    binary(`${name}c`, `${name}s`),
    norm(`${name}n`, `${name}c`),
    add(`${name}a`, `${name}n`, input),
  ];
  assert.deepEqual(fused([conv("c", "x"), ...block("1", "c"), ...block("2", "1a")]), [
    "c, 1s: sign = conv2d(x)",
    "1a, 2s: sign = binaryConv2d(1s) +c",
    "2a = binaryConv2d(2s) +1a",
  ]);
});

test("a downsampling block's shortcut is computed before the body that adds it", () => {
  const half = { stride: 2, channels: 16 };
  const nodes = [
    sign("s", "x"),
    binary("c", "s", half),
    norm("n", "c"),
    maxPool("p", "x"),
    conv("f", "p", { kernel: 1, channels: 16 }),
    norm("m", "f"),
    add("a", "n", "m"),
  ];
  assert.deepEqual(fused(nodes), [
    "s: sign = pointwise(x)",
    "p = maxPool(x)",
    "m = conv2d(p) affine",
    "a = binaryConv2d(s) +m",
  ]);
});

test("signs of one value are one, and those of two batch norms of one value are two", () => {
  assert.deepEqual(fused([sign("s", "x"), sign("t", "x"), binary("c", "s"), binary("d", "t"), add("a", "c", "d")]), [
    "s: sign = pointwise(x)",
    "d = binaryConv2d(s)",
    "a = binaryConv2d(s) +d",
  ]);
  const norms = [norm("n", "r"), sign("s", "n"), norm("m", "r"), sign("t", "m")];
  assert.deepEqual(fused([relu("r", "x"), ...norms, binary("c", "s"), binary("d", "t"), add("a", "c", "d")]), [
    "r, s: sign(affine) = pointwise(x) relu",
    "t: sign(affine) = pointwise(r)",
    "d = binaryConv2d(t)",
    "a = binaryConv2d(s) +d",
  ]);
});

test("a shared sign that is tapped, returned or read in float is unpacked", () => {
  const nodes = [sign("s", "x"), sign("t", "x"), binary("c", "t"), binary("d", "s"), add("a", "c", "d")];
  const tapped = fused(nodes, ["t"]);
  assert.ok(tapped.includes("t#f32 = unpack(s)"), tapped.join("; "));
  assert.deepEqual(fused([sign("s", "x")]), ["s: sign = pointwise(x)", "s#f32 = unpack(s)"]);
  assert.deepEqual(fused([sign("s", "x"), binary("c", "s"), add("a", "c", "s")]), [
    "s: sign = pointwise(x)",
    "s#f32 = unpack(s)",
    "a = binaryConv2d(s) +s#f32",
  ]);
});

test("narrower additions stay operations of their own", () => {
  assert.deepEqual(
    fused([conv("c", "x"), conv("d", "x", { channels: 3 }), add("a", "c", "d", 5), sign("s", "a"), binary("e", "s")]),
    ["c = conv2d(x)", "d = conv2d(x)", "a = addChannels(c, d)", "s: sign = pointwise(a)", "e = binaryConv2d(s)"],
  );
});

test("what nobody reads is not computed", () => {
  assert.deepEqual(fused([conv("dead", "x"), norm("n", "dead"), relu("r", "x")]), ["r = pointwise(x) relu"]);
  const [input] = compileGraph(graphOf([relu("r", "x")]), new Map()).ops;
  assert.deepEqual(prune([input], new Set()), [input]);
});

function pointwise(name: string, input: string, first: string | null = null): Op {
  return { kind: "pointwise", name, input, epilogue: { ...noEpilogue, first }, value: name, sign: null };
}

test("operations are sorted behind what they read, and otherwise keep their order", () => {
  const [x, a, b, c, d] = [
    pointwise("x", "-"),
    pointwise("a", "x", "d"),
    pointwise("b", "x"),
    pointwise("c", "a"),
    pointwise("d", "b"),
  ];
  assert.deepEqual(schedule([x, a, b, c, d]), [x, b, d, a, c]);
});

test("a cycle is refused by name, and a chain of 100000 operations is no recursion", () => {
  assert.throws(
    () => schedule([pointwise("a", "c"), pointwise("b", "a"), pointwise("c", "b")]),
    (error) =>
      error instanceof XnorkitError && error.code === "bad-graph" && /layer . reads .* itself/.test(error.message),
  );
  const chain = Array.from({ length: 100000 }, (_, i) => pointwise(`${i}`, `${i - 1}`));
  assert.deepEqual(schedule(chain.toReversed()), chain);
});

test("a graph without its output or with two inputs is refused", () => {
  const graph = graphOf([relu("r", "x")]);
  const refuses = (changed: typeof graph, pattern: RegExp) =>
    assert.throws(
      () => compileGraph(changed, new Map()),
      (error) => error instanceof XnorkitError && error.code === "bad-graph" && pattern.test(error.message),
    );
  refuses({ ...graph, output: "y" }, /returns y, but none of its nodes/);
  refuses({ ...graph, nodes: [...graph.nodes, { ...graph.nodes[0], name: "z" } as never] }, /2 nodes of kind input/);
});
