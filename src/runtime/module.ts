/** The kernels that the package carries inside its JavaScript, for every host that may compile bytes. */
import { coreWasm } from "../generated/core_wasm.js";
import { base64Bytes } from "./base64.js";
import { supportsRelaxedSimd } from "./features.js";
import {
  compileKernels,
  type KernelBuilds,
  type KernelSet,
  type KernelSource,
  kernelModuleOf,
} from "./kernel_source.js";
import { unpack } from "./unpack.js";

let core: Promise<WebAssembly.Module> | undefined;
let all: Promise<WebAssembly.Module> | undefined;
let relaxed: Promise<WebAssembly.Module> | undefined;

const coreCode = () => unpack(base64Bytes(coreWasm));

async function baselineModule(kernels: KernelSet): Promise<WebAssembly.Module> {
  if (kernels === "core") {
    core ??= compileKernels(coreCode());
    return core;
  }
  const { allWasm } = await import("../generated/all_wasm.js");
  all ??= compileKernels(unpack(base64Bytes(allWasm), coreCode()));
  return all;
}

/**
 * The relaxed-SIMD build, whose float sums are fused multiply-adds and may differ in the last bit from runtime to runtime; it is
 * loaded only when it is asked for. Null where this runtime has no relaxed SIMD.
 */
export async function relaxedModule(): Promise<WebAssembly.Module | null> {
  if (!supportsRelaxedSimd()) return null;
  const { relaxedWasm } = await import("../generated/relaxed_wasm.js");
  relaxed ??= compileKernels(unpack(base64Bytes(relaxedWasm)));
  return relaxed;
}

/** The inlined builds, each compiled once for all sessions. */
export const inlinedKernels: KernelBuilds = { baseline: baselineModule, relaxed: relaxedModule };

/** The kernel module: `source` where it is given, else the inlined baseline build with all kernels. */
export function kernelModule(source?: KernelSource): Promise<WebAssembly.Module> {
  return kernelModuleOf(inlinedKernels, source);
}
