/** tfjs-backend-wasm, its SIMD build in one thread. */
import type * as Tfjs from "@tensorflow/tfjs-core";
import type { Peer, PeerLibrary } from "./peer.js";
import { tfjsNetwork, toNhwc } from "./resnet18_tfjs.js";

let loaded: typeof Tfjs | undefined;

async function load(): Promise<typeof Tfjs> {
  const tf = await import("@tensorflow/tfjs-core");
  const wasm = await import("@tensorflow/tfjs-backend-wasm");
  wasm.setThreadsCount(1);
  tf.env().set("WASM_HAS_MULTITHREAD_SUPPORT", false);
  if (!(await tf.setBackend("wasm"))) throw new Error("its wasm backend did not start");
  await tf.ready();
  if (!(await tf.env().getAsync("WASM_HAS_SIMD_SUPPORT"))) throw new Error("its wasm backend found no SIMD");
  return tf;
}

export const tfjsLibrary: PeerLibrary = {
  name: "tfjs-wasm",
  precisions: ["fp32"],
  version: () => loaded?.version_core ?? "unknown",
  async open(network, picture): Promise<Peer> {
    loaded ??= await load();
    const logits = tfjsNetwork(loaded, network);
    const nhwc = toNhwc(network, picture);
    return { name: "tfjs-wasm fp32", precision: "fp32", run: async () => logits(nhwc), close: async () => {} };
  },
};
