/** onnxruntime-web (wasm) and onnxruntime-node (native), with as many threads as the others. */
import type * as Ort from "onnxruntime-web";
import type { Peer, PeerLibrary } from "./peer.js";
import type { FloatNetwork } from "./resnet18.js";
import { floatOnnx, int8Onnx, type Values } from "./resnet18_onnx.js";

type Runtime = Pick<typeof Ort, "InferenceSession" | "Tensor" | "env">;

interface OrtBuild {
  readonly name: "onnxruntime-web" | "onnxruntime-node";
  readonly load: () => Promise<Runtime>;
  readonly options: Ort.InferenceSession.SessionOptions;
  readonly version: (runtime: Runtime) => string | undefined;
}

/** Errors only: a warning for every initializer that a fusion drops tells nothing here. */
const logSeverityLevel = 3;

const buildsFor = (threads: number): readonly OrtBuild[] => [
  {
    name: "onnxruntime-web",
    load: async () => {
      const runtime = await import("onnxruntime-web");
      runtime.env.wasm.numThreads = threads;
      return runtime;
    },
    options: { executionProviders: ["wasm"], logSeverityLevel },
    version: ({ env }) => env.versions.web,
  },
  {
    name: "onnxruntime-node",
    load: () => import("onnxruntime-node"),
    options: { executionProviders: ["cpu"], intraOpNumThreads: threads, interOpNumThreads: 1, logSeverityLevel },
    version: ({ env }) => env.versions.node,
  },
];

/** Every layer's values on one picture. */
async function calibrate(
  { InferenceSession, Tensor }: Runtime,
  options: Ort.InferenceSession.SessionOptions,
  network: FloatNetwork,
  picture: Float32Array,
): Promise<Values> {
  const session = await InferenceSession.create(floatOnnx(network, true), options);
  const values = await session.run({ input: new Tensor("float32", picture, network.inputShape) });
  await session.release();
  const layers = Object.entries(values).map(([name, value]): [string, Float32Array] => [
    name,
    value.data as Float32Array,
  ]);
  return new Map([["input", picture], ...layers]);
}

/** A session of a model whose input is `input`, ready to run one picture. */
async function openSession(
  { InferenceSession, Tensor }: Runtime,
  options: Ort.InferenceSession.SessionOptions,
  model: Uint8Array,
  picture: Float32Array,
  shape: readonly number[],
): Promise<Pick<Peer, "run" | "close">> {
  const session = await InferenceSession.create(model, options);
  const [output] = session.outputNames;
  const feeds = { input: new Tensor("float32", picture, shape) };
  return {
    run: async () => (await session.run(feeds))[output].data as Float32Array,
    close: () => session.release(),
  };
}

/** A library that runs any ONNX file. */
export interface OnnxLibrary extends PeerLibrary {
  /**
   * The file's own network, in float as the file has it. @throws where the library is not installed or does not run
   * here.
   */
  readonly openFile: (model: Uint8Array, picture: Float32Array, shape: readonly number[]) => Promise<Peer>;
}

function library({ name, load, options, version }: OrtBuild): OnnxLibrary {
  let runtime: Runtime | undefined;
  return {
    name,
    precisions: ["fp32", "int8"],
    version: () => (runtime === undefined ? "unknown" : (version(runtime) ?? "unknown")),
    async open(network, picture, precision): Promise<Peer> {
      runtime ??= await load();
      const model =
        precision === "fp32"
          ? floatOnnx(network)
          : int8Onnx(network, await calibrate(runtime, options, network, picture));
      const session = await openSession(runtime, options, model, picture, network.inputShape);
      return { name: `${name} ${precision}`, precision, ...session };
    },
    async openFile(model, picture, shape): Promise<Peer> {
      runtime ??= await load();
      const session = await openSession(runtime, options, model, picture, shape);
      return { name, precision: "fp32", ...session };
    },
  };
}

/**
 * Why onnxruntime-web is left out of a run with threads, unless it is asked for by the filter: its own never sleep, and
 * take a core from all others for as long as the process lives.
 */
export const BUSY_THREADS =
  "onnxruntime-web is not measured beside the others: its threads are busy all the time, which takes a core from " +
  "all; measure it alone (--filter onnxruntime-web) and hold it against this run";

/**
 * The libraries that run ONNX models. onnxruntime-web keeps the number of threads that its first session in a process
 * had.
 */
export function onnxLibraries(threads = 1, filter?: string): readonly OnnxLibrary[] {
  const isBusy = ({ name }: OrtBuild) => threads > 1 && filter === undefined && name === "onnxruntime-web";
  return buildsFor(threads)
    .filter((build) => !isBusy(build))
    .map(library);
}
