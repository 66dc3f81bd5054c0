/**
 * What a fresh process does: reads a file, makes it ready, computes one picture, and says how long each part took. Run
 * by start_cold.ts as `cold_start.js empty|session|program|onnxruntime-web FILE f32|u8`. It imports nothing at once but
 * Node's own files, so that an empty process is one.
 */
import { readFileSync } from "node:fs";

/** Milliseconds of each part. */
interface Parts {
  readonly import: number;
  readonly read: number;
  /** From the file's bytes to a model. */
  readonly load: number;
  /** From a model, or a program's bytes, to what can run. */
  readonly create: number;
  readonly run: number;
}

const [kind, path, type] = process.argv.slice(2);

/** The entries as the package's users import them, not their modules one by one. */
const entry = (name: string) => new URL(`../../dist/lib/${name}.js`, import.meta.url).href;

/** Calls the parts one after the other and takes their times. */
function stopwatch() {
  let before = performance.now();
  return (): number => {
    const now = performance.now();
    const taken = now - before;
    before = now;
    return taken;
  };
}

function picture(shape: readonly number[]): {
  readonly shape: readonly number[];
  readonly data: Float32Array | Uint8Array;
} {
  const length = shape.reduce((product, size) => product * size, 1);
  return { shape, data: type === "u8" ? new Uint8Array(length) : new Float32Array(length) };
}

async function startSession(): Promise<readonly [Parts, outputs: number]> {
  const lap = stopwatch();
  const { createSession, loadModel } = (await import(entry("index"))) as typeof import("../../src/index.js");
  const imported = lap();
  const bytes = readFileSync(path);
  const read = lap();
  const model = loadModel(bytes);
  const load = lap();
  const session = await createSession(model);
  const create = lap();
  const { data } = session.run(picture(model.graph.inputShape));
  return [{ import: imported, read, load, create, run: lap() }, data.length];
}

async function startProgram(): Promise<readonly [Parts, outputs: number]> {
  const lap = stopwatch();
  const { loadProgram } = (await import(entry("program"))) as typeof import("../../src/program.js");
  const imported = lap();
  const bytes = readFileSync(path);
  const read = lap();
  const program = await loadProgram(bytes);
  const create = lap();
  const { data } = program.run(picture(program.inputShape));
  return [{ import: imported, read, load: 0, create, run: lap() }, data.length];
}

async function startOnnxRuntime(): Promise<readonly [Parts, outputs: number]> {
  const lap = stopwatch();
  const { env, InferenceSession, Tensor } = await import("onnxruntime-web");
  env.wasm.numThreads = 1;
  const imported = lap();
  const bytes = readFileSync(path);
  const read = lap();
  const session = await InferenceSession.create(bytes, { executionProviders: ["wasm"], logSeverityLevel: 3 });
  const create = lap();
  const input = new Tensor("float32", new Float32Array(3 * 224 * 224), [1, 3, 224, 224]);
  const values = await session.run({ input });
  const { data } = values[session.outputNames[0]];
  return [{ import: imported, read, load: 0, create, run: lap() }, data.length];
}

const starts: Readonly<Record<string, () => Promise<readonly [Parts | null, outputs: number]>>> = {
  empty: async () => [null, 0],
  session: startSession,
  program: startProgram,
  "onnxruntime-web": startOnnxRuntime,
};

const [parts, outputs] = await starts[kind]();
console.log(JSON.stringify({ outputs, parts, rssBytes: process.memoryUsage().rss }));
