/**
 * onnxruntime-web on the very file that was dropped, one thread, where the page is built with it
 * (XNORKIT_PAGE_ONNXRUNTIME=1): it multiplies floats.
 */
import type { Tensor } from "../../../src/index.js";

/** Written by vite.config.ts. */
declare const WITH_ONNXRUNTIME: boolean;

export interface Peer {
  readonly run: () => Promise<Float32Array>;
  readonly close: () => Promise<void>;
}

/** Errors only: warnings tell of initializers that a fusion drops. */
const LOG_SEVERITY = 3;

/** Null if the page is built without it. */
export async function openPeer(file: File, { shape, data }: Tensor): Promise<Peer | null> {
  if (!WITH_ONNXRUNTIME) return null;
  const { env, InferenceSession, Tensor: OrtTensor } = await import("onnxruntime-web/wasm");
  env.wasm.numThreads = 1;
  const session = await InferenceSession.create(new Uint8Array(await file.arrayBuffer()), {
    executionProviders: ["wasm"],
    logSeverityLevel: LOG_SEVERITY,
  });
  const feeds = { [session.inputNames[0]]: new OrtTensor("float32", Float32Array.from(data), shape) };
  const [output] = session.outputNames;
  return {
    run: async () => (await session.run(feeds))[output].data as Float32Array,
    close: () => session.release(),
  };
}
