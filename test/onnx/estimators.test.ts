/** Straight-through estimators: their arithmetic goes, whatever its gradient's function is; sums that are meant stay. */
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import {
  check,
  floats,
  kinds,
  network,
  node,
  type OnnxNode,
  random,
  scalar,
  signs,
  skipWithoutRuntime,
} from "./support.js";

const SHAPE = [1, 8, 5, 5] as const;
const input = { shape: SHAPE, data: random(200, 5) };
const compared = skipWithoutRuntime === false;
const constants = [
  scalar("minus", -1),
  scalar("zero", 0),
  scalar("one", 1),
  scalar("two", 2),
  floats("w", [4, 8, 3, 3], signs(288, 3)),
];
const clip = (output: string) => node("Clip", ["input", "minus", "one"], output);
const end = node("Conv", ["y", "w"], "output");
const sign = node("Sign", ["input"], "s");

/** Bi-Real's polynomial, as torch exports it. */
const polynomial: readonly OnnxNode[] = [
  node("Less", ["input", "minus"], "l1"),
  node("Cast", ["l1"], "m1", { ints: { to: 1 } }),
  node("Less", ["input", "zero"], "l2"),
  node("Cast", ["l2"], "m2", { ints: { to: 1 } }),
  node("Less", ["input", "one"], "l3"),
  node("Cast", ["l3"], "m3", { ints: { to: 1 } }),
  node("Mul", ["input", "input"], "xx"),
  node("Mul", ["input", "two"], "xx2"),
  node("Mul", ["m1", "minus"], "a1"),
  node("Add", ["xx", "xx2"], "p1"),
  node("Sub", ["one", "m1"], "n1"),
  node("Mul", ["p1", "n1"], "a2"),
  node("Add", ["a1", "a2"], "o1"),
  node("Neg", ["input"], "neg"),
  node("Mul", ["neg", "input"], "nxx"),
  node("Add", ["nxx", "xx2"], "p2"),
  node("Mul", ["o1", "m2"], "b1"),
  node("Sub", ["one", "m2"], "n2"),
  node("Mul", ["p2", "n2"], "b2"),
  node("Add", ["b1", "b2"], "o2"),
  node("Mul", ["o2", "m3"], "c1"),
  node("Sub", ["one", "m3"], "n3"),
  node("Add", ["c1", "n3"], "c"),
];

const estimators: readonly { readonly name: string; readonly nodes: readonly OnnxNode[] }[] = [
  {
    name: "(s - c) + c with c = clip(x)",
    nodes: [sign, clip("c"), node("Sub", ["s", "c"], "d"), node("Add", ["d", "c"], "y")],
  },
  { name: "c + (s - c)", nodes: [sign, clip("c"), node("Sub", ["s", "c"], "d"), node("Add", ["c", "d"], "y")] },
  { name: "(s + c) - c", nodes: [sign, clip("c"), node("Add", ["s", "c"], "d"), node("Sub", ["d", "c"], "y")] },
  { name: "x + (s - x)", nodes: [sign, node("Sub", ["s", "input"], "d"), node("Add", ["input", "d"], "y")] },
  {
    name: "the clip written twice",
    nodes: [sign, clip("c"), clip("e"), node("Sub", ["s", "c"], "d"), node("Add", ["d", "e"], "y")],
  },
  {
    name: "Bi-Real's polynomial",
    nodes: [sign, ...polynomial, node("Sub", ["s", "c"], "d"), node("Add", ["d", "c"], "y")],
  },
  {
    name: "copies in between",
    nodes: [
      sign,
      clip("c"),
      node("Identity", ["c"], "e"),
      node("Sub", ["s", "c"], "d"),
      node("Dropout", ["d"], "f"),
      node("Add", ["f", "e"], "y"),
    ],
  },
];

describe("straight-through estimators", () => {
  for (const { name, nodes } of estimators) {
    test(`${name} is the sign`, async () => {
      const { imported } = await check(network(SHAPE, [...nodes, end], constants), input, {
        runtime: compared,
      });
      assert.deepEqual(kinds(imported), ["quantize", "binaryConv2d"]);
    });
  }

  test("a sum that only looks like one stays", async () => {
    const other = [
      sign,
      clip("c"),
      node("Relu", ["input"], "r"),
      node("Sub", ["s", "c"], "d"),
      node("Add", ["d", "r"], "y"),
      end,
    ];
    const { imported } = await check(network(SHAPE, other, constants), input, { runtime: compared });
    assert.ok(kinds(imported).includes("add"));
  });

  test("a constant that is subtracted and added again was meant", async () => {
    const nodes = [node("Relu", ["input"], "r"), node("Sub", ["r", "two"], "d"), node("Add", ["d", "two"], "y"), end];
    const { imported } = await check(network(SHAPE, nodes, constants), input, { runtime: compared });
    assert.ok(kinds(imported).includes("scaleShift"));
  });
});
