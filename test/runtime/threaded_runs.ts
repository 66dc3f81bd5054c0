/** Runs of random networks with one thread and with several, compared bit by bit. */
import assert from "node:assert/strict";
import type { BorderValue, Graph, Node } from "../../src/graph/types.js";
import { randomWeights } from "../../src/models/random_weights.js";
import { createSession, type Session, type SessionOptions } from "../../src/runtime/session.js";
import { elementCount, type Shape, type Tensor } from "../../src/tensor.js";
import { add, binary, conv, graphOf, maxPool, norm, relu, sign } from "../compiler/small_graphs.js";

export type Random = (limit: number) => number;

export function randomOf(seed: number): Random {
  let state = seed >>> 0 || 1;
  return (limit) => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return (state >>> 0) % limit;
  };
}

const module = "";

/** A float stem, layers on bits or few bits with every border, and an end of pools and a dense layer. */
export function randomNetwork(random: Random): Graph {
  const pick = <T>(values: readonly T[]): T => values[random(values.length)];
  const channels = 1 + random(pick([20, 150, 300]));
  const stem = { kernel: pick([1, 3, 5]), stride: pick([1, 2]), channels };
  const nodes: Node[] = [conv("stem", "x", stem), norm("sn", "stem")];
  let value = "sn";
  for (let layer = 0; layer < 1 + random(3); layer++) {
    const name = (part: string) => `${part}${layer}`;
    const padValue = pick<BorderValue>([-1, 0, 1]);
    // Exact zeros, which ternary signs keep.
    if (random(3) === 0) {
      nodes.push(relu(name("z"), value));
      value = name("z");
    }
    const [method, quantizer, bits] = pick([
      ["det_sign", "det_sign", 1],
      ["det_sign", "det_sign", 1],
      ["sign", "sign", 1],
      ["round", "dorefa", 2],
      ["dorefa", "det_sign", 3],
    ] as const);
    nodes.push({ ...sign(name("s"), value), method, bits } as Node);
    const window = { padValue, channels, kernel: pick([1, 3]) };
    nodes.push({ ...binary(name("c"), name("s"), window), quantizer, bits } as Node);
    nodes.push(norm(name("n"), name("c")), add(name("a"), name("n"), value));
    value = name("a");
  }
  if (random(2) === 0) {
    nodes.push(relu("r", value), maxPool("p", "r"));
    value = "p";
  }
  if (random(2) === 0) {
    nodes.push({ kind: "globalAvgPool", name: "g", inputs: [value], module } as Node);
    nodes.push({ kind: "flatten", name: "f", inputs: ["g"], module } as Node);
    nodes.push({ kind: "dense", name: "d", inputs: ["f"], module, weight: "d.w", bias: "d.b", units: 40 } as Node);
  }
  return graphOf(nodes, [1, 1 + random(8), 20 + random(30), 20 + random(30)]);
}

export function randomInput(random: Random, graph: Graph): Tensor {
  const [, channels, height, width] = graph.inputShape;
  const shape: Shape = [1 + random(3), channels, height + random(9), width + random(9)];
  const length = elementCount(shape);
  if (random(3) === 0) return { shape, data: Uint8Array.from({ length }, () => random(256)) };
  return { shape, data: Float32Array.from({ length }, () => (random(2001) - 1000) / 700) };
}

function assertSameBits({ shape, data }: Tensor, expected: Tensor, what: string): void {
  assert.deepEqual(shape, expected.shape, what);
  const bits = new Uint8Array(data.buffer);
  const wanted = new Uint8Array(expected.data.buffer);
  const differs = bits.findIndex((byte, i) => byte !== wanted[i]);
  assert.equal(differs, -1, `${what}: byte ${differs} of ${bits.length}`);
}

export interface RunsOptions {
  readonly runs: number;
  readonly seed: number;
  readonly most: number;
}

/** Opens sessions with 1 to `most` threads for network after network, and counts the runs that had the same bits. */
export async function compareRuns({ runs, seed, most }: RunsOptions): Promise<number> {
  const random = randomOf(seed);
  const threads = Array.from({ length: most - 1 }, (_, i) => i + 2);
  let done = 0;
  while (done < runs) {
    const graph = randomNetwork(random);
    const model = { graph, weights: randomWeights(graph, 1 + random(1000)) };
    const kernel = (["auto", "table", "popcount"] as const)[random(3)];
    const options: SessionOptions = { kernel, taps: ["stem"], byteStem: random(4) === 0, plans: 1 + random(3) };
    const alone = await createSession(model, options);
    const sessions: Session[] = [];
    for (const count of threads) sessions.push(await createSession(model, { ...options, threads: count }));
    assert.deepEqual(
      sessions.map((session) => session.threads),
      threads,
    );
    const inputs = Array.from({ length: 4 }, () => randomInput(random, graph));
    for (let round = 0; round < 10 && done < runs; round++) {
      const input = inputs[random(inputs.length)];
      const expected = alone.run(input);
      const stem = alone.tap("stem");
      for (const session of sessions) {
        const what = `seed ${seed}, run ${done}: ${kernel} on ${input.shape}, ${session.threads} threads`;
        const output = random(3) === 0 ? await session.runAsync(input) : session.run(input);
        assertSameBits(output, expected, what);
        assertSameBits(session.tap("stem"), stem, `${what}, stem`);
        done++;
      }
    }
    for (const session of [alone, ...sessions]) session.dispose();
  }
  return done;
}
