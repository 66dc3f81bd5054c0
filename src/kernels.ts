/**
 * The raw kernels, for who wants only popcount GEMM or bit-packing: `instantiate` gives the typed exports and a memory that you
 * own. Layouts and argument orders are those of `KernelExports`.
 */
import { type HostMemory, hostMemory } from "./runtime/memory.js";
import { type KernelSource, kernelModule } from "./runtime/module.js";
import { instantiateKernels, type Kernels } from "./runtime/wasm.js";

export * from "./compiler/kernel_sizes.js";
export type { KernelExports } from "./runtime/abi.js";
export type { KernelSource } from "./runtime/module.js";
export type { Kernels } from "./runtime/wasm.js";

/** The kernels with an allocator for their memory. */
export interface KernelInstance extends Kernels {
  /** Address of `bytes` new bytes, 64-byte aligned, never given back. Growing the memory detaches views of its buffer. */
  readonly allocate: HostMemory["allocate"];
}

/**
 * Compiles the inlined kernels (or takes `wasm`) and instantiates them on a memory of their own.
 * @throws XnorkitError `unsupported` where the runtime has no WebAssembly SIMD or forbids compiling bytes.
 */
export async function instantiate(wasm?: KernelSource): Promise<KernelInstance> {
  const host = hostMemory();
  return { ...instantiateKernels(await kernelModule(wasm), host.memory), allocate: host.allocate };
}
