/** Numbers that prove a fact: small parts of a network run on the reference, and how far two results lie apart. */
import type { Graph, Node } from "../../graph/types.js";
import { runReference } from "../../reference/index.js";
import { largestMagnitude, type Shape } from "../../tensor.js";
import type { Weights } from "../../weights.js";

/** A tensor of any precision, NCHW. */
export interface Numbers {
  readonly shape: Shape;
  readonly data: Float32Array | Float64Array;
}

/** What was computed in two ways, and how far apart the results are. */
export interface Proof {
  /** What was run and compared, in words. */
  readonly what: string;
  /** Largest difference of the two results, or the number that says it. */
  readonly value: number;
  /** What `value` was held against. */
  readonly limit: number;
  /** True if the two must be the same; false if a wrong way is shown to be wrong. */
  readonly mustAgree: boolean;
  /** The numbers are as the fact says: equal within the limit, or apart by more than it. */
  readonly holds: boolean;
}

/** Two ways of computing one value in f32 parameters agree within this, times the largest value. */
const TOLERANCE = 1e-5;

/**
 * Runs nodes on one value; they are in topological order and read nothing but it and each other. The last one's value
 * returns.
 */
export function runNodes(nodes: readonly Node[], from: string, x: Numbers, weights: Weights): Numbers {
  const output = nodes[nodes.length - 1].name;
  const graph: Graph = {
    name: output,
    inputShape: x.shape,
    nodes: [{ kind: "input", name: from, inputs: [], module: "" }, ...nodes],
    output,
    modules: [{ path: "", type: "Part", output }],
  };
  return runReference(graph, weights, { shape: x.shape, data: Float32Array.from(x.data) }).output;
}

/** The largest difference of elements that `counts` picks. */
export function distance(a: Numbers, b: Numbers, counts: (index: number) => boolean = () => true): number {
  let most = 0;
  for (let i = 0; i < a.data.length; i++) {
    if (counts(i)) most = Math.max(most, Math.abs(a.data[i] - b.data[i]));
  }
  return most;
}

/** The proof that two ways agree. */
export function agreement(what: string, a: Numbers, b: Numbers, counts?: (index: number) => boolean): Proof {
  const value = distance(a, b, counts);
  const limit = TOLERANCE * Math.max(1, largestMagnitude(a.data));
  return { what, value, limit, mustAgree: true, holds: value <= limit };
}

/** The proof that a wrong way gives other numbers. */
export function disagreement(what: string, a: Numbers, b: Numbers, counts?: (index: number) => boolean): Proof {
  const value = distance(a, b, counts);
  const limit = TOLERANCE * Math.max(1, largestMagnitude(a.data));
  return { what, value, limit, mustAgree: false, holds: value > limit };
}

/** The channel of an element of an NCHW map or of [N, C]. */
export function channelOf(shape: Shape): (index: number) => number {
  const [, channels, ...places] = shape;
  const plane = places.reduce((product, size) => product * size, 1);
  return (index) => Math.floor(index / plane) % channels;
}
