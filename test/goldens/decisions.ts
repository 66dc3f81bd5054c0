/** Kernels compared with the reference where quantisers decide: what differs is a near tie, or arithmetic. */
import type { FakeQuantizeNode, Graph, QuantizeNode } from "../../src/graph/types.js";
import { quantizeActivations, runReference } from "../../src/reference/index.js";
import { fakeQuantizer } from "../../src/reference/quantizers.js";
import { createSession, type SessionOptions } from "../../src/runtime/session.js";
import type { Tensor } from "../../src/tensor.js";
import type { Weights } from "../../src/weights.js";
import { compare } from "./support.js";

/** Distance of y from the nearest value that rounds half away: k + 1/2. */
const fromHalf = (y: number) => Math.abs(y - Math.floor(y) - 1 / 2);

type Quantizer = QuantizeNode | FakeQuantizeNode;

function quantizersOf({ nodes }: Graph): readonly Quantizer[] {
  return nodes.filter((node) => node.kind === "quantize" || node.kind === "fakeQuantize");
}

/** What a quantiser makes of its input. */
function quantize(node: Quantizer, x: Float64Array): Float64Array {
  return node.kind === "fakeQuantize" ? x.map(fakeQuantizer(node)) : quantizeActivations(x, node.method, node.bits);
}

/** Distance of x from where it is rounded to another number; infinite beyond the limits. */
function gridDistance({ scale, zeroPoint, low, high }: FakeQuantizeNode, x: number): number {
  const below = Math.floor(x / scale) + zeroPoint;
  return below < low || below >= high ? Number.POSITIVE_INFINITY : fromHalf(x / scale) * scale;
}

/**
 * How far an input of a quantiser is from where its decision changes; for functions without thresholds (relu, clip
 * ...), where values differ by rounding alone, the difference itself, in units of the largest value as tensors are
 * compared.
 */
function thresholdDistance(node: Quantizer, x: Float64Array): (x: number, difference: number) => number {
  if (node.kind === "fakeQuantize") return (value) => gridDistance(node, value);
  const { method, bits } = node;
  const steps = 2 ** bits - 1;
  const scale = x.reduce((max, value) => Math.max(max, Math.abs(value)), 1);
  switch (method) {
    case "det_sign":
    case "sign_approx_sign":
    case "sign":
    case "sign_greater":
      return (value) => Math.abs(value);
    case "round":
      return (value) => fromHalf(value * steps) / steps;
    case "dorefa": {
      const largest = x.reduce((max, value) => Math.max(max, Math.abs(Math.tanh(value))), 0);
      return (value) => fromHalf((Math.tanh(value) / (2 * largest) + 1 / 2) * steps) / steps;
    }
    case "leaky_clip":
      // Discontinuous at +-1; elsewhere values differ by rounding alone.
      return (value, difference) => Math.min(Math.abs(Math.abs(value) - 1), difference / scale);
    default:
      return (_, difference) => difference / scale;
  }
}

/**
 * The smallest distance from its threshold of any of the reference's own decisions, exact ties apart; NaN where a
 * quantiser gives NaN.
 */
export function nearestDecision(graph: Graph, weights: Weights, input: Tensor): number {
  const quantizers = quantizersOf(graph);
  const { taps } = runReference(graph, weights, input, { taps: quantizers.map((node) => node.inputs[0]) });
  let nearest = Number.POSITIVE_INFINITY;
  for (const node of quantizers) {
    const x = taps.get(node.inputs[0])!.data;
    if (quantize(node, x).some(Number.isNaN)) return Number.NaN;
    const distance = thresholdDistance(node, x);
    for (const value of x) {
      const near = distance(value, Number.POSITIVE_INFINITY);
      if (near > 0) nearest = Math.min(nearest, near);
    }
  }
  return nearest;
}

/**
 * Compares the kernels with the reference run on the kernels' own quantiser decisions: what remains is arithmetic. A
 * decision that differs from the reference's must be a near tie, so the distance of its input from the threshold is
 * reported.
 */
export async function followDecisions(
  { graph, weights }: { readonly graph: Graph; readonly weights: Weights },
  input: Tensor,
  options: SessionOptions = {},
): Promise<{
  readonly differing: number;
  /** The largest distance from its threshold of a decision that differs: |x| for sign. */
  readonly farthest: number;
  /** The smallest distance of any decision, exact ties apart: how near a tie is that rounding might turn. */
  readonly nearest: number;
  readonly difference: number;
  readonly scale: number;
  /** The kernels' values of the quantisers. */
  readonly quantized: ReadonlyMap<string, Float64Array>;
}> {
  const quantizers = quantizersOf(graph);
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
    const expected = quantize(node, x);
    const decisions = quantized.get(node.name)!;
    const distance = thresholdDistance(node, x);
    for (let i = 0; i < x.length; i++) {
      const near = distance(x[i], Number.POSITIVE_INFINITY);
      if (near > 0) nearest = Math.min(nearest, near);
      if (Math.abs(decisions[i] - expected[i]) < 1e-6 * Math.max(1, Math.abs(expected[i]))) continue;
      differing++;
      farthest = Math.max(farthest, distance(x[i], Math.abs(decisions[i] - expected[i])));
    }
  }
  session.dispose();
  const { difference, scale } = compare(output.data as Float32Array, reference.output.data);
  return { differing, farthest, nearest, difference, scale, quantized };
}
