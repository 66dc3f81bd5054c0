/**
 * Common offsets on their way through means, maxima, sums, concats and permutations: a batch norm behind many a
 * (dot + K) / 2 loses no digits to what is stored between them.
 */
import assert from "node:assert/strict";
import { test } from "node:test";
import { compileGraph } from "../../src/compiler/compile.js";
import type { Graph, Node } from "../../src/graph/types.js";
import { runReference } from "../../src/reference/index.js";
import { createSession } from "../../src/runtime/session.js";
import type { Weights } from "../../src/weights.js";
import { compare } from "../goldens/support.js";
import { fittedWeights } from "./fitted_weights.js";
import { float32Loss } from "./float32_run.js";
import { add, binary, graphOf, norm, relu, sign } from "./small_graphs.js";
import { noise } from "./support.js";

const module = "";

interface Pool {
  readonly kernel?: readonly [number, number];
  readonly stride?: readonly [number, number];
  readonly padding?: readonly [number, number] | readonly [number, number, number, number] | "same";
  readonly counted?: boolean;
}

const mean = (name: string, input: string, pool: Pool = {}): Node => {
  const { kernel = [5, 4], stride = [2, 3], padding = [0, 0], counted = false } = pool;
  return { kind: "avgPool", name, inputs: [input], module, kernel, stride, padding, countIncludePad: counted };
};
const largest = (name: string, input: string): Node => {
  return { kind: "maxPool", name, inputs: [input], module, kernel: [3, 2], stride: [2, 1], padding: [1, 1] };
};
const whole = (name: string, input: string): Node => ({ kind: "globalAvgPool", name, inputs: [input], module });
const concat = (name: string, ...inputs: string[]): Node => ({ kind: "concat", name, inputs, module });
const shuffle = (name: string, input: string, groups: number): Node => {
  return { kind: "channelShuffle", name, inputs: [input], module, groups };
};
const slice = (name: string, input: string, begin: number, end: number): Node => {
  return { kind: "sliceChannels", name, inputs: [input], module, begin, end };
};

/** What comes between the layers `a` (15 channels) and `b` (6) and the batch norm that reads `v`. */
const BETWEEN: Readonly<Record<string, readonly Node[]>> = {
  "a mean of the map": [whole("v", "a")],
  "a mean": [mean("v", "a")],
  "a mean of what padding leaves": [mean("v", "a", { padding: [2, 3, 4, 1] })],
  "a mean as TensorFlow pads it": [mean("v", "a", { padding: "same" })],
  "means of means": [mean("u", "a", { stride: [1, 1] }), mean("v", "u", { kernel: [3, 3] })],
  "a mean of a concat": [concat("u", "a", "b"), whole("v", "u")],
  "a concat of means": [mean("t", "a"), mean("u", "b"), concat("v", "u", "t", "u")],
  "a concat of a mean and a map with no offset": [mean("t", "a"), mean("u", "y"), concat("v", "u", "t")],
  "a mean of a shuffle": [shuffle("u", "a", 3), mean("v", "u")],
  "a slice of a mean": [mean("u", "a"), slice("v", "u", 4, 11)],
  "a mean of maxima": [largest("u", "a"), mean("v", "u")],
  "a mean of a sum": [add("u", "a", "c"), whole("v", "u")],
  "a sum with part of the channels": [add("u", "a", "b", 7), whole("v", "u")],
  "a mean of twice the same": [add("u", "a", "a"), mean("v", "u")],
};

/** Where it must stay: a counted border is 0, and others read the value. */
const STAYS: Readonly<Record<string, readonly Node[]>> = {
  "a mean that counts its border": [mean("v", "a", { padding: [2, 1], counted: true })],
  "a ReLU beside the mean": [whole("t", "a"), relu("u", "a"), whole("w", "u"), add("v", "t", "w")],
};

function build(inputs: number, scaling: "none" | "channel", between: readonly Node[]): Graph {
  const layer = (name: string, channels: number) => ({ ...binary(name, "s", { channels }), scaling }) as Node;
  const conv: Node = {
    ...{ kind: "conv2d", name: "y", inputs: ["x"], module, weight: "y.w", channels: 5, groups: 1, bias: null },
    ...{ kernel: [1, 1], stride: [1, 1], padding: [0, 0], dilation: [1, 1] },
  };
  const layers = [sign("s", "x"), layer("a", 15), layer("b", 6), layer("c", 15), conv];
  const read = new Set(between.flatMap((node) => node.inputs));
  const used = layers.filter(({ name }) => name === "s" || read.has(name));
  return graphOf([...used, ...between, norm("n", "v")], [2, inputs, 13, 11]);
}

/** How far from 0 the batch norm's numbers lie, as it reads them. */
function farthest(graph: Graph, weights: Weights): number {
  const centers = compileGraph(graph, weights).ops.flatMap((op) => {
    if (op.kind !== "pointwise" && op.kind !== "avgPool" && op.kind !== "maxPool") return [];
    return [...(op.epilogue.affine?.center ?? [])];
  });
  return Math.max(...centers.map(Math.abs));
}

for (const [cases, moves] of [
  [BETWEEN, true],
  [STAYS, false],
] as const) {
  for (const [name, nodes] of Object.entries(cases)) {
    test(`${name}: the offset ${moves ? "moves" : "stays"}`, async () => {
      for (const [inputs, scaling] of [
        [513, "none"],
        [511, "channel"],
        [513, "channel"],
      ] as const) {
        const graph = build(inputs, scaling, nodes);
        const input = noise(graph.inputShape, inputs);
        const weights = fittedWeights(graph, input, inputs);
        // Channels lie some deviations from (dot + K) / 2 = K / 2.
        const far = farthest(graph, weights);
        assert.ok(moves ? far < inputs : far > 3 * inputs, `${far} from 0`);
        for (const kernel of ["table", "popcount"] as const) {
          const session = await createSession({ graph, weights }, { kernel });
          const expected = runReference(graph, weights, input).output;
          const { difference, scale } = compare(session.run(input).data as Float32Array, expected.data);
          session.dispose();
          const lost = moves ? 0 : 8 * float32Loss(graph, weights, input, new Map()).output;
          assert.ok(difference <= 1e-5 * scale + lost, `${inputs}, ${kernel}: ${difference} at ${scale}`);
        }
      }
    });
  }
}
