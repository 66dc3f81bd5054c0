/** Small programs for tests, and program files with parts changed and checksums made anew. */
import assert from "node:assert/strict";
import { type ErrorCode, XnorkitError } from "../../src/errors.js";
import type { Graph } from "../../src/graph/types.js";
import type { Model } from "../../src/model.js";
import { randomWeights } from "../../src/models/random_weights.js";
import { resnetE } from "../../src/models/resnet_e.js";
import { loadProgram } from "../../src/runtime/program.js";
import { type ProgramHeader, type ProgramParts, readParts, writeParts } from "../../src/runtime/program_file.js";
import { elementCount, type Shape, type Tensor } from "../../src/tensor.js";

const LABELS = ["ant", "bee", "wasp"];

/** A ResNetE1 of two stages on 16x16 pixels, with everything that a header may hold. */
export function tinyModel(classes = 3): Model {
  const built = resnetE({
    version: 1,
    layers: [1, 1],
    inputShape: [1, 3, 16, 16],
    initialLayers: "thumbnail",
    classes,
    channels: [8, 8, 12],
  });
  const graph: Graph = { ...built, preprocess: { mean: [100], std: [50] }, labels: LABELS.slice(0, classes) };
  return { graph, weights: randomWeights(graph, 7) };
}

/** Waves, or bytes of all values. */
export function inputOf(shape: Shape, type: "f32" | "u8", seed = 0): Tensor {
  const length = elementCount(shape);
  if (type === "u8") return { shape, data: Uint8Array.from({ length }, (_, i) => (i * 37 + seed + (i >> 3)) % 256) };
  return { shape, data: Float32Array.from({ length }, (_, i) => Math.sin(seed + i * 0.7)) };
}

/** The bytes of numbers, so that NaN and -0 are compared too. */
export function bitsOf({ data }: Tensor): Uint8Array {
  return new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
}

/** What the kernel checksumWords computes. */
export function wordSums(constants: Uint8Array): Uint32Array {
  const words = new Uint32Array(constants.slice().buffer);
  const sums = new Uint32Array(8);
  for (let i = 0; i < words.length; i++) {
    sums[i % 4] += words[i];
    sums[4 + (i % 4)] += sums[i % 4];
  }
  return sums;
}

export function headerOf(file: Uint8Array): ProgramHeader {
  return JSON.parse(new TextDecoder().decode(readParts(file).header));
}

/** A file with other parts, whose checksums fit: what somebody writes who means harm. */
export function withParts(file: Uint8Array, parts: Partial<Omit<ProgramParts, "sums">>): Uint8Array {
  const whole = { ...readParts(file), ...parts };
  return writeParts({ ...whole, sums: wordSums(whole.constants) });
}

export function withHeader(file: Uint8Array, header: unknown): Uint8Array {
  return withParts(file, { header: new TextEncoder().encode(JSON.stringify(header)) });
}

/** Runs what can be loaded. @returns The code of the error, null if there was none. */
export async function outcome(file: Uint8Array): Promise<ErrorCode | null> {
  try {
    const program = await loadProgram(file, { limits: { macs: 3e7, memoryBytes: 2 ** 27 } });
    program.run(inputOf(program.inputShape, program.inputType));
    return null;
  } catch (error) {
    assert.ok(error instanceof XnorkitError, String(error instanceof Error ? error.stack : error));
    return error.code;
  }
}

/** Numbers at which sizes, signs and counters turn. */
const EDGES = [
  ...[0, 1, 2, 3, 63, 64, 65, 255, 4096, 65535, 2 ** 20, 2 ** 28, 2 ** 30],
  ...[2 ** 31 - 1, 2 ** 31, 2 ** 32 - 1, 2 ** 32 - 2],
];

/** The file with words of its steps changed: to edges, to words of other places, to one more and twice as much. */
export function withChangedSteps(
  file: Uint8Array,
  random: () => number,
  { changes, work }: { readonly changes: number; readonly work: number },
): Uint8Array {
  const words = readParts(file).steps;
  const pick = (length: number) => Math.floor(random() * length);
  const changed = words.slice();
  for (let change = 0; change < changes; change++) {
    const at = pick(words.length);
    changed[at] = [EDGES[pick(EDGES.length)], words[pick(words.length)], words[at] + 1, words[at] * 2][pick(4)];
  }
  return withHeader(withParts(file, { steps: changed }), { ...headerOf(file), work });
}
