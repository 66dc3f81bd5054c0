/** What the tests of the formats share: errors, damaged files, small networks with weights. */
import assert from "node:assert/strict";
import { type ErrorCode, XnorkitError } from "../../src/errors.js";
import { parameterSpecs } from "../../src/graph/parameters.js";
import type { BinaryConv2dNode, Graph } from "../../src/graph/types.js";
import { randomWeights } from "../../src/models/random_weights.js";
import { resnetE } from "../../src/models/resnet_e.js";
import { elementCount, type Shape } from "../../src/tensor.js";
import type { FloatWeight, Weight, Weights } from "../../src/weights.js";

/** Asserts that `run` throws a XnorkitError of this code whose message matches every pattern. */
export function throwsError(run: () => unknown, code: ErrorCode, ...patterns: readonly RegExp[]): void {
  assert.throws(run, (error) => isError(error, code, patterns));
}

export async function rejectsError(
  promise: Promise<unknown>,
  code: ErrorCode,
  ...patterns: readonly RegExp[]
): Promise<void> {
  await assert.rejects(promise, (error) => isError(error, code, patterns));
}

function isError(error: unknown, code: ErrorCode, patterns: readonly RegExp[]): boolean {
  assert.ok(error instanceof XnorkitError, `not a XnorkitError: ${error instanceof Error ? error.stack : error}`);
  assert.equal(error.code, code, error.message);
  for (const pattern of patterns) assert.match(error.message, pattern);
  return true;
}

/** A safetensors file of this header text and data, with the length that `length` states or else the right one. */
export function rawFile(
  header: string | Uint8Array,
  data: Uint8Array = new Uint8Array(0),
  length?: bigint,
): Uint8Array {
  const json = typeof header === "string" ? new TextEncoder().encode(header) : header;
  const file = new Uint8Array(8 + json.length + data.length);
  new DataView(file.buffer).setBigUint64(0, length ?? BigInt(json.length), true);
  file.set(json, 8);
  file.set(data, 8 + json.length);
  return file;
}

/** Numbers in [0, 1) from a seed (mulberry32). */
export function seededRandom(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

export function randomFloats(count: number, random: () => number): Float32Array {
  return Float32Array.from({ length: count }, () => random() * 2 - 1);
}

export function floatWeight(shape: Shape, data: Float32Array): FloatWeight {
  return { kind: "f32", shape, data };
}

type Quantized = Partial<Pick<BinaryConv2dNode, "scaling" | "quantizer" | "bits">>;

/** A small ResNetE1 of odd channel counts, its binary layers changed where `changes` says so. */
export function smallGraph(changes: Quantized = {}): Graph {
  const graph = resnetE({
    version: 1,
    layers: [1, 1, 1, 1],
    channels: [4, 4, 9, 12, 17],
    classes: 7,
    inputShape: [1, 3, 16, 16],
    initialLayers: "thumbnail",
    useFp: true,
  });
  if (Object.keys(changes).length === 0) return graph;
  const nodes = graph.nodes.map((node) =>
    node.kind === "binaryConv2d" ? { ...node, ...changes, offset: false } : node,
  );
  return { ...graph, nodes };
}

/**
 * Floats as a framework may hold them: normal batch norms, and binary weights of which some exceed 1 and, with `zeros`,
 * every 50th is +0 or -0.
 */
export function trainedWeights(graph: Graph, seed: number, zeros: boolean): Weights {
  const random = seededRandom(seed);
  const weights = new Map(randomWeights(graph, seed));
  for (const { name, shape, binary } of parameterSpecs(graph)) {
    if (!binary) continue;
    const data = randomFloats(elementCount(shape), random).map((w, i) =>
      zeros && i % 50 === 7 ? Math.sign(w) * 0 : 1.3 * w,
    );
    weights.set(name, floatWeight(shape, data));
  }
  return weights;
}

/** The same weights with one replaced, or removed where `weight` is undefined. */
export function withWeight(weights: Weights, name: string, weight: Weight | undefined): Weights {
  const changed = new Map(weights);
  if (weight === undefined) changed.delete(name);
  else changed.set(name, weight);
  return changed;
}
