/** Weights of a graph that ends in a batch norm, whose statistics are those of what it reads. */
import type { Graph } from "../../src/graph/types.js";
import { randomWeights } from "../../src/models/random_weights.js";
import { runReference } from "../../src/reference/index.js";
import type { Tensor } from "../../src/tensor.js";
import type { Weights } from "../../src/weights.js";

/** Random weights, the batch norm's statistics those that its input has. */
export function fittedWeights(graph: Graph, input: Tensor, seed: number): Weights {
  const weights = new Map(randomWeights(graph, seed));
  const [source] = graph.nodes[graph.nodes.length - 1].inputs;
  const { shape, data } = runReference(graph, weights, input, { taps: [source] }).taps.get(source)!;
  const [batch, count] = shape;
  const places = data.length / batch / count;
  const statistics = Array.from({ length: count }, (_, c) => {
    const values = [...data].filter((__, i) => Math.floor(i / places) % count === c);
    const middle = values.reduce((sum, value) => sum + value, 0) / values.length;
    return { middle, variance: values.reduce((sum, value) => sum + (value - middle) ** 2, 0) / values.length };
  });
  const put = (name: string, values: readonly number[]) =>
    weights.set(name, { kind: "f32", shape: [count], data: Float32Array.from(values) });
  put(
    "n.m",
    statistics.map(({ middle }) => middle),
  );
  put(
    "n.v",
    statistics.map(({ variance }) => variance),
  );
  return weights;
}
