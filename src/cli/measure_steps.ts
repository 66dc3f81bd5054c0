/** Milliseconds of each step of a network, on random weights and a random input. */
import type { MeasuredStep } from "../explain/times.js";
import type { Graph } from "../graph/types.js";
import { randomStream } from "../models/random.js";
import { randomWeights } from "../models/random_weights.js";
import { createSession } from "../runtime/session.js";
import { elementCount, type Shape } from "../tensor.js";

const SEED = 1;
const RUNS = 10;

export async function measureSteps(graph: Graph, inputShape: Shape): Promise<readonly MeasuredStep[]> {
  const session = await createSession({ graph, weights: randomWeights(graph, SEED) }, { inputShape });
  try {
    const random = randomStream(SEED, "input");
    const data = Float32Array.from({ length: elementCount(inputShape) }, () => random.normal());
    session.run({ shape: inputShape, data });
    return session.profile(RUNS);
  } finally {
    session.dispose();
  }
}
