/**
 * Small ONNX networks for tests, and what they are run by: the reference, both kernels, and onnxruntime as a second
 * opinion.
 */
import assert from "node:assert/strict";
import type * as Ort from "onnxruntime-node";
import { type OnnxModel, type OnnxNode, type OnnxTensor, writeOnnx } from "../../bench/peers/onnx_writer.js";
import { createSession, type Model } from "../../src/index.js";
import { randomStream } from "../../src/models/random.js";
import { importOnnx, type OnnxImport, type OnnxImportOptions } from "../../src/onnx.js";
import { runReference } from "../../src/reference/index.js";
import { elementCount, type Shape, type Tensor } from "../../src/tensor.js";

export { type OnnxModel, type OnnxNode, type OnnxTensor, writeOnnx } from "../../bench/peers/onnx_writer.js";

async function loadRuntime(): Promise<typeof Ort | undefined> {
  try {
    return await import("onnxruntime-node");
  } catch {
    return undefined;
  }
}

const runtime = await loadRuntime();

/** The `skip` option of tests that need a second runtime. */
export const skipWithoutRuntime = runtime === undefined ? "onnxruntime-node is not installed" : false;

/** Numbers around zero, none of them zero. */
export function random(count: number, seed = 1): Float32Array {
  const next = randomStream(seed, "onnx");
  return Float32Array.from({ length: count }, () => 2 * next.uniform() - 1);
}

/** Numbers of which a third are zero. */
export function withZeros(count: number, seed = 1): Float32Array {
  return random(count, seed).map((value, index) => (index % 3 === 0 ? 0 : value));
}

/** -1 and +1. */
export function signs(count: number, seed = 1): Float32Array {
  return random(count, seed).map((value) => (value < 0 ? -1 : 1));
}

export function floats(name: string, dims: Shape, data: ArrayLike<number>): OnnxTensor {
  return { name, type: "float", dims, data: Float32Array.from(data) };
}

export function scalar(name: string, value: number): OnnxTensor {
  return floats(name, [], [value]);
}

export function integers(name: string, values: readonly number[]): OnnxTensor {
  return { name, type: "int64", dims: [values.length], data: BigInt64Array.from(values, BigInt) };
}

/** A node of one output, named after it. */
export function node(op: string, inputs: readonly string[], output: string, rest: Partial<OnnxNode> = {}): OnnxNode {
  return { op, inputs, outputs: [output], ...rest };
}

/** The bytes of a network from `input` to `output`. */
export function network(
  inputShape: readonly (number | string)[],
  nodes: readonly OnnxNode[],
  constants: readonly OnnxTensor[] = [],
  rest: Partial<OnnxModel> = {},
): Uint8Array {
  return writeOnnx({
    name: "test",
    nodes,
    initializers: constants,
    inputs: [{ name: "input", type: "float", dims: inputShape }],
    outputs: [{ name: "output", type: "float" }],
    ...rest,
  });
}

/** All notes, a line each. */
export function notesOf({ notes }: OnnxImport): string {
  return notes.map(({ text }) => text).join("\n");
}

/** The output that onnxruntime computes. */
export async function runRuntime(bytes: Uint8Array, input: Tensor): Promise<Tensor> {
  const { InferenceSession, Tensor: OrtTensor } = runtime!;
  const session = await InferenceSession.create(bytes, {
    executionProviders: ["cpu"],
    intraOpNumThreads: 1,
    // Its fusions are not always the operators: Pad(0) before MaxPool becomes a padding of -infinity in version 1.30.
    graphOptimizationLevel: "disabled",
    logSeverityLevel: 3,
  });
  const result = await session.run({
    input: new OrtTensor("float32", Float32Array.from(input.data), [...input.shape]),
  });
  await session.release();
  return { shape: result.output.dims, data: result.output.data as Float32Array };
}

/** The largest difference of two results, relative to max(1, largest). */
export function difference(a: ArrayLike<number>, b: ArrayLike<number>): number {
  assert.equal(a.length, b.length, "as many numbers");
  let [worst, largest] = [0, 1];
  for (let i = 0; i < a.length; i++) {
    largest = Math.max(largest, Math.abs(b[i]));
    const error = Math.abs(a[i] - b[i]);
    worst = error > worst || Number.isNaN(error) ? error : worst;
  }
  return worst / largest;
}

export const KERNELS = ["table", "popcount"] as const;

/** What both kernels compute. */
export async function runKernels({ graph, weights }: Model, input: Tensor): Promise<readonly Tensor[]> {
  const results: Tensor[] = [];
  for (const kernel of KERNELS) {
    const session = await createSession({ graph, weights }, { inputShape: input.shape, kernel });
    const { shape, data } = session.run(input);
    results.push({ shape, data: Float32Array.from(data) });
    session.dispose();
  }
  return results;
}

export interface Checked {
  readonly imported: OnnxImport;
  readonly output: Tensor;
}

/** Imports a network and compares the reference, both kernels and, if it knows the operators, onnxruntime. */
export async function check(
  bytes: Uint8Array,
  input: Tensor,
  options: OnnxImportOptions & { readonly runtime?: boolean; readonly tolerance?: number } = {},
): Promise<Checked> {
  const { runtime: isCompared = true, tolerance = 1e-5, ...rest } = options;
  const imported = importOnnx(bytes, rest);
  const { output } = runReference(imported.graph, imported.weights, input);
  const reference: Tensor = { shape: output.shape, data: Float32Array.from(output.data) };
  if (isCompared && runtime !== undefined) {
    const expected = await runRuntime(bytes, input);
    assert.equal(elementCount(reference.shape), elementCount(expected.shape));
    const error = difference(output.data, expected.data);
    assert.ok(error <= tolerance, `the reference differs from onnxruntime by ${error}`);
  }
  const kernels = await runKernels(imported, input);
  for (const [index, result] of kernels.entries()) {
    const error = difference(result.data, output.data);
    assert.ok(error <= 1e-5, `kernel ${KERNELS[index]} differs from the reference by ${error}`);
  }
  return { imported, output: reference };
}

/** The kinds of a graph's nodes in their order, the input left out. */
export function kinds({ graph }: OnnxImport): readonly string[] {
  return graph.nodes.slice(1).map(({ kind }) => kind);
}
