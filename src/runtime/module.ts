/** The kernels that the package carries inside its JavaScript, for every host that may compile bytes. */
import { simdWasm } from "../generated/simd_wasm.js";
import { base64Bytes } from "./base64.js";
import { supportsRelaxedSimd } from "./features.js";
import { compileKernels, type KernelBuilds, type KernelSource, kernelModuleOf } from "./kernel_source.js";
import { unpack } from "./unpack.js";

let baseline: Promise<WebAssembly.Module> | undefined;
let relaxed: Promise<WebAssembly.Module> | undefined;

/** Compiles packed code in base64: 12 kB as gzip stores it, where deflate leaves 18 kB. */
function compileInlined(base64: string): Promise<WebAssembly.Module> {
  return compileKernels(unpack(base64Bytes(base64)));
}

function baselineModule(): Promise<WebAssembly.Module> {
  baseline ??= compileInlined(simdWasm);
  return baseline;
}

/**
 * The relaxed-SIMD build, whose float sums are fused multiply-adds and may differ in the last bit from runtime to runtime; it is
 * loaded only when it is asked for. Null where this runtime has no relaxed SIMD.
 */
export async function relaxedModule(): Promise<WebAssembly.Module | null> {
  if (!supportsRelaxedSimd()) return null;
  const { relaxedWasm } = await import("../generated/relaxed_wasm.js");
  relaxed ??= compileInlined(relaxedWasm);
  return relaxed;
}

/** The inlined builds, each compiled once for all sessions. */
export const inlinedKernels: KernelBuilds = { baseline: baselineModule, relaxed: relaxedModule };

/** The kernel module: `source` where it is given, else the inlined baseline build. */
export function kernelModule(source?: KernelSource): Promise<WebAssembly.Module> {
  return kernelModuleOf(inlinedKernels, source);
}
