import { demangle } from "@assemblyscript/loader";
import type { KernelExports } from "../abi/signatures.js";
import { type KernelBuilds, type KernelSource, kernelModuleOf } from "./kernel_source.js";
import { type HostMemory, hostMemory } from "./memory.js";
import { instantiateKernels, type Kernels } from "./wasm.js";

/** The kernels with an allocator for their memory. */
export interface KernelInstance extends Kernels {
  /** Address of `bytes` new bytes, 64-byte aligned, never given back. Growing the memory detaches views of its buffer. */
  readonly allocate: HostMemory["allocate"];
}

/**
 * Instantiates `source`, or else the baseline build, on a memory of its own. The exports pass AssemblyScript's loader, which types
 * them; sessions call them as they are, for the loader is 2 kB of the core.
 */
export async function instantiateOn(builds: KernelBuilds, source?: KernelSource): Promise<KernelInstance> {
  const { memory, allocate } = hostMemory();
  const { exports } = instantiateKernels(await kernelModuleOf(builds, source), memory);
  return { exports: demangle<KernelExports & Record<string, unknown>>({ ...exports }), memory, allocate };
}
