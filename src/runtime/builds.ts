/**
 * The kernels' builds on hosts that compile bytes: the modules are inlined, gzip-compressed, and each is compiled once
 * for all sessions. Its variants (builds.workerd.ts, builds.edge.ts) stand in its place on hosts that do not (`#builds`
 * in package.json).
 */
import { simdWasm } from "../generated/simd_wasm.js";
import { supportsRelaxedSimd, supportsSharedMemory } from "./features.js";
import { type CompiledModule, compileKernels, type KernelBuilds } from "./kernel_source.js";
import { unpack } from "./unpack.js";

let baseline: Promise<CompiledModule> | undefined;
let relaxed: Promise<CompiledModule> | undefined;
let shared: Promise<CompiledModule> | undefined;

async function inlined(base64: string): Promise<CompiledModule> {
  return compileKernels(await unpack(base64));
}

export const builds: KernelBuilds = {
  baseline() {
    baseline ??= inlined(simdWasm);
    return baseline;
  },
  async relaxed() {
    if (!supportsRelaxedSimd()) return null;
    const { relaxedWasm } = await import("../generated/relaxed_wasm.js");
    relaxed ??= inlined(relaxedWasm);
    return relaxed;
  },
  async shared() {
    if (!supportsSharedMemory()) return null;
    const { sharedWasm } = await import("../generated/shared_wasm.js");
    shared ??= inlined(sharedWasm);
    return shared;
  },
};
