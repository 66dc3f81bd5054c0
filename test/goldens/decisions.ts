import type { Graph } from "../../src/graph/types.js";
import { runReference } from "../../src/reference/index.js";
import { createSession, type SessionOptions } from "../../src/runtime/session.js";
import type { Tensor } from "../../src/tensor.js";
import type { Weights } from "../../src/weights.js";
import { compare } from "./support.js";

/**
 * Compares the kernels with the reference run on the kernels' own quantiser decisions: what remains is arithmetic. A decision
 * that differs from the reference's must be a near tie, so the distance of its input from the threshold is reported.
 */
export async function followDecisions(
  { graph, weights }: { readonly graph: Graph; readonly weights: Weights },
  input: Tensor,
  options: SessionOptions = {},
): Promise<{
  readonly differing: number;
  /** The largest |x| of a decision that differs (the threshold of sign is 0). */
  readonly farthest: number;
  /** The smallest |x| of any decision, exact zeros apart: how near a tie is that rounding might turn. */
  readonly nearest: number;
  readonly difference: number;
  readonly scale: number;
}> {
  const quantizers = graph.nodes.filter((node) => node.kind === "quantize");
  const taps = quantizers.map((node) => node.name);
  const session = await createSession({ graph, weights }, { ...options, taps });
  const output = session.run(input);
  const quantized = new Map(taps.map((name) => [name, Float64Array.from(session.tap(name).data)]));
  const sources = quantizers.map((node) => node.inputs[0]);
  const reference = runReference(graph, weights, input, { taps: sources, quantized });
  let differing = 0;
  let farthest = 0;
  let nearest = Number.POSITIVE_INFINITY;
  for (const node of quantizers) {
    const x = reference.taps.get(node.inputs[0])!.data;
    const decisions = quantized.get(node.name)!;
    for (let i = 0; i < x.length; i++) {
      if (x[i] !== 0) nearest = Math.min(nearest, Math.abs(x[i]));
      if (decisions[i] === (x[i] < 0 ? -1 : 1)) continue;
      differing++;
      farthest = Math.max(farthest, Math.abs(x[i]));
    }
  }
  session.dispose();
  return { differing, farthest, nearest, ...compare(output.data as Float32Array, reference.output.data) };
}
