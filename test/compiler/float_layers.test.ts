/** What is said of layers that do not run on bits: each reason, and that description, program and profile agree. */
import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { compileGraph } from "../../src/compiler/compile.js";
import { floatLayers } from "../../src/compiler/float_layers.js";
import type { Graph, Node } from "../../src/graph/types.js";
import { randomWeights } from "../../src/models/random_weights.js";
import { createSession } from "../../src/runtime/session.js";
import { specification } from "./random_choices.js";
import { buildRandomGraph } from "./random_graph.js";
import { binary, conv, graphOf, maxPool, relu, sign } from "./small_graphs.js";

const module = "";

function reasonOf(nodes: readonly Node[]): string | null {
  const [layer] = floatLayers(graphOf(nodes));
  return layer?.reason ?? null;
}

const quantize = (name: string, input: string, method: string, bits: number): Node =>
  ({ ...sign(name, input), method, bits }) as Node;

test("a layer on bits has no reason, and a float convolution is no such layer", () => {
  assert.equal(reasonOf([sign("s", "x"), maxPool("p", "s"), binary("c", "p")]), null);
  assert.equal(reasonOf([conv("c", "x")]), null);
  assert.equal(reasonOf([quantize("s", "x", "dorefa", 8), { ...binary("c", "s"), groups: 4 } as Node]), null);
});

test("each reason names the value that is floats, or what the weights are", () => {
  const behind = (...nodes: readonly Node[]) => reasonOf([...nodes, binary("c", nodes.at(-1)!.name)]);
  assert.equal(reasonOf([binary("c", "x")]), 'it reads floats: "x" is the network\'s input');
  assert.equal(behind(relu("r", "x")), 'it reads floats: "r" (relu) gives floats');
  // Pools move values: what they read is what counts.
  assert.equal(behind(relu("r", "x"), maxPool("p", "r")), 'it reads floats: "r" (relu) gives floats');
  assert.equal(behind(quantize("q", "x", "clip", 32)), 'it reads floats: "q" (clip) gives no values of few bits');
  assert.equal(
    behind(quantize("q", "x", "round", 9)),
    'it reads floats: "q" gives 9 bits, but at most 8 are worth planes',
  );
  const pad = {
    kind: "pad",
    name: "p",
    inputs: ["s"],
    module,
    top: 1,
    left: 0,
    bottom: 0,
    right: 0,
    value: 0.5,
  } as const;
  assert.equal(behind(sign("s", "x"), pad), 'it reads floats: "p" pads signs with 0.5');
  assert.equal(
    behind(quantize("q", "x", "round", 2), maxPool("p", "q")),
    'it reads floats: "p" takes the maximum of round values of 2 bits, which is none of their bits',
  );
  const join = { kind: "concat", name: "j", inputs: ["s", "q"], module } as const;
  assert.equal(
    behind(sign("s", "x"), quantize("q", "x", "dorefa", 2), join),
    'it reads floats: "j" joins signs to dorefa values of 2 bits',
  );
  const weighed = (change: object) => reasonOf([sign("s", "x"), { ...binary("c", "s"), ...change } as Node]);
  assert.equal(weighed({ quantizer: "identity", bits: 32 }), "its weights are not quantised");
  assert.equal(weighed({ quantizer: "dorefa", bits: 9 }), "its weights have 9 bits, but at most 8 are worth planes");
  const wide = graphOf(
    [quantize("s", "x", "round", 8), { ...binary("c", "s", { kernel: 1 }), quantizer: "dorefa", bits: 8 } as Node],
    [1, 40000, 1, 1],
  );
  assert.deepEqual(floatLayers(wide), [{ name: "c", reason: "32 bits may not hold the sums of its products" }]);
});

test("the profile of a session says the same", async () => {
  const graph = graphOf([sign("s", "x"), binary("c", "s"), relu("r", "c"), binary("d", "r"), conv("e", "d")]);
  const session = await createSession({ graph, weights: randomWeights(graph, 1) });
  const said = session.profile(1).flatMap(({ name, float }) => (float === null ? [] : [{ name, reason: float }]));
  assert.deepEqual(said, floatLayers(graph));
  assert.deepEqual(said, [{ name: "d", reason: 'it reads floats: "r" (relu) gives floats' }]);
});

/** The layers of a program that it computes in float though their weights are quantised. */
function floatOpsOf(graph: Graph): readonly { readonly name: string; readonly reason: string }[] {
  const { ops } = compileGraph(graph, randomWeights(graph, 1));
  return ops.flatMap((op) => (op.kind === "conv2d" && op.float !== null ? [{ name: op.name, reason: op.float }] : []));
}

test("of any network, the description names the layers that the program computes in float", () => {
  fc.assert(
    fc.property(specification, (spec) => {
      const graph = buildRandomGraph(spec);
      const byName = (a: { readonly name: string }, b: { readonly name: string }) => (a.name < b.name ? -1 : 1);
      assert.deepEqual(floatOpsOf(graph).toSorted(byName), floatLayers(graph).toSorted(byName));
    }),
    { numRuns: 200 },
  );
});
