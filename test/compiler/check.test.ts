/**
 * What must hold of operations between passes: that it holds for whole networks, and that the check sees each fault.
 */
import assert from "node:assert/strict";
import { test } from "node:test";
import { check } from "../../src/compiler/check.js";
import { compileGraph } from "../../src/compiler/compile.js";
import type { FusableOp, Op } from "../../src/compiler/ops/index.js";
import { printOps } from "../../src/compiler/print.js";
import { randomWeights } from "../../src/models/random_weights.js";
import { getModel } from "../../src/models/registry.js";
import { binary, conv, graphOf, norm, relu, sign } from "./small_graphs.js";
import { checkedOps } from "./support.js";

test("every pass leaves whole networks well formed", () => {
  for (const name of ["resnet18_e1", "resnet18_e2", "resnet18_v2", "binet18", "densenet28", "meliusnet22"]) {
    const graph = getModel(name, { inputShape: [1, 3, 224, 224], classes: 3, binary: { bits: 1, bitsA: 1 } });
    checkedOps(graph, randomWeights(graph, 1));
  }
});

test("the check names what is wrong", () => {
  const nodes = [conv("c", "x"), relu("r", "c"), sign("s", "r"), binary("b", "s"), norm("n", "b")];
  const graph = graphOf(nodes);
  const { ops, output } = compileGraph(graph, randomWeights(graph, 1), { taps: ["r"] });
  const kept = new Set([output, "r"]);
  assert.equal(check(ops, kept), null);
  const [input, first, second] = ops as readonly [Op, FusableOp, FusableOp];
  const without = (op: Op) => ops.filter((other) => other !== op);
  const replaced = (op: Op, change: object) =>
    ops.map((other) => (other === op ? ({ ...op, ...change } as Op) : other));
  const faults: readonly (readonly [readonly Op[], RegExp])[] = [
    [[...ops, first], /r is written twice, by c too/],
    [without(input), /conv2d c reads x, which nothing writes/],
    [without(second), /n is kept, but no operation writes it as a map/],
    [replaced(first, { value: "s", sign: null }), /r is kept, but no operation writes it/],
    [replaced(second, { input: "r" }), /binaryConv2d b reads r as bits, but it is map/],
    [replaced(first, { input: "s", sign: null }), /conv2d c reads s, which nothing writes/],
    [replaced(second, { epilogue: { ...second.epilogue, first: "s" } }), /reads s as map, but it is bits/],
    [replaced(second, { epilogue: { ...second.epilogue, second: "n" } }), /binaryConv2d b reads n, which it writes/],
    [replaced(second, { epilogue: { ...second.epilogue, affine: null } }), /binaryConv2d b has no affine/],
    [[...ops, { ...second, value: null, sign: null } as Op], /binaryConv2d b writes nothing/],
    [replaced(first, { sign: { ...first.sign!, greater: true } }), /conv2d c cannot tell > 0/],
  ];
  for (const [broken, pattern] of faults) assert.match(check(broken, kept) ?? "", pattern);
});

test("operations print one a line", () => {
  const nodes = [conv("c", "x"), relu("r", "c"), sign("s", "r"), binary("b", "s"), norm("n", "b")];
  const graph = graphOf(nodes);
  const { ops } = compileGraph(graph, randomWeights(graph, 1));
  assert.equal(printOps(ops), "x = input()\ns: sign = conv2d(x) relu\nn = binaryConv2d(s)\n");
});
