/** Runs the command line in this process on small files of its own. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Writable } from "node:stream";
import { after } from "node:test";
import { PNG } from "pngjs";
import { unpackSigns } from "../../src/bits.js";
import { main } from "../../src/cli/main.js";
import {
  type RawTensor,
  rawFloat32,
  readSafetensors,
  toFloat32,
  writeSafetensors,
} from "../../src/formats/safetensors.js";
import { fromDescription } from "../../src/models/description.js";
import { randomWeights } from "../../src/models/random_weights.js";
import type { Shape } from "../../src/tensor.js";

export interface Outcome {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

function collector(): { readonly stream: Writable; readonly text: () => string } {
  const chunks: Buffer[] = [];
  const stream = new Writable({
    write(chunk, _encoding, done) {
      chunks.push(Buffer.from(chunk));
      done();
    },
  });
  return { stream, text: () => Buffer.concat(chunks).toString() };
}

/** Runs the command line in this process. */
export async function xnorkit(...argv: readonly string[]): Promise<Outcome> {
  const stdout = collector();
  const stderr = collector();
  const code = await main(argv, { stdout: stdout.stream, stderr: stderr.stream });
  return { code, stdout: stdout.text(), stderr: stderr.text() };
}

/** Runs the command line in this process as on a terminal of so many columns. */
export async function xnorkitOn(columns: number, ...argv: readonly string[]): Promise<Outcome> {
  const stdout = collector();
  const stderr = collector();
  const terminal = Object.assign(stdout.stream, { isTTY: true, columns });
  const code = await main(argv, { stdout: terminal, stderr: stderr.stream });
  return { code, stdout: stdout.text(), stderr: stderr.text() };
}

/** The JSON that a command printed, which must have succeeded. */
export async function xnorkitJson<T>(...argv: readonly string[]): Promise<T> {
  const { code, stdout, stderr } = await xnorkit(...argv, "--json");
  if (code !== 0) throw new Error(stderr);
  return JSON.parse(stdout) as T;
}

/** A folder that is gone after the tests of the file. */
export function temporaryFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), "xnorkit-cli-"));
  after(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

/** A ResNetE1 of two stages for 16x16 maps, in BMXNet's words. */
export const tinyDescription = {
  name: "tiny",
  framework: "bmxnet-v2",
  set_binary_layer_config: { bits: 1, bits_a: 1 },
  model: {
    family: "resnet_e",
    version: 1,
    layers: [1, 1],
    channels: [8, 8, 12],
    classes: 3,
    initial_layers: "thumbnail",
  },
  input_shape: [1, 3, 16, 16],
};

/** Float parameters of the tiny network (binary ones as +-1), as its framework would save them. */
export function tinyTensors(description: unknown = tinyDescription): Map<string, RawTensor> {
  const weights = randomWeights(fromDescription(description), 7);
  return new Map(
    [...weights].map(([name, weight]) => [
      name,
      rawFloat32(weight.shape, weight.kind === "bits" ? unpackSigns(weight) : weight.data),
    ]),
  );
}

/** Waves in place of a picture: every value in 0..1, no two rows alike. */
export function waves(shape: Shape): RawTensor {
  const count = shape.reduce((product, size) => product * size, 1);
  return rawFloat32(
    shape,
    Float32Array.from({ length: count }, (_, i) => 0.5 + 0.5 * Math.sin(0.37 * i + 0.001 * i * i)),
  );
}

export interface TinyFiles {
  readonly folder: string;
  readonly description: string;
  readonly weights: string;
  readonly input: string;
  readonly output: string;
}

/** The tiny network's description, weights and an input in a temporary folder; `output` is not there yet. */
export function tinyFiles(): TinyFiles {
  const folder = temporaryFolder();
  const files = {
    folder,
    description: join(folder, "tiny.json"),
    weights: join(folder, "weights.safetensors"),
    input: join(folder, "input.safetensors"),
    output: join(folder, "output.safetensors"),
  };
  writeFileSync(files.description, JSON.stringify(tinyDescription));
  writeFileSync(files.weights, writeSafetensors(tinyTensors()));
  writeFileSync(files.input, writeSafetensors(new Map([["input", waves([1, 3, 16, 16])]])));
  return files;
}

/** The tensors of a safetensors file as numbers. */
export function readTensors(path: string): ReadonlyMap<string, { readonly shape: Shape; readonly data: Float32Array }> {
  const { tensors } = readSafetensors(new Uint8Array(readFileSync(path)));
  return new Map([...tensors].map(([name, raw]) => [name, { shape: raw.shape, data: toFloat32(raw) }]));
}

/** A grey PNG whose pixel (x, y) has the level `level(x, y)`. */
export function writePng(path: string, width: number, height: number, level: (x: number, y: number) => number): void {
  const png = new PNG({ width, height });
  for (let i = 0; i < width * height; i++) {
    const value = level(i % width, Math.floor(i / width));
    png.data.set([value, value, value, 255], 4 * i);
  }
  writeFileSync(path, PNG.sync.write(png));
}
