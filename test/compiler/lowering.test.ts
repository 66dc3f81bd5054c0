/** From operations to kernel calls: which kernel, which buffers are shared, and that sharing them changes no number. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { type CompileOptions, compileGraph, planProgram } from "../../src/compiler/compile.js";
import type { Plan } from "../../src/compiler/plan.js";
import { XnorkitError } from "../../src/errors.js";
import type { Graph, Node } from "../../src/graph/types.js";
import { randomWeights } from "../../src/models/random_weights.js";
import { runReference } from "../../src/reference/index.js";
import { createSession } from "../../src/runtime/session.js";
import { compare } from "../goldens/support.js";
import { add, binary, conv, graphOf, maxPool, norm, relu, sign } from "./small_graphs.js";
import { noise } from "./support.js";

function planOf(graph: Graph, options: CompileOptions = {}, tuned?: ReadonlyMap<string, "table" | "popcount">): Plan {
  const program = compileGraph(graph, randomWeights(graph, 1), options);
  return planProgram(program, graph.inputShape, "f32", { tuned });
}

function bufferNames(plan: Plan): readonly string[] {
  return plan.buffers.map(({ name }) => name);
}

function binaryKinds(plan: Plan): readonly string[] {
  return plan.steps.filter(({ binaryMacs }) => binaryMacs > 0).map(({ kind }) => kind);
}

/** Output and taps as the reference computes them; the graphs' decisions are far from ties. */
async function assertFollowsReference(graph: Graph, taps: readonly string[] = []): Promise<void> {
  const weights = randomWeights(graph, 3);
  const input = noise(graph.inputShape, 2);
  const session = await createSession({ graph, weights }, { taps });
  const output = session.run(input);
  const reference = runReference(graph, weights, input, { taps });
  const pairs = [[output, reference.output], ...taps.map((name) => [session.tap(name), reference.taps.get(name)!])];
  for (const [actual, expected] of pairs) {
    assert.deepEqual(actual.shape, expected.shape);
    const { difference, scale } = compare(actual.data as Float32Array, expected.data as Float64Array);
    assert.ok(difference <= 1e-5 * scale, `differs by ${difference} at a scale of ${scale}`);
  }
}

test("the cost table takes tables for many channels and popcount for few; an option decides for all", () => {
  const network = (channels: number) =>
    graphOf([sign("s", "x"), binary("c", "s", { channels })], [1, channels, 28, 28]);
  assert.deepEqual(binaryKinds(planOf(network(128))), ["binaryConv2d (table)"]);
  assert.deepEqual(binaryKinds(planOf(network(2))), ["binaryConv2d (popcount)"]);
  assert.deepEqual(binaryKinds(planOf(network(128), { kernel: "popcount" })), ["binaryConv2d (popcount)"]);
  assert.deepEqual(binaryKinds(planOf(network(2), { kernel: "table" })), ["binaryConv2d (table)"]);
});

test("a measured choice goes before the cost table, not before the option", () => {
  const graph = graphOf([sign("s", "x"), binary("c", "s", { channels: 128 })], [1, 128, 28, 28]);
  const tuned = new Map([["c", "popcount"]] as const);
  assert.deepEqual(binaryKinds(planOf(graph, {}, tuned)), ["binaryConv2d (popcount)"]);
  assert.deepEqual(binaryKinds(planOf(graph, { kernel: "table" }, tuned)), ["binaryConv2d (table)"]);
});

test("more products than u16 counts hold run on popcount whatever is asked", async () => {
  const graph = graphOf([sign("s", "x"), binary("c", "s", { kernel: 33, padding: 0, channels: 3 })], [1, 64, 34, 33]);
  assert.deepEqual(binaryKinds(planOf(graph, { kernel: "table" })), ["binaryConv2d (popcount)"]);
  await assertFollowsReference(graph);
});

test("a pointwise operation writes over what dies with it", async () => {
  const graph = graphOf([maxPool("p", "x"), relu("r", "x"), add("a", "x", "r"), add("b", "a", "a"), norm("n", "b")]);
  const buffers = bufferNames(planOf(graph));
  assert.ok(!buffers.includes("b") && !buffers.includes("n"), buffers.join(", "));
  await assertFollowsReference(graph);
  await assertFollowsReference(graph, ["x", "r", "a", "b", "p"]);
});

test("a residual that is read later, or tapped, is not written over", async () => {
  const nodes: Node[] = [conv("c", "x"), relu("r", "c"), conv("d", "x"), add("a", "d", "r"), add("e", "a", "r")];
  const reread: Node[] = [...nodes, conv("f", "r"), add("g", "f", "e")];
  assert.ok(!bufferNames(planOf(graphOf(nodes))).includes("e"));
  for (const graph of [graphOf(nodes), graphOf(reread)]) {
    await assertFollowsReference(graph);
    await assertFollowsReference(graph, ["r"]);
  }
});

test("a convolution does not write over its own input where that is the residual", async () => {
  await assertFollowsReference(graphOf([relu("r", "x"), conv("c", "r"), add("a", "c", "r"), relu("s", "a")]));
  const pool: Node = {
    kind: "avgPool",
    name: "p",
    inputs: ["r"],
    module: "",
    kernel: [3, 3],
    stride: [1, 1],
    padding: [1, 1],
    countIncludePad: true,
  };
  await assertFollowsReference(graphOf([relu("r", "x"), pool, add("a", "p", "r"), add("b", "a", "r")]));
});

test("narrower additions write over the wider map only where it dies", async () => {
  const narrow = conv("d", "x", { channels: 3 });
  const calls = async (nodes: readonly Node[]) =>
    planOf(graphOf(nodes))
      .steps.filter(({ kind }) => kind === "add")
      .flatMap(({ phases }) => phases.flat(2).map(({ kernel }) => kernel));
  const dies: Node[] = [conv("c", "x"), narrow, add("a", "c", "d", 2)];
  assert.deepEqual(await calls(dies), ["addChannelsF32"]);
  assert.deepEqual(await calls([...dies, add("b", "a", "c")]), ["copyBytes", "addChannelsF32"]);
  await assertFollowsReference(graphOf(dies));
  await assertFollowsReference(graphOf(dies), ["c", "d"]);
  await assertFollowsReference(graphOf([...dies, add("b", "a", "c")]));
});

test("the flattening of one pixel is the same buffer, which lives as long as either of them is read", async () => {
  const flat: Node[] = [
    { kind: "globalAvgPool", name: "g", inputs: ["x"], module: "" },
    { kind: "flatten", name: "f", inputs: ["g"], module: "" },
    relu("r", "f"),
    { kind: "flatten", name: "h", inputs: ["g"], module: "" },
    add("a", "h", "r"),
  ];
  const buffers = bufferNames(planOf(graphOf(flat)));
  assert.ok(!buffers.includes("f") && !buffers.includes("h"), buffers.join(", "));
  await assertFollowsReference(graphOf(flat, [3, 7, 4, 5]));
  await assertFollowsReference(graphOf(flat, [3, 7, 4, 5]), ["g", "r"]);
});

test("sign(relu(x)) is +1 everywhere: the ReLU is no part of a threshold on counts", async () => {
  const graph = graphOf([sign("s", "x"), binary("c", "s"), norm("n", "c"), relu("r", "n"), sign("t", "r")]);
  const session = await createSession({ graph, weights: randomWeights(graph, 1) });
  assert.ok(session.run(noise(graph.inputShape, 1)).data.every((value) => value === 1));
});

test("large maps run in bands, at any stride and border", async () => {
  for (const [stride, padValue, batch, size] of [
    [1, -1, 1, 60],
    [2, 1, 2, 101],
    [2, -1, 1, 120],
    [3, 0, 2, 151],
  ] as const) {
    const layer = binary("c", "s", { stride, padValue, channels: 65 });
    const graph = graphOf([sign("s", "x"), layer, norm("n", "c")], [batch, 5, size, size]);
    const weights = randomWeights(graph, 1);
    const input = noise(graph.inputShape, 4);
    const expected = runReference(graph, weights, input).output.data;
    for (const kernel of ["table", "popcount"] as const) {
      const session = await createSession({ graph, weights }, { kernel });
      const { difference, scale } = compare(session.run(input).data as Float32Array, expected);
      assert.ok(difference <= 1e-5 * scale, `${kernel}, stride ${stride}, padding with ${padValue}: ${difference}`);
    }
  }
});

test("an impossible size is refused in a sentence before anything is computed", () => {
  const graph = graphOf([sign("s", "x"), binary("c", "s"), conv("d", "c", { channels: 1000 })]);
  const program = compileGraph(graph, randomWeights(graph, 1));
  for (const shape of [
    [1e9, 8, 8, 8],
    [1e7, 8, 1, 1],
    [1, 8, 1e6, 1e6],
    [1, 8, 2 ** 20, 2 ** 20],
    [40, 8, 500, 500],
    [4e6, 8, 3, 3],
  ]) {
    assert.throws(
      () => planProgram(program, shape, "u8"),
      (error) => {
        assert.ok(error instanceof XnorkitError && error.code === "out-of-memory", String(error));
        return /WebAssembly addresses 4096 MiB: use a smaller batch|use batches of up to \d/.test(error.message);
      },
    );
  }
});

test("a prelu has its channels' slopes, on maps of odd sizes and on vectors", async () => {
  for (const shape of [
    [2, 5, 7, 3],
    [3, 66],
  ]) {
    const prelu: Node = { kind: "prelu", name: "p", inputs: ["x"], module: "", slope: "slope" };
    await assertFollowsReference(graphOf([prelu], shape));
  }
});
