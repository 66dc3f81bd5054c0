/**
 * Activations between affine maps: on the counts of binary convolutions, in float ones, alone; against the reference,
 * and to the bit.
 */
import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import type { Graph, Node } from "../../src/graph/types.js";
import { runReference } from "../../src/reference/index.js";
import { createSession } from "../../src/runtime/session.js";
import { elementCount } from "../../src/tensor.js";
import type { Weights } from "../../src/weights.js";
import { seededRandom } from "../formats/support.js";
import { add, binary, conv, graphOf, maxPool, relu, sign } from "./small_graphs.js";
import { noise } from "./support.js";

const module = "";

function scaleShift(name: string, input: string, parts: "both" | "scale" | "shift" = "both"): Node {
  const scale = parts === "shift" ? null : `${name}.s`;
  const shift = parts === "scale" ? null : `${name}.t`;
  return { kind: "scaleShift", name, inputs: [input], module, scale, shift };
}

function clip(name: string, input: string, min: number | null, max: number | null): Node {
  return { kind: "clip", name, inputs: [input], module, min, max };
}

const ACTIVATIONS: Readonly<Record<string, (input: string) => Node>> = {
  relu: (input) => relu("act", input),
  relu6: (input) => clip("act", input, 0, 6),
  "relu from -1 to 1": (input) => clip("act", input, -1, 1),
  "at least 2": (input) => clip("act", input, 2, null),
  "at most -1": (input) => clip("act", input, null, -1),
};

const SCALES = [0, 1, -1, 0.3, -0.7, 1e-3, 12.5];
const SHIFTS = [0, -0.25, 0.9, 3, -7.7, 1e-6];

/** Scales of either sign and 0, and signs or floats as weights. */
function drawWeights(graph: Graph, channels: number, inputs: number, seed: number): Weights {
  const random = seededRandom(seed);
  const pick = (values: readonly number[]) => values[Math.floor(random() * values.length)];
  const weights = new Map<string, { kind: "f32"; shape: readonly number[]; data: Float32Array }>();
  const put = (name: string, shape: readonly number[], next: () => number) =>
    weights.set(name, { kind: "f32", shape, data: Float32Array.from({ length: elementCount(shape) }, next) });
  for (const node of graph.nodes) {
    if (node.kind === "scaleShift") {
      if (node.scale !== null) put(node.scale, [channels], () => pick(SCALES) * (1 + random()));
      if (node.shift !== null) put(node.shift, [channels], () => pick(SHIFTS));
    } else if (node.kind === "conv2d" || node.kind === "binaryConv2d") {
      const from = node.inputs[0] === "s" || node.inputs[0] === "x" ? inputs : channels;
      put(node.weight, [node.channels, from, ...node.kernel], () => random() * 2 - 1);
    }
  }
  return weights;
}

const cases = fc.record({
  channels: fc.constantFrom(1, 3, 8, 17, 64, 70),
  inputs: fc.constantFrom(1, 5, 33, 64),
  size: fc.integer({ min: 1, max: 6 }),
  batch: fc.integer({ min: 1, max: 2 }),
  activation: fc.constantFrom(...Object.keys(ACTIVATIONS)),
  layer: fc.constantFrom("binary", "offset", "conv", "pool", "none"),
  before: fc.boolean(),
  parts: fc.constantFrom("both", "scale", "shift" as const),
  behind: fc.constantFrom("nothing", "residual", "sign", "residual and sign"),
  kernel: fc.constantFrom("table", "popcount" as const),
  seed: fc.integer({ min: 1, max: 1e6 }),
});

type Case = typeof cases extends fc.Arbitrary<infer C> ? C : never;

function nodesOf({ channels, inputs, activation, layer, before, parts, behind }: Case): readonly Node[] {
  const nodes: Node[] = [];
  let value = "x";
  const push = (node: Node) => {
    nodes.push(node);
    value = node.name;
  };
  if (layer === "binary" || layer === "offset") {
    push(sign("s", "x"));
    push({ ...binary("c", "s", { channels, padValue: 1 }), offset: layer === "offset" } as Node);
  } else if (layer === "conv") {
    push(conv("c", "x", { channels }));
  } else if (layer === "pool") {
    push({ ...maxPool("p", "x"), kernel: [1, 1], stride: [1, 1] } as Node);
  }
  const isWide = layer === "binary" || layer === "offset" || layer === "conv" || channels === inputs;
  if (before && isWide) push(scaleShift("b", value, "scale"));
  push(ACTIVATIONS[activation](value));
  if (isWide) push(scaleShift("n", value, parts as "both"));
  if (behind.startsWith("residual")) {
    nodes.push(conv("r", "x", { channels: isWide ? channels : inputs, kernel: 1 }));
    push(add("a", value, "r"));
  }
  if (behind.endsWith("sign")) {
    push(sign("t", value));
    push(binary("d", "t", { channels: 4, padValue: 1 }));
  }
  return nodes;
}

test("any activation between any affine maps gives the reference's numbers", async () => {
  await fc.assert(
    fc.asyncProperty(cases, async (c) => {
      const graph = graphOf(nodesOf(c), [c.batch, c.inputs, c.size, c.size]);
      const weights = drawWeights(
        graph,
        c.layer === "pool" || c.layer === "none" ? c.inputs : c.channels,
        c.inputs,
        c.seed,
      );
      const input = noise(graph.inputShape, c.seed);
      const expected = runReference(graph, weights, input).output;
      const session = await createSession({ graph, weights }, { kernel: c.kernel as "table" });
      const { data } = session.run(input);
      const largest = Math.max(1, ...expected.data.map(Math.abs));
      expected.data.forEach((value, i) => {
        assert.ok(Math.abs(value - data[i]) <= 2e-5 * largest, `[${i}] is ${data[i]}, expected ${value}`);
      });
      session.dispose();
    }),
    { numRuns: 150, seed: 14 },
  );
});

test("behind a binary convolution the numbers are those of a float framework, bit by bit", async () => {
  const f = Math.fround;
  for (const kernel of ["table", "popcount"] as const) {
    for (const activation of Object.keys(ACTIVATIONS)) {
      const layer = { ...binary("c", "s", { channels: 33, padValue: 1 }), offset: false } as Node;
      const tail = [ACTIVATIONS[activation]("c"), scaleShift("n", "act"), add("a", "n", "r")];
      const residual = conv("r", "x", { channels: 33, kernel: 1 });
      const graph = graphOf([sign("s", "x"), layer, residual, ...tail], [1, 40, 7, 5]);
      const weights = drawWeights(graph, 33, 40, 5);
      const input = noise(graph.inputShape, 9);
      const { taps } = runReference(graph, weights, input, { taps: ["act"] });
      const session = await createSession({ graph, weights }, { kernel, taps: ["r"] });
      const { data } = session.run(input);
      const shortcut = session.tap("r").data;
      const parameter = (name: string) => (weights.get(name) as { data: Float32Array }).data;
      taps.get("act")!.data.forEach((value, i) => {
        const channel = Math.floor(i / 35);
        const scaled = f(f(parameter("n.s")[channel] * value) + parameter("n.t")[channel]);
        assert.equal(data[i], f(scaled + shortcut[i]), `${kernel}, ${activation} [${i}]`);
      });
      session.dispose();
    }
  }
});
