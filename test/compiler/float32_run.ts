/**
 * The best that floats of 32 bits can do with a graph: the reference with every value between two nodes rounded to
 * float32, each node in f64. How far it is from the reference is lost in any float32 framework, whatever its kernels.
 */
import type { Graph, Node } from "../../src/graph/types.js";
import { runReference } from "../../src/reference/index.js";
import type { Tensor } from "../../src/tensor.js";
import type { Weights } from "../../src/weights.js";
import { compare } from "../goldens/support.js";

const rounded = (name: string) => `${name}#f32`;

/** Each node followed by one that passes its value on, which all others read: its value can be replaced. */
function withRounding(graph: Graph): Graph {
  const nodes = graph.nodes.flatMap((node): readonly Node[] => [
    { ...node, inputs: node.inputs.map(rounded) },
    { kind: "quantize", name: rounded(node.name), inputs: [node.name], module: "", method: "identity", bits: 32 },
  ]);
  return { ...graph, nodes, output: rounded(graph.output) };
}

/**
 * The value of every node, by name, of a run that makes the given decisions: what `quantized` holds of quantisers
 * stands. The graph runs once for each node, since each needs those before it.
 */
export function float32Run(
  graph: Graph,
  weights: Weights,
  input: Tensor,
  quantized: ReadonlyMap<string, Float64Array>,
): ReadonlyMap<string, Float64Array> {
  const rounding = withRounding(graph);
  const values = new Map<string, Float64Array>();
  for (const [index, { name }] of graph.nodes.entries()) {
    // No further than this node.
    const start = { ...rounding, nodes: rounding.nodes.slice(0, 2 * index + 1), output: name };
    const given = new Map(quantized);
    for (const unknown of quantized.keys()) {
      if (!start.nodes.some((node) => node.name === unknown)) given.delete(unknown);
    }
    for (const [earlier, value] of values) given.set(rounded(earlier), value);
    const { output } = runReference(start, weights, input, { quantized: given });
    values.set(name, output.data.map(Math.fround));
  }
  return values;
}

/** The largest distances of that run from the reference: of the output, and of what quantisers decide on. */
export function float32Loss(
  graph: Graph,
  weights: Weights,
  input: Tensor,
  quantized: ReadonlyMap<string, Float64Array>,
): { readonly output: number; readonly decisions: number } {
  const sources = graph.nodes.filter(({ name }) => quantized.has(name)).map(({ inputs }) => inputs[0]);
  const { taps } = runReference(graph, weights, input, { taps: [graph.output, ...sources], quantized });
  const values = float32Run(graph, weights, input, quantized);
  const loss = (name: string) => compare(values.get(name)!, taps.get(name)!.data).difference;
  return { output: loss(graph.output), decisions: Math.max(0, ...sources.map(loss)) };
}
